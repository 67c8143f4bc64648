"""The facts of a drill's own `journal.jsonl`: what was broken, what was seen of it, and what was put back."""

from typing import Literal

import msgspec

type Phase = Literal["before", "during", "after"]
type Source = Literal["alert", "gate", "event", "finding"]
type Outcome = Literal["passed", "failed", "inconclusive"]


class DrillFact(
    msgspec.Struct, frozen=True, tag=True, tag_field="type", omit_defaults=True, kw_only=True, forbid_unknown_fields=True
):
    """A fact of a drill; no secrets.

    Parameters
    ----------
    at_ns
        The wall clock of the drill's own process, in nanoseconds since 1970 UTC.
    elapsed_ns
        How long the drill had gone on, by a clock that never jumps.

    """

    at_ns: int
    elapsed_ns: int


class DrillStarted(DrillFact, frozen=True):
    """The drill began.

    Parameters
    ----------
    drill, number
        Its name, and which execution of it in this artifacts root this is.
    seed
        Of the market and of all that is random in its faults.
    spec_sha256
        The digest of `drill.yaml` in the same folder, hex.
    tc
        The version of tc.
    run_id
        The paper run that is broken; its artifacts are in `artifacts/` of the same folder.
    sees_alerts
        Whether Prometheus and Alertmanager run.
    time_scale
        By how much `for` and the intervals of the alerting are divided.
    is_mutated
        Whether the detector is switched off: the drill is to fail.

    """

    drill: str
    number: int
    seed: int
    spec_sha256: str
    tc: str
    run_id: str
    sees_alerts: bool
    time_scale: int
    is_mutated: bool = False


class Reading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a probe read, what is tolerated, and whether it is; an empty value: there is nothing to read."""

    probe: str
    value: str
    tolerated: str
    holds: bool


class SteadyStateChecked(DrillFact, frozen=True):
    """The steady state was looked at: it holds, or the time for it is over."""

    phase: Phase
    holds: bool
    readings: tuple[Reading, ...]


class FaultInjected(DrillFact, frozen=True):
    """A fault was asked for; `fault` is its place in the document, from 1."""

    fault: int
    kind: str
    target: str
    detail: str = ""


class FaultProven(DrillFact, frozen=True):
    """The fault's own counter says that it has bitten."""

    fault: int
    kind: str
    before: int
    after: int


class FaultFailed(DrillFact, frozen=True):
    """A fault could not be injected or could not be proven."""

    fault: int
    kind: str
    reason: str


class Observed(DrillFact, frozen=True):
    """Something was seen for the first time: an alert that fires, a gate, an event of the run's journal, a finding."""

    source: Source
    name: str
    detail: str = ""


class AlertResolved(DrillFact, frozen=True):
    """An alert fires no more."""

    name: str


class FaultRestored(DrillFact, frozen=True):
    """A fault was put back."""

    fault: int
    kind: str


class RestoreFailed(DrillFact, frozen=True):
    """A fault could not be put back; the others are put back all the same."""

    fault: int
    kind: str
    reason: str


class OperatorActed(DrillFact, frozen=True):
    """A command was typed, as the operator would: its words without `tc`, its exit code, its last words."""

    arguments: tuple[str, ...]
    exit_code: int
    said: str = ""


class RunEnded(DrillFact, frozen=True):
    """The paper run has ended, and how."""

    status: str
    reason: str = ""


class InvariantsChecked(DrillFact, frozen=True):
    """The run's journal and the venue's log were held to the invariants.

    Parameters
    ----------
    held
        Those that hold.
    broken
        Those that do not, each with what was found: `name: what`.
    unknown
        Those that could not be checked, each with why.

    """

    held: tuple[str, ...]
    broken: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


class DrillFailed(DrillFact, frozen=True):
    """The drill itself could not go on: nothing is proven."""

    reason: str


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One part of a verdict, and why it is what it is."""

    part: str
    outcome: Outcome
    reason: str = ""


class DrillConcluded(DrillFact, frozen=True):
    """The drill's verdict.

    Parameters
    ----------
    verdict
        The worst of its parts: failed before inconclusive before passed.
    parts
        What it is made of.
    detect_ns, mitigate_ns
        From the proven injection to the first of what was expected, and to the last of the expected gates; None for never.
    recover_ns
        From when the last fault was put back to the steady state without alerts; None for never, and where nothing was put back
        before that.

    """

    verdict: Outcome
    parts: tuple[Part, ...]
    detect_ns: int | None = None
    mitigate_ns: int | None = None
    recover_ns: int | None = None


type AnyDrillFact = (
    DrillStarted
    | SteadyStateChecked
    | FaultInjected
    | FaultProven
    | FaultFailed
    | Observed
    | AlertResolved
    | FaultRestored
    | RestoreFailed
    | OperatorActed
    | RunEnded
    | InvariantsChecked
    | DrillFailed
    | DrillConcluded
)
