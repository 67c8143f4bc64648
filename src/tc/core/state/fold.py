"""The fold: one entry at a time, State in, State out; nothing else moves State."""

from collections.abc import Callable, Iterable
from decimal import DecimalException
from typing import Any

from tc.core.configuration import CoreConfiguration
from tc.core.entry import EventStreamEntry
from tc.core.events import (
    STREAM_SCHEMA,
    AccountUpdated,
    ComponentStateChanged,
    Event,
    MarketDataRows,
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderEmulated,
    OrderExpired,
    OrderFilled,
    OrderInitialized,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderRejected,
    OrderReleased,
    OrderSubmitted,
    OrderTriggered,
    OrderUpdated,
    PositionChanged,
    PositionClosed,
    PositionOpened,
    RunCompleted,
    RunFailed,
    RunStarted,
    RunStopped,
    TradingStateChanged,
)
from tc.core.state import fills, orders
from tc.core.state.model import INITIAL, ControlState, ExecutionState, MarketState, Orders, RunStatus, State
from tc.errors import InvariantViolation

type Handler[E: Event] = Callable[[State, E, CoreConfiguration, int], State]


def process_event_entry(state: State, entry: EventStreamEntry, *, configuration: CoreConfiguration) -> State:
    """Return the State after the entry; the State given is untouched.

    Raises
    ------
    InvariantViolation
        The position is not the next one, the stream does not begin by naming this configuration,
        the event's type is unknown, or the event breaks a rule.

    """
    event = entry.event
    if entry.position != state.position + 1:
        raise InvariantViolation(
            f"position {entry.position} follows position {state.position}; expected {state.position + 1}",
            hint="An entry is missing, repeated or out of order: `tc runs verify` shows where.",
        )
    if state.configuration != configuration.fingerprint and (state.position or type(event) is not RunStarted):
        raise InvariantViolation(
            f"the stream is processed under configuration {configuration.fingerprint[:12]}…, "
            f"but it names {state.configuration[:12] or 'none'}",
            hint="A stream is only processed under the configuration that its first entry names.",
        )
    if state.position and state.control.run != "running":
        raise InvariantViolation(f"position {entry.position} follows the end of the run, which is {state.control.run}")
    handler = _HANDLERS.get(type(event))
    if handler is None:
        raise InvariantViolation(
            f"position {entry.position} holds an event of unknown type {type(event).__name__}",
            hint="A newer version of tc wrote it; use that version.",
        )
    try:
        return handler(state, event, configuration, entry.position)
    except DecimalException as error:
        raise InvariantViolation(
            f"position {entry.position} holds an amount that cannot be added up exactly ({type(error).__name__})",
            hint="No venue trades such an amount: the entry was not made by an engine.",
        ) from None


def fold_event_stream_entries(
    entries: Iterable[EventStreamEntry], *, configuration: CoreConfiguration, state: State | None = None
) -> State:
    """Return the State after all entries, from the start of the stream or on from ``state``.

    Raises
    ------
    InvariantViolation
        As `process_event_entry`; entries before the one that broke the rule have no effect on the caller.

    """
    current = INITIAL if state is None else state
    for entry in entries:
        current = process_event_entry(current, entry, configuration=configuration)
    return current


def _stream_time(state: State, at_ns: int) -> int:
    return max(at_ns, state.stream_time_ns)


def _run_started(state: State, event: RunStarted, configuration: CoreConfiguration, position: int) -> State:
    if state.position:
        raise InvariantViolation(f"position {position} starts the run a second time")
    if event.schema != STREAM_SCHEMA:
        raise InvariantViolation(
            f"the stream has schema {event.schema}; this version of tc reads {STREAM_SCHEMA}",
            hint="Use the version of tc that wrote the run; metadata.json names it.",
        )
    if event.configuration != configuration.fingerprint:
        raise InvariantViolation(
            f"the stream names configuration {event.configuration[:12]}…, not {configuration.fingerprint[:12]}…",
            hint="A stream is only processed under the configuration that its first entry names.",
        )
    control = ControlState("running", state.control.trading_state, state.control.components)
    return State(position, configuration.fingerprint, _stream_time(state, event.at_ns), state.market, state.execution, control)


def _run_ended(status: RunStatus) -> Handler[Any]:
    def handler(
        state: State,
        event: RunCompleted | RunStopped | RunFailed,
        configuration: CoreConfiguration,  # noqa: ARG001
        position: int,
    ) -> State:
        return _with_control(
            state, event.at_ns, position, ControlState(status, state.control.trading_state, state.control.components)
        )

    return handler


def _trading_state_changed(
    state: State,
    event: TradingStateChanged,
    configuration: CoreConfiguration,  # noqa: ARG001
    position: int,
) -> State:
    control = ControlState(state.control.run, event.trading_state, state.control.components)
    return _with_control(state, event.at_ns, position, control)


def _component_state_changed(
    state: State,
    event: ComponentStateChanged,
    configuration: CoreConfiguration,  # noqa: ARG001
    position: int,
) -> State:
    components = {**state.control.components, event.component_id: event.component_state}
    control = ControlState(state.control.run, state.control.trading_state, components)
    return _with_control(state, event.at_ns, position, control)


def _with_control(state: State, at_ns: int, position: int, control: ControlState) -> State:
    return State(position, state.configuration, _stream_time(state, at_ns), state.market, state.execution, control)


def _market_data_rows(
    state: State,
    event: MarketDataRows,
    configuration: CoreConfiguration,  # noqa: ARG001
    position: int,
) -> State:
    market = state.market
    last = market.last_rows.get(event.dataset)
    if event.last_row < event.first_row or (last is not None and event.first_row != last + 1):
        raise InvariantViolation(
            f"rows {event.first_row} to {event.last_row} of dataset {event.dataset[:12]}… do not follow row {last}"
        )
    rows = event.last_row - event.first_row + 1
    return State(
        position + rows - 1,
        state.configuration,
        _stream_time(state, event.at_ns),
        MarketState({**market.last_rows, event.dataset: event.last_row}, market.rows + rows),
        state.execution,
        state.control,
    )


def _of_orders(step: Callable[[Orders, Any, CoreConfiguration], Orders]) -> Handler[Any]:
    def handler(state: State, event: Event, configuration: CoreConfiguration, position: int) -> State:
        execution = state.execution
        return State(
            position,
            state.configuration,
            event.at_ns if event.at_ns > state.stream_time_ns else state.stream_time_ns,  # noqa: FURB136 - a call costs more
            state.market,
            ExecutionState(
                step(execution.orders, event, configuration),
                execution.holdings,
                execution.accounts,
                execution.anomaly_counts,
                execution.anomalies,
            ),
            state.control,
        )

    return handler


def _of_execution(step: Callable[[ExecutionState, Any, CoreConfiguration, int], ExecutionState]) -> Handler[Any]:
    def handler(state: State, event: Event, configuration: CoreConfiguration, position: int) -> State:
        return State(
            position,
            state.configuration,
            event.at_ns if event.at_ns > state.stream_time_ns else state.stream_time_ns,  # noqa: FURB136 - a call costs more
            state.market,
            step(state.execution, event, configuration, position),
            state.control,
        )

    return handler


_HANDLERS: dict[type, Handler[Any]] = {
    MarketDataRows: _market_data_rows,
    OrderInitialized: _of_orders(orders.initialized),
    OrderDenied: _of_orders(orders.denied),
    OrderEmulated: _of_orders(orders.held_locally),
    OrderReleased: _of_orders(orders.held_locally),
    OrderSubmitted: _of_orders(orders.submitted),
    OrderAccepted: _of_orders(orders.accepted),
    OrderRejected: _of_orders(orders.rejected),
    OrderCanceled: _of_orders(orders.canceled),
    OrderExpired: _of_orders(orders.expired),
    OrderTriggered: _of_orders(orders.triggered),
    OrderPendingUpdate: _of_orders(orders.pending_update),
    OrderPendingCancel: _of_orders(orders.pending_cancel),
    OrderModifyRejected: _of_orders(orders.command_rejected),
    OrderCancelRejected: _of_orders(orders.command_rejected),
    OrderUpdated: _of_orders(orders.updated),
    OrderFilled: _of_execution(fills.filled),
    PositionOpened: _of_execution(fills.position_opened),
    PositionChanged: _of_execution(fills.position_changed),
    PositionClosed: _of_execution(fills.position_closed),
    AccountUpdated: _of_execution(fills.account_updated),
    RunStarted: _run_started,
    RunCompleted: _run_ended("completed"),
    RunStopped: _run_ended("stopped"),
    RunFailed: _run_ended("failed"),
    TradingStateChanged: _trading_state_changed,
    ComponentStateChanged: _component_state_changed,
}
