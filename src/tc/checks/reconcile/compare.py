"""Judges what is expected against what is observed, row by row; the tolerance is zero."""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from msgspec import Struct
from msgspec.structs import replace

from tc.checks.reconcile.holdings import (
    AMOUNTS,
    KINDS,
    Held,
    HeldFill,
    HeldOrder,
    Holdings,
    Kind,
    Name,
    Said,
    Unknown,
    name_of,
    unknown_holdings,
)
from tc.checks.reconcile.join import SHAPES, differences, pair, words_of
from tc.checks.reconcile.result import FOUND, Difference, Reconciliation, Row, Verdict
from tc.core.state.model import FINAL

EXTERNAL = "EXTERNAL: the journal has no such order"
UNANSWERED_NS = 60 * 10**9
"""For so long after it was sent may an order be on its way; what the venue still does not have then is missing."""
BEYOND = "it ended before what the venue states begins"


class _Judged(Struct, frozen=True):
    """One pair, and what it comes to; whether it is right by one of several amounts that the journal said meanwhile."""

    expected: Held | None
    actual: Held | None
    verdict: Verdict
    differences: tuple[Difference, ...] = ()
    is_moving: bool = False


class _Compared(Struct, frozen=True):
    """One kind: its pairs, why they are unknown (else empty), how many lie beyond what the source states, how many invented."""

    judged: tuple[_Judged, ...]
    unknown: str = ""
    left_out: int = 0
    invented: int = 0


def reconcile(
    expected: Holdings, observed: Holdings | Unknown, cached: Holdings | None = None, said: Said | None = None
) -> Reconciliation:
    """Compare what is expected with what is observed, and with what the node's cache holds where that is given.

    What cannot be asked is unknown, never flat. What equals something that the journal ``said`` while the others were asked is
    matched. The cost is linear in the number of orders and fills, plus sorting the rows.
    """
    said = said or {}
    seen = unknown_holdings(observed) if isinstance(observed, Unknown) else observed
    compared = {kind: _compared(kind, expected, seen, said.get(kind, {})) for kind in KINDS}
    rows: list[Row] = []
    moving: set[tuple[Kind, str]] = set()
    for kind in KINDS:
        judged = compared[kind].judged
        believed = None if cached is None else _compared(kind, expected, cached, said.get(kind, {})).judged
        rows += sorted(_rows(kind, judged, believed), key=attrgetter("subject"))
        moving |= {(kind, SHAPES[kind].subject(_of(each))) for each in (*judged, *(believed or ())) if each.is_moving}
    return Reconciliation(
        rows=tuple(rows),
        unknown={kind: each.unknown for kind, each in compared.items() if each.unknown},
        not_compared={kind: each.left_out for kind, each in compared.items() if each.left_out},
        invented=sum(each.invented for each in compared.values()),
        moving=frozenset(moving),
    )


def _compared(kind: Kind, expected: Holdings, seen: Holdings, said: Mapping[Name, Sequence[Held | None]]) -> _Compared:
    wanted, actual = _part(kind, expected), _part(kind, seen)
    if isinstance(wanted, Unknown):
        stated = () if isinstance(actual, Unknown) else actual
        return _Compared(tuple(_Judged(None, each, "unknown") for each in stated), wanted.reason)
    if isinstance(actual, Unknown):
        return _Compared(tuple(_Judged(each, None, "unknown") for each in wanted), actual.reason)
    pairs = pair(kind, wanted, actual)
    judged = [_judged(kind, *each, seen) for each in pairs]
    if said:
        judged = [_heard(kind, *each, seen, judgement, said) for each, judgement in zip(pairs, judged, strict=True)]
    kept = tuple(each for each in judged if each is not None)
    invented = sum(_is_invented(*each) for each in pairs) if kind == "fills" else 0
    return _Compared(kept, left_out=len(judged) - len(kept) - invented, invented=invented)


def _part(kind: Kind, holdings: Holdings) -> tuple[Held, ...] | Unknown:
    """Return one part; a position or a balance of zero is none."""
    part: tuple[Held, ...] | Unknown = getattr(holdings, kind)
    amount = AMOUNTS.get(kind)
    if amount is None or isinstance(part, Unknown):
        return part
    return tuple(each for each in part if getattr(each, amount))


def _is_invented(expected: Held | None, actual: Held | None) -> bool:
    return actual is None and isinstance(expected, HeldFill) and expected.is_invented


def _is_earlier(expected: Held | None, first_ns: int | None) -> bool:
    return isinstance(expected, HeldFill) and first_ns is not None and expected.at_ns < first_ns


def _is_overdue(expected: HeldOrder, seen: Holdings) -> bool:
    """Whether an order was sent so long before the source spoke that nobody will answer any more."""
    return expected.sent_ns is not None and seen.at_ns is not None and seen.at_ns - expected.sent_ns > UNANSWERED_NS


def _lacking(expected: Held | None, seen: Holdings) -> _Judged | None:
    """Return the verdict on what is expected and not there; None as `_judged`."""
    if isinstance(expected, HeldOrder) and expected.venue_order_id is None and expected.status in {"SUBMITTED", *FINAL}:
        # One that nobody has answered yet may never have come there; one that ended without an answer did not.
        if expected.status != "SUBMITTED":
            return _Judged(expected, None, "matched")
        return _Judged(expected, None, "missing" if _is_overdue(expected, seen) else "unknown")
    if isinstance(expected, HeldOrder) and expected.status in FINAL:
        return _Judged(expected, None, "missing") if seen.has_all_closed else None
    if _is_invented(expected, None) or _is_earlier(expected, seen.fills_from_ns):
        return None
    return _Judged(expected, None, "missing")


def _judged(kind: Kind, expected: Held | None, actual: Held | None, seen: Holdings) -> _Judged | None:
    """Return a pair's verdict; None when the source does not reach back to what it lacks, or never had it to state."""
    if actual is None:
        return _lacking(expected, seen)
    if expected is None:
        return _Judged(None, actual, "unexpected")
    differing = differences(kind, expected, actual)
    return _Judged(expected, actual, "differs" if differing else "matched", differing)


def _heard(
    kind: Kind,
    expected: Held | None,
    actual: Held | None,
    seen: Holdings,
    judged: _Judged | None,
    said: Mapping[Name, Sequence[Held | None]],
) -> _Judged | None:
    """Return a pair's verdict by all that the journal said of it meanwhile.

    An amount that is right by one of several may be so by chance: the same comes back again and again.
    """
    values = () if judged is None else said.get(name_of(_of(judged)), ())
    if judged is None or not values or (judged.verdict not in FOUND and kind not in AMOUNTS):
        return judged
    is_heard = any(_is_right(kind, value, actual, seen) for value in values)
    if not (is_heard or judged.verdict == "matched"):
        return judged
    return _Judged(expected, actual, "matched", is_moving=kind in AMOUNTS and not (is_heard and len(values) == 1))


def _is_right(kind: Kind, said: Held | None, actual: Held | None, seen: Holdings) -> bool:
    amount = AMOUNTS.get(kind)
    if said is None or (amount is not None and not getattr(said, amount)):
        return actual is None
    judged = _judged(kind, said, actual, seen)
    return judged is None or judged.verdict == "matched"


def _rows(kind: Kind, judged: Sequence[_Judged], cached: Sequence[_Judged] | None) -> list[Row]:
    if cached is None:
        return [_row(kind, each) for each in judged]
    by_expected = {id(each.expected): each for each in cached if each.expected is not None}
    rows = [
        _with_cache(_row(kind, each), by_expected.pop(id(each.expected), None)) for each in judged if each.expected is not None
    ]
    # What the journal has and the source does not reach back to is still told when the cache has it wrong.
    rows += [_with_cache(_cache_only(kind, each), each) for each in by_expected.values() if each.verdict == "differs"]
    return rows + _foreign(kind, judged, cached)


def _foreign(kind: Kind, judged: Iterable[_Judged], cached: Iterable[_Judged]) -> list[Row]:
    """Return rows of what the journal has not: what the venue has, what the cache has, and what both have."""
    seen = {id(each.actual): each for each in judged if each.expected is None}
    held = {id(each.actual): each for each in cached if each.expected is None}
    pairs = pair(kind, [_of(each) for each in seen.values()], [_of(each) for each in held.values()])
    rows: list[Row] = []
    for actual, in_cache in pairs:
        row = _cache_only(kind, held[id(in_cache)]) if actual is None else _row(kind, seen[id(actual)])
        rows.append(_with_cache(row, None if in_cache is None else held[id(in_cache)]))
    return rows


def _of(judged: _Judged) -> Held:
    held = judged.actual or judged.expected
    assert held is not None  # noqa: S101 - a pair has at least one side
    return held


def _row(kind: Kind, judged: _Judged) -> Row:
    expected, actual = judged.expected, judged.actual
    subject = SHAPES[kind].subject(expected or _of(judged))
    if judged.verdict == "matched":
        return Row(kind, subject, "matched")
    note = expected.remark if isinstance(expected, HeldOrder) else ""
    if judged.verdict == "unexpected" and kind == "orders":
        note = EXTERNAL
    return Row(kind, subject, judged.verdict, _words(expected), _words(actual), judged.differences, note=note)


def _cache_only(kind: Kind, cached: _Judged) -> Row:
    """Return the row of what the cache has wrong, and the venue neither has nor reaches back to."""
    if cached.expected is None:
        return Row(kind, SHAPES[kind].subject(_of(cached)), "matched")
    return Row(kind, SHAPES[kind].subject(cached.expected), "unknown", note=BEYOND)


def _with_cache(row: Row, cached: _Judged | None) -> Row:
    if cached is None or cached.verdict == "matched":
        # Without a judgement neither journal nor cache has it, or the cache does not reach back to it.
        return replace(row, cached="matched")
    words = _words(cached.expected)
    actual = words if row.verdict == "matched" else row.actual
    return replace(row, cached=cached.verdict, cache=_words(cached.actual), expected=words, actual=actual)


def _words(held: Held | None) -> str:
    return "" if held is None else words_of(held)
