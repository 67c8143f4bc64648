"""Claims about what kept a run safe: the kill switch, orders sent in spite of it, exposures, and what is used of limits."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from gated import GatedStream, gate_document
from gated_directories import document_with
from report_samples import small_venue
from tc.core import CoreConfiguration
from tc.core.events import FeedDegraded, KillMode, KillSwitchAdvanced, OrderSubmitted
from tc.reports.figures import Exposed, LimitUse, Safety
from tc.reports.summary import summarize

if TYPE_CHECKING:
    from tc.core.events.control import KillStep

TRADED = {"id": "BTCUSDT.X", "quote_currency": "USDT", "multiplier": "1", "is_inverse": False}
WIDE: dict[str, Any] = {"max_position": "10", "max_gross_exposure": "2000", "reference_max_age_ns": 10**12}


def stream(gate: dict[str, Any] | None = None, **instrument: object) -> GatedStream:
    """Return a stream behind a gate that lets one message a second out, and knows the market."""
    gate = gate or gate_document(rate=(1, 10**9, 1), **WIDE)
    document = document_with(gate, instrument={**TRADED, **instrument})
    started = GatedStream(CoreConfiguration.from_document(document))
    started.market()
    return started


def safety(played: GatedStream) -> Safety:
    """Return what a stream's journal says."""
    return summarize(played.entries, document=msgspec.json.decode(played.configuration.document)).safety


@pytest.mark.parametrize("mode", ["halt", "halt_all", "flatten"])
def test_what_is_held_back_or_created_under_a_halt_must_not_be_sent(mode: KillMode) -> None:
    played = stream()
    played.open("O-1")
    played.new("O-HELD")
    assert safety(played).submits_after_halt == 0
    played.kill(mode)
    played.initialize("O-NEW")
    assert safety(played).submits_after_halt == 0
    played.submitted("O-HELD")
    played.submitted("O-NEW")
    assert (safety(played).submits_after_halt, safety(played).kill_switch) == (2, mode)


def test_what_was_on_its_way_at_the_halt_is_no_order_sent_after_it() -> None:
    played = stream()
    played.new("O-1")
    assert played.sent == [("NEW", "O-1")]
    played.kill("halt")
    played.submitted("O-1")
    assert safety(played).submits_after_halt == 0


def test_what_is_sent_after_the_switch_was_cleared_is_none_either() -> None:
    played = stream()
    played.kill("halt")
    played.initialize("O-1")
    played.kill("reduce")
    played.submitted("O-1")
    assert safety(played).submits_after_halt == 0


@pytest.mark.parametrize(("mode", "expected"), [("flatten", 0), ("halt_all", 1)])
def test_the_flattens_own_orders_are_let_through_but_by_halt_all(mode: KillMode, expected: int) -> None:
    played = stream()
    played.kill(mode)
    played.initialize("FLATTEN-1", price=None, strategy_id="FLATTEN")
    played.emit(OrderSubmitted(played.now, played.now, "FLATTEN-1", "A-1"))
    assert safety(played).submits_after_halt == expected


def test_a_gate_that_only_observes_holds_nothing_back() -> None:
    played = stream(gate_document(mode="observe", **WIDE))
    played.kill("halt")
    played.initialize("O-1")
    played.submitted("O-1")
    assert safety(played).submits_after_halt == 0


def test_the_steps_are_those_of_the_last_kill() -> None:
    played = stream()
    kills: tuple[tuple[KillStep, ...], ...] = (("blocked", "annihilated", "halted"), ("blocked", "cancelled"))
    for steps in kills:
        played.kill("halt")
        for number, step in enumerate(steps, len(steps)):
            played.emit(KillSwitchAdvanced(played.now, step, number))
        played.kill("none")
    assert (safety(played).kill_steps, safety(played).kill_switch) == ({"blocked": 2, "cancelled": 3}, "none")


def test_limits_are_used_by_the_worst_case_and_only_those_that_are_set_are_told() -> None:
    played = stream()
    played.open("O-1", quantity="2")
    played.filled("O-1", "2")
    played.now += 2 * 10**9
    played.open("O-2", quantity="3")
    found = safety(played)
    assert found.exposures == (Exposed("BTCUSDT.X", Decimal(2), Decimal(200), "USDT"),)
    assert found.limits == (
        LimitUse("max_position", Decimal(10), Decimal(5)),
        LimitUse("max_gross_exposure", Decimal(2000), Decimal(500)),
    )
    played.market("199", "201")
    assert safety(played).exposures[0].value == 400
    assert safety(played).limits[1].used == 1000


def test_messages_of_another_day_use_nothing_of_todays() -> None:
    played = stream(gate_document(max_daily_messages=4, **WIDE))
    played.open("O-1")
    played.open("O-2")
    assert safety(played).limits[-1] == LimitUse("max_daily_messages", Decimal(4), Decimal(2))
    played.now += 86_400 * 10**9
    played.market()
    assert safety(played).limits[-1].used == 0


def test_a_position_is_valued_at_the_last_fill_where_no_price_was_seen() -> None:
    played = small_venue()
    exposures = summarize(played.entries, document=msgspec.json.decode(played.configuration.document)).safety.exposures
    assert exposures == (Exposed("BTCUSDT.X", Decimal("-0.25"), Decimal(26), "USDT"),)


def test_a_flat_instrument_is_worth_nothing_and_another_than_the_runs_own_is_not_valued() -> None:
    played = stream()
    played.open("O-1")
    played.filled("O-1")
    played.now += 10 * 10**9
    played.open("O-2", side="SELL")
    played.filled("O-2")
    assert safety(played).exposures == (Exposed("BTCUSDT.X", Decimal(0), Decimal(0), "USDT"),)
    foreign = stream(id="ETHUSDT.X")
    foreign.open("O-1")
    foreign.filled("O-1")
    assert safety(foreign).exposures == (Exposed("BTCUSDT.X", Decimal(1), None, ""),)
    assert safety(foreign).limits[1] == LimitUse("max_gross_exposure", Decimal(2000), None)


def test_an_inverse_contract_is_worth_its_quantity() -> None:
    played = stream(is_inverse=True, multiplier="100")
    played.open("O-1", quantity="3")
    played.filled("O-1", "3")
    assert safety(played).exposures[0].value == 300


def test_a_gap_in_the_feed_takes_no_price_away() -> None:
    played = stream()
    played.open("O-1")
    played.filled("O-1")
    played.emit(FeedDegraded(played.now, played.now, "BTCUSDT.X", "a gap"))
    assert safety(played).exposures[0].value == 100
