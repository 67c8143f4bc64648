"""An environment in which clocks can jump: where libfaketime is missing, CI fails and other machines skip."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tc.faults.clock import LIBRARY, SEARCHED, faked_environment


def faked(folder: Path, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what a process is given in addition, so that its clock can jump."""
    if not any(True for each in SEARCHED for _ in each.glob(f"*/faketime/{LIBRARY}")):
        message = "libfaketime is not installed: scripts/system-packages.sh installs it"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return faked_environment(folder, environment)
