"""How control events move the control domain: the run, the engine's states, the kill switch, and what operators reset."""

from msgspec.structs import replace

from tc.core.events import ComponentStateChanged, KillMode, StrategyFailed, ThrottleReset, TradingStateChanged
from tc.core.state.model import ControlState, RunStatus

_STRICTNESS: tuple[KillMode, ...] = ("none", "reduce", "flatten", "halt", "halt_all")


def with_run(control: ControlState, status: RunStatus) -> ControlState:
    """Return the control domain with the run in another status."""
    return replace(control, run=status)


def trading_state_changed(control: ControlState, event: TradingStateChanged) -> ControlState:
    """Keep the engine's trading state."""
    return replace(control, trading_state=event.trading_state)


def component_state_changed(control: ControlState, event: ComponentStateChanged) -> ControlState:
    """Keep the latest state of a component."""
    return replace(control, components={**control.components, event.component_id: event.component_state})


def kill_switch_changed(control: ControlState, mode: KillMode, at_ns: int) -> ControlState:
    """Set the kill switch; from here on its review is counted."""
    return replace(control, safeguards=replace(control.safeguards, kill_switch=mode, kill_switch_ns=at_ns))


def kill_switch_stated(control: ControlState, mode: KillMode, at_ns: int) -> ControlState:
    """Take over the kill switch that a snapshot states, unless ours lets less through: only a person resumes."""
    if _STRICTNESS.index(mode) <= _STRICTNESS.index(control.safeguards.kill_switch):
        return control
    return kill_switch_changed(control, mode, at_ns)


def throttle_reset(control: ControlState, event: ThrottleReset) -> ControlState:
    """Let a strategy's orders pass again, its executions counted anew."""
    safeguards = control.safeguards
    return replace(
        control,
        safeguards=replace(
            safeguards,
            throttled=tuple(each for each in safeguards.throttled if each != event.strategy_id),
            executions={key: stamps for key, stamps in safeguards.executions.items() if key != event.strategy_id},
        ),
    )


def strategy_failed(control: ControlState, event: StrategyFailed) -> ControlState:  # noqa: ARG001
    """Count a step at which the strategy gave nothing that can be used."""
    return replace(control, strategy_failures=control.strategy_failures + 1)
