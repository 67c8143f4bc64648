"""Programs of the system's packages that some tests need: where they are missing, CI fails and other machines skip."""

import os
import shutil

import pytest


def program(name: str) -> str:
    """Return the path of a program; without it, the test fails in CI and is skipped elsewhere, with a message."""
    found = shutil.which(name)
    if found is not None:
        return found
    message = f"{name} is not installed: scripts/system-packages.sh says which package has it"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
