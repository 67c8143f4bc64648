"""What the gate of a run decided, as values: counts by result and reason, the first examples, and deadlines left over."""

from dataclasses import dataclass

from tc.core.decision import Decision, Obligation, Outcome

EXAMPLES_KEPT = 5
"""So many examples of each result are kept."""

NOTEWORTHY = ("denied", "held", "invalid", "would_deny", "would_hold")
"""The results of which examples are kept: an operator asks about these."""


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """How often commands came to one result for one reason; ``position`` and ``key`` are the first one's."""

    result: str
    reason: str
    rule: str
    count: int
    position: int
    key: str


@dataclass(frozen=True, slots=True)
class Example:
    """One outcome, and where it was decided: its position, and its local stamp in nanoseconds since the epoch."""

    position: int
    at_ns: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class GateSummary:
    """What a gate decided.

    Parameters
    ----------
    mode
        ``on``, or ``observe``: decided, and nothing held back.
    decisions
        The steps at which something was decided.
    outcomes
        Counts by result and reason, the most frequent first.
    examples
        The first few outcomes of each result that an operator asks about, in the order of positions.
    unrealised
        Deadlines that lay behind the run's end.

    """

    mode: str
    decisions: int
    outcomes: tuple[OutcomeCount, ...]
    examples: tuple[Example, ...]
    unrealised: tuple[Obligation, ...]


class GateTally:
    """Takes decisions one by one, in memory that does not grow with their number."""

    def __init__(self, mode: str) -> None:
        self._mode = mode
        self._decisions = 0
        self._counts: dict[tuple[str, str, str], tuple[int, int, str]] = {}
        self._examples: list[Example] = []
        self._kept: dict[str, int] = dict.fromkeys(NOTEWORTHY, 0)
        self._unrealised: tuple[Obligation, ...] = ()

    def take(self, decision: Decision) -> None:
        """Take the next decision."""
        self._decisions += 1
        self._unrealised = decision.unrealised or self._unrealised
        for outcome in decision.outcomes:
            cause = (outcome.result, outcome.reason, outcome.rule)
            count, position, key = self._counts.get(cause, (0, decision.position, outcome.key))
            self._counts[cause] = (count + 1, position, key)
            if self._kept.get(outcome.result, EXAMPLES_KEPT) < EXAMPLES_KEPT:
                self._kept[outcome.result] += 1
                self._examples.append(Example(decision.position, decision.at_ns, outcome))

    def summary(self) -> GateSummary:
        """Return what was decided so far."""
        counts = [OutcomeCount(*cause, *counted) for cause, counted in self._counts.items()]
        return GateSummary(
            self._mode,
            self._decisions,
            tuple(sorted(counts, key=lambda each: (-each.count, each.result, each.reason))),
            tuple(self._examples),
            self._unrealised,
        )
