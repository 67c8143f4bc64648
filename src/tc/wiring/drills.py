"""What `tc drill` really gets: documents, labs of real processes, faults that bite, and folders that keep what came of it."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tc.flows.drills.notes import Notes
    from tc.flows.drills.suite import FinishedSuite, Tried
    from tc.spec.drill_spec import DrillSpec
    from tc.store.drills import DrillVerdict
    from tc.wiring.drill_lab import Making


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
    from tc.spec.drill_parse import find_drill, load_drill
    from tc.store.drills import DrillJournal, create_drill
    from tc.store.files import write_atomic
    from tc.wiring.drill_lab import Making

    document = find_drill(drill, search=(Path("specs") / "drills", shipped_folder()))
    spec = load_drill(document, alerts=_alerts())
    if plan.is_mutated and spec.mutation is None:
        raise DocumentError(f"{document}: it has no detector that could be switched off", hint="Controls have no `mutation`.")
    _require_programs(plan)
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
    from tc.wiring.drill_faults import fault_of
    from tc.wiring.drill_judging import held_to_invariants
    from tc.wiring.drill_lab import lab_of

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
    from tc.wiring.drill_judging import verdict_of, write_shown

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


def run_suite(
    plan: DrillPlan,
    *,
    tags: Sequence[str],
    repeat: int,
    jobs: int,
    on_done: "Callable[[DrillVerdict], None]",
    should_stop: Callable[[], bool],
) -> "FinishedSuite":
    """Carry out the shipped drills, each in a process of its own, so many at once.

    Raises
    ------
    DocumentError
        One of the tags is that of no drill.

    """
    from tc.errors import DocumentError
    from tc.flows.drills.suite import carry_out_suite

    drills = shipped_drills()
    unknown = [tag for tag in tags if not any(tag in each.tags for each in drills)]
    if unknown:
        raise DocumentError(f"no drill is tagged {' or '.join(unknown)}", hint="`tc drill list` shows the tags.")
    names = [each.name for each in drills if not tags or set(tags) & set(each.tags)]
    _require_programs(plan)
    return carry_out_suite(
        names * repeat, lambda name: _in_a_process(name, plan), jobs=jobs, on_done=on_done, should_stop=should_stop
    )


def _in_a_process(name: str, plan: DrillPlan) -> "Tried":
    """Carry out a shipped drill, and none of its name in this folder, in a process of its own."""
    from msgspec import DecodeError, json

    from tc.errors import ArtifactError
    from tc.flows.drills.suite import Tried
    from tc.lab.process import last_line
    from tc.store.drills import DrillDirectory, read_verdict

    options = (
        *(() if plan.seed is None else ("--seed", str(plan.seed))),
        *(() if plan.sees_alerts else ("--no-prometheus",)),
        *("--artifacts-root", str(plan.artifacts_root)),
    )
    document = str(shipped_folder() / f"{name}.yaml")
    command = (sys.executable, "-m", "tc", "drill", "run", document, "--json", *options)
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - our own program
    with suppress(DecodeError, ArtifactError, KeyError, TypeError):
        return Tried(name, read_verdict(DrillDirectory(Path(json.decode(done.stdout)["folder"]))))
    return Tried(name, None, last_line(done.stderr))


def shipped_folder() -> Path:
    """Return the folder of the drills that come with this package: a wheel has them inside, a clone beside it."""
    from importlib.resources import files

    inside = Path(str(files("tc"))) / "drills"
    return inside if inside.is_dir() else Path(__file__).resolve().parents[3] / "specs" / "drills"


def shipped_drills() -> "tuple[DrillSpec, ...]":
    """Return the shipped drills in the order of their names."""
    from tc.spec.drill_parse import drill_names, load_drill

    folder, alerts = shipped_folder(), _alerts()
    return tuple(load_drill(folder / f"{name}.yaml", alerts=alerts) for name in drill_names(folder))


def stored_verdicts(artifacts_root: Path) -> "tuple[DrillVerdict, ...]":
    """Return the verdicts of all drills that were carried out, in order; what has none, or a damaged one, is left out."""
    return tuple(found for _, found in _stored(artifacts_root) if found is not None and not isinstance(found, str))


def _stored(artifacts_root: Path, *, is_judged_again: bool = False) -> "Iterator[tuple[str, DrillVerdict | str | None]]":
    """Give each execution by its folder's name, with its verdict, what is wrong with that, or None where there is none."""
    from tc.errors import ArtifactError, DocumentError
    from tc.flows.drills.verdict import require_verdict
    from tc.store.drills import find_verdict, list_drills

    for drill in list_drills(artifacts_root):
        try:
            found = find_verdict(drill)
            if found is not None and is_judged_again:
                require_verdict(drill)
            yield drill.path.name, found
        except (ArtifactError, DocumentError) as error:
            yield drill.path.name, error.message


@dataclass(frozen=True, slots=True)
class DrillReport:
    """What came of all drills that were carried out: the rows of a table, the resilience score, and who left no verdict.

    Of those that are damaged, what is wrong with their verdict, by the folder's name; they count nowhere.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    resilience: str
    verdicts: "tuple[DrillVerdict, ...]"
    without_verdict: tuple[str, ...]
    damaged: Mapping[str, str]

    def to_dict(self) -> dict[str, object]:
        """Return the JSON object that `tc drill report --json` shows."""
        from msgspec import to_builtins

        executions = [to_builtins(each) for each in self.verdicts]
        damaged = [{"execution": name, "why": why} for name, why in self.damaged.items()]
        return {
            "resilience": self.resilience,
            "without_verdict": list(self.without_verdict),
            "damaged": damaged,
            "executions": executions,
        }


def report_drills(artifacts_root: Path, *, is_judged_again: bool = False) -> DrillReport:
    """Return what came of all drills that were carried out; ArtifactError when the folder cannot be read.

    Judged again, an execution whose verdict is not what its document and its journal come to is damaged, too.
    """
    from tc.reports.drill.figures import figures
    from tc.reports.drill.tables import FIGURE_COLUMNS, figure_rows, score_text

    stored = tuple(_stored(artifacts_root, is_judged_again=is_judged_again))
    verdicts = tuple(found for _, found in stored if found is not None and not isinstance(found, str))
    counted = figures(verdicts)
    silent = tuple(name for name, found in stored if found is None)
    damaged = {name: found for name, found in stored if isinstance(found, str)}
    return DrillReport(FIGURE_COLUMNS, figure_rows(counted), score_text(counted), verdicts, silent, damaged)


def _alerts() -> frozenset[str]:
    from tc.lab.alerting import shipped_alerts

    return frozenset(shipped_alerts())


def _require_programs(plan: DrillPlan) -> None:
    """Raise InconclusiveError, before anything is made, where alerts are wanted and cannot be had."""
    from tc.lab.alerting import require_programs

    if plan.sees_alerts:
        require_programs()


__all__ = [
    "DrillPlan",
    "DrillReport",
    "FinishedDrill",
    "report_drills",
    "run_demo_drill",
    "run_drill",
    "run_suite",
    "shipped_drills",
    "shipped_folder",
    "stored_verdicts",
]
