"""Drills as people carry them out: real processes that are broken, real alerts, and nothing left of it but its folder."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from diagnosing import Typed, stands_of, words_of
from documented_commands import diagnosis
from drill_orders import order_of, wanted

import warm
from commands import Answer
from documentation import REPOSITORY
from fakes import make_run
from paper_runs import is_gone, until
from quoted_commands import unknown_word
from system_programs import program
from tc.checks.drills.facts import (
    DrillConcluded,
    DrillFailed,
    DrillStarted,
    FaultInjected,
    FaultProven,
    FaultRestored,
    RunEnded,
)
from tc.spec.drills.parse import drill_names, load_drill
from tc.store.drills import DrillDirectory, list_drills, read_verdict, scan_drill_journal

pytestmark = pytest.mark.e2e

MISMATCH, STALE, HANG = "reconciliation-mismatch", "stale-market-data", "node-hang"
SPECS = REPOSITORY / "specs" / "drills"
GONE_WITHIN_S = 20.0
PARTS = {"venue serve", "tc run", "tc _node", "metrics serve", "prometheus --config", "prometheus-alertmanager"}
"""A word or two of each process of a lab."""


@dataclass(frozen=True)
class Carried:
    """A drill that was carried out: its folder, and what the command said."""

    drill: DrillDirectory
    answer: Answer
    keys: frozenset[str] = frozenset()

    @property
    def outcomes(self) -> dict[str, str]:
        return {each.part: each.outcome for each in read_verdict(self.drill).parts}

    def why(self, part: str) -> str:
        return next(each.reason for each in read_verdict(self.drill).parts if each.part == part)

    def facts[T](self, kind: type[T]) -> list[T]:
        scan = scan_drill_journal(self.drill.journal)
        assert scan.damage is None
        return [each.fact for each in scan.entries if isinstance(each.fact, kind)]


class Drilling:
    """`tc drill run` that goes on: everything of it lies under one root, and every process of its lab is told so."""

    def __init__(self, root: Path, process: "subprocess.Popen[str]") -> None:
        self.root = root
        self.process = process

    @property
    def lab(self) -> dict[int, str]:
        """The processes of the lab that run, with what they were started by."""
        return living(self.root)

    @property
    def drill(self) -> DrillDirectory | None:
        return next(iter(list_drills(self.root)), None)

    def has_noted(self, kind: type[object]) -> bool:
        """Whether the drill's journal has a fact of a kind yet."""
        drill = self.drill
        if drill is None or not drill.journal.exists():
            return False
        return any(isinstance(each.fact, kind) for each in scan_drill_journal(drill.journal).entries)

    def ended(self, *, within_s: float = 90, keys: frozenset[str] = frozenset()) -> Carried:
        out, err = self.process.communicate(timeout=within_s)
        assert self.drill is not None, err
        return Carried(self.drill, Answer(self.process.returncode, out, err), keys)


@contextmanager
def drilling(root: Path, name: str, *options: str) -> Iterator[Drilling]:
    """Begin a drill under a root; it is ended by force when the block is left."""
    for each in ("prometheus", "prometheus-alertmanager"):
        program(each)
    elsewhere = root.parent / f"{root.name}-elsewhere"
    elsewhere.mkdir()
    command = [sys.executable, "-m", "tc", "drill", "run", name, "--json", "--artifacts-root", str(root), *options]
    process = subprocess.Popen(
        command, cwd=elsewhere, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield Drilling(root, process)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        for pid in living(root):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    assert list(elsewhere.iterdir()) == []


def living(root: Path) -> dict[int, str]:
    """Return the processes whose own roots lie under a root, and that have not ended, with their command lines."""
    found = {}
    ours = f"TC_ARTIFACTS_ROOT={root}/drills/".encode()
    for each in Path("/proc").iterdir():
        with suppress(OSError):
            if each.name.isdigit() and ours in (each / "environ").read_bytes() and not is_gone(int(each.name)):
                found[int(each.name)] = (each / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found


def keys_of(pid: int) -> frozenset[str]:
    """Return the secrets in a process's environment that are not in ours."""
    lines = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    theirs = dict(line.split("=", 1) for line in lines if "=" in line)
    return frozenset(value for name, value in theirs.items() if name not in os.environ and re.fullmatch(r"[0-9a-f]{64}", value))


def digests(folder: Path) -> dict[str, str]:
    """Return the digest of every file in a folder, but for those of drills."""
    files = (each for each in sorted(folder.rglob("*")) if each.is_file() and not each.is_relative_to(folder / "drills"))
    return {str(each.relative_to(folder)): hashlib.sha256(each.read_bytes()).hexdigest() for each in files}


def expected_of(name: str) -> frozenset[str]:
    """Return the lines of a sequence that the drill's document asks for."""
    return wanted(load_drill(SPECS / f"{name}.yaml"))


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("drills")
    return lambda name: folder / name


@dataclass(frozen=True)
class Beside:
    """What lay in the artifacts root before the drill, and lies there after it."""

    before: Mapping[str, str]
    after: Mapping[str, str]


@pytest.fixture(scope="module")
def passed(roots: Callable[[str], Path]) -> tuple[Carried, Beside]:
    root = roots("passed")
    make_run(root, f"{MISMATCH}-1")
    make_run(root, "another", status="stopped")
    before = digests(root)
    with drilling(root, MISMATCH) as going:
        venue = until(lambda: next((pid for pid, words in going.lab.items() if "venue serve" in words), None))
        carried = going.ended(keys=keys_of(venue))
        assert going.lab == {}
    return carried, Beside(before, digests(root))


# A drill that passes.


def test_a_mismatch_is_injected_noticed_stopped_and_recovered_from(passed: tuple[Carried, Beside]) -> None:
    carried, _ = passed
    done = carried.answer.json("drill-run")
    assert (carried.answer.code, done["verdict"]) == (0, "passed"), done["parts"]
    assert set(carried.outcomes.values()) == {"passed"}
    assert {"steady_state", "injection", "alerts", "unexpected", "gates", "invariants", "rollback", "recovery"} <= set(
        carried.outcomes
    )
    assert 0 < done["detect_ns"] <= done["mitigate_ns"] < done["ended_ns"] - done["started_ns"]
    assert expected_of(MISMATCH) <= set(done["sequence"])


def test_everything_of_it_lies_in_its_folder(passed: tuple[Carried, Beside]) -> None:
    carried, beside = passed
    drill = carried.drill
    assert drill.path.name == f"{MISMATCH}-1"
    assert drill.spec.read_bytes() == (SPECS / f"{MISMATCH}.yaml").read_bytes()
    assert drill.run_spec.read_bytes() == (SPECS / "paper.yaml").read_bytes()
    told = json.loads(carried.answer.out)
    assert Path(told.pop("folder")) == drill.path
    assert json.loads(drill.verdict.read_bytes()) == told
    assert drill.timeline.read_text().startswith("<!doctype html>")
    assert "## Timeline" in drill.incident.read_text()
    assert beside.after == beside.before
    assert sorted(each.name for each in drill.path.parents[1].iterdir()) == ["drills", "runs"]


def test_its_journal_is_whole_and_chained_from_its_start_to_its_verdict(passed: tuple[Carried, Beside]) -> None:
    carried, _ = passed
    scan = scan_drill_journal(carried.drill.journal)
    assert scan.damage is None
    facts = [each.fact for each in scan.entries]
    started, concluded = facts[0], facts[-1]
    assert isinstance(started, DrillStarted)
    assert isinstance(concluded, DrillConcluded)
    assert started.run_id == carried.drill.path.name
    assert started.spec_sha256 == hashlib.sha256(carried.drill.spec.read_bytes()).hexdigest()
    assert concluded.parts == read_verdict(carried.drill).parts
    assert [each.position for each in scan.entries] == list(range(1, len(facts) + 1))


def test_the_keys_of_its_lab_stand_in_no_file_of_it(passed: tuple[Carried, Beside]) -> None:
    carried, _ = passed
    assert len(carried.keys) == 2
    files = [each for each in carried.drill.path.rglob("*") if each.is_file()]
    assert len(files) > 30
    assert [each for each in files for key in carried.keys if key.encode() in each.read_bytes()] == []


def test_the_run_that_was_broken_verifies_and_replays_as_any_other(passed: tuple[Carried, Beside]) -> None:
    carried, _ = passed
    for command in ("verify", "replay"):
        done = typed(carried, "runs", command, carried.drill.path.name)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_report_counts_it(passed: tuple[Carried, Beside]) -> None:
    carried, _ = passed
    done = warm.tc("drill", "report", "--artifacts-root", carried.drill.path.parents[1], cwd=carried.drill.path)
    assert done.stdout.splitlines()[1].split()[:4] == [MISMATCH, "passed", "1", "1"]


# The same without its detector, and without alerts.


@pytest.fixture(scope="module")
def mutated(roots: Callable[[str], Path]) -> Carried:
    with drilling(roots("mutated"), STALE, "--without-detector") as going:
        return going.ended()


def test_without_its_detector_a_drill_fails_in_what_that_would_have_done(mutated: Carried) -> None:
    assert mutated.answer.code == 1
    assert mutated.answer.json("drill-run")["is_mutated"] is True
    assert {part for part, outcome in mutated.outcomes.items() if outcome != "passed"} == {"gates"}
    assert mutated.why("gates") == "blocked was not seen; reference_stale was not seen"


@pytest.fixture(scope="module")
def deaf(roots: Callable[[str], Path]) -> Carried:
    with drilling(roots("deaf"), MISMATCH, "--no-prometheus") as going:
        return going.ended()


def test_without_prometheus_only_what_is_said_of_alerts_is_inconclusive(deaf: Carried) -> None:
    assert deaf.answer.code == 7
    assert {part for part, outcome in deaf.outcomes.items() if outcome != "passed"} == {"alerts", "unexpected"}
    assert {deaf.outcomes[part] for part in ("alerts", "unexpected")} == {"inconclusive"}
    assert not deaf.drill.alerting.exists()


def test_the_same_seed_gives_the_same_order_of_what_is_done_and_what_must_come_of_it(
    passed: tuple[Carried, Beside], deaf: Carried
) -> None:
    spec = load_drill(SPECS / f"{MISMATCH}.yaml")

    def told(carried: Carried) -> list[str]:
        return [each for each in order_of(read_verdict(carried.drill).sequence, spec) if not each.startswith("alert ")]

    assert told(passed[0]) == told(deaf)
    assert len(told(deaf)) == 3 + sum(not each.startswith("alert ") for each in wanted(spec))


# Somebody ends it in the middle.


@dataclass(frozen=True)
class Ended:
    """Two drills that were ended in the middle: what ran of the one that was killed, and what is left of the other."""

    ran: Mapping[int, str]
    killed: DrillDirectory
    interrupted: Carried


@pytest.fixture(scope="module")
def ended(roots: Callable[[str], Path]) -> Ended:
    with drilling(roots("killed"), HANG) as killed, drilling(roots("interrupted"), STALE) as interrupted:
        until(lambda: interrupted.has_noted(FaultInjected))
        interrupted.process.send_signal(signal.SIGINT)
        until(lambda: killed.has_noted(FaultProven))
        ran = killed.lab
        killed.process.kill()
        carried = interrupted.ended()
        assert interrupted.lab == {}
        until(lambda: not killed.lab, within_s=GONE_WITHIN_S)
        assert killed.drill is not None
        return Ended(ran, killed.drill, carried)


def test_whoever_kills_a_drill_leaves_no_process_of_it_behind_and_none_that_hangs(ended: Ended) -> None:
    assert {part for part in PARTS if any(part in words for words in ended.ran.values())} == PARTS
    assert scan_drill_journal(ended.killed.journal).damage is None
    assert not ended.killed.verdict.exists()


def test_whoever_interrupts_a_drill_has_it_put_back_and_ended_in_order(ended: Ended) -> None:
    carried = ended.interrupted
    assert carried.answer.code == 7, carried.outcomes
    [failed] = carried.facts(DrillFailed)
    assert failed.reason == "somebody asked the drill to stop"
    assert carried.outcomes["rollback"] == "passed"
    assert len(carried.facts(FaultRestored)) == 1
    assert [each.status for each in carried.facts(RunEnded)] == ["stopped"]
    assert carried.drill.incident.is_file()
    assert json.loads(carried.answer.out)["verdict"] == "inconclusive"


# Its runbook.


def diagnosed() -> list[str]:
    """Return the commands in the diagnosis of the runbooks of all drills, each once."""
    found: dict[str, None] = {}
    for name in drill_names(SPECS):
        drill = load_drill(SPECS / f"{name}.yaml")
        text = (REPOSITORY / "runbooks" / f"{drill.runbook or drill.name}.md").read_text(encoding="utf-8")
        found |= dict.fromkeys(each for each in diagnosis(text) if each.startswith("tc "))
    return list(found)


def typed(carried: Carried, *words: str) -> "subprocess.CompletedProcess[str]":
    """Type a command in the place of a drill's run."""
    drill = carried.drill
    place = {"TC_ARTIFACTS_ROOT": drill.artifacts, "TC_RUNTIME_ROOT": drill.runtime, "TC_DATA_ROOT": drill.path / "data"}
    return warm.tc(*words, cwd=drill.path, timeout=60, **{name: str(path) for name, path in place.items()})


def test_every_command_of_a_diagnosis_does_its_work_on_what_a_drill_left(passed: tuple[Carried, Beside]) -> None:
    carried, _ = passed
    stands = stands_of(carried.drill)
    lines = diagnosed()
    assert len(lines) > 10
    done = []
    for line in lines:
        assert unknown_word(line) is None, line
        answer = typed(carried, *words_of(line, stands))
        done.append(Typed(line, answer.returncode, answer.stdout, answer.stderr))
    assert {each.line: (each.fault, each.err) for each in done if each.fault} == {}
