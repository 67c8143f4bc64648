"""The facts of a drill that went as it should, to be changed one by one."""

from typing import Any

from tc.checks.drills.facts import (
    AlertResolved,
    AnyDrillFact,
    DrillStarted,
    FaultInjected,
    FaultProven,
    FaultRestored,
    InvariantsChecked,
    Observed,
    OperatorActed,
    Reading,
    RunEnded,
    SteadyStateChecked,
)
from tc.spec.drills.drill_spec import (
    BudgetsSpec,
    DrillSpec,
    ExpectedAlert,
    ExpectSpec,
    FaultSpec,
    ProbeSpec,
    SteadyStateSpec,
)
from tc.spec.drills.words import INVARIANTS

SECOND = 1_000_000_000
TRADING = (ProbeSpec(probe="node_state", equals="trading"),)
CLEAR = ("kill", "clear", "--run", "RUN", "--reason", "over")


def drill(**fields: Any) -> DrillSpec:
    """Return a drill that expects one of everything."""
    whole: dict[str, Any] = {
        "drill_version": 1,
        "name": "disconnect",
        "title": "Disconnected",
        "description": "The venue cannot be reached.",
        "steady_state": SteadyStateSpec(before=TRADING, during=(ProbeSpec(probe="data_connection", equals="down"),)),
        "faults": (FaultSpec(kind="down"),),
        "expect": ExpectSpec(
            alerts=(ExpectedAlert(name="TcVenueDisconnected", within_s="5"),),
            also=("TcFeedStale",),
            gates=("blocked",),
            events=("FeedDegraded",),
            findings=("order_missing",),
        ),
        "budgets": BudgetsSpec(detect_s="3", mitigate_s="4", recover_s="6"),
        "recovery": (CLEAR,),
    }
    return DrillSpec(**(whole | fields))


def at(seconds: float, kind: type[AnyDrillFact], /, **fields: Any) -> Any:
    """Return a fact so many seconds after the drill began."""
    elapsed_ns = int(seconds * SECOND)
    return kind(at_ns=1_700_000_000 * SECOND + elapsed_ns, elapsed_ns=elapsed_ns, **fields)


def seen(seconds: float, source: str, name: str) -> Any:
    """Return that something was seen."""
    return at(seconds, Observed, source=source, name=name)


def steady(seconds: float, phase: str, *, holds: bool = True) -> Any:
    """Return a look at the steady state."""
    readings = (Reading("node_state", "trading", "trading", holds=True), Reading("feed", "live" if holds else "", "live", holds))
    return at(seconds, SteadyStateChecked, phase=phase, holds=holds, readings=readings)


def passed() -> list[AnyDrillFact]:
    """Return the facts of a drill in which everything went as `drill` says; proven 2 s after it began."""
    return [
        at(
            0,
            DrillStarted,
            drill="disconnect",
            number=1,
            seed=1,
            spec_sha256="0" * 64,
            tc="0",
            run_id="drilled",
            sees_alerts=True,
            time_scale=10,
        ),
        steady(1, "before"),
        at(1.5, FaultInjected, fault=1, kind="down", target="venue"),
        at(2, FaultProven, fault=1, kind="down", before=0, after=3),
        seen(4, "gate", "blocked"),
        seen(4.5, "event", "FeedDegraded"),
        seen(5, "alert", "TcVenueDisconnected"),
        seen(5.5, "alert", "TcFeedStale"),
        seen(6, "finding", "order_missing"),
        steady(7, "during"),
        at(8, FaultRestored, fault=1, kind="down"),
        at(9, OperatorActed, arguments=CLEAR, exit_code=0),
        at(10, AlertResolved, name="TcVenueDisconnected"),
        at(11, AlertResolved, name="TcFeedStale"),
        steady(12, "after"),
        at(13, RunEnded, status="stopped"),
        at(14, InvariantsChecked, held=tuple(INVARIANTS)),
    ]
