"""The enclosure of a node that trades on this machine: whatever its clients are sent to elsewhere, they reach nothing.

Nautilus's HTTP client follows redirects, keys and all, and no setting of it says otherwise. It does ask the environment for a
proxy, though: here that is a port that nobody can listen on, for every host that is not this machine.
"""

import os
from collections.abc import Mapping

_NOWHERE = "http://127.0.0.1:1"
_HERE = "127.0.0.1,localhost,::1"
ENCLOSED: Mapping[str, str] = {
    **{name: _NOWHERE for each in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY") for name in (each, each.lower())},
    **dict.fromkeys(("NO_PROXY", "no_proxy"), _HERE),
}
"""The environment variables that enclose a process, and their values."""


class Enclosure:
    """Encloses this process until it is opened again; clients that are made meanwhile stay enclosed."""

    def __init__(self) -> None:
        self._before = {name: os.environ.get(name) for name in ENCLOSED}
        os.environ.update(ENCLOSED)

    def open(self) -> None:
        """Put the environment back."""
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
