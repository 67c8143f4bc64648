"""What each event does to the facts in State; `tc.core.step` applies it, and decides."""

from collections.abc import Callable
from decimal import DecimalException
from typing import Any

from msgspec.structs import replace

from tc.core.configuration import CoreConfiguration
from tc.core.entry import EventStreamEntry
from tc.core.events import (
    STREAM_SCHEMA,
    AccountUpdated,
    CancelRequested,
    ComponentStateChanged,
    ControlTimeReached,
    DispatchFailed,
    Event,
    FeedDegraded,
    KillSwitchAdvanced,
    KillSwitchChanged,
    MarketDataRows,
    MarketObserved,
    ModifyRequested,
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
    RunResumed,
    RunStarted,
    RunStopped,
    SnapshotTaken,
    StrategyFailed,
    SubmitRequested,
    TapeBlockWritten,
    TapeStopped,
    ThrottleReset,
    TradingStateChanged,
)
from tc.core.state import control, fills, market, orders, snapshot
from tc.core.state.anomalies import with_anomaly
from tc.core.state.model import ControlState, ExecutionState, MarketState, Orders, RunStatus, State
from tc.errors import InvariantViolation

FIRST_RESUMED = 2
"""The first part of a run that can go on from another."""

type Handler[E: Event] = Callable[[State, E, CoreConfiguration, int], State]


def fold_entry(state: State, entry: EventStreamEntry, configuration: CoreConfiguration) -> State:
    """Return the State with the entry's fact in it, and nothing decided; the State given is untouched.

    Raises
    ------
    InvariantViolation
        The position is not the next one, the stream does not begin by naming this configuration,
        the event's type is unknown, or the event breaks a rule.

    """
    event = entry.event
    position, before = entry.position, state.position
    if position != before + 1:
        raise InvariantViolation(
            f"position {position} follows position {before}; expected {before + 1}",
            hint="An entry is missing, repeated or out of order: `tc runs verify` shows where.",
        )
    if state.configuration != configuration.fingerprint and (before or type(event) is not RunStarted):
        raise InvariantViolation(
            f"the stream is processed under configuration {configuration.fingerprint[:12]}…, "
            f"but it names {state.configuration[:12] or 'none'}",
            hint="A stream is only processed under the configuration that its first entry names.",
        )
    if before and state.control.run != "running":
        raise InvariantViolation(f"position {position} follows the end of the run, which is {state.control.run}")
    handler = HANDLERS.get(type(event))
    if handler is None:
        raise InvariantViolation(
            f"position {position} holds an event of unknown type {type(event).__name__}",
            hint="A newer version of tc wrote it; use that version.",
        )
    try:
        return handler(state, event, configuration, position)
    except DecimalException as error:
        raise InvariantViolation(
            f"position {position} holds an amount that cannot be added up exactly ({type(error).__name__})",
            hint="No venue trades such an amount: the entry was not made by an engine.",
        ) from None


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
    return State(
        position,
        configuration.fingerprint,
        _stream_time(state, event.at_ns),
        state.market,
        state.execution,
        control.with_run(state.control, "running"),
    )


def _run_resumed(state: State, event: RunResumed, configuration: CoreConfiguration, position: int) -> State:
    if event.segment < FIRST_RESUMED:
        raise InvariantViolation(f"position {position} resumes the run as its part {event.segment}, which is none behind another")
    return _no_fact(state, event, configuration, position)


def _run_ended(status: RunStatus) -> Handler[Any]:
    def handler(
        state: State,
        event: RunCompleted | RunStopped | RunFailed,
        configuration: CoreConfiguration,  # noqa: ARG001
        position: int,
    ) -> State:
        return _with_control(state, event.at_ns, position, control.with_run(state.control, status))

    return handler


def _of_control(step: Callable[[ControlState, Any], ControlState]) -> Handler[Any]:
    def handler(state: State, event: Event, configuration: CoreConfiguration, position: int) -> State:  # noqa: ARG001
        return _with_control(state, event.at_ns, position, step(state.control, event))

    return handler


def _no_fact(state: State, event: Event, configuration: CoreConfiguration, position: int) -> State:  # noqa: ARG001
    """Only stream time moves: what the event means is decided by the step."""
    return State(position, state.configuration, _stream_time(state, event.at_ns), state.market, state.execution, state.control)


def _with_control(state: State, at_ns: int, position: int, changed: ControlState) -> State:
    return State(position, state.configuration, _stream_time(state, at_ns), state.market, state.execution, changed)


def _market_data_rows(
    state: State,
    event: MarketDataRows,
    configuration: CoreConfiguration,  # noqa: ARG001
    position: int,
) -> State:
    changed = market.rows_played(state.market, event)
    last = position + event.last_row - event.first_row
    return State(last, state.configuration, _stream_time(state, event.at_ns), changed, state.execution, state.control)


def _of_market(step: Callable[[MarketState, Any, CoreConfiguration], MarketState]) -> Handler[Any]:
    def handler(state: State, event: Event, configuration: CoreConfiguration, position: int) -> State:
        return State(
            position,
            state.configuration,
            event.at_ns if event.at_ns > state.stream_time_ns else state.stream_time_ns,  # noqa: FURB136 - a call costs more
            step(state.market, event, configuration),
            state.execution,
            state.control,
        )

    return handler


def _of_orders(step: Callable[[Orders, Any, CoreConfiguration], orders.Folded]) -> Handler[Any]:
    def handler(state: State, event: Any, configuration: CoreConfiguration, position: int) -> State:  # noqa: ANN401
        execution = state.execution
        changed = step(execution.orders, event, configuration)
        if isinstance(changed, Orders):
            execution = replace(execution, orders=changed)
        else:
            execution = with_anomaly(execution, changed, position, event.client_order_id)
        return State(
            position,
            state.configuration,
            event.at_ns if event.at_ns > state.stream_time_ns else state.stream_time_ns,  # noqa: FURB136 - a call costs more
            state.market,
            execution,
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


def _kill_switch_changed(
    state: State,
    event: KillSwitchChanged,
    configuration: CoreConfiguration,  # noqa: ARG001
    position: int,
) -> State:
    at_ns = _stream_time(state, event.at_ns)
    return _with_control(state, at_ns, position, control.kill_switch_changed(state.control, event.mode, at_ns))


def _snapshot_taken(
    state: State,
    event: SnapshotTaken,
    configuration: CoreConfiguration,  # noqa: ARG001
    position: int,
) -> State:
    at_ns = _stream_time(state, event.at_ns)
    changed = control.kill_switch_stated(state.control, event.kill_switch, at_ns)
    execution = snapshot.taken(state.execution, event)
    return State(position, state.configuration, at_ns, state.market, execution, changed)


HANDLERS: dict[type, Handler[Any]] = {
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
    RunResumed: _run_resumed,
    RunCompleted: _run_ended("completed"),
    RunStopped: _run_ended("stopped"),
    RunFailed: _run_ended("failed"),
    TradingStateChanged: _of_control(control.trading_state_changed),
    ComponentStateChanged: _of_control(control.component_state_changed),
    MarketObserved: _of_market(market.observed),
    FeedDegraded: _of_market(market.degraded),
    SubmitRequested: _no_fact,
    ModifyRequested: _no_fact,
    CancelRequested: _no_fact,
    DispatchFailed: _of_orders(orders.dispatch_failed),
    ControlTimeReached: _no_fact,
    KillSwitchChanged: _kill_switch_changed,
    KillSwitchAdvanced: _no_fact,
    TapeBlockWritten: _no_fact,
    TapeStopped: _no_fact,
    ThrottleReset: _of_control(control.throttle_reset),
    StrategyFailed: _of_control(control.strategy_failed),
    SnapshotTaken: _snapshot_taken,
}
