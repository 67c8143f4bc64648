"""What puts a fault back when nobody else is left to do it: a process that waits for the drill's end, however that comes."""

import subprocess
from collections.abc import Sequence
from contextlib import suppress

_WAITS = 'if read -r word; then exit 0; fi; exec "$@"'
"""A word is the calling off; the end of the pipe is the end of whoever held it, for nobody else has its other end."""

_CALLED_OFF_WITHIN_S = 5.0


class Watchdog:
    """Carries out a command when this process is gone, unless it is called off before.

    Parameters
    ----------
    command
        What is carried out.
    keeps
        Descriptors that the command is given under the numbers that they have here.

    """

    def __init__(self, command: Sequence[str], *, keeps: Sequence[int] = ()) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own words
            ("/bin/sh", "-c", _WAITS, "tc-watchdog", *command),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=keeps,
            start_new_session=True,  # Ctrl-C is for the drill.
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def call_off(self) -> None:
        """End it without its command; also where it has ended."""
        with suppress(subprocess.TimeoutExpired, OSError, ValueError):
            self._process.communicate(b"off\n", timeout=_CALLED_OFF_WITHIN_S)
        self._process.kill()
        self._process.wait()
