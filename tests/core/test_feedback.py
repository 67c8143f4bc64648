"""Rules R46, R66 and R67: what an execution event that an order cannot follow does to the queue, which is nothing."""

from decimal import Decimal

import pytest

from gated import SECOND, GatedStream, results
from tc.core.events import Event, OrderAccepted, OrderDenied, OrderInitialized, OrderTriggered
from tc.core.state import slots


def test_R67_a_stop_that_triggers_again_leaves_its_held_cancel_which_goes_at_its_time() -> None:
    stream = GatedStream(rate=(1, SECOND, 1))
    stream.market()
    stream.open("O-1")
    stream.cancel("O-1")
    assert stream.sent == [("NEW", "O-1")]
    for _ in range(3):
        assert stream.emit(OrderTriggered(stream.now, stream.now, "O-1")) == ()
    assert stream.state.execution.anomaly_counts == {"repeated_event": 2}
    stream.reach()
    assert stream.sent == [("NEW", "O-1"), ("CANCEL", "O-1")]
    stream.canceled("O-1")
    assert list(stream.context.commands_in_flight()) == []


def test_R46_an_acknowledgement_that_comes_again_answers_no_change_that_is_in_flight() -> None:
    stream = GatedStream()
    stream.market()
    stream.open("O-1")
    stream.replace("O-1", price="99")
    stream.cancel("O-1")
    assert stream.emit(OrderAccepted(stream.now, stream.now, "O-1", "V-O-1", "A-1")) == ()
    assert stream.sent == [("NEW", "O-1"), ("REPLACE", "O-1")]
    assert results(stream.updated("O-1", "1", "99")) == [("O-1", "sent", "")]


@pytest.mark.parametrize("kind", [OrderInitialized, OrderDenied])
def test_a_second_order_under_the_id_of_one_that_is_held_leaves_what_waits(kind: type) -> None:
    stream = GatedStream(rate=(1, SECOND, 1))
    stream.market()
    stream.new("O-1")
    stream.new("O-2")
    terms = slots.get(stream.state.execution.orders.unsubmitted, "O-2")
    assert terms is not None
    before = stream.state.execution
    duplicates: dict[type, Event] = {
        OrderInitialized: OrderInitialized(
            stream.now, stream.now, "O-2", "S-1", terms.instrument_id, "SELL", "LIMIT", Decimal(9), "GTC", is_duplicate=True
        ),
        OrderDenied: OrderDenied(stream.now, stream.now, "O-2", "duplicate", is_duplicate=True),
    }
    assert stream.emit(duplicates[kind]) == ()
    after = stream.state.execution
    assert (after.queue, after.exposures, after.orders) == (before.queue, before.exposures, before.orders)
    assert after.anomaly_counts == {"duplicate_key": 1}
