"""Claims about reconciling: nothing is found in what is the same, and each change is found once, under its verdict."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from held import OPEN, holdings, small
from tc.checks.reconcile import KINDS, HeldBalance, HeldOrder, HeldPosition, Holdings, Kind, Unknown, findings_of, reconcile
from tc.checks.reconcile.compare import EXTERNAL, UNANSWERED_NS
from tc.core.state.model import FINAL

kinds = st.sampled_from(KINDS)
NAMED = {"orders": "order", "fills": "fill", "positions": "position", "balances": "balance"}
ALTERED: dict[str, tuple[str, ...]] = {
    "orders": ("key", "venue_order_id", "instrument_id", "side", "status", "quantity", "filled", "price", "trigger_price"),
    "fills": ("key", "venue_order_id", "side", "quantity", "price", "fee", "fee_currency"),
    "positions": ("signed_quantity",),
    "balances": ("total",),
}


def part(held: Holdings, kind: Kind) -> tuple[Any, ...]:
    value = getattr(held, kind)
    assert not isinstance(value, Unknown)
    return tuple(value)


def other(value: object) -> object:
    """Return another value of the same kind, not zero."""
    match value:
        case Decimal():
            return value + Decimal("0.000001") if value != Decimal("-0.000001") else Decimal(7)
        case None:
            return Decimal(7)
        case "BUY" | "SELL":
            return "SELL" if value == "BUY" else "BUY"
        case _:
            return f"{value}x"


@given(holdings())
def test_a_book_reconciled_with_itself_finds_nothing(held: Holdings) -> None:
    found = reconcile(held, held, held)
    assert findings_of(found) == ()
    assert (found.verdict, found.told, found.unknown, found.not_compared) == ("clean", (), {}, {})
    assert len(found.rows) == sum(len(part(held, kind)) for kind in KINDS)


@given(holdings(), st.randoms(use_true_random=False))
def test_order_of_lists_and_trailing_zeros_do_not_matter(held: Holdings, random: Any) -> None:
    shuffled = {kind: tuple(random.sample(part(held, kind), len(part(held, kind)))) for kind in KINDS}
    padded = tuple(replace(each, total=each.total.quantize(Decimal("1e-9"))) for each in shuffled["balances"])
    assert findings_of(reconcile(held, replace(held, **{**shuffled, "balances": padded}))) == ()


@given(holdings(least=1), kinds, st.data())
def test_what_is_dropped_at_the_venue_is_missing_once(held: Holdings, kind: Kind, data: st.DataObject) -> None:
    dropped = data.draw(st.sampled_from(part(held, kind)))
    assume(not is_unanswered(dropped))
    observed = replace(held, **{kind: tuple(each for each in part(held, kind) if each is not dropped)})
    found = reconcile(held, observed)
    (finding,) = findings_of(found)
    assert finding.code == f"{NAMED[kind]}_missing"
    assert found.counts[kind]["missing"] == 1
    assert found.verdict == "found"


def is_unanswered(held: object) -> bool:
    return isinstance(held, HeldOrder) and held.status == "SUBMITTED" and held.venue_order_id is None


@given(holdings(least=1), st.data())
def test_an_order_that_nobody_has_answered_and_the_venue_does_not_have_is_no_finding(held: Holdings, data: st.DataObject) -> None:
    sent = replace(data.draw(st.sampled_from(part(held, "orders"))), status="SUBMITTED", venue_order_id=None)
    others = tuple(each for each in part(held, "orders") if each.key != sent.key)
    found = reconcile(replace(held, orders=(*others, sent)), replace(held, orders=others))
    assert (findings_of(found), found.counts["orders"]["unknown"]) == ((), 1)
    accepted = replace(sent, venue_order_id="7")
    (finding,) = findings_of(reconcile(replace(held, orders=(*others, accepted)), replace(held, orders=others)))
    assert finding.code == "order_missing"


@pytest.mark.parametrize(
    ("sent_ns", "at_ns", "verdict"),
    [
        (5, UNANSWERED_NS + 5, "unknown"),
        (5, UNANSWERED_NS + 6, "missing"),
        (None, UNANSWERED_NS + 6, "unknown"),
        (5, None, "unknown"),
    ],
)
def test_an_order_that_nobody_answered_is_missing_once_it_was_sent_too_long_ago(
    sent_ns: int | None, at_ns: int | None, verdict: str
) -> None:
    sent = replace(part(small(), "orders")[0], status="SUBMITTED", venue_order_id=None, sent_ns=sent_ns)
    nothing = Holdings((), (), (), (), at_ns=at_ns)
    (row,) = reconcile(replace(nothing, orders=(sent,)), nothing).rows
    assert row.verdict == verdict


@given(holdings(least=1), kinds, st.data())
def test_what_is_added_at_the_venue_is_unexpected_once(held: Holdings, kind: Kind, data: st.DataObject) -> None:
    added = data.draw(st.sampled_from(part(held, kind)))
    expected = replace(held, **{kind: tuple(each for each in part(held, kind) if each is not added)})
    found = reconcile(expected, held)
    (finding,) = findings_of(found)
    assert finding.code == f"{NAMED[kind]}_unexpected"
    (row,) = found.told
    assert row.note == (EXTERNAL if kind == "orders" else "")


@given(holdings(least=1), kinds, st.data())
def test_any_altered_field_differs_once_and_is_named(held: Holdings, kind: Kind, data: st.DataObject) -> None:
    altered = data.draw(st.sampled_from(part(held, kind)))
    field = data.draw(st.sampled_from(ALTERED[kind]))
    if getattr(altered, "venue_order_id", "") is None and field in {"key", "venue_order_id"}:
        field = "side"
    changed = replace(altered, **{field: other(getattr(altered, field))})
    observed = replace(held, **{kind: tuple(changed if each is altered else each for each in part(held, kind))})
    found = reconcile(held, observed)
    (row,) = found.told
    assert row.verdict == "differs"
    assert [each.field for each in row.differences] == [field]
    (finding,) = findings_of(found)
    assert finding.code == f"{NAMED[kind]}_differs"
    assert finding.expected.startswith(f"{field} ")
    assert finding.expected != finding.actual


@given(holdings(least=1), st.sampled_from([("fills", "instrument_id"), ("positions", "instrument_id"), ("balances", "currency")]))
def test_another_name_is_one_row_or_one_missing_and_one_unexpected(held: Holdings, named: tuple[Kind, str]) -> None:
    kind, field = named
    first, *rest = part(held, kind)
    observed = replace(held, **{kind: (replace(first, **{field: "OTHER"}), *rest)})
    assert sorted(row.verdict for row in reconcile(held, observed).told) in (["differs"], ["missing", "unexpected"])


@given(holdings(least=1), kinds, st.data())
def test_any_change_of_the_cache_alone_is_one_finding_about_the_cache(held: Holdings, kind: Kind, data: st.DataObject) -> None:
    altered = data.draw(st.sampled_from(part(held, kind)))
    assume(not is_unanswered(altered))
    rest = tuple(each for each in part(held, kind) if each is not altered)
    changed = (replace(altered, **{ALTERED[kind][-1]: other(getattr(altered, ALTERED[kind][-1]))}), *rest)
    has_less = data.draw(st.booleans())
    cached = replace(held, **{kind: rest if has_less else changed})
    (finding,) = findings_of(reconcile(held, held, cached))
    assert finding.code == "cache_differs"
    (extra,) = findings_of(reconcile(replace(held, **{kind: rest}), replace(held, **{kind: rest}), held))
    assert extra.code == "cache_differs"


def test_the_cache_is_told_beside_the_venue_and_counts_no_second_time() -> None:
    held = small()
    moved = replace(held, positions=(HeldPosition("BTCUSDT-PERP.BINANCE", Decimal(3)),))
    (row,) = reconcile(held, moved, moved).told
    assert (row.verdict, row.cached, row.cache) == ("differs", "differs", "3")
    assert [each.code for each in findings_of(reconcile(held, moved, moved))] == ["position_differs"]
    (row,) = reconcile(held, replace(held, positions=()), held).told
    assert (row.verdict, row.cached) == ("missing", "matched")
    unexpected = reconcile(replace(held, positions=()), held, held)
    assert [(row.verdict, row.cached) for row in unexpected.told] == [("unexpected", "unexpected")]


def test_a_venue_that_cannot_be_asked_is_unknown_and_never_flat() -> None:
    found = reconcile(small(), Unknown("it does not answer"))
    assert found.verdict == "unknown"
    assert dict(found.unknown) == dict.fromkeys(KINDS, "it does not answer")
    assert {row.verdict for row in found.rows} == {"unknown"}
    assert findings_of(found) == ()
    nothing = Holdings((), (), (), ())
    assert reconcile(nothing, Unknown("it does not answer")).verdict == "unknown"
    assert reconcile(nothing, nothing).verdict == "clean"


def test_a_cache_that_contradicts_the_journal_is_found_though_the_venue_is_unknown() -> None:
    held = small()
    found = reconcile(held, Unknown("down"), replace(held, positions=()))
    assert found.verdict == "found"
    assert [each.code for each in findings_of(found)] == ["cache_differs"]


def test_a_part_that_is_unknown_leaves_the_others_compared() -> None:
    held = small()
    found = reconcile(held, replace(held, fills=Unknown("not stated"), positions=()))
    assert dict(found.unknown) == {"fills": "not stated"}
    assert [(row.kind, row.verdict) for row in found.told] == [("positions", "missing")]
    assert found.verdict == "found"
    unknown = reconcile(replace(held, balances=Unknown("no account state")), held)
    assert unknown.told == ()
    assert [(row.verdict, row.actual) for row in unknown.rows if row.kind == "balances"] == [("unknown", "99999.98 USDT")]


@given(holdings(least=1))
def test_closed_orders_that_the_source_does_not_list_are_counted_and_not_missed(held: Holdings) -> None:
    open_only = tuple(each for each in part(held, "orders") if each.status in OPEN)
    found = reconcile(held, replace(held, orders=open_only, has_all_closed=False))
    assert found.verdict == "clean"
    assert found.not_compared.get("orders", 0) == len(part(held, "orders")) - len(open_only)
    stated = reconcile(held, replace(held, has_all_closed=False))
    assert stated.not_compared == {}


def test_a_closed_order_that_is_stated_is_compared_in_any_case() -> None:
    held = small()
    first, second = part(held, "orders")
    observed = replace(held, orders=(first, replace(second, status="EXPIRED")), has_all_closed=False)
    (row,) = reconcile(held, observed).told
    assert (row.subject, row.verdict, row.differences[0].actual) == ("O-2", "differs", "EXPIRED")


def test_an_open_order_is_missed_whatever_the_source_lists() -> None:
    held = small()
    (row,) = reconcile(held, replace(held, orders=part(held, "orders")[1:], has_all_closed=False)).told
    assert (row.subject, row.verdict) == ("O-1", "missing")


def test_fills_before_the_sources_first_are_counted_and_not_missed() -> None:
    held = small()
    found = reconcile(held, replace(held, fills=(), fills_from_ns=6))
    assert (found.verdict, dict(found.not_compared)) == ("clean", {"fills": 1})
    assert reconcile(held, replace(held, fills=(), fills_from_ns=5)).verdict == "found"


def test_an_order_that_the_venue_never_took_leaves_nothing_there() -> None:
    held = small()
    rejected = replace(part(held, "orders")[0], status="REJECTED", venue_order_id=None)
    expected = replace(held, orders=(rejected,))
    assert "REJECTED" in FINAL
    assert reconcile(expected, replace(held, orders=())).verdict == "clean"
    taken = replace(rejected, status="ACCEPTED", venue_order_id="V-1")
    (row,) = reconcile(expected, replace(held, orders=(taken,))).told
    assert [each.field for each in row.differences] == ["venue_order_id", "status"]


def test_a_fill_that_names_its_order_by_one_id_only_is_compared_by_that_one() -> None:
    held = small()
    (fill,) = part(held, "fills")
    by_venue = replace(fill, key=None)
    assert reconcile(held, replace(held, fills=(by_venue,))).verdict == "clean"
    (row,) = reconcile(held, replace(held, fills=(replace(by_venue, venue_order_id="V-9"),))).told
    assert [each.field for each in row.differences] == ["venue_order_id"]


def test_both_sides_of_a_trade_with_ourselves_are_two_fills() -> None:
    held = small()
    (fill,) = part(held, "fills")
    both = replace(held, fills=(fill, replace(fill, side="SELL", key="O-3", venue_order_id="V-3")))
    assert reconcile(both, both).verdict == "clean"
    (row,) = reconcile(both, held).told
    assert (row.verdict, "SELL" in row.expected) == ("missing", True)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda held: replace(held, positions=(*held.positions, HeldPosition("FLAT.X", Decimal("0.0")))), "positions"),
        (lambda held: replace(held, balances=(*held.balances, HeldBalance("ZERO", Decimal(0)))), "balances"),
    ],
)
def test_zero_is_the_same_as_none(change: Callable[[Holdings], Holdings], kind: Kind) -> None:
    held = small()
    assert reconcile(held, change(held)).verdict == "clean"
    assert len(part(change(held), kind)) == 2
    assert reconcile(change(held), held).verdict == "clean"


def test_a_position_that_is_flat_on_one_side_is_missing_or_unexpected() -> None:
    held = small()
    flat = replace(held, positions=(HeldPosition("BTCUSDT-PERP.BINANCE", Decimal(0)),))
    (missing,) = findings_of(reconcile(held, flat))
    assert (missing.code, missing.expected, missing.actual) == ("position_missing", "1", "flat")
    (unexpected,) = findings_of(reconcile(flat, held))
    assert (unexpected.code, unexpected.expected, unexpected.actual) == ("position_unexpected", "flat", "1")


def test_what_is_missing_at_the_venue_stays_so_beside_a_cache_that_differs() -> None:
    held = small()
    doubled = replace(held, positions=(HeldPosition("BTCUSDT-PERP.BINANCE", Decimal(2)),))
    (row,) = reconcile(held, replace(held, positions=()), doubled).told
    assert (row.verdict, row.expected, row.actual, row.cached, row.cache) == ("missing", "1", "", "differs", "2")
    (row,) = reconcile(held, held, doubled).told
    assert (row.verdict, row.expected, row.actual, row.cached, row.cache) == ("matched", "1", "1", "differs", "2")


def test_a_closed_order_beyond_the_sources_reach_is_told_when_the_cache_has_it_wrong() -> None:
    held = small()
    first, second = part(held, "orders")
    observed = replace(held, orders=(first,), has_all_closed=False)
    found = reconcile(held, observed, replace(held, orders=(first, replace(second, status="EXPIRED"))))
    (row,) = found.told
    assert (row.subject, row.verdict, row.cached) == ("O-2", "unknown", "differs")
    assert (found.verdict, dict(found.not_compared)) == ("found", {"orders": 1})
