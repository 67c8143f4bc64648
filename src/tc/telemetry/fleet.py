"""Samples of what is not one run's: how many runs there are, kill switches, datasets, and the server itself."""

import platform
from collections.abc import Iterator

from tc import __version__
from tc.telemetry.index import Index
from tc.telemetry.names import KILL_MODES, Sample


def fleet_samples(index: Index, now_ns: int) -> Iterator[Sample]:  # noqa: ARG001
    """Yield the samples of the last look whose families have no label ``run``; each label set once."""
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
