"""The two status pages, made of the last look at the run directories; nothing here changes anything."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from tc.checks.attention import Attention, Drill, Vitals, attention_of, attention_of_fleet
from tc.reports.drill.tables import score_text
from tc.reports.status.choice import Choice
from tc.reports.status.content import Fleet, RunBrief, Switch
from tc.reports.status.html import prepare, render_overview, render_run
from tc.store.kill_switch.state import STRICTNESS
from tc.telemetry.index import Index
from tc.telemetry.pages.briefs import brief_of, drill_brief_of, probes_of, vitals_of
from tc.telemetry.pages.details import Details

if TYPE_CHECKING:
    from tc.telemetry.run_facts import RunFacts

_MOST_SUBJECT = 200


class StatusPages:
    """Makes the pages; any thread may ask for one.

    Parameters
    ----------
    index
        What knows the run directories.
    runbooks
        The address under which the runbooks are; where it is empty, their names are shown without a link.

    """

    def __init__(self, index: Index, *, runbooks: str = "") -> None:
        self._index = index
        self._runbooks = runbooks
        self._details = Details()
        prepare()
        self._known: Mapping[str, tuple[RunFacts, Vitals, RunBrief]] = {}

    def overview(self, now_ns: int, query: Mapping[str, str]) -> str:
        """Return the page of all runs, as a query asks for it; ``now_ns`` is the wall clock."""
        scopes = self._scopes()
        runs = self._briefs(now_ns, scopes)
        return render_overview(runs, self._fleet(now_ns), Choice.of(query), now_ns, runbooks=self._runbooks)

    def run_page(self, run_id: str, now_ns: int) -> str | None:
        """Return the page of a run, or None when it is not shown."""
        facts, directory = (self._index.facts(run_id), self._index.directory(run_id)) if run_id else (None, None)
        if facts is None or directory is None:
            return None
        vitals = vitals_of(facts, now_ns)
        brief = self._judged(brief_of(facts, vitals), vitals, self._scopes(), now_ns)
        return render_run(self._details.of(facts, directory, brief, vitals, now_ns), now_ns, runbooks=self._runbooks)

    def _briefs(self, now_ns: int, scopes: Mapping[str, str]) -> list[RunBrief]:
        """Return all runs, newest first; what is known of an ended one is kept until its directory says something else."""
        before, known, runs = self._known, {}, []
        for run_id in self._index.run_ids:
            facts = self._index.facts(run_id)
            if facts is None:
                continue
            kept = before.get(run_id)
            if kept is None or kept[0] is not facts or facts.is_active:
                vitals = vitals_of(facts, now_ns)
                kept = facts, vitals, brief_of(facts, vitals)
            known[run_id] = kept
            runs.append(self._judged(kept[2], kept[1], scopes, now_ns))
        self._known = known
        return runs

    @staticmethod
    def _judged(brief: RunBrief, vitals: Vitals, scopes: Mapping[str, str], now_ns: int) -> RunBrief:
        """Return a run with what needs attention now, and with the strictest switch that applies to it."""
        attention = attention_of(vitals, now_ns)
        mode = _strictest(brief, scopes)
        return replace(brief, attention=attention, kill_mode=mode) if attention or mode != brief.kill_mode else brief

    def _fleet(self, now_ns: int) -> Fleet:
        if not self._index.is_ready:
            return Fleet()
        fleet, beside = self._index.fleet, self._index.facts("")
        datasets: dict[str, int] = {}
        for (dataset, _), number in fleet.findings.items():
            datasets[dataset] = datasets.get(dataset, 0) + number
        active = sorted(fleet.switches, key=lambda each: (-_strictness(each.mode), str(each.scope)))
        probes = () if beside is None else probes_of(beside)
        named = tuple((str(each.scope), str(each.mode)) for each in active)
        drills = tuple(map(drill_brief_of, fleet.drills))
        found = attention_of_fleet(
            now_ns,
            switches=named,
            datasets=tuple(datasets.items()),
            probes=probes,
            drills=tuple(Drill(each.name, each.verdict) for each in drills),
        )
        return Fleet(
            drills=drills,
            resilience=score_text(fleet.drills),
            switches=tuple(Switch(str(each.scope), each.mode, each.reason, each.actor, each.at_ns) for each in active),
            attention=tuple(map(_shortened, found)),
            left_out=fleet.left_out,
        )

    def _scopes(self) -> dict[str, str]:
        """Return the scopes in which a kill switch is on, with its mode."""
        scopes = self._index.fleet.scopes if self._index.is_ready else {}
        return {scope: mode for scope, mode in scopes.items() if mode != "none"}


def _strictest(brief: RunBrief, scopes: Mapping[str, str]) -> str:
    """Return the mode that holds for a run: an ended one is held by a switch of its own only."""
    named = [scopes.get(f"run:{brief.run_id}", "none")]
    if brief.is_active:
        named += [brief.kill_mode, scopes.get("all", "none"), scopes.get(f"name:{brief.name}", "none")]
    return max(named, key=_strictness)


def _strictness(mode: str) -> int:
    """Return how strict a mode is; one that is not known counts as the strictest."""
    return next((at for at, known in enumerate(STRICTNESS) if known == mode), len(STRICTNESS))


def _shortened(attention: Attention) -> Attention:
    return (
        attention
        if len(attention.subject) <= _MOST_SUBJECT
        else replace(attention, subject=f"{attention.subject[:_MOST_SUBJECT]}…")
    )
