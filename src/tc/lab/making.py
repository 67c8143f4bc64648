"""Makes the processes of a lab in a drill's folder: which words start them, and what they are given as their environment."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from secrets import token_hex

from tc.lab.process import LabProcess, free_ports

_TC = (sys.executable, "-m", "tc")
_KEY_BYTES = 32
_ROOTS = ("artifacts", "runtime", "data")


def lab_environment(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """Return the environment of all that is in a lab: keys made for it, and roots of its own; the folders are made."""
    roots = {f"TC_{name.upper()}_ROOT": folder / name for name in _ROOTS}
    for root in roots.values():
        root.mkdir(exist_ok=True)
    keys = {name: token_hex(_KEY_BYTES) for name in names}
    return {**os.environ, **keys, **{name: str(root) for name, root in roots.items()}}


def venue_process(folder: Path, environment: Mapping[str, str], options: Sequence[str]) -> tuple[LabProcess, str, Path]:
    """Return the loopback exchange with its fault port open, its URL, and its state file: killed, it starts again as it was."""
    [port] = free_ports(1)
    state = folder / "venue.sqlite"
    command = (*_TC, "venue", "serve", "--faults", "--port", str(port), "--state", str(state), *options)
    process = LabProcess("venue", command, environment=environment, folder=folder, log=folder / "venue.log")
    return process, f"http://127.0.0.1:{port}", state


def run_process(folder: Path, environment: Mapping[str, str], words: Sequence[str]) -> LabProcess:
    """Return the process of `tc run`: the supervisor of the run that is broken."""
    return LabProcess("run", (*_TC, *words), environment=environment, folder=folder, log=folder / "run.log")
