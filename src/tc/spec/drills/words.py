"""The words of a DrillSpec: probes, targets, invariants, and what an operator may type."""

from collections.abc import Mapping
from typing import get_args

from msgspec import Struct

from tc.spec.drills.drill_spec import FaultKind, FaultTarget

KEPT_AS = "drill.yaml"
"""What a document is named in the folder of an execution, whatever the drill's own name."""

DEAD_MANS_SWITCH = "TcDeadMansSwitch"
"""The alert that always fires: that it fires is no news of a drill."""

SILENT = "DeadMansSwitchSilent"
"""The event that the alert which always fires has stopped coming."""

OUTSIDE_EVENTS = (SILENT,)
"""What is seen beside the run's journal."""


class Probe(Struct, frozen=True):
    """What a probe reads: one of some words, or a number where there are none."""

    description: str
    words: tuple[str, ...] = ()

    @property
    def is_number(self) -> bool:
        """Whether its reading is a number."""
        return not self.words


_CONNECTION = ("up", "down")

PROBES: Mapping[str, Probe] = {
    "node_state": Probe(
        "Where the node says that it stands.", ("starting", "trading", "halting", "halted", "stopping", "stopped")
    ),
    "run_state": Probe(
        "Where the run stands.",
        ("created", "running", "completed", "failed", "stopped", "killed", "blocked", "crashed", "recovered"),
    ),
    "feed": Probe("The worst state of the channels of market data.", ("live", "quiet", "silent", "disconnected", "dead")),
    "data_connection": Probe("Whether the node is connected to the market data.", _CONNECTION),
    "execution_connection": Probe("Whether the node is connected to the account.", _CONNECTION),
    "venue": Probe("Whether the venue answered the supervisor when it was asked last.", _CONNECTION),
    "kill_switch": Probe("The mode of the kill switch.", ("none", "reduce", "halt", "halt_all", "flatten")),
    "reconciliation": Probe("The verdict of the last comparison with the venue.", ("clean", "found", "unknown")),
    "open_orders": Probe("How many orders are open by the journal."),
    "orders_accepted": Probe("How many orders the venue accepted in the last two seconds."),
    "fills": Probe("How many fills there were in the last two seconds."),
    "in_flight_s": Probe("How long the oldest command has waited for the venue's answer; 0 for none."),
    "loop_lag_s": Probe("How late the node's event loop came at most to what was due, since its last heartbeat."),
    "journal": Probe("Whether every line of the journal is as it was written.", ("intact", "broken")),
    "alerts": Probe("How many alerts fire, but for the one that always does."),
    "venue_open_orders": Probe("How many orders are open at the venue, by what it keeps itself."),
    "venue_position": Probe("How much is held at the venue, long or short, by what it keeps itself."),
}
"""Every probe by its name; `tc.spec.drills.drill_spec.ProbeName` lists the same."""

INVARIANTS: Mapping[str, str] = {
    "no_submit_after_halt": "After a halt no order is sent, and none is accepted, but for what the flatten itself sends.",
    "no_new_risk_while_reducing": "At `reduce`, each order that the venue accepts can only shrink the position.",
    "fills_sum_to_position": "The position is the sum of the fills: in the journal, and at the venue.",
    "each_trade_once": "Each trade's id is in the journal once, and so it is at the venue.",
    "no_fill_without_order": "Each fill is of an order that was there before it.",
    "in_flight_resolved": "Each command to the venue was answered in time.",
    "positions_gapless": "The journal's positions go on one by one from 1.",
    "chain_intact": "Each line of the journal is as it was written, and follows the one before it.",
    "nothing_lost": "Each trade and each order of the run at the venue is in the journal, and the reverse.",
    "position_within_limit": "The position was never above its limit.",
}
"""What must hold whatever is broken: every invariant by its name, in a sentence."""

_PROCESSES: tuple[FaultTarget, ...] = ("node", "supervisor", "run", "venue", "metrics", "alertmanager", "prometheus")
_BESIDES_THE_VENUE: dict[str, tuple[FaultTarget, ...]] = {
    "sigterm": _PROCESSES,
    "sigkill": _PROCESSES,
    "sigstop": _PROCESSES,
    "memory_growth": ("node",),
    "disk_full": ("run",),
    "journal_truncated": ("run",),
    "journal_bit_flipped": ("run",),
    "clock_jump": ("run",),
    "event_loop_block": ("node",),
    "runaway_orders": ("node",),
    "kill_switch": ("run",),
    "changed_code": ("run",),
    "changed_configuration": ("run",),
}

TARGETS: Mapping[str, tuple[FaultTarget, ...]] = {kind: _BESIDES_THE_VENUE.get(kind, ("venue",)) for kind in get_args(FaultKind)}
"""Whom each kind of fault can be done to; the first is meant where a document names none."""

COMMANDS = ("run", "runs", "reconcile", "kill", "connectivity")
"""The first words of the commands of tc that a drill may type: what an operator does to a run, or asks about it."""

RESUME = ("run", "--resume", "RUN")
"""The only way to begin something: to go on with the run that was broken."""

ROOTS = ("--artifacts-root", "--runtime-root", "--data-root")
"""What no command may name: a drill has places of its own, and touches nothing outside them."""

OUTSIDE = ("--allow-external", "--i-mean-testnet")
"""What no command may say: a drill sends nothing to any other machine."""
