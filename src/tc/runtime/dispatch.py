"""Dispatch: the adapter carries a Decision out; what it could not send, and what became of the Core's own orders, are facts."""

from collections.abc import Callable, Collection, Iterator

from tc.core import State
from tc.core.decision import Decision, Outcome
from tc.core.events import DispatchFailed, Event, OrderCanceled, OrderDenied, OrderInitialized, OrderUpdated
from tc.core.state import slots
from tc.errors import TcError
from tc.ports import DispatchError, ExecutionAdapter

_FOREIGN_KEY = "duplicate_key"
_NO_ADAPTER = "no adapter is attached"


def own_records(decision: Decision, state: State, strategies: Collection[str]) -> Iterator[Event]:
    """Return what became, in this step, of the orders of the Runtime's own strategies that were never sent.

    An engine records the same of its own.
    """
    for each in decision.outcomes:
        record = _RECORDS.get((each.kind, each.result))
        if record is None or each.reason == _FOREIGN_KEY:
            continue
        terms = slots.get(state.execution.orders.unsubmitted, each.key)
        if terms is not None and terms.strategy_id in strategies:
            yield record(each, terms, state.stream_time_ns)


def _denied(each: Outcome, terms: OrderInitialized, at_ns: int) -> Event:
    return OrderDenied(at_ns, at_ns, terms.client_order_id, f"{each.reason}: {each.detail}" if each.detail else each.reason)


def _canceled(each: Outcome, terms: OrderInitialized, at_ns: int) -> Event:  # noqa: ARG001
    return OrderCanceled(at_ns, at_ns, terms.client_order_id)


def _updated(each: Outcome, terms: OrderInitialized, at_ns: int) -> Event:
    quantity = terms.quantity if each.quantity is None else each.quantity
    return OrderUpdated(at_ns, at_ns, terms.client_order_id, quantity, each.price, each.trigger_price)


_RECORDS: dict[tuple[str, str], Callable[[Outcome, OrderInitialized, int], Event]] = {
    ("NEW", "denied"): _denied,
    ("NEW", "invalid"): _denied,
    ("NEW", "annihilated"): _canceled,
    ("NEW", "merged"): _updated,
    ("REPLACE", "merged"): _updated,
}
"""A NEW that ends unsent leaves a record; so does a REPLACE that was merged into an order that is not sent yet."""


def carry_out(
    adapter: ExecutionAdapter | None, decision: Decision, *, arrived: Callable[[], int], at_ns: int
) -> tuple[DispatchFailed, ...]:
    """Let the adapter carry the decision out, and return what failed before it left.

    An exception that names nothing is a failed send only when exactly one command was to be sent and nothing came back before
    it was raised. Else what was sent is in doubt, or the exception is of a strategy that reacted to the send: it is raised on.

    Raises
    ------
    Exception
        Whatever the adapter, the engine or the strategy in it raised.

    """
    sent = tuple(each for each in decision.outcomes if each.result == "sent")
    if adapter is None:
        return _failed(sent, _NO_ADAPTER, at_ns)
    before = arrived()
    try:
        adapter.carry_out(decision)
    except DispatchError as error:
        return _failed(error.unsent, error.reason, at_ns)
    except TcError:
        raise
    except Exception as error:
        if len(sent) != 1 or arrived() != before:
            raise
        return _failed(sent, type(error).__name__, at_ns)
    return ()


def _failed(unsent: tuple[Outcome, ...], reason: str, at_ns: int) -> tuple[DispatchFailed, ...]:
    return tuple(DispatchFailed(at_ns, at_ns, each.key, each.kind, reason) for each in unsent)
