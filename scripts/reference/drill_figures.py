"""The stored figures of repeated drills: their file, their page, and their table in the README."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from generate_alerts import REPOSITORY

from reference.markdown import page, table
from tc.checks.drills.facts import Outcome
from tc.spec.drills.parse import drill_names

DRILLS = REPOSITORY / "specs" / "drills"
STORED = REPOSITORY / "docs" / "reference" / "drills" / "figures.json"
README = REPOSITORY / "README.md"
BEGIN, END = "<!-- drills:begin -->", "<!-- drills:end -->"

_PAGE = "docs/reference/drills/figures.md"
_NONE = "\N{EM DASH}"
_COLUMNS = ("drill", "passed", "detect (s)", "mitigate (s)", "recover (s)")
_ALL_COLUMNS = (_COLUMNS[0], "last", _COLUMNS[1], "failed", "inconclusive", *_COLUMNS[2:], "took (s)", "same order (each / all)")
_ABOUT = """
What the shipped drills came to when each was carried out again and again: how often it passed, and how fast the fault was
detected, mitigated and recovered from. What the words mean: [Drills](../../concepts/drills.md#the-verdict).
"""
_UNMEASURED = """
There are no stored figures: no `figures.json` lies beside this page. `tc drill suite --repeat 20` carries all drills out, and
`scripts/drill_figures.py` stores what came of them.
"""
_HOW = """
Each time is the median and the longest over all executions that have it, in seconds:

- To *detect* and to *mitigate* are counted from the proven injection: to the first of what was expected, and to the last
  expected gate.
- To *recover* is counted from when the last fault was put back, to the steady state without alerts.
- *Took* is the whole drill, with the start and the end of its processes.
- A dash: the drill demands none, no execution came so far, or nothing was put back before the steady state was looked at.

Alerting runs {scale} times as fast as it is shipped ([why](../../concepts/drills.md#how-the-alerting-is-scaled)): in
production, what waits for an alert waits longer. Executions without their detector, and drills that do not ship, are left out.

These executions are not one run from end to end. Where one failed, by a defect of tc or by a document that was too strict, that
was mended, its drill was carried out twenty times anew, and only those count here.

```console
$ tc drill suite --repeat 20
$ tc drill report
```

`.venv/bin/python scripts/drill_figures.py artifacts --jobs 2` then stores what all of them come to in `figures.json` beside
this page, and `make docs` makes this page and the README's table of it. `--jobs` says how many the suite carried out at once:
2, where it was told nothing else.
"""

_ORDER = """
With the same seed the same is done in the same order, and the same comes of it. Of {of} executions, {each} have the faults
(injected, put back) in the commonest order of their drill, and what the document demands of them (alerts, gates, events,
findings, each as it was first seen) in the commonest order of that. In {all} all of it, the proofs of the faults too, is one and
the same sequence. What differs comes at nearly the same time from places that do not wait for each other: an alert, which
Prometheus finds at its next look, beside a fault that has its own time; the proof of one fault, which waits for the next order
or message, beside the injection of another; a finding beside the gate that it closes.
"""


class Milliseconds(msgspec.Struct, frozen=True):
    """The median and the longest of some times."""

    median: int
    max: int


class SameOrder(msgspec.Struct, frozen=True):
    """How many of the executions with one seed have the commonest order: of all, or of each kind by itself."""

    all: int
    each: int
    of: int


class FiguresOfDrill(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the executions of one drill come to; None where none has such a time, and where the order was not looked at."""

    last: Outcome
    weight: int
    executions: int
    passed: int
    failed: int
    inconclusive: int
    detect_ms: Milliseconds | None
    mitigate_ms: Milliseconds | None
    recover_ms: Milliseconds | None
    took_ms: Milliseconds | None
    same_order: SameOrder | None = None


class Measured(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """End and version of the newest execution, the machine, and how many drills it carried out at once."""

    newest_ns: int
    tc: str
    python: str
    cpus: int
    system: str
    jobs: int


class StoredFigures(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What figures.json holds; `resilience` is in percent, as it is shown."""

    schema: int = 1
    measured: Measured
    resilience: str
    time_scale: int
    drills: Mapping[str, FiguresOfDrill]


def encoded(figures: StoredFigures) -> bytes:
    """Return the file's bytes: sorted, and one line for each drill, so that a difference can be read."""
    document = msgspec.to_builtins(figures)
    drills = ",\n".join(f"  {_line(name)}: {_line(drill)}" for name, drill in sorted(document["drills"].items()))
    rest = [f" {_line(name)}: {_line(value)}" for name, value in sorted(document.items()) if name != "drills"]
    return ("{\n" + ",\n".join((f' "drills": {{\n{drills}\n }}', *rest)) + "\n}\n").encode()


def figures_page(stored: Path = STORED) -> str:
    """Return the page of all figures."""
    figures = _stored(stored)
    if figures is None:
        return page("Drills: figures", _ABOUT, _UNMEASURED)
    took_ms = sum(each.took_ms.median for each in figures.drills.values() if each.took_ms is not None)
    return page(
        "Drills: figures",
        _ABOUT,
        f"{_score(figures)} The medians of all drills, one after the other, come to {took_ms / 60_000:.1f} minutes.",
        table(_ALL_COLUMNS, [_full_row(name, figures.drills.get(name)) for name in drill_names(DRILLS)]),
        *_ordered(figures),
        "## How it was measured",
        f"It was {_where(figures.measured)}",
        _HOW.format(scale=figures.time_scale),
    )


def readme(path: Path = README, stored: Path = STORED) -> str:
    """Return the README with the table of the stored figures between its marks.

    Raises
    ------
    ValueError
        It does not have each mark once, the first before the second.

    """
    text = path.read_text(encoding="utf-8")
    before, found, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (found and ended) or BEGIN in rest or END in before + after:
        message = f"{path.name} must have {BEGIN} and {END} once each, in this order"
        raise ValueError(message)
    return f"{before}{BEGIN}\n\n{_readme_table(_stored(stored))}\n\n{END}{after}"


def _readme_table(figures: StoredFigures | None) -> str:
    if figures is None:
        return "*(There are no stored figures: `tc drill suite --repeat 20` and `scripts/drill_figures.py` make them.)*"
    rows = [_short_row(name, figures.drills.get(name)) for name in drill_names(DRILLS)]
    note = f"Times: the median / the longest, {_where(figures.measured)} [How it was measured]({_PAGE}#how-it-was-measured)."
    return f"{_score(figures)}\n\n{table(_COLUMNS, rows)}\n\n{note}"


def _stored(path: Path) -> StoredFigures | None:
    return msgspec.json.decode(path.read_bytes(), type=StoredFigures) if path.is_file() else None


def _line(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


def _score(figures: StoredFigures) -> str:
    shipped = drill_names(DRILLS)
    last = [figures.drills[name].last for name in shipped if name in figures.drills]
    executions = sum(each.executions for each in figures.drills.values())
    passed = sum(each.passed for each in figures.drills.values())
    there = f"{last.count('passed')} of {len(shipped)} drills passed last" + (
        f", {len(shipped) - len(last)} not carried out yet" if len(last) < len(shipped) else ""
    )
    return f"**Resilience score {figures.resilience}**: {there}; {passed:,} of {executions:,} executions passed."


def _ordered(figures: StoredFigures) -> Iterator[str]:
    orders = [each.same_order for each in figures.drills.values() if each.same_order is not None]
    if orders:
        all_of_them, each, of = (sum(getattr(order, name) for order in orders) for name in ("all", "each", "of"))
        yield "## The same order"
        yield _ORDER.format(all=f"{all_of_them:,}", each=f"{each:,}", of=f"{of:,}")


def _where(measured: Measured) -> str:
    day = datetime.fromtimestamp(measured.newest_ns // 10**9, UTC).date().isoformat()
    at_once = "one at a time" if measured.jobs == 1 else f"{measured.jobs} at once"
    machine = f"{measured.cpus} CPUs, {measured.system}"
    return f"measured with tc {measured.tc} and Python {measured.python}, {machine}, {at_once}, last on {day}."


def _short_row(name: str, drill: FiguresOfDrill | None) -> tuple[str, ...]:
    link = f"[{name}](docs/reference/drills/{name}.md)"
    return (link, *(_NONE,) * (len(_COLUMNS) - 1)) if drill is None else (link, _passed(drill), *_times(drill))


def _full_row(name: str, drill: FiguresOfDrill | None) -> tuple[str, ...]:
    link = f"[{name}]({name}.md)"
    if drill is None:
        return (link, *(_NONE,) * (len(_ALL_COLUMNS) - 1))
    counts = (str(drill.failed), str(drill.inconclusive))
    order = drill.same_order
    same = _NONE if order is None else f"{order.each} / {order.all} of {order.of}"
    return (link, drill.last, _passed(drill), *counts, *_times(drill), _spread(drill.took_ms), same)


def _passed(drill: FiguresOfDrill) -> str:
    return f"{drill.passed} of {drill.executions}"


def _times(drill: FiguresOfDrill) -> Iterator[str]:
    return (_spread(each) for each in (drill.detect_ms, drill.mitigate_ms, drill.recover_ms))


def _spread(times: Milliseconds | None) -> str:
    return _NONE if times is None else f"{times.median / 1000:.2f} / {times.max / 1000:.2f}"
