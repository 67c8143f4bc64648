"""What a drill needs from outside: faults that bite and are put back, and the lab in which it happens."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol


class Fault(Protocol):
    """One thing that can be broken and put back. What cannot be done is a `TcError`."""

    def inject(self) -> None:
        """Break it."""

    def proof(self) -> int:
        """Return how often it has bitten, as whatever is broken counts it; the drill reads it before `inject` and after."""

    def restore(self) -> None:
        """Put it back; also what `inject` did half, and without harm where nothing is broken."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Something that was seen in the lab since the last look.

    Parameters
    ----------
    source
        ``alert`` and ``resolved`` come from Alertmanager, by its webhook; the others from the run directory.
    name
        The alert, the gate (``blocked``, ``reducing``, ``halted``; and the word with which the reason of a denial begins), the
        type of the event, the code of the finding.
    detail
        What a person wants to know of it besides; of an alert with the labels that tell it apart at the end, ``{kind=gap}``.

    """

    source: Literal["alert", "resolved", "gate", "event", "finding"]
    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Acted:
    """What came of a command: its exit code, and the last line that it said."""

    exit_code: int
    said: str


class Lab(Protocol):
    """A paper run with all that watches it, to be broken."""

    def start(self) -> None:
        """Start venue, proxy, run and alerting, and return when the run trades and its metrics are scraped."""

    def look(self) -> Sequence[Seen]:
        """Return what was seen since the last call, in order; it waits for nothing."""

    def read(self, probe: str) -> str | Decimal | None:
        """Return what a probe reads now; None where there is nothing to read."""

    def forget(self) -> None:
        """Take what was said before now for no reading: something was broken until now, and may have said it."""

    def act(self, arguments: Sequence[str]) -> Acted:
        """Type a command of tc in the lab's place; ``RUN`` stands for the run's id."""

    def stop(self) -> tuple[str, str]:
        """Ask the run to stop, wait for its end, and return its status and why."""
