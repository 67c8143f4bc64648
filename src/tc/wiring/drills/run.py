"""`tc drill run`: one drill, from its document to its verdict, timeline and incident report."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tc.wiring.drills.shipped import known_alerts, shipped_folder

if TYPE_CHECKING:
    from tc.flows.drills.notes import Notes
    from tc.store.drills import DrillVerdict
    from tc.wiring.drills.lab import Making


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillPlan:
    """How drills are carried out.

    Parameters
    ----------
    artifacts_root
        Each leaves its folder under `drills/` there.
    seed
        Instead of the one in the document.
    sees_alerts
        Whether Prometheus and Alertmanager are run.
    is_mutated
        Whether the detector is switched off, as the document says.

    """

    artifacts_root: Path
    seed: int | None = None
    sees_alerts: bool = True
    is_mutated: bool = False


@dataclass(frozen=True, slots=True)
class FinishedDrill:
    """A drill that was carried out: its folder and its verdict."""

    folder: Path
    verdict: "DrillVerdict"

    def to_dict(self) -> dict[str, object]:
        """Return the verdict as the JSON object that `tc drill run --json` shows."""
        from msgspec import to_builtins

        return {"folder": str(self.folder), **to_builtins(self.verdict)}


def run_drill(drill: str, plan: DrillPlan, *, say: Callable[[str], None], should_stop: Callable[[], bool]) -> FinishedDrill:
    """Carry out one drill, and keep what came of it.

    Raises
    ------
    DocumentError
        There is no such drill, its document is wrong, or it does not say how its detector is switched off.
    InconclusiveError
        Alerts are wanted, and Prometheus or Alertmanager is not installed.

    """
    from tc.errors import DocumentError
    from tc.spec.drills.parse import find_drill, load_drill
    from tc.store.drills import DrillJournal, create_drill
    from tc.store.files import write_atomic
    from tc.wiring.drills.lab import Making

    document = find_drill(drill, search=(Path("specs") / "drills", shipped_folder()))
    spec = load_drill(document, alerts=known_alerts())
    if plan.is_mutated and spec.mutation is None:
        raise DocumentError(f"{document}: it has no detector that could be switched off", hint="Controls have no `mutation`.")
    require_programs(plan)
    folder = create_drill(plan.artifacts_root, spec.name)
    write_atomic(folder.spec, document.read_bytes())
    seed = spec.seed if plan.seed is None else plan.seed
    made = Making(document, spec, folder, seed, plan.sees_alerts, plan.is_mutated)
    write_atomic(folder.run_spec, made.run_spec.read_bytes())
    with DrillJournal(folder.journal) as journal:
        return _carried_out(made, journal.append, say, should_stop)


def run_demo_drill(artifacts_root: Path, *, say: Callable[[str], None], should_stop: Callable[[], bool]) -> FinishedDrill:
    """Cut the connection of a paper run; without alerts, where Prometheus and Alertmanager are not installed."""
    from tc.lab.alerting import has_programs

    plan = DrillPlan(artifacts_root=artifacts_root, sees_alerts=has_programs())
    return run_drill("disconnect", plan, say=say, should_stop=should_stop)


def _carried_out(
    made: "Making", keep: Callable[..., object], say: Callable[[str], None], should_stop: Callable[[], bool]
) -> FinishedDrill:
    from tc.errors import TcError
    from tc.flows.drills.drill import DrillHands, carry_out
    from tc.flows.drills.notes import Notes
    from tc.store.drill_facts import DrillFailed, DrillStarted
    from tc.wiring.drills.faults import fault_of
    from tc.wiring.drills.judging import held_to_invariants
    from tc.wiring.drills.lab import lab_of

    notes = Notes(keep)
    notes.add(DrillStarted, **_started(made))
    is_carried_out = False
    try:
        with lab_of(made) as lab:
            hands = DrillHands(
                lab=lab.lab,
                make_fault=lambda fault: fault_of(fault, lab),
                notes=notes,
                invariants=lambda: held_to_invariants(lab),
                say=say,
                should_stop=should_stop,
            )
            carry_out(made.spec, hands)
            is_carried_out = True
    except (TcError, OSError) as error:
        if is_carried_out:  # All was seen by then: what is left of the lab changes nothing of what it proved.
            say(f"the lab was not taken apart in order: {error}")
        else:  # The lab could not be put together: that proves nothing, and is kept as such.
            notes.add(DrillFailed, reason=str(error))
    except Exception as error:  # A fault of tc's own is told as such, and leaves a verdict all the same.
        notes.add(DrillFailed, reason=f"tc itself failed, {type(error).__name__}: {error}")
        _concluded(made, notes, say)
        raise
    return _concluded(made, notes, say)


def _started(made: "Making") -> dict[str, object]:
    from hashlib import sha256

    from tc import __version__
    from tc.lab.scaling import TIME_SCALE

    return {
        "drill": made.spec.name,
        "number": made.drill.number,
        "seed": made.seed,
        "spec_sha256": sha256(made.drill.spec.read_bytes()).hexdigest(),
        "tc": __version__,
        "run_id": made.run_id,
        "sees_alerts": made.sees_alerts,
        "time_scale": TIME_SCALE,
        "is_mutated": made.is_mutated,
    }


def _concluded(made: "Making", notes: "Notes", say: Callable[[str], None]) -> FinishedDrill:
    """Judge what was noted, once and for all: a page that cannot be written is told, and changes no verdict."""
    from tc.checks.drills.verdict import judge
    from tc.errors import TcError
    from tc.store.drill_facts import DrillConcluded
    from tc.wiring.drills.judging import verdict_of, write_shown

    judged = judge(made.spec, notes.facts)
    notes.add(
        DrillConcluded,
        verdict=judged.verdict,
        parts=judged.parts,
        detect_ns=judged.detect_ns,
        mitigate_ns=judged.mitigate_ns,
        recover_ns=judged.recover_ns,
    )
    verdict = verdict_of(made, notes.facts)
    try:
        write_shown(made, notes.facts)
    except (TcError, OSError) as error:
        say(f"timeline and incident report could not be written: {error}")
    return FinishedDrill(made.drill.path, verdict)


def require_programs(plan: DrillPlan) -> None:
    """Raise InconclusiveError, before anything is made, where alerts are wanted and cannot be had."""
    from tc.lab.alerting import require_programs

    if plan.sees_alerts:
        require_programs()


__all__ = ["DrillPlan", "FinishedDrill", "require_programs", "run_demo_drill", "run_drill"]
