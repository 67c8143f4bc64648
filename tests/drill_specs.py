"""A DrillSpec for tests, valid, to be edited; and a folder that has it beside the RunSpec that it runs on."""

from pathlib import Path

from run_specs import PAPER

DRILL = """\
drill_version: 1
name: disconnect
title: Disconnected
description: The venue cannot be reached.
runbook: venue-connection
tags: [transport, short]
weight: 2
seed: 7
run: paper.yaml
set: ["seed=9"]
steady_state:
  before:
    - {probe: node_state, equals: trading}
    - {probe: open_orders, at_least: 1, at_most: "4.50"}
    - {probe: alerts, equals: "0"}
  during:
    - {probe: data_connection, equals: down}
  after:
    - {probe: loop_lag_s, at_most: "0.25"}
faults:
  - {kind: down}
  - {at: 1, kind: latency, parameters: {latency_s: "0.20", jitter_s: 0}, until: 4}
  - {at: "1.50", kind: sigkill, target: run, until: end}
expect:
  alerts:
    - {name: TcVenueDisconnected, within_s: 6}
  also: [TcFeedStale]
  gates: [blocked]
  events: [FeedDegraded, DeadMansSwitchSilent]
  findings: [order_missing]
  invariants: [chain_intact, nothing_lost]
watch_s: 0
budgets: {detect_s: 4, mitigate_s: "4.5", recover_s: 20}
checks:
  - [runs, verify, RUN]
recovery:
  - [kill, clear, --run, RUN, --reason, "it is over"]
mutation:
  set: ["gate=observe"]
  without_alerts: [TcVenueDisconnected]
"""

ALERTS = ("TcVenueDisconnected", "TcFeedStale", "TcRunCrashed")
RUNBOOKS = ("venue-connection", "feed-stale")


def drill_folder(folder: Path, text: str = DRILL, *, paper: str = PAPER, name: str = "disconnect") -> Path:
    """Write a drill and the RunSpec that it runs on into a folder; return the drill's file."""
    (folder / "paper.yaml").write_text(paper, encoding="utf-8")
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path
