"""Drills to render: a disconnect that passed, a kill that failed, a control, and one whose every text is hostile."""

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from report_samples import HOSTILE
from tc.checks.drills.facts import (
    AlertResolved,
    AnyDrillFact,
    DrillConcluded,
    DrillFact,
    DrillFailed,
    DrillStarted,
    FaultFailed,
    FaultInjected,
    FaultProven,
    FaultRestored,
    InvariantsChecked,
    Observed,
    OperatorActed,
    Part,
    Reading,
    RestoreFailed,
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

BEGAN_NS = 1_795_275_247_123_000_000
MS = 1_000_000
HELD = (
    "no_submit_after_halt",
    "fills_make_the_position",
    "each_trade_once",
    "no_fill_without_an_order",
    "orders_resolved",
    "positions_gapless",
    "chain_intact",
    "nothing_lost",
)

type Point = tuple[int, Decimal]


def at(ms: int, kind: Callable[..., DrillFact], /, **said: Any) -> Any:
    """Return a fact so many milliseconds after the drill began."""
    return kind(at_ns=BEGAN_NS + ms * MS, elapsed_ns=ms * MS, **said)


def started(drill: str = "disconnect", **other: Any) -> DrillStarted:
    """Return a drill's first fact."""
    plain = {"number": 3, "seed": 7, "spec_sha256": "ab" * 32, "tc": "0.1.0", "sees_alerts": True, "time_scale": 10}
    fact: DrillStarted = at(0, DrillStarted, drill=drill, run_id=f"{drill}-3", **{**plain, **other})
    return fact


def steady(phase: str, ms: int, *, holds: bool = True, **readings: str) -> SteadyStateChecked:
    """Return a look at the steady state."""
    read = readings or {"node_state": "trading", "feed": "live", "alerts": "0", "journal": "intact"}
    tolerated = {"node_state": "trading", "feed": "live", "alerts": "at most 0", "journal": "intact"}
    told = tuple(Reading(name, value, tolerated[name], value == tolerated[name] or value == "0") for name, value in read.items())
    fact: SteadyStateChecked = at(ms, SteadyStateChecked, phase=phase, holds=holds, readings=told)
    return fact


def disconnect_spec(**other: Any) -> DrillSpec:
    """Return the document of a drill that has a bit of everything."""
    plain: dict[str, Any] = {
        "drill_version": 1,
        "name": "disconnect",
        "title": "The connection to the venue is lost",
        "description": "The proxy drops everything between node and venue.\nThe gate must block, and the alert fire.",
        "tags": ("venue", "fast"),
        "weight": 5,
        "steady_state": SteadyStateSpec(before=(ProbeSpec(probe="node_state", equals="trading"),)),
        "faults": (FaultSpec(kind="down", at="1"), FaultSpec(kind="fill_order", at="2")),
        "expect": ExpectSpec(
            alerts=(ExpectedAlert(name="TcVenueDisconnected", within_s="5"),),
            also=("TcFeedStale",),
            gates=("blocked",),
            events=("FeedDegraded",),
        ),
        "budgets": BudgetsSpec(detect_s="3", mitigate_s="5", recover_s="10"),
    }
    return DrillSpec(**{**plain, **other})


def disconnect_facts(**start: Any) -> tuple[AnyDrillFact, ...]:
    """Return the journal of a disconnect that passed."""
    return (
        started(**start),
        steady("before", 4_210),
        at(5_230, FaultInjected, fault=1, kind="down", target="venue", detail="both directions"),
        at(5_410, FaultProven, fault=1, kind="down", before=0, after=4),
        at(6_220, FaultInjected, fault=2, kind="fill_order", target="venue"),
        at(6_260, FaultProven, fault=2, kind="fill_order", before=11, after=12),
        at(6_300, Observed, source="event", name="FeedDegraded", detail="BTCUSDT-PERP.BINANCE: disconnected"),
        at(6_614, Observed, source="gate", name="blocked", detail="risk.reference_max_age_s: reference_stale"),
        at(7_980, Observed, source="alert", name="TcFeedStale", detail="BTCUSDT-PERP.BINANCE QuoteTick"),
        at(8_340, Observed, source="alert", name="TcVenueDisconnected", detail="the data client is not connected"),
        steady("during", 8_350, node_state="trading"),
        at(9_100, FaultRestored, fault=2, kind="fill_order"),
        at(9_140, FaultRestored, fault=1, kind="down"),
        at(9_600, OperatorActed, arguments=("reconcile", "disconnect-3"), exit_code=0, said="clean, nothing to do"),
        at(11_900, AlertResolved, name="TcFeedStale"),
        at(12_700, AlertResolved, name="TcVenueDisconnected"),
        steady("after", 13_240),
        at(14_100, RunEnded, status="stopped", reason="asked to stop"),
        at(14_420, InvariantsChecked, held=HELD),
    )


def disconnect_concluded() -> DrillConcluded:
    """Return its verdict."""
    parts = (
        Part("steady_state", "passed"),
        Part("injection", "passed", "2 of 2 faults proven"),
        Part("detection", "passed", "the first sign after 0.89 s"),
        Part("alerts", "passed", "TcVenueDisconnected after 2.93 s"),
        Part("gates", "passed", "blocked after 1.20 s"),
        Part("invariants", "passed", "8 of 8 hold"),
        Part("recovery", "passed", "after 4.10 s"),
        Part("rollback", "passed", "2 of 2 put back"),
        Part("budgets", "passed"),
    )
    fact: DrillConcluded = at(
        14_430,
        DrillConcluded,
        verdict="passed",
        parts=parts,
        detect_ns=890 * MS,
        mitigate_ns=1_204 * MS,
        recover_ns=4_100 * MS,
    )
    return fact


def market(*, gap: tuple[int, int] = (5_300, 9_500), until_ms: int = 14_050) -> tuple[Point, ...]:
    """Return a mid price every 50 ms, but for a gap in milliseconds."""
    return tuple(
        (BEGAN_NS + ms * MS, Decimal("62400.05") + Decimal(round(900 * math.sin(ms / 1_700) + 180 * math.sin(ms / 230))) / 10)
        for ms in range(3_000, until_ms, 50)
        if not gap[0] < ms < gap[1]
    )


def position() -> tuple[Point, ...]:
    """Return a position that goes up and down."""
    changes = ((3_400, "0.010"), (4_900, "0.020"), (6_240, "0.010"), (10_300, "-0.010"), (12_050, "0"), (13_000, "0.010"))
    return tuple((BEGAN_NS + ms * MS, Decimal(quantity)) for ms, quantity in changes)


def failed_facts() -> tuple[AnyDrillFact, ...]:
    """Return the journal of a drill in which much went wrong: late, unexpected, never, not put back."""
    return (
        started("kill-while-hung"),
        steady("before", 3_000),
        at(4_000, FaultInjected, fault=1, kind="sigstop", target="node"),
        at(4_080, FaultProven, fault=1, kind="sigstop", before=0, after=1),
        at(4_900, FaultFailed, fault=2, kind="kill_switch", reason="the kill switch did not answer"),
        at(9_700, Observed, source="alert", name="TcHeartbeatMissing", detail="node"),
        at(10_200, Observed, source="alert", name="TcEventLoopLag"),
        at(10_500, Observed, source="finding", name="position_differs", detail="0.010 at the venue, 0 by the journal"),
        at(13_000, RestoreFailed, fault=1, kind="sigstop", reason="there is no such process"),
        at(13_100, OperatorActed, arguments=("kill", "clear", "--run", "RUN"), exit_code=2, said="who still runs: node"),
        steady("after", 20_000, holds=False, node_state="crashed", alerts=""),
        at(20_400, RunEnded, status="crashed", reason="nobody is at work on it"),
        at(20_700, InvariantsChecked, held=HELD[2:], broken=("chain_intact: line 812",), unknown=("nothing_lost: no venue log",)),
    )


def failed_spec() -> DrillSpec:
    """Return the document of that."""
    return disconnect_spec(
        name="kill-while-hung",
        title="The kill switch reaches a node that hangs",
        faults=(FaultSpec(kind="sigstop", target="node"), FaultSpec(kind="kill_switch", target="run")),
        expect=ExpectSpec(
            alerts=(
                ExpectedAlert(name="TcHeartbeatMissing", within_s="4"),
                ExpectedAlert(name="TcKillSwitchActive", within_s="9"),
            ),
            gates=("halted",),
        ),
    )


def failed_concluded() -> DrillConcluded:
    """Return its verdict."""
    parts = (
        Part("steady_state", "passed"),
        Part("injection", "inconclusive", "kill_switch: the kill switch did not answer"),
        Part("alerts", "failed", "TcHeartbeatMissing after 5.62 s, not within 4 s; TcKillSwitchActive never"),
        Part("unexpected", "failed", "TcEventLoopLag"),
        Part("gates", "failed", "halted was never seen"),
        Part("rollback", "failed", "sigstop: there is no such process"),
    )
    fact: DrillConcluded = at(20_800, DrillConcluded, verdict="failed", parts=parts, detect_ns=5_620 * MS)
    return fact


def control() -> tuple[DrillSpec, tuple[AnyDrillFact, ...], DrillConcluded]:
    """Return a drill that breaks nothing, without alerting."""
    spec = disconnect_spec(
        name="no-fault", title="Nothing is broken", faults=(), expect=ExpectSpec(), budgets=BudgetsSpec(), watch_s="5"
    )
    facts = (started("no-fault", sees_alerts=False, time_scale=1), steady("before", 2_000), at(9_000, RunEnded, status="stopped"))
    parts = (Part("steady_state", "passed"), Part("alerts", "inconclusive", "no alerting ran"))
    return spec, facts, at(9_200, DrillConcluded, verdict="inconclusive", parts=parts, recover_ns=0)


def hostile() -> tuple[DrillSpec, tuple[AnyDrillFact, ...], DrillConcluded]:
    """Return a drill whose every text is hostile."""
    bad = HOSTILE
    spec = disconnect_spec(
        name=bad,
        title=bad,
        description=bad,
        expect=ExpectSpec(
            alerts=(ExpectedAlert(name=bad, within_s="5"), ExpectedAlert(name=f"{bad}2", within_s="5")),
            also=(bad,),
            events=(bad, f"{bad}3"),
            findings=(bad,),
        ),
    )
    sources: Sequence[str] = ("alert", "gate", "event", "finding")
    facts = (
        at(0, DrillStarted, drill=bad, number=1, seed=1, spec_sha256=bad, tc=bad, run_id=bad, sees_alerts=True, time_scale=1),
        at(1, SteadyStateChecked, phase="before", holds=False, readings=(Reading(bad, bad, bad, holds=False),)),
        at(2, FaultInjected, fault=1, kind=bad, target=bad, detail=bad),
        at(3, FaultProven, fault=1, kind=bad, before=0, after=1),
        at(4, FaultFailed, fault=2, kind=bad, reason=bad),
        *(at(5, Observed, source=source, name=bad, detail=bad) for source in sources),
        at(6, AlertResolved, name=bad),
        at(7, RestoreFailed, fault=1, kind=bad, reason=bad),
        at(8, OperatorActed, arguments=(bad, bad), exit_code=1, said=bad),
        at(9, RunEnded, status=bad, reason=bad),
        at(10, InvariantsChecked, held=(bad,), broken=(bad,), unknown=(bad,)),
        at(11, DrillFailed, reason=bad),
    )
    return spec, facts, at(12, DrillConcluded, verdict="failed", parts=(Part(bad, "failed", bad),))
