"""Samples of what is not one run's: how many runs there are, kill switches, datasets, drills, and the server itself."""

import platform
from collections.abc import Iterator, Sequence

from tc import __version__
from tc.reports.drill.figures import DrillFigures, score
from tc.telemetry.index import Index
from tc.telemetry.names import DRILL_VERDICTS, KILL_MODES, Sample
from tc.telemetry.samples import state_set

_NS = 1_000_000_000


def fleet_samples(index: Index, now_ns: int) -> Iterator[Sample]:  # noqa: ARG001
    """Yield the samples of the last look whose families have no label ``run``, but for drills'; each label set once."""
    fleet = index.fleet
    yield "tc_build_info", (__version__, platform.python_version()), 1
    for key, count in fleet.counts.items():
        yield "tc_runs", key, count
    yield "tc_runs_shown", (), fleet.shown
    yield "tc_runs_left_out", (), fleet.left_out
    for scope, mode in fleet.scopes.items():
        for each in KILL_MODES:
            yield "tc_kill_switch_scope_state", (scope, each), int(each == mode)
    for (dataset, code), found in fleet.findings.items():
        yield "tc_data_quality_findings", (dataset, code), found


def drill_samples(drills: Sequence[DrillFigures]) -> Iterator[Sample]:
    """Yield the samples of drills, which say the same until one is carried out."""
    for each in drills:
        name, last = (each.drill,), each.newest
        yield from state_set("tc_drill_state", name, DRILL_VERDICTS, each.last)
        yield "tc_drill_timestamp_seconds", name, last.ended_ns / _NS
        for verdict, executions in zip(DRILL_VERDICTS, (each.passed, each.failed, each.inconclusive), strict=True):
            yield "tc_drill_executions", (*name, verdict), executions
        for part, length_ns in (("detect", last.detect_ns), ("mitigate", last.mitigate_ns), ("recover", last.recover_ns)):
            if length_ns is not None:
                yield f"tc_drill_{part}_seconds", name, length_ns / _NS
    resilience = score(drills)
    if resilience is not None:
        yield "tc_drill_resilience_ratio", (), float(resilience)
