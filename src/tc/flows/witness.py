"""Who says a fact about a run, and when."""

import getpass
import time
from dataclasses import dataclass

from tc import __version__


@dataclass(frozen=True, slots=True)
class Witness:
    """The wall clock, in nanoseconds since 1970 UTC, the version of tc, and the user's name if there is one."""

    at_ns: int
    tc: str
    user: str | None


def witness_now() -> Witness:
    """Return this process, now."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = None
    return Witness(time.time_ns(), __version__, user)
