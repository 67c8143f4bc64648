"""Facts of `ops.jsonl` in words, for a timeline."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tc.reports.page.words import count, exact, size
from tc.reports.status.content import Happening
from tc.store.facts import (
    Fact,
    HealRequested,
    OpsMended,
    ReadinessChecked,
    ReportWritten,
    RunContinued,
    RunExported,
    RunHealed,
    RunReconciled,
    RunRecovered,
    RunReproduced,
    RunVerified,
    StopRequested,
    VenueProbed,
)


def happenings_of(facts: Iterable[Fact]) -> Iterator[Happening]:
    """Yield facts in words; comparisons that say the same one after the other are told once, with the last one's time."""
    last: RunReconciled | None = None
    times = 0
    for fact in facts:
        if isinstance(fact, RunReconciled):
            if last is not None and (fact.verdict, fact.findings, fact.source) == (last.verdict, last.findings, last.source):
                last, times = fact, times + 1
                continue
            if last is not None:
                yield _compared(last, times)
            last, times = fact, 1
            continue
        if last is not None:
            yield _compared(last, times)
            last = None
        yield Happening(
            fact.at_ns, "ops", type(fact).__name__, f"{_TEXTS[type(fact)](fact)}{_by(fact)}", _GRAVE[type(fact)](fact)
        )
    if last is not None:
        yield _compared(last, times)


def _compared(fact: RunReconciled, times: int) -> Happening:
    found = {"clean": "as the journal says", "found": count(fact.findings, "finding"), "unknown": "not everything could be asked"}
    often = f"; {count(times, 'time')} in a row, this is the last" if times > 1 else ""
    text = f"compared with the {fact.source} up to position {exact(fact.position)}: {found[fact.verdict]}{often}"
    return Happening(fact.at_ns, "ops", "RunReconciled", text, fact.verdict != "clean")


def _by(fact: Fact) -> str:
    return f" (by {fact.user})" if fact.user else ""


_TEXTS: dict[type, Callable[[Any], str]] = {
    StopRequested: lambda fact: f"somebody asked the run to stop: {fact.reason}",
    RunRecovered: lambda fact: f"recovered: {count(fact.entries, 'entry', 'entries')} whole, {size(fact.cut_bytes)} cut off",
    RunContinued: lambda fact: f"goes on as its part {fact.segment}, after {count(fact.entries, 'entry', 'entries')}",
    RunVerified: lambda fact: "verified: intact" if not fact.findings else f"verified: {count(fact.findings, 'finding')}",
    RunReproduced: lambda fact: (
        "run again, and the journals are the same" if fact.is_equal else "run again, and the journals differ"
    ),
    ReportWritten: lambda fact: "a report was written again" + (f": {fact.reason}" if fact.reason else ""),
    RunExported: lambda fact: f"packed for elsewhere, SHA-256 {fact.sha256[:12]}…",
    HealRequested: lambda fact: (
        f"somebody asked the node to take over what the venue says, after {count(fact.findings, 'finding')}"
    ),
    RunHealed: lambda fact: (
        "the engine took over what the venue says" if fact.is_healed else f"the engine could not: {fact.reason}"
    ),
    ReadinessChecked: lambda fact: f"readiness of {fact.spec}: {fact.state.replace('_', ' ')}",
    VenueProbed: lambda fact: f"{fact.target} probed: {fact.state.replace('_', ' ')}, {fact.failed} of {fact.attempts} failed",
    OpsMended: lambda fact: f"a torn line was cut off: {size(fact.cut_bytes)}",
}
_GRAVE: dict[type, Callable[[Any], bool]] = dict.fromkeys(_TEXTS, lambda _: False) | {
    RunVerified: lambda fact: fact.findings > 0,
    RunReproduced: lambda fact: not fact.is_equal,
    RunHealed: lambda fact: not fact.is_healed,
    VenueProbed: lambda fact: fact.state != "ok",
}
