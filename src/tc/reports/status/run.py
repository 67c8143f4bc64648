"""A run's page: how it stands, what needs attention, what its processes say, and what happened, newest first."""

import shlex
from dataclasses import dataclass

from tc.checks.attention import Feed
from tc.reports.page.content import Command, Named
from tc.reports.page.words import NONE, count, exact, utc
from tc.reports.reconciliation import ReconciliationDocument
from tc.reports.status.ages import ago, latency, took
from tc.reports.status.content import Gauge, Happening, Process, RunBrief, RunDetail
from tc.reports.status.links import run_link
from tc.reports.status.marks import (
    LETS_THROUGH,
    Mark,
    Tone,
    check_mark,
    feed_mark,
    kill_mark,
    severity_marks,
    state_mark,
    verdict_mark,
)
from tc.reports.status.money import amount, held, profit_mark, quantity
from tc.reports.status.notices import Notice, notices
from tc.reports.status.overview import Tile

FINDINGS_SHOWN = 50
LATE_BEATS = 5
FULL, HIGH = 1.0, 0.8
"""A limit is exceeded above the one, and nearly used up above the other."""
_SHORTEST_LATE_NS = 5_000_000_000
_TO_THE_SECOND = len("2026-11-21 09:22:45")
_TO_THE_MILLISECOND = len("2026-11-21 09:22:45.123")
_SOURCES = {"journal": "journal", "ops": "afterwards", "metadata": "run"}

type Cell = str | Mark


@dataclass(frozen=True, slots=True)
class Block:
    """A table with a title: its headings, its cells, what a reader must know, and whether it needs the page's whole width."""

    id: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    is_wide: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A process in words: its name, its state, when it spoke last, and what it said."""

    source: str
    state: Mark
    beat: Mark
    said: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A gauge in words: its name, value and percentage, how it looks, and the width of its bar in percent."""

    name: str
    value: str
    share: str
    tone: Tone
    width: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the timeline: its moment, where it is written, what it is called, and what it says."""

    moment: str
    source: str
    kind: str
    text: str
    is_grave: bool


@dataclass(frozen=True, slots=True)
class RunPage:
    """The whole page."""

    title: str
    run_id: str
    name: str
    marks: tuple[Mark, ...]
    now_utc: str
    subtitle: str
    headline: tuple[Named, ...]
    report_href: str
    notices: tuple[Notice, ...]
    all_clear: str
    tiles: tuple[Tile, ...]
    processes: tuple[Told, ...]
    bars: tuple[Bar, ...]
    blocks: tuple[Block, ...]
    figures: tuple[tuple[str, str], ...]
    timeline: tuple[Line, ...]
    untold: str
    commands: tuple[Command, ...]
    reading: str


def run_page_of(run: RunDetail, now_ns: int, *, runbooks: str = "") -> RunPage:
    """Return a run's page in words."""
    brief = run.brief
    severities = severity_marks(brief.attention)
    state = state_mark(brief.state, is_active=brief.is_active)
    return RunPage(
        title=f"{state.text}{''.join(f', {mark.text}' for mark in severities)} · {brief.name or brief.run_id} · tc",
        run_id=brief.run_id,
        name=brief.name or brief.run_id,
        marks=(state, *severities),
        now_utc=utc(now_ns)[:_TO_THE_SECOND],
        subtitle=_subtitle(run, now_ns),
        headline=_headline(run),
        report_href=f"{run_link(brief.run_id)}/report" if run.has_report else "",
        notices=notices([(brief, each) for each in brief.attention], runbooks),
        all_clear="" if brief.attention else "Nothing needs attention.",
        tiles=_tiles(run, now_ns),
        processes=tuple(_told(each, now_ns) for each in run.processes),
        bars=tuple(map(_bar, run.gauges)),
        blocks=tuple(block for block in _blocks(run, now_ns) if block.rows),
        figures=run.figures,
        timeline=tuple(_line(each) for each in reversed(run.timeline)),
        untold=f"and {count(run.untold, 'more event')} before these" if run.untold else "",
        commands=_commands(brief),
        reading="" if run.is_read else "A long journal is still being read: figures and positions are not complete yet.",
    )


def _subtitle(run: RunDetail, now_ns: int) -> str:
    brief = run.brief
    if not brief.created_ns:
        return ""
    began = f"Created {utc(brief.created_ns)[:_TO_THE_SECOND]} UTC, {ago(brief.created_ns, now_ns)}"
    if brief.is_active:
        return began
    return f"{began}; ended {ago(brief.ended_ns, now_ns)}" if brief.ended_ns else began


def _headline(run: RunDetail) -> tuple[Named, ...]:
    lasted_ns = (run.ended_ns or run.brief.ended_ns) - run.started_ns
    named = (
        Named("Mode", run.brief.mode),
        Named("Strategy", run.brief.strategy.rpartition(".")[2]),
        Named("Instrument", run.instrument),
        Named("Engine", run.engine),
        Named("Venue", run.venue),
        Named("Engine ran for", took(lasted_ns) if run.started_ns and lasted_ns > 0 else ""),
        Named("tc", run.tc_version),
        Named("Reason", run.reason),
    )
    return tuple(each for each in named if each.value)


def _tiles(run: RunDetail, now_ns: int) -> tuple[Tile, ...]:
    brief = run.brief
    position = Mark(quantity(brief.holdings[0].quantity)) if len(brief.holdings) == 1 else Mark(exact(len(brief.holdings)))
    worth = ", ".join(held(each) for each in brief.holdings) if len(brief.holdings) != 1 else _worth(run)
    compared = verdict_mark(brief.reconciled, brief.findings) if brief.reconciled else Mark("never")
    return (
        Tile("Position" if len(brief.holdings) == 1 else "Positions", position, worth or "flat"),
        *((Tile("Net profit", profit_mark(brief.profit, brief.currency), "after commissions"),) if brief.profit else ()),
        Tile("Fills", Mark(exact(brief.fills)), f"of {count(brief.orders, 'order')}"),
        Tile("Kill switch", kill_mark(brief.kill_mode), LETS_THROUGH.get(brief.kill_mode, "")),
        Tile("Reconciliation", compared, _compared(brief, now_ns)),
    )


def _compared(brief: RunBrief, now_ns: int) -> str:
    if brief.reconciled_ns:
        return ago(brief.reconciled_ns, now_ns)
    return "it has no venue" if brief.mode == "backtest" else "with its venue"


def _worth(run: RunDetail) -> str:
    [holding] = run.brief.holdings
    worth = f", worth {amount(holding.value, holding.currency)}" if holding.value else ""
    return f"{holding.instrument}{worth}"


def _told(process: Process, now_ns: int) -> Told:
    age_ns = now_ns - process.at_ns
    is_late = age_ns > max(_SHORTEST_LATE_NS, LATE_BEATS * process.every_s * 1e9)
    has_ended = process.state == "stopped"
    tone: Tone = "plain" if has_ended else "bad" if is_late else "good"
    return Told(process.source, Mark(process.state), Mark(ago(process.at_ns, now_ns), tone), process.said)


def _bar(gauge: Gauge) -> Bar:
    tone: Tone = "bad" if gauge.ratio > FULL else "warn" if gauge.ratio > HIGH else "good"
    return Bar(gauge.name, gauge.value, f"{gauge.ratio:.0%}", tone, f"{min(max(gauge.ratio, 0), 1):.1%}")


def _blocks(run: RunDetail, now_ns: int) -> tuple[Block, ...]:
    feeds = tuple(
        (each.instrument, each.channel, feed_mark(each.state), ago(each.last_ns, now_ns) if each.last_ns else NONE, _wrong(each))
        for each in run.feeds
    )
    steps = tuple((step, latency(after_ns)) for step, after_ns in run.kill_steps)
    probes = tuple((each.target, check_mark(each.state), f"{each.loss:.0%}", ago(each.at_ns, now_ns)) for each in run.probes)
    ready = tuple((each.spec, check_mark(each.state)) for each in run.readiness)
    return (
        Block("feeds", "Market data", ("Instrument", "Channel", "State", "Last message", "Anomalies"), feeds),
        Block("kill", "The last kill", ("Step", "After"), steps, "Each step says what is true from there on."),
        Block("probes", "Probes", ("Target", "State", "Lost", "Asked"), probes),
        Block("readiness", "Readiness", ("Spec", "State"), ready),
        *_reconciliation(run, now_ns),
    )


def _wrong(feed: Feed) -> str:
    return ", ".join(f"{kind} {exact(count)}" for kind, count in feed.anomalies if count) or ("none" if feed.anomalies else NONE)


def _reconciliation(run: RunDetail, now_ns: int) -> tuple[Block, ...]:
    document = run.compared
    if document is None:
        return ()
    kept = f"{_looked(document, now_ns)} The whole comparison is in ops/{run.artifact}."
    kinds = tuple(
        (kind, *(exact(counts.get(verdict, 0)) for verdict in ("matched", "missing", "unexpected", "differs", "unknown")))
        for kind, counts in document.counts.items()
    )
    return (
        Block("compared", "Last reconciliation", ("Kind", "Matched", "Missing", "Unexpected", "Differs", "Unknown"), kinds, kept),
        Block("findings", "Findings", ("Finding", "About", "By the journal", "As observed"), _findings(document), is_wide=True),
    )


def _looked(document: ReconciliationDocument, now_ns: int) -> str:
    source = f"{document.source} {document.source_name}"
    return f"With {source}, {ago(document.at_ns, now_ns)}, up to position {exact(document.position)}."


def _findings(document: ReconciliationDocument) -> tuple[tuple[Cell, ...], ...]:
    rows: list[tuple[Cell, ...]] = [
        (Mark(each.code, "bad"), each.subject, each.expected or NONE, each.actual or NONE)
        for each in document.findings[:FINDINGS_SHOWN]
    ]
    rows += [(Mark("unknown", "warn"), kind, NONE, reason) for kind, reason in document.unknown.items()]
    hidden = len(document.findings) - FINDINGS_SHOWN
    return (*rows, (Mark("…"), f"and {exact(hidden)} more", NONE, NONE)) if hidden > 0 else tuple(rows)


def _line(each: Happening) -> Line:
    return Line(utc(each.at_ns)[:_TO_THE_MILLISECOND], _SOURCES[each.source], each.kind, each.text, each.is_grave)


def _commands(brief: RunBrief) -> tuple[Command, ...]:
    run = shlex.quote(brief.run_id)
    follow = (Command(f"tc runs show {run} --follow", "Where the run stands, again and again."),)
    stop = (Command(f'tc kill activate --run {run} --mode reduce --reason "…"', "Lets through only what shrinks the position."),)
    checks = (
        Command(f"tc runs verify {run}", "Every file, every entry and every digest."),
        Command(f"tc runs show {run}", "Everything that the run directory says."),
    )
    trades = brief.mode in {"paper", "attached"}
    compare = (Command(f"tc reconcile {run}", "Compares what the journal says with what the venue says, now."),) if trades else ()
    return (*(follow if brief.is_active and trades else ()), *(stop if brief.is_active else ()), *compare, *checks)
