"""The overview as a page shows it: lines of runs, what needs attention, and the ways to ask for other runs."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tc.reports.page.words import count, exact, utc
from tc.reports.status.ages import ago, length, took
from tc.reports.status.choice import ANY, Choice, Chosen, choose, counted
from tc.reports.status.content import Fleet, Holding, RunBrief, Switch
from tc.reports.status.drills import DrillRow, drill_rows
from tc.reports.status.links import run_link
from tc.reports.status.marks import ORDER, Mark, drills_mark, feed_mark, kill_mark, severity_marks, state_mark, verdict_mark
from tc.reports.status.money import held_briefly, profit_mark
from tc.reports.status.notices import Notice, found_in, notices, verdict
from tc.reports.status.strip import Strip, strip_of

NOTICES_SHOWN = 8
_TO_THE_SECOND = len("2026-11-21 09:22:45")


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure of the whole fleet: its label, its marks (the first is the figure itself), and a note."""

    label: str
    mark: Mark
    note: str


@dataclass(frozen=True, slots=True)
class Option:
    """A way to ask for other runs: its name, how many it gives, its address, and whether it is what was asked for."""

    text: str
    number: str
    href: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A run's line in words; ``rest`` tells its id from its name, ``moment`` says when it began, ``lasted`` how long it took."""

    run_id: str
    href: str
    name: str
    rest: str
    mode: str
    state: Mark
    is_active: bool
    moment: str
    moment_utc: str
    lasted: str
    holdings: tuple[Mark, ...]
    profit: Mark | None
    feed: Mark | None
    attention: tuple[Mark, ...]
    kill: Mark | None
    verdict: Mark | None
    compared: str


@dataclass(frozen=True, slots=True)
class Overview:
    """The whole page."""

    title: str
    verdict: tuple[Mark, ...]
    now_utc: str
    tiles: tuple[Tile, ...]
    switches: tuple[tuple[Switch, str], ...]
    notices: tuple[Notice, ...]
    more_notices: str
    attention_href: str
    strip: Strip | None
    states: tuple[Option, ...]
    modes: tuple[Option, ...]
    attention: Option
    choice: Choice
    rows: tuple[Row, ...]
    shown: str
    pages: tuple[tuple[str, str], ...]
    left_out: str
    drills: tuple[DrillRow, ...]
    resilience: str


def overview_of(runs: Sequence[RunBrief], fleet: Fleet, choice: Choice, now_ns: int, *, runbooks: str = "") -> Overview:
    """Return the page that was asked for; ``runs`` are all that there are, newest first."""
    found = found_in(runs, fleet.attention)
    all_clear = verdict(each for _, each in found)
    chosen = choose(runs, choice)
    told = notices(found, runbooks)
    hidden = len(told) - NOTICES_SHOWN
    return Overview(
        title=f"{', '.join(mark.text for mark in all_clear)} · tc",
        verdict=all_clear,
        now_utc=utc(now_ns)[:_TO_THE_SECOND],
        tiles=_tiles(runs, fleet, now_ns),
        switches=tuple((each, ago(each.at_ns, now_ns) if each.at_ns else "") for each in fleet.switches),
        notices=told[:NOTICES_SHOWN],
        more_notices=f"and {exact(hidden)} more" if hidden > 0 else "",
        attention_href=f"{Choice(attention=ANY).where()}#runs",
        strip=strip_of(runs),
        states=_options(runs, choice, "state"),
        modes=_options(runs, choice, "mode"),
        attention=_attention_option(runs, choice),
        choice=choice,
        rows=tuple(_row(run, now_ns) for run in chosen.runs),
        shown=_shown(chosen, len(runs)),
        pages=_pages(chosen, choice),
        left_out=f"{count(fleet.left_out, 'older run')} not shown" if fleet.left_out else "",
        drills=drill_rows(fleet.drills, now_ns),
        resilience=fleet.resilience,
    )


def _tiles(runs: Sequence[RunBrief], fleet: Fleet, now_ns: int) -> tuple[Tile, ...]:
    active = [run for run in runs if run.is_active]
    strictest = fleet.switches[0] if fleet.switches else None
    newest = max((run.reconciled_ns for run in runs), default=0)
    held_by = sum(bool(run.holdings) for run in active)
    return (
        Tile("Active", Mark(exact(len(active)), "live" if active else "plain"), f"of {count(len(runs) + fleet.left_out, 'run')}"),
        Tile("With a position", Mark(exact(held_by)), "of those that are active"),
        _compared_tile(runs, ago(newest, now_ns) if newest else ""),
        Tile(
            "Kill switch",
            kill_mark(strictest.mode if strictest else "none"),
            f"in {count(len(fleet.switches), 'scope')}" if fleet.switches else "in no scope",
        ),
        _drills_tile(fleet, now_ns),
    )


def _drills_tile(fleet: Fleet, now_ns: int) -> Tile:
    newest = max((drill.ended_ns for drill in fleet.drills), default=0)
    note = f"last {ago(newest, now_ns)}" if fleet.drills else "`tc drill suite` carries them out"
    return Tile("Drills", drills_mark([drill.verdict for drill in fleet.drills]), note)


def _compared_tile(runs: Iterable[RunBrief], newest: str) -> Tile:
    verdicts = [run.reconciled for run in runs if run.reconciled]
    found, unknown = verdicts.count("found"), verdicts.count("unknown")
    note = f"last {newest}" if newest else "no comparison with a venue"
    if found or unknown:
        said = ", ".join(f"{number} {name}" for number, name in ((found, "found"), (unknown, "unknown")) if number)
        return Tile("Reconciliation", Mark(said, "bad" if found else "warn"), note)
    return Tile("Reconciliation", Mark("clean", "good") if verdicts else Mark("none"), note)


def _options(runs: Sequence[RunBrief], choice: Choice, field: str) -> tuple[Option, ...]:
    counts = counted(runs, choice, field)
    asked = choice.state if field == "state" else choice.mode
    names = sorted({*counts, asked} - {""}, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))
    everything = Option("All", exact(sum(counts.values())), choice.where(**{field: ""}), not asked)
    options = (Option(name, exact(counts.get(name, 0)), choice.where(**{field: name}), name == asked) for name in names)
    return everything, *options


def _attention_option(runs: Sequence[RunBrief], choice: Choice) -> Option:
    number = sum(bool(run.attention) for run in runs)
    is_asked = bool(choice.attention)
    return Option("Needs attention", exact(number), choice.where(attention="" if is_asked else ANY), is_asked)


def _shown(chosen: Chosen, of: int) -> str:
    if not chosen.total:
        return "No run is like that." if of else "There are no runs yet: `tc demo` makes the first."
    last = chosen.first + len(chosen.runs) - 1
    return f"{exact(chosen.first)} to {exact(last)} of {count(chosen.total, 'run')}, newest first"


def _pages(chosen: Chosen, choice: Choice) -> tuple[tuple[str, str], ...]:
    """Return the ways to other pages, by name; an empty address for one that is not there."""
    if chosen.pages == 1:
        return ()
    at, last = chosen.page, chosen.pages
    return (
        ("Newest", choice.where(page=1) if at > 1 else ""),
        ("Newer", choice.where(page=at - 1) if at > 1 else ""),
        ("Older", choice.where(page=at + 1) if at < last else ""),
        ("Oldest", choice.where(page=last) if at < last else ""),
    )


def _row(run: RunBrief, now_ns: int) -> Row:
    return Row(
        run_id=run.run_id,
        href=run_link(run.run_id),
        name=run.name or run.run_id,
        rest=_rest(run),
        mode=run.mode,
        state=state_mark(run.state, is_active=run.is_active),
        is_active=run.is_active,
        moment=ago(run.created_ns, now_ns) if run.created_ns else "",
        moment_utc=f"{utc(run.created_ns)[:_TO_THE_SECOND]} UTC" if run.created_ns else "",
        lasted=_lasted(run, now_ns),
        holdings=tuple(map(held_briefly, run.holdings[:_HOLDINGS])) + _more(run.holdings),
        profit=profit_mark(run.profit, run.currency) if run.profit else None,
        feed=feed_mark(run.feed) if run.feed else None,
        attention=severity_marks(run.attention),
        kill=None if run.kill_mode == "none" else kill_mark(run.kill_mode),
        verdict=verdict_mark(run.reconciled, run.findings) if run.reconciled else None,
        compared=ago(run.reconciled_ns, now_ns) if run.reconciled_ns else "",
    )


def _rest(run: RunBrief) -> str:
    """Return what tells a run's id from its name: of one that was made for it only the digest, for its time is told beside it."""
    if not run.name or run.run_id == run.name:
        return ""
    rest = run.run_id.removeprefix(f"{run.name}-")
    made = _MADE.fullmatch(rest)
    return rest if made is None else made[1]


_HOLDINGS = 2
_MADE = re.compile(r"[0-9]{8}T[0-9]+Z-([0-9a-f]{8})")


def _more(holdings: tuple[Holding, ...]) -> tuple[Mark, ...]:
    hidden = len(holdings) - _HOLDINGS
    return (Mark(f"and {hidden} more"),) if hidden > 0 else ()


def _lasted(run: RunBrief, now_ns: int) -> str:
    if not run.created_ns:
        return ""
    if run.is_active:
        return length(now_ns - run.created_ns)
    return took(run.ended_ns - run.created_ns) if run.ended_ns else ""
