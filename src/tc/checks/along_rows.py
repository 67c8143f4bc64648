"""A paper run and a back-test of its tape, compared row by row: where they decided otherwise, and what they knew otherwise then.

The two have other positions, stamps and order ids for the same thing, so nothing is compared by those. Both saw the same rows:
what was decided on a row, and on what had come back until the next, is compared by its content, and a difference is named by the
first thing in which what they knew differs. The strategy and the gate are functions of what is known, so there is no other cause.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from tc.checks.cause import CauseKind
from tc.checks.moments import Moment, Said, Told, moments
from tc.core import CoreConfiguration, EventStreamEntry, ProcessingContext

type Side = tuple[Iterable[EventStreamEntry], CoreConfiguration]


class _Why(NamedTuple):
    """A cause, in words; ``fill`` counts to the fill that only one of the two has, ``follows`` says that it came before."""

    kind: CauseKind
    words: str
    fill: int | None = None
    follows: bool = False


@dataclass(frozen=True, slots=True)
class RowDifference:
    """A row on or after which the two decided otherwise: what each decided, the cause, and the cause in words."""

    row: int
    at_ns: int
    left: tuple[str, ...]
    right: tuple[str, ...]
    kind: CauseKind
    why: str


@dataclass(frozen=True, slots=True)
class RunFigures:
    """What a run's venue did: orders, fills, fills as maker; and how long an order waited to be accepted, in nanoseconds."""

    orders: int
    fills: int
    maker_fills: int
    acknowledged_median_ns: int | None
    acknowledged_longest_ns: int | None


@dataclass(frozen=True, slots=True)
class AlongRows:
    """What comparing two runs row by row came to.

    Parameters
    ----------
    rows
        How many rows, or runs of rows without anything between them, the two saw.
    decided, same
        How often one of the two decided something, on a row or on what had come back after it; and how often both the same.
    causes
        How many of the differences have each cause.
    differences
        The first difference of each cause, in the order of the rows.
    left, right
        What each run's venue did.

    """

    rows: int
    decided: int
    same: int
    causes: Mapping[CauseKind, int]
    differences: tuple[RowDifference, ...]
    left: RunFigures
    right: RunFigures


class _Found(NamedTuple):
    """A difference, while it is not known yet which fills come later."""

    at: Moment
    left: tuple[str, ...]
    right: tuple[str, ...]
    why: _Why


def compare_along_rows(left: Side, right: Side) -> AlongRows:
    """Compare what two runs decided after each row that both saw.

    Raises
    ------
    InvariantViolation
        An entry breaks a rule of the Core.

    """
    comparison = _Comparison(left, right)
    for pair in _paired(moments(*left, comparison.told[0]), moments(*right, comparison.told[1])):
        comparison.take(*pair)
    return comparison.result()


def _paired(left: Iterator[Moment], right: Iterator[Moment]) -> Iterator[tuple[Moment, Moment]]:
    """Yield the moments of both after each row; one that has none there knows what it knew, and does nothing."""
    now = [next(left), next(right)]
    following = [next(left, None), next(right, None)]
    yield now[0], now[1]
    while rows := [each.row for each in following if each is not None]:
        row = min(rows)
        for side, moments_of in enumerate((left, right)):
            after = following[side]
            if after is not None and after.row == row:
                now[side], following[side] = after, next(moments_of, None)
            elif now[side].row != row:
                now[side] = _idle(now[side], row)
        yield now[0], now[1]


def _idle(last: Moment, row: int) -> Moment:
    """Return a moment in which nothing happens, after another."""
    fills, refusals = last.fills_after, last.refusals_after
    return Moment(row, last.at_ns, last.end, fills, refusals, last.end, fills_after=fills, refusals_after=refusals)


class _Comparison:
    """Takes moments of both runs, pair by pair, and names the differences."""

    def __init__(self, left: Side, right: Side) -> None:
        self.told = (Told(), Told())
        self._configurations = left[1], right[1]
        self._rows = 0
        self._decided = 0
        self._same = 0
        self._found: list[_Found] = []
        self._alike = 0
        self._last = _UNEXPLAINED

    def take(self, left: Moment, right: Moment) -> None:
        """Compare what was decided on one row, and until the next."""
        self._rows += 1
        self._compare(left, right, left.said, right.said, is_on_row=True)
        self._compare(left, right, left.answered, right.answered, is_on_row=False)

    def _compare(self, left: Moment, right: Moment, one: list[Said], other: list[Said], *, is_on_row: bool) -> None:
        if not one and not other:
            return
        self._decided += 1
        if one == other:
            self._same += 1
            return
        self._last = self._why(left, right, is_on_row=is_on_row)
        self._found.append(_Found(left, _texts(one), _texts(other), self._last))

    def result(self) -> AlongRows:
        """Return what it came to; whether a fill was only known later can be said now."""
        causes: Counter[CauseKind] = Counter()
        first: dict[CauseKind, RowDifference] = {}
        for found in self._found:
            kind, words = self._resolved(found.why)
            causes[kind] += 1
            if kind not in first:
                why = f"it follows: {words}" if found.why.follows else words
                first[kind] = RowDifference(found.at.row, found.at.at_ns, found.left, found.right, kind, why)
        return AlongRows(self._rows, self._decided, self._same, dict(causes), tuple(first.values()), *map(_figures, self.told))

    def _why(self, left: Moment, right: Moment, *, is_on_row: bool) -> _Why:
        """Name the first thing in which what they knew differs, from the outermost to the innermost."""
        one, other = (ProcessingContext(each.state, its) for each, its in zip((left, right), self._configurations, strict=True))
        if one.kill_switch != other.kill_switch or one.run_status != other.run_status:
            return _Why("other", f"one of the runs is ending: the kill switch is {one.kill_switch} and {other.kill_switch}")
        if _holdings(one) != _holdings(other):
            return self._fills(left, right)
        waiting = _waiting(one), _waiting(other)
        if waiting[0] != waiting[1]:
            unanswered = f"{_listed(waiting[0])}; and {_listed(waiting[1])}"
            return _Why("acknowledgement_latency", f"these were sent and not yet answered: {unanswered}")
        return self._among_answered(left, right, (one, other), is_on_row=is_on_row)

    def _among_answered(
        self, left: Moment, right: Moment, contexts: tuple[ProcessingContext, ProcessingContext], *, is_on_row: bool
    ) -> _Why:
        """Name the cause where both hold the same and wait for the same."""
        one, other = contexts
        if _is_rate(left) != _is_rate(right) or one.pending_count != other.pending_count:
            waited = f"{one.pending_count} and {other.pending_count} commands waited"
            return _Why("rate_window", f"{waited}: the rate limit counts by when each was sent")
        if _orders(one) != _orders(other):
            return self._after_others(left, right)
        if not is_on_row and left.came != right.came:
            return self._by_answers(left, right)
        if one.pending_count:
            return _Why("rate_window", "commands waited in both: the rate limit counts by when each was sent")
        return _UNEXPLAINED

    def _after_others(self, left: Moment, right: Moment) -> _Why:
        """Name the cause of other orders than the other's: one was refused, or an earlier difference led to them."""
        refused = tuple(each.refusals[: moment.refusals_before] for each, moment in zip(self.told, (left, right), strict=True))
        if refused[0] != refused[1] and not self._found:
            return _Why("venue_fill_model", f"what was refused differs: {_listed(refused[0])}; and {_listed(refused[1])}")
        return self._last._replace(follows=True)

    def _by_answers(self, left: Moment, right: Moment) -> _Why:
        """Name the cause by what came back after the row in one of them only."""
        if _fills_in(left.came) != _fills_in(right.came):
            return self._fills(left, right, at_end=True)
        answers = f"{_listed(left.came)}; and {_listed(right.came)}"
        return _Why("acknowledgement_latency", f"until the next row came back: {answers}")

    def _fills(self, left: Moment, right: Moment, *, at_end: bool = False) -> _Why:
        """Name the first fill that only one of them has by then; why, is said when all fills are known."""
        known = (left.fills_after, right.fills_after) if at_end else (left.fills_before, right.fills_before)
        fills, others = (told.fills for told in self.told)
        at = self._alike
        while at < min(known) and fills[at].content == others[at].content:
            at += 1
        self._alike = at
        is_known = at < max(known)
        return _Why("queue_position", "", at) if is_known else _Why("other", "what is held differs, though no fill does")

    def _resolved(self, found: _Why) -> tuple[CauseKind, str]:
        """Return cause and words; of a fill, whether it is missing in one of them, another one, or only known later."""
        if found.fill is None:
            return found.kind, found.words
        at = found.fill
        one, other = (told.fills[at] if at < len(told.fills) else None for told in self.told)
        text = " and ".join(f"{each} after row {each.row}" if each else "nothing" for each in (one, other))
        if one is not None and other is not None and one.content == other.content:
            longest_ns = max((wait for told in self.told for wait in told.waits_ns), default=0)
            if abs(one.at_ns - other.at_ns) <= longest_ns:
                return "acknowledgement_latency", f"the same fill was known later in one of them: {text}"
        if all(each.liquidity == "MAKER" for each in (one, other) if each is not None):
            return "queue_position", f"an order at rest was filled otherwise: {text}"
        return "venue_fill_model", f"an order was filled otherwise: {text}"


_UNEXPLAINED = _Why("other", "nothing that is recorded differs before")


def _texts(said: list[Said]) -> tuple[str, ...]:
    return tuple(map(str, said)) or ("nothing",)


def _fills_in(came: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [each for each in came if each[0] == "OrderFilled"]


def _holdings(context: ProcessingContext) -> dict[str, object]:
    held: dict[str, object] = {}
    for position in context.positions():
        held[position.instrument_id] = held.get(position.instrument_id, 0) + position.signed_quantity  # type: ignore[operator]
    return held


def _waiting(context: ProcessingContext) -> list[tuple[str, str]]:
    return sorted((each.kind, each.side) for each in context.commands_in_flight())


def _orders(context: ProcessingContext) -> list[tuple[str, str, str]]:
    return sorted((each.terms.side, str(each.price), str(each.quantity - each.filled)) for each in context.open_orders())


def _is_rate(moment: Moment) -> bool:
    return any(each.reason == "rate_capacity" for each in (*moment.said, *moment.answered))


def _listed(words: Iterable[tuple[str, str]]) -> str:
    return ", ".join(" ".join(each) for each in words) or "nothing"


def _figures(told: Told) -> RunFigures:
    makers = sum(each.liquidity == "MAKER" for each in told.fills)
    waits = told.waits_ns
    return RunFigures(told.orders, len(told.fills), makers, int(median(waits)) if waits else None, max(waits, default=None))
