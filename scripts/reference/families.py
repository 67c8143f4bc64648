"""The families of metrics that `tc metrics` serves."""

from reference.markdown import code, page, table
from tc.telemetry import names
from tc.telemetry.recorded_samples import MOST_KINDS, MOST_REASONS

_INTRODUCTION = """
What `tc metrics serve` exposes and `tc metrics export RUN` prints. `metrics.json`, which most of it comes from, has
[names of its own](metrics.md). Amounts are exact there, and floating-point numbers here.
"""

_NOTES = f"""
- The label `run` is the run's id. Checks and probes that belong to no run have an empty one.
- A state is a family with one series for each state that there can be: 1 for the one that is so, 0 for the others.
- Families of a node, its feed and its venue are there while a process is at work on the run; of what is not known there is no
  series. A sealed run's series never change but by what is appended to `ops.jsonl`.
- Of a run that cannot be read there is `tc_run_unreadable`, and nothing else.
- No label names an order, a fill or a position of the journal. Of the reasons for refusals, the {MOST_REASONS} that came first
  in the run have a series each, and the rest is `other`; of types, codes and counters the first {MOST_KINDS} by name.
- Counters of a run start at 0 with its process: after a crash, `tc_run_cpu_seconds_total` and its like begin again.
"""

_STATES = (
    ("tc_run_state", names.RUN_STATES),
    ("tc_kill_switch_state` and `tc_kill_switch_scope_state", names.KILL_MODES),
    ("tc_node_state", names.NODE_STATES),
    ("tc_feed_state", names.FEED_STATES),
    ("tc_reconciliation_state", names.VERDICTS),
    ("tc_probe_state", names.PROBE_STATES),
    ("tc_connectivity_readiness_state", names.READINESS_STATES),
    ("tc_drill_state", names.DRILL_VERDICTS),
)


def families() -> str:
    """Return the page of all families."""
    rows = [
        (code(each.name), each.kind, ", ".join(map(code, each.labels)) or "none", each.help)
        for each in sorted(names.FAMILIES, key=lambda family: family.name)
    ]
    states = [(code(name), ", ".join(map(code, values))) for name, values in _STATES]
    blocks = [_INTRODUCTION, table(["family", "type", "labels", "what it says"], rows)]
    return page("Prometheus metrics", *blocks, "## States", table(["family", "states"], states), "## What to know", _NOTES)
