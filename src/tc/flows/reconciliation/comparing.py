"""One comparison while it is made: journal, node and venue are read, again while something is on its way between them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tc.checks.reconcile import Holdings, Reconciliation, Unknown, after_the_end, is_open, reconcile, within_life
from tc.checks.reconcile.observed.convert import statable
from tc.flows.reconciliation.expected import Expected

SLACK_NS = 100_000_000
"""So wrong may be what is known of the venue's clock: what it stamps that much later was certainly not stated yet."""

UNDER_WAY_NS = 250_000_000
"""So long may a message of the venue's take: what it did that shortly before a node stopped hearing it was not heard either."""

AskCache = Callable[[], Holdings | Unknown | None]
"""Asks a run's node what its cache holds: unknown where it does not answer, None where there is none to ask."""


def nobody() -> None:
    """Ask no node."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where it is learned what is held: ``venue`` and its URL, or ``file`` and its path; and what asks it."""

    kind: Literal["venue", "file"]
    name: str
    observe: Callable[[], Holdings | Unknown]


class Comparing:
    """Reads journal, node and source side by side, as often as it is told to.

    Parameters
    ----------
    expected, source, ask
        The run's journal, and who else is asked; a node that does not answer once is not asked again.

    """

    def __init__(self, expected: Expected, source: Source, ask: AskCache) -> None:
        self._source = source
        self._ask = ask
        self._told: Holdings | Unknown | None = None
        self.expected = expected
        self.observed: Holdings | Unknown = Unknown("it was not asked")
        self.cached: Holdings | Unknown | None = None
        self.found: list[Reconciliation] = []
        self.looks = 0
        self.notes: tuple[str, ...] = ()

    @property
    def has_found(self) -> bool:
        """Whether something was not as expected in the last look."""
        return self.found[-1].verdict == "found"

    def is_open(self, most: int) -> bool:
        """Whether something is wrong that was looked at less than ``most`` times since it was right."""
        return is_open(self.found, most)

    def look(self) -> None:
        """Read all of them once, the journal before the others and after them: they may be of any moment between."""
        self.expected.catch_up()
        self.expected.hear()
        self._told = self._asked_node()
        observed = self._source.observe()
        self.observed = statable(observed, whose=f"the {self._source.kind}") if isinstance(observed, Holdings) else observed
        if isinstance(observed, Holdings):
            self.expected.heard_between(*_times_of(observed))
        self.expected.catch_up()
        self.looks += 1
        self.found.append(self._judged())

    def listen(self) -> None:
        """Read the journal once more beside what the others have said in this look: they may have been ahead of it."""
        before = self.expected.entries
        self.expected.catch_up()
        if self.expected.entries != before:
            self.found[-1] = self._judged()

    def forget(self) -> None:
        """Let the last look count alone."""
        del self.found[:-1]

    def _asked_node(self) -> Holdings | Unknown | None:
        cached = self._ask()
        if isinstance(cached, Unknown):
            self._ask = lambda: cached
        return statable(cached, whose="the node") if isinstance(cached, Holdings) else cached

    def _judged(self) -> Reconciliation:
        held = self._with_what_came_after(self.expected.holdings())
        self.cached = self._told
        if isinstance(self.cached, Holdings):
            self.cached = within_life(self.cached, held, self.observed, self.expected.life)
        told = self.cached if isinstance(self.cached, Holdings) else None
        return reconcile(held, self.observed, told, self.expected.said)

    def _with_what_came_after(self, held: Holdings) -> Holdings:
        """Return what is expected of the venue when the run had ended by then, and had left its orders there on purpose."""
        end_ns, observed = self.expected.left_ns, self.observed
        if end_ns is None or isinstance(observed, Unknown) or observed.ahead_ns is None:
            return held
        after = after_the_end(held, observed, end_ns + observed.ahead_ns - UNDER_WAY_NS)
        self.notes = after.notes
        return after.expected


def _times_of(observed: Holdings) -> tuple[int | None, int | None]:
    """Return between which times, by the venue's clock, amounts were read: after the latest fill that it states."""
    fills = () if isinstance(observed.fills, Unknown) else observed.fills
    return max((each.at_ns for each in fills), default=None), None if observed.until_ns is None else observed.until_ns + SLACK_NS
