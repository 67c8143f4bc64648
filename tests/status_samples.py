"""Status pages to render: a fleet of many runs, one of each kind of trouble, and one whose every text is hostile."""

from dataclasses import replace

from report_samples import HOSTILE
from tc.checks.attention import Attention, Drill, Feed, Probe, Vitals, attention_of, attention_of_fleet
from tc.checks.drills.facts import Outcome
from tc.checks.reconcile.holdings import KINDS
from tc.reports.reconciliation import FieldDifference, ReconciliationDocument, ToldFinding, ToldRow
from tc.reports.status.content import (
    DrillBrief,
    Fleet,
    Gauge,
    Happening,
    Holding,
    Process,
    Readiness,
    RunBrief,
    RunDetail,
    Switch,
)

S = 1_000_000_000
NOW_NS = 1_795_275_247_123_456_789
PERP = "BTCUSDT-PERP.BINANCE"

STATES = ("completed",) * 10 + ("crashed",) + ("stopped", "failed", "completed", "killed", "blocked", "recovered")


def finished(number: int, *, now_ns: int = NOW_NS) -> RunBrief:
    """Return an ended run; numbers are small for the newest."""
    state = STATES[number % len(STATES)]
    created_ns = now_ns - (900 + number * 5_417) * S
    mode, name = ("paper", "btc-momentum") if number % 3 == 0 else ("backtest", "fil-ema-cross")
    profit = f"{(number * 7919) % 20_000 - 9_000}.{number % 100:02d}"
    vitals = Vitals(state=state, mode=mode, ended_ns=created_ns + 60 * S)
    return RunBrief(
        run_id=f"{name}-20261121T{number:06d}Z-{number * 2654435761 % 2**32:08x}",
        name=name,
        mode=mode,
        state=state,
        strategy="momentum" if mode == "paper" else "nautilus_trader.examples.strategies.ema_cross:EMACross",
        created_ns=created_ns,
        ended_ns=created_ns + (40 + number % 700) * S,
        profit=profit,
        currency="USDT",
        fills=number % 90,
        orders=number % 170,
        reconciled="clean" if mode == "paper" else "",
        reconciled_ns=created_ns + 30 * S if mode == "paper" else 0,
        attention=attention_of(vitals, now_ns),
    )


def live(*, now_ns: int = NOW_NS) -> RunBrief:
    """Return a run that goes on, and in which nothing needs attention."""
    return RunBrief(
        run_id="btc-momentum-20261121T143207018832Z-9f3a1c20",
        name="btc-momentum",
        mode="paper",
        state="running",
        strategy="momentum",
        is_active=True,
        created_ns=now_ns - 3_912 * S,
        holdings=(Holding(PERP, "0.250", "16250.25", "USDT"),),
        profit="182.4071",
        currency="USDT",
        fills=61,
        orders=118,
        feed="live",
        reconciled="clean",
        reconciled_ns=now_ns - 12 * S,
    )


def in_trouble(*, now_ns: int = NOW_NS) -> RunBrief:
    """Return a run that goes on and in which much is wrong."""
    vitals = Vitals(
        state="running",
        is_active=True,
        submits_after_halt=2,
        kill_mode="halt",
        feeds=(Feed(PERP, "quotes", "dead", now_ns - 14 * S), Feed("ETHUSDT-PERP.BINANCE", "trades", "silent", now_ns - 5 * S)),
        loop_lag_s=1.72,
        oldest_in_flight_ns=now_ns - 31 * S,
        request_weight=2_190,
        request_weight_limit=2_400,
        limit_usage=(("max_position", 1.25),),
        reconciled="found",
        findings=3,
        reconciled_ns=now_ns - 47 * S,
    )
    return replace(
        live(now_ns=now_ns),
        run_id="eth-quoter-20261121T150311900412Z-04be77aa",
        name="eth-quoter",
        strategy="quoter",
        created_ns=now_ns - 1_733 * S,
        holdings=(Holding(PERP, "-1.250", "81251.25", "USDT"), Holding("ETHUSDT-PERP.BINANCE", "12.5", "38112.5", "USDT")),
        profit="-1204.5",
        feed="dead",
        kill_mode="halt",
        reconciled="found",
        findings=3,
        reconciled_ns=now_ns - 47 * S,
        attention=attention_of(vitals, now_ns),
    )


def fleet(number: int, *, now_ns: int = NOW_NS) -> list[RunBrief]:
    """Return so many runs, newest first, two of them active."""
    unreadable = replace(
        finished(5, now_ns=now_ns),
        run_id="unreadable-run",
        name="",
        mode="",
        state="unreadable",
        profit="",
        reconciled="",
        reconciled_ns=0,
        attention=attention_of(Vitals(state="unreadable", problem="metadata.json is not metadata"), now_ns),
    )
    return [
        in_trouble(now_ns=now_ns),
        live(now_ns=now_ns),
        unreadable,
        *(finished(at, now_ns=now_ns) for at in range(number - 3)),
    ]


_DRILLS: tuple[tuple[str, str, Outcome], ...] = (
    ("disconnect", "The connection to the venue is lost", "passed"),
    ("journal-tamper", "A bit of the journal flips", "inconclusive"),
    ("kill-while-hung", "The kill switch reaches a node that hangs", "failed"),
    ("quiet-market", "Nothing is traded, and nothing is wrong", "passed"),
)
SWITCH = Switch("run eth-quoter-20261121T150311900412Z-04be77aa", "halt", "the feed is dead", "anna", NOW_NS - 40 * S)
DRILLS = tuple(
    DrillBrief(
        name=name,
        title=title,
        verdict=verdict,
        ended_ns=NOW_NS - (at + 1) * 7_000 * S,
        executions=20,
        passed=20 - at,
        detect_ns=(at + 1) * 810_000_000,
        mitigate_ns=None if at == 1 else 1_204_000_000,
        recover_ns=6_100_000_000 if verdict == "passed" else None,
    )
    for at, (name, title, verdict) in enumerate(_DRILLS)
)
FLEET = Fleet(
    switches=(SWITCH,),
    drills=DRILLS,
    resilience="66.67 %",
    attention=attention_of_fleet(
        NOW_NS, switches=((SWITCH.scope, SWITCH.mode),), drills=tuple(Drill(each.name, each.verdict) for each in DRILLS)
    ),
    left_out=0,
)


def comparison(*, text: str = "") -> ReconciliationDocument:
    """Return what a comparison found; with every text replaced where one is given."""
    told = (
        ToldFinding("order_missing", text or "O-20261121-150402-001-000-7", text or "open, 0.5 at 64,990", text or "nothing"),
        ToldFinding("position_differs", text or PERP, text or "-1.250", text or "-0.750"),
        ToldFinding("balance_differs", text or "USDT", text or "98,795.50", text or "98,812.20"),
    )
    counts = {
        kind: {"matched": 12 - at, "missing": int(at == 0), "unexpected": 0, "differs": int(at > 1), "unknown": 0}
        for at, kind in enumerate(KINDS)
    }
    return ReconciliationDocument(
        run_id="eth-quoter",
        tc="0.1.0",
        at_ns=NOW_NS - 47 * S,
        source="venue",
        source_name=text or "http://127.0.0.1:18080",
        verdict="found",
        position=48_211,
        entries=9_120,
        journal_digest="ab" * 32,
        looks=2,
        in_flight=0,
        counts=counts,  # type: ignore[arg-type]  # the kinds and verdicts are literals
        not_compared={},
        unknown={"balances": text or "the venue did not answer in time"},
        findings=told,
        rows=(ToldRow("orders", "O-7", "missing", "", "", "", "", (FieldDifference("a", "b", "c"),), ""),),
        notes=(),
        observed=None,
    )


def live_detail(brief: RunBrief | None = None, *, now_ns: int = NOW_NS) -> RunDetail:
    """Return a live run in full."""
    shown = brief or live(now_ns=now_ns)
    is_bad = bool(shown.attention)
    node = Process(
        source="node",
        state="trading",
        at_ns=now_ns - 300_000_000,
        every_s=0.5,
        said=(
            ("Journal position", "48,211"),
            ("Event loop", "1.7 s late" if is_bad else "2 ms late"),
            ("In flight", "1, oldest 31 s" if is_bad else "0"),
            ("Waiting at the gate", "0"),
            ("Open orders", "4"),
            ("Data", "connected"),
            ("Execution", "connected, came back 2 times"),
            ("Queues", "data 0, execution 0, risk 0"),
            ("Process", "20114"),
        ),
    )
    supervisor = Process(
        source="supervisor",
        state="watching",
        at_ns=now_ns - 800_000_000,
        every_s=1.0,
        said=(
            ("Venue", "answers, asked 4 s ago"),
            ("Request weight", "2,190 of 2,400" if is_bad else "212 of 2,400"),
            ("Process", "20109"),
        ),
    )
    feeds = (
        Feed(PERP, "quotes", "dead" if is_bad else "live", now_ns - (14 if is_bad else 0) * S),
        Feed(PERP, "trades", "live", now_ns - 1 * S),
        Feed("ETHUSDT-PERP.BINANCE", "trades", "silent" if is_bad else "quiet", now_ns - 5 * S),
    )
    gauges = (
        Gauge("max_position", "1.25 of 1", 1.25) if is_bad else Gauge("max_position", "0.25 of 1", 0.25),
        Gauge("max_gross_exposure", "119,363.75 of 150,000 USDT", 0.796),
        Gauge("Request weight", "2,190 of 2,400 per minute", 0.9125)
        if is_bad
        else Gauge("Request weight", "212 of 2,400 per minute", 0.0883),
    )
    began = shown.created_ns
    timeline = (
        Happening(began, "metadata", "Created", "The run directory was made."),
        Happening(began + 2 * S, "journal", "RunStarted", "the run started"),
        Happening(
            began + 3 * S,
            "journal",
            "SnapshotTaken",
            "a snapshot of BINANCE was taken: kill switch none, 0 open orders, 0 positions",
        ),
        Happening(
            now_ns - 60 * S,
            "journal",
            "FeedDegraded",
            f"the market data of {PERP} is in doubt: the order book was out of sync",
            is_grave=True,
        ),
        Happening(now_ns - 47 * S, "ops", "RunReconciled", "compared with the venue: found, 3 findings", is_grave=is_bad),
        Happening(
            now_ns - 40 * S, "journal", "KillSwitchChanged", "anna set the kill switch to halt: the feed is dead", is_grave=True
        ),
        Happening(now_ns - 39 * S, "journal", "KillSwitchAdvanced", "the kill came to halted: 2 orders cancelled"),
    )
    return RunDetail(
        brief=shown,
        engine="nautilus",
        instrument=PERP,
        venue="BINANCE",
        tc_version="0.1.0",
        started_ns=began + 2 * S,
        figures=(
            ("Orders", "118"),
            ("Filled", "58"),
            ("Cancelled", "51"),
            ("Denied", "3"),
            ("Rejected", "2"),
            ("Journal entries", "9,120"),
            ("Rows of market data", "41,882"),
            ("Turnover", "1,284,114.20 USDT"),
            ("Commissions", "513.64 USDT"),
            ("Processor time", "212 s"),
            ("Peak memory", "311.4 MiB"),
        ),
        processes=(node, supervisor),
        feeds=feeds,
        gauges=gauges,
        kill_steps=(("blocked", 1_204_000), ("cancelled", 84_113_000), ("halted", 1_310_000_000)) if is_bad else (),
        compared=comparison() if is_bad else None,
        artifact="reconciliation-0012.json" if is_bad else "",
        probes=(
            Probe("eth-quoter", "http://127.0.0.1:18080", "ok", NOW_NS - 90 * S),
            Probe("eth-quoter", "ws://127.0.0.1:18081", "timeout", NOW_NS - 90 * S, 0.4),
        )
        if is_bad
        else (),
        readiness=(Readiness("eth-quoter", "configured"),) if is_bad else (),
        timeline=timeline if is_bad else timeline[:3],
        untold=0,
        has_report=not shown.is_active,
    )


def hostile_brief() -> RunBrief:
    """Return a run whose every text is hostile."""
    texts = dict.fromkeys(
        ("run_id", "name", "mode", "state", "strategy", "profit", "currency", "feed", "kill_mode", "reconciled"), HOSTILE
    )
    return RunBrief(
        **texts,  # type: ignore[arg-type]  # they are all text
        created_ns=NOW_NS - S,
        ended_ns=NOW_NS,
        reconciled_ns=NOW_NS,
        is_active=True,
        holdings=(Holding(HOSTILE, HOSTILE, HOSTILE, HOSTILE),) * 3,
        attention=(Attention("TcFeedStale", HOSTILE, HOSTILE), Attention("TcFeedSilent", HOSTILE, HOSTILE)),
    )


def hostile_fleet() -> Fleet:
    """Return a fleet whose every text is hostile."""
    return Fleet(
        switches=(Switch(HOSTILE, HOSTILE, HOSTILE, HOSTILE, NOW_NS),),
        attention=(Attention("TcDataQualityFailed", HOSTILE, HOSTILE),),
        drills=(DrillBrief(name=HOSTILE, title=HOSTILE, verdict="failed", ended_ns=10**30, executions=1, passed=0),),
        resilience=HOSTILE,
    )


def hostile_detail() -> RunDetail:
    """Return a run in full whose every text is hostile."""
    return RunDetail(
        brief=hostile_brief(),
        engine=HOSTILE,
        instrument=HOSTILE,
        venue=HOSTILE,
        tc_version=HOSTILE,
        reason=HOSTILE,
        started_ns=NOW_NS - S,
        ended_ns=NOW_NS,
        figures=((HOSTILE, HOSTILE),),
        processes=(Process(source=HOSTILE, state=HOSTILE, at_ns=NOW_NS, every_s=1.0, said=((HOSTILE, HOSTILE),)),),
        feeds=(Feed(HOSTILE, HOSTILE, HOSTILE, NOW_NS),),
        gauges=(Gauge(HOSTILE, HOSTILE, 0.5),),
        kill_steps=((HOSTILE, 1),),
        compared=comparison(text=HOSTILE),
        artifact=HOSTILE,
        probes=(Probe(HOSTILE, HOSTILE, HOSTILE, NOW_NS),),
        readiness=(Readiness(HOSTILE, HOSTILE),),
        timeline=(Happening(NOW_NS, "journal", HOSTILE, HOSTILE),),
        has_report=True,
    )
