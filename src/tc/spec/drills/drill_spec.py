"""A DrillSpec: what is broken in a paper run, what must come of it, and by when."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from tc.spec.grammar import ENDS, AnyDecimal, Line, RelativeFile, RunName, Seconds, SecondsFromZero, Until

DRILL_VERSION = 1
LARGEST_SEED = 2**63 - 1

ProbeName = Literal[
    "node_state",
    "run_state",
    "feed",
    "data_connection",
    "execution_connection",
    "venue",
    "kill_switch",
    "reconciliation",
    "open_orders",
    "orders_accepted",
    "fills",
    "in_flight_s",
    "loop_lag_s",
    "journal",
    "alerts",
    "venue_open_orders",
    "venue_position",
]
"""What of a run is looked at: in its directory; `alerts` at Alertmanager, and the last two in what the venue itself keeps."""

FaultKind = Literal[
    # transport: the proxy between node and venue
    "latency", "bandwidth", "down", "black_hole", "reset", "slicer", "limit_data", "slow_close",
    # feed: the venue's market data
    "freeze_market_data", "mute_channel", "sequence_gap", "duplicate_messages", "out_of_order", "stale_timestamps",
    "crossed_book", "zero_book", "burst", "quiet_market",
    # execution: what the venue does with requests, orders and the account
    "lost_ack", "fill_order", "drop_user_updates", "duplicate_fill", "cancel_fill_race", "reject_orders", "too_many_requests",
    "ban", "auth_expired", "query_error", "order_appears", "order_vanishes", "position_changed", "funding", "maintenance",
    "request_weight", "abort_websockets",
    # process and host
    "sigterm", "sigkill", "sigstop", "memory_growth", "disk_full", "journal_truncated", "journal_bit_flipped", "clock_jump",
    "event_loop_block", "runaway_orders",
    # the ops plane
    "kill_switch", "probe", "changed_code", "changed_configuration",
]  # fmt: skip
"""What can be broken; the reference names the parameters of each and the counter that proves it."""

FaultTarget = Literal["venue", "node", "supervisor", "run", "metrics", "alertmanager", "prometheus"]
"""Whom it is done to; `run` is supervisor and node together."""


class ProbeSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One reading, and what of it is tolerated: a word that it must be, or bounds that a number must keep."""

    probe: Annotated[ProbeName, Meta(title="Probe", description="What is read.")]
    equals: Annotated[str | None, Meta(title="Equals", description="The word that it must be.", examples=["trading"])] = None
    at_least: Annotated[AnyDecimal | None, Meta(title="At least", description="The smallest number that is tolerated.")] = None
    at_most: Annotated[AnyDecimal | None, Meta(title="At most", description="The largest number that is tolerated.")] = None


USUAL = (
    ProbeSpec(probe="node_state", equals="trading"),
    ProbeSpec(probe="feed", equals="live"),
    ProbeSpec(probe="data_connection", equals="up"),
    ProbeSpec(probe="execution_connection", equals="up"),
    ProbeSpec(probe="kill_switch", equals="none"),
    ProbeSpec(probe="open_orders", at_least="1"),
    ProbeSpec(probe="in_flight_s", at_most="2"),
    ProbeSpec(probe="journal", equals="intact"),
)
"""The steady state of a run that trades: what is so before anything is broken, where a document says nothing else."""


class SteadyStateSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is so while nothing is broken, while something is, and when it has been put back."""

    before: Annotated[
        tuple[ProbeSpec, ...],
        Meta(title="Before", description="Without it nothing is injected; left out, that of a run that trades.", min_length=1),
    ] = USUAL
    during: Annotated[tuple[ProbeSpec, ...], Meta(title="During", description="Holds at some moment of the fault.")] = ()
    after: Annotated[
        tuple[ProbeSpec, ...] | None,
        Meta(title="After", description="Holds when it is put back, within budgets.recover_s; left out, as before."),
    ] = None


class FaultSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing that is broken, and put back whatever happens."""

    at: Annotated[SecondsFromZero, Meta(title="At", description="Seconds after the steady state was seen.")] = "0"
    kind: Annotated[FaultKind, Meta(title="Kind", description="What is done.")]
    target: Annotated[
        FaultTarget, Meta(title="Target", description="To whom; left out, whom this kind is done to first of all.")
    ] = "venue"
    parameters: Annotated[dict[str, Any], Meta(title="Parameters", description="How; each kind has its own.")] = field(
        default_factory=dict
    )
    until: Annotated[
        Until,
        Meta(
            title="Until",
            description="When it is put back: once all that is expected was seen, or as many seconds after `at`, or at the end.",
        ),
    ] = "detected"

    @property
    def until_s(self) -> Decimal | None:
        """How many seconds after `at` it is put back; None where it is no time that says when."""
        return None if self.until in ENDS else Decimal(self.until)


def labels_text(labels: Mapping[str, str]) -> str:
    """Return labels in the order of their names, such as ``{kind=gap}``; nothing where there are none."""
    return f"{{{', '.join(f'{name}={labels[name]}' for name in sorted(labels))}}}" if labels else ""


class ExpectedAlert(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An alert that must fire."""

    name: Annotated[str, Meta(title="Name", description="One of the shipped alerts.", examples=["TcFeedStale"])]
    within_s: Annotated[Seconds, Meta(title="Within", description="Seconds from the proven injection to the webhook.")]
    labels: Annotated[
        dict[str, str],
        Meta(title="Labels", description="Labels that the alert must have, all of these.", examples=[{"kind": "gap"}]),
    ] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Its name, with its labels where it must have some."""
        return f"{self.name}{labels_text(self.labels)}"


class ExpectSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What must come of it. An alert that is named nowhere here must not fire."""

    alerts: Annotated[tuple[ExpectedAlert, ...], Meta(title="Alerts", description="Alerts that must fire, each in time.")] = ()
    also: Annotated[
        tuple[str, ...], Meta(title="Also", description="Alerts that may fire as well: consequences of the same cause.")
    ] = ()
    lasts: Annotated[
        tuple[str, ...],
        Meta(title="Lasts", description="Of all of these, alerts that may go on in the end: what they tell of stays on record."),
    ] = ()
    gates: Annotated[
        tuple[Literal["blocked", "reducing", "halted"], ...],
        Meta(
            title="Gates",
            description="blocked: orders that would open risk were denied; reducing, halted: the kill switch came to that.",
        ),
    ] = ()
    reasons: Annotated[
        tuple[str, ...],
        Meta(
            title="Reasons",
            description="Why orders must have been denied: the word with which a denial's reason begins.",
            examples=[["reference_stale"]],
        ),
    ] = ()
    events: Annotated[
        tuple[str, ...], Meta(title="Events", description="Types of events that the run's journal must hold after the injection.")
    ] = ()
    findings: Annotated[
        tuple[str, ...], Meta(title="Findings", description="Codes that a comparison or a check of the run must report.")
    ] = ()
    invariants: Annotated[
        tuple[str, ...] | None,
        Meta(title="Invariants", description="The invariants that must hold; left out, every one."),
    ] = None


class BudgetsSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long each part may take, in seconds from the proven injection; recovery from when the last fault was put back."""

    detect_s: Annotated[Seconds, Meta(title="Detect", description="Until the first of what is expected was seen.")] = "10"
    mitigate_s: Annotated[Seconds, Meta(title="Mitigate", description="Until every expected gate was seen.")] = "10"
    recover_s: Annotated[Seconds, Meta(title="Recover", description="Until the steady state is back and no alert fires.")] = "15"


PartName = Literal[
    "alerts", "unexpected", "gates", "events", "findings", "during", "ended", "invariants", "rollback", "recovery", "budgets"
]  # fmt: skip
"""The parts of a verdict that can fail."""


class MutationSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the detector is switched off that this drill proves: carried out so, the drill must fail."""

    set: Annotated[tuple[str, ...], Meta(title="Set", description="Overrides of the RunSpec.", examples=[["gate=observe"]])] = ()
    without_alerts: Annotated[tuple[str, ...], Meta(title="Without alerts", description="Alert rules that are left out.")] = ()
    fails: Annotated[
        tuple[PartName, ...],
        Meta(title="Fails", description="The parts of the verdict that must fail then: that others do is not enough."),
    ] = ()
    misses_silence: Annotated[
        bool,
        Meta(title="Misses silence", description="Whoever receives alerts does not notice when the one that always fires stops."),
    ] = False


class DrillSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A drill: steady state, what is broken, what must come of it, and how it is put back."""

    drill_version: Annotated[Literal[1], Meta(title="Drill version", description="The version of this format.")]
    name: Annotated[RunName, Meta(title="Name", description="Its name, which is its file's.", examples=["disconnect"])]
    title: Annotated[Line, Meta(title="Title", description="One line for lists.")]
    description: Annotated[str, Meta(title="Description", description="What happens and what must come of it.", min_length=1)]
    runbook: Annotated[RunName | None, Meta(title="Runbook", description="Its runbook; left out, the one of its name.")] = None
    tags: Annotated[tuple[RunName, ...], Meta(title="Tags", description="For `tc drill suite --tags`.")] = ()
    weight: Annotated[int, Meta(title="Weight", description="Its share in the resilience score.", ge=1, le=100)] = 1
    seed: Annotated[
        int, Meta(title="Seed", description="Of the market, and of all that is random in a fault.", ge=0, le=LARGEST_SEED)
    ] = 1
    run: Annotated[RelativeFile, Meta(title="Run", description="The paper RunSpec that it runs on, relative to this file.")] = (
        "paper.yaml"
    )
    set: Annotated[tuple[str, ...], Meta(title="Set", description="Overrides of that RunSpec.")] = ()
    steady_state: Annotated[SteadyStateSpec, Meta(title="Steady state", description="What is so without the fault.")] = field(
        default_factory=SteadyStateSpec
    )
    faults: Annotated[tuple[FaultSpec, ...], Meta(title="Faults", description="What is broken, in the order of `at`.")] = ()
    expect: Annotated[ExpectSpec, Meta(title="Expect", description="What must come of it.")] = field(default_factory=ExpectSpec)
    watch_s: Annotated[
        SecondsFromZero,
        Meta(title="Watch", description="How long is watched at least, from the injection: a control must stay silent so long."),
    ] = "0"
    budgets: Annotated[BudgetsSpec, Meta(title="Budgets", description="How long each part may take.")] = field(
        default_factory=BudgetsSpec
    )
    checks: Annotated[
        tuple[tuple[str, ...], ...],
        Meta(
            title="Checks",
            description="What is typed once every fault is proven, as scheduled checks and operators do; as in `recovery`. "
            "Findings in what they print count as expected findings, and so does an exit code above 1, by its name: `refused`.",
            examples=[[["runs", "verify", "RUN", "--json"]]],
        ),
    ] = ()
    recovery: Annotated[
        tuple[tuple[str, ...], ...],
        Meta(
            title="Recovery",
            description="What the operator types once the faults are put back, without `tc`; RUN stands for the run's id, "
            "VENUE for the address of its venue.",
            examples=[[["kill", "clear", "--run", "RUN", "--reason", "the drill is over"]]],
        ),
    ] = ()
    rollback: Annotated[Literal["always"], Meta(title="Rollback", description="Each fault is put back, whatever happens.")] = (
        "always"
    )
    mutation: Annotated[
        MutationSpec | None, Meta(title="Mutation", description="How its detector is switched off; null for a control.")
    ] = None
