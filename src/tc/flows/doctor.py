"""Look at this machine: everything tc needs or can use."""

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from tc.checks.readiness import (
    Condition,
    disk_condition,
    package_conditions,
    port_condition,
    python_condition,
    root_condition,
    tool_condition,
)

TOOLS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "git": (("git",), "metadata.json names the commit of your working folder"),
    "chromium": (("chromium", "chromium-browser", "google-chrome", "chrome"), "pictures and browser tests of HTML reports"),
    "prometheus": (("prometheus",), "`make observability`: alerts on what `tc metrics serve` shows"),
}
"""Optional tools: the programs that serve as one, and what they are for."""


def examine(*, artifacts_root: Path, data_root: Path, distribution: str = "tc-ops-lab") -> tuple[Condition, ...]:
    """Return every condition looked at, needed ones first; the machine is left as it was."""
    roots = {"artifacts": artifacts_root, "data": data_root}
    return (
        python_condition(sys.version_info[:3]),
        *_packages(distribution),
        *(root_condition(name, str(root), _write_problem(_nearest(root))) for name, root in roots.items()),
        *(disk_condition(str(root), shutil.disk_usage(_nearest(root)).free) for root in roots.values()),
        port_condition(_port_problem()),
        *(tool_condition(name, _found(programs), purpose) for name, (programs, purpose) in TOOLS.items()),
    )


def _packages(distribution: str) -> tuple[Condition, ...]:
    installed: dict[str, str] = {}
    for each in metadata.distributions():
        installed.setdefault(each.name, each.version)
    if distribution not in installed:
        return package_conditions([distribution], installed)
    return package_conditions(metadata.requires(distribution) or (), installed)


def _nearest(path: Path) -> Path:
    """Return the path itself, or the nearest folder above it that exists."""
    absolute = path.absolute()
    # os.path.exists answers False for a folder that may not be entered; before Python 3.13 Path.exists raises.
    return next((each for each in (absolute, *absolute.parents) if os.path.exists(each)), Path("/"))  # noqa: PTH110


def _write_problem(folder: Path) -> str:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return f"{folder}: {error.strerror}"


def _port_problem() -> str:
    try:
        with socket.create_server(("127.0.0.1", 0)):
            return ""
    except OSError as error:
        return f"127.0.0.1: {error.strerror}"


def _found(programs: tuple[str, ...]) -> str:
    return next((path for path in map(shutil.which, programs) if path), "")
