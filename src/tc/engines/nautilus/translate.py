"""Where NautilusTrader's events become ours: each field taken by name, random ids left behind, numbers exact.

Only event ids, command ids and the like are random; they identify messages, not facts, and stay out.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from nautilus_trader.common.enums import ComponentState
from nautilus_trader.common.messages import ComponentStateChanged as NautilusComponentStateChanged
from nautilus_trader.common.messages import TradingStateChanged as NautilusTradingStateChanged
from nautilus_trader.model import enums
from nautilus_trader.model import events as nautilus

from tc.core import events as ours

_MEMO_LIMIT = 4096


def _names(enum: Any) -> dict[int, str]:  # noqa: ANN401 - Nautilus's enums share no typed base
    return {int(member.value): member.name for member in enum}


_SIDE = {1: "BUY", 2: "SELL"}
_ORDER_TYPE = _names(enums.OrderType)
_TIME_IN_FORCE = _names(enums.TimeInForce)
_LIQUIDITY = _names(enums.LiquiditySide)
_TRIGGER = _names(enums.TriggerType)
_CONTINGENCY = _names(enums.ContingencyType)
_ACCOUNT_TYPE = _names(enums.AccountType)
_TRADING_STATE = _names(enums.TradingState)
_COMPONENT_STATE = _names(ComponentState)
_SHORT = int(enums.PositionSide.SHORT.value)

_decimals: dict[int, Decimal] = {}


def exact(value: Any) -> Decimal:  # noqa: ANN401 - a Nautilus Price, Quantity or Money
    """Return the value as an exact decimal without trailing zeros. Values recur, so a few thousand are remembered."""
    raw = value.raw
    known = _decimals.get(raw)
    if known is None:
        if len(_decimals) >= _MEMO_LIMIT:
            _decimals.clear()
        known = _decimals[raw] = value.as_decimal()
    return known


def _exact_text(text: str | None) -> Decimal | None:
    if text is None:
        return None
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)


def _text(identifier: Any) -> str | None:  # noqa: ANN401 - any of Nautilus's identifiers
    return None if identifier is None else identifier.value


def initialized(event: Any) -> ours.OrderInitialized:  # noqa: ANN401
    """Return an order's terms as first stated."""
    options = event.options
    # By position, in the order of the fields: names cost half as much again, and every order begins here.
    return ours.OrderInitialized(
        event.ts_init,
        event.ts_event,
        event.client_order_id.value,
        event.strategy_id.value,
        event.instrument_id.value,
        _SIDE[event.side],  # type: ignore[arg-type]
        _ORDER_TYPE[event.order_type],
        exact(event.quantity),
        _TIME_IN_FORCE[event.time_in_force],
        _exact_text(options.get("price")),
        _exact_text(options.get("trigger_price")),
        options.get("trigger_type"),
        _exact_text(options.get("activation_price")),
        _exact_text(options.get("limit_offset")),
        _exact_text(options.get("trailing_offset")),
        options.get("trailing_offset_type"),
        options.get("expire_time_ns") or None,
        _exact_text(options.get("display_qty")),
        event.post_only,
        event.reduce_only,
        event.quote_quantity,
        _TRIGGER[event.emulation_trigger] if event.emulation_trigger else None,
        _CONTINGENCY[event.contingency_type] if event.contingency_type else None,
        _text(event.order_list_id),
        tuple(other.value for other in event.linked_order_ids) if event.linked_order_ids else (),
        _text(event.parent_order_id),
        _text(event.exec_algorithm_id),
        _text(event.exec_spawn_id),
        tuple(event.tags) if event.tags else (),
    )


def _denied(event: Any) -> ours.Event:  # noqa: ANN401
    return ours.OrderDenied(event.ts_init, event.ts_event, event.client_order_id.value, event.reason)


def _emulated(event: Any) -> ours.Event:  # noqa: ANN401
    return ours.OrderEmulated(event.ts_init, event.ts_event, event.client_order_id.value)


def _released(event: Any) -> ours.Event:  # noqa: ANN401
    return ours.OrderReleased(event.ts_init, event.ts_event, event.client_order_id.value, exact(event.released_price))


def _submitted(event: Any) -> ours.Event:  # noqa: ANN401
    return ours.OrderSubmitted(event.ts_init, event.ts_event, event.client_order_id.value, event.account_id.value)


def _accepted(event: Any) -> ours.Event:  # noqa: ANN401
    return ours.OrderAccepted(
        event.ts_init,
        event.ts_event,
        event.client_order_id.value,
        event.venue_order_id.value,
        event.account_id.value,
    )


def _rejected(event: Any) -> ours.Event:  # noqa: ANN401
    return ours.OrderRejected(event.ts_init, event.ts_event, event.client_order_id.value, event.reason, bool(event.due_post_only))


def _with_venue_id(
    kind: Callable[[int, int, str, str | None], ours.Event],
) -> Callable[[Any], ours.Event]:
    def translate(event: Any) -> ours.Event:  # noqa: ANN401
        return kind(event.ts_init, event.ts_event, event.client_order_id.value, _text(event.venue_order_id))

    return translate


def _command_rejected(
    kind: Callable[[int, int, str, str, str | None], ours.Event],
) -> Callable[[Any], ours.Event]:
    def translate(event: Any) -> ours.Event:  # noqa: ANN401
        return kind(event.ts_init, event.ts_event, event.client_order_id.value, event.reason, _text(event.venue_order_id))

    return translate


def _updated(event: Any) -> ours.Event:  # noqa: ANN401
    return ours.OrderUpdated(
        event.ts_init,
        event.ts_event,
        event.client_order_id.value,
        exact(event.quantity),
        None if event.price is None else exact(event.price),
        None if event.trigger_price is None else exact(event.trigger_price),
        _text(event.venue_order_id),
    )


def filled(event: Any) -> ours.OrderFilled:  # noqa: ANN401
    """Return one fill."""
    commission = event.commission
    instrument_id, strategy_id = event.instrument_id.value, event.strategy_id.value
    position_id = event.position_id
    return ours.OrderFilled(
        event.ts_init,
        event.ts_event,
        event.client_order_id.value,
        event.venue_order_id.value,
        event.account_id.value,
        event.trade_id.value,
        f"{instrument_id}-{strategy_id}" if position_id is None else position_id.value,
        strategy_id,
        instrument_id,
        _SIDE[event.order_side],  # type: ignore[arg-type]
        exact(event.last_qty),
        exact(event.last_px),
        event.currency.code,
        exact(commission),
        commission.currency.code,
        _LIQUIDITY[event.liquidity_side],
        "compat" if event.reconciliation else "canonical",
    )


def _position(
    kind: Callable[[int, int, str, str, str, Decimal], ours.Event],
) -> Callable[[Any], ours.Event]:
    def translate(event: Any) -> ours.Event:  # noqa: ANN401
        quantity = exact(event.quantity)
        return kind(
            event.ts_init,
            event.ts_event,
            event.position_id.value,
            event.strategy_id.value,
            event.instrument_id.value,
            -quantity if event.side == _SHORT else quantity,
        )

    return translate


def _position_closed(event: Any) -> ours.Event:  # noqa: ANN401
    return ours.PositionClosed(
        event.ts_init,
        event.ts_event,
        event.position_id.value,
        event.strategy_id.value,
        event.instrument_id.value,
    )


class AccountSnapshot(NamedTuple):
    """An account's state with its amounts as they were when it was published: the engine changes the balances' objects later."""

    event: Any
    balances: list[tuple[Any, Any, Any, Any]]
    margins: list[tuple[Any, Any, Any, Any]]


def account_snapshot(event: Any) -> AccountSnapshot:  # noqa: ANN401
    """Return the account's state as it is now; the amounts themselves are immutable."""
    return AccountSnapshot(
        event,
        [(each.currency, each.total, each.locked, each.free) for each in event.balances],
        [(each.currency, each.initial, each.maintenance, each.instrument_id) for each in event.margins],
    )


def account_updated(snapshot: AccountSnapshot) -> ours.AccountUpdated:
    """Return an account's balances and margins."""
    event = snapshot.event
    return ours.AccountUpdated(
        event.ts_init,
        event.ts_event,
        event.account_id.value,
        _ACCOUNT_TYPE[event.account_type],
        event.is_reported,
        tuple(
            ours.Balance(currency.code, exact(total), exact(locked), exact(free))
            for currency, total, locked, free in snapshot.balances
        ),
        tuple(
            ours.Margin(currency.code, exact(initial), exact(maintenance), _text(instrument_id))
            for currency, initial, maintenance, instrument_id in snapshot.margins
        ),
        None if event.base_currency is None else event.base_currency.code,
    )


def _component(event: Any) -> ours.Event:  # noqa: ANN401
    return ours.ComponentStateChanged(
        event.ts_init,
        event.ts_event,
        event.component_id.value,
        event.component_type,
        _COMPONENT_STATE[event.state],
    )


def _trading_state(event: Any) -> ours.Event:  # noqa: ANN401
    return ours.TradingStateChanged(event.ts_init, event.ts_event, _TRADING_STATE[event.state])


TRANSLATORS: dict[type, Callable[[Any], ours.Event]] = {
    nautilus.OrderInitialized: initialized,
    nautilus.OrderDenied: _denied,
    nautilus.OrderEmulated: _emulated,
    nautilus.OrderReleased: _released,
    nautilus.OrderSubmitted: _submitted,
    nautilus.OrderAccepted: _accepted,
    nautilus.OrderRejected: _rejected,
    nautilus.OrderCanceled: _with_venue_id(ours.OrderCanceled),
    nautilus.OrderExpired: _with_venue_id(ours.OrderExpired),
    nautilus.OrderTriggered: _with_venue_id(ours.OrderTriggered),
    nautilus.OrderPendingUpdate: _with_venue_id(ours.OrderPendingUpdate),
    nautilus.OrderPendingCancel: _with_venue_id(ours.OrderPendingCancel),
    nautilus.OrderModifyRejected: _command_rejected(ours.OrderModifyRejected),
    nautilus.OrderCancelRejected: _command_rejected(ours.OrderCancelRejected),
    nautilus.OrderUpdated: _updated,
    nautilus.OrderFilled: filled,
    nautilus.PositionOpened: _position(ours.PositionOpened),
    nautilus.PositionChanged: _position(ours.PositionChanged),
    nautilus.PositionClosed: _position_closed,
    AccountSnapshot: account_updated,
    NautilusComponentStateChanged: _component,
    NautilusTradingStateChanged: _trading_state,
}
"""How each event of Nautilus becomes one of ours; they are immutable, so this may happen later, but for account states."""
