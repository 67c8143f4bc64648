"""`tc drill` lists what can be broken, refuses what it cannot read, and says by its exit code what is proven."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace

from commands import Answer
from documentation import REPOSITORY
from drill_records import carried_out
from drill_samples import disconnect_spec
from drill_specs import DRILL, drill_folder
from tc.checks.drills.facts import Part
from tc.checks.drills.verdict import judge
from tc.spec.drills.parse import drill_names
from tc.store.drills import create_drill, list_drills, read_verdict, scan_drill_journal, write_verdict

type Command = Callable[..., Answer]

SHIPPED = drill_names(REPOSITORY / "specs" / "drills")
CONTROLS = {"no-fault", "quiet-market"}
FULL_DISK = """\
drill_version: 1
name: {name}
title: The disk is full
description: It must stop.
steady_state: {{before: [{{probe: node_state, equals: trading}}]}}
faults: [{{kind: disk_full}}]
expect: {{events: [RunStopped]}}
"""
PAPER = (REPOSITORY / "specs" / "drills" / "paper.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("of", ["run no-fault", "suite"])
def test_a_seed_that_no_document_could_have_is_a_mistake_of_the_caller(command: Command, of: str) -> None:
    told = command("drill", *of.split(), "--seed", str(2**63))
    assert told.code == 2
    assert "--seed" in told.err


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let no program of the system be found: no Prometheus, and nothing that could mount a disk."""
    (tmp_path / "no-programs").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "no-programs"))


def full_disk(folder: Path, name: str = "full") -> Path:
    """Write a drill that cannot be carried out where no disk can be mounted."""
    folder.mkdir(parents=True, exist_ok=True)
    return drill_folder(folder, FULL_DISK.format(name=name), paper=PAPER, name=name)


def test_every_shipped_drill_is_listed_with_what_it_breaks_and_what_must_come_of_it(command: Command) -> None:
    text = command("drill", "list")
    assert (text.code, text.err) == (0, "")
    assert tuple(line.split()[0] for line in text.out.splitlines()[1:]) == SHIPPED
    drills = {each["name"]: each for each in command("drill", "list", "--json").json("drill-list")["drills"]}
    assert tuple(drills) == SHIPPED
    for name, drill in drills.items():
        document = yaml.safe_load((REPOSITORY / "specs" / "drills" / f"{name}.yaml").read_text(encoding="utf-8"))
        assert drill["title"] == document["title"]
        assert drill["faults"] == [each["kind"] for each in document.get("faults", ())]
        assert drill["alerts"] == [each["name"] for each in document.get("expect", {}).get("alerts", ())]
        assert (REPOSITORY / "runbooks" / f"{drill['runbook']}.md").is_file()
    assert {name for name in CONTROLS if drills[name]["alerts"]} == set()


def test_an_unknown_drill_is_refused_with_the_nearest_name_and_leaves_nothing(command: Command, tmp_path: Path) -> None:
    answer = command("drill", "run", "discconect")
    assert (answer.code, answer.out) == (2, "")
    assert "there is no drill 'discconect'; did you mean 'disconnect'?" in answer.err
    assert "tc drill list" in answer.err
    assert not (tmp_path / "artifacts").exists()


def test_every_problem_of_a_wrong_document_is_told_at_once_with_its_place(command: Command, tmp_path: Path) -> None:
    text = DRILL.replace("kind: down", "kind: dwon").replace("{name: TcVenueDisconnected,", "{name: TcNobody,")
    answer = command("drill", "run", drill_folder(tmp_path, text))
    assert answer.code == 2
    assert f"disconnect.yaml:{_line(text, 'dwon')}: faults[0].kind" in answer.err
    assert f"disconnect.yaml:{_line(text, 'TcNobody')}: expect.alerts[0].name" in answer.err
    assert not (tmp_path / "artifacts").exists()


def _line(text: str, word: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if word in line)


def test_a_document_that_is_no_drill_and_one_that_is_not_there_are_refused(command: Command, tmp_path: Path) -> None:
    drill_folder(tmp_path)
    assert "this is no DrillSpec" in command("drill", "run", "paper.yaml").err
    missing = command("drill", "run", "missing.yaml")
    assert missing.code == 2
    assert "missing.yaml" in missing.err


@pytest.mark.parametrize("words", [("run", "disconnect"), ("suite",), ("suite", "--tags", "short", "--json")], ids=" ".join)
def test_without_prometheus_nothing_is_begun_and_the_hint_says_how_to_go_on(
    command: Command, bare: None, tmp_path: Path, words: tuple[str, ...]
) -> None:
    answer = command("drill", *words)
    assert (answer.code, answer.out) == (7, "")
    assert "prometheus and prometheus-alertmanager cannot be found" in answer.err
    assert "--no-prometheus" in answer.err
    assert not (tmp_path / "artifacts").exists()


@pytest.mark.parametrize("name", sorted(CONTROLS))
def test_a_control_has_no_detector_that_could_be_switched_off(command: Command, tmp_path: Path, name: str) -> None:
    answer = command("drill", "run", name, "--without-detector", "--no-prometheus")
    assert (answer.code, answer.out) == (2, "")
    assert "no detector" in answer.err
    assert not (tmp_path / "artifacts").exists()


def test_a_drill_that_cannot_be_done_here_proves_nothing_and_says_why(command: Command, bare: None, tmp_path: Path) -> None:
    path = full_disk(tmp_path / "mine")
    told = command("drill", "run", path, "--no-prometheus", "--seed", "5", "--json")
    done = told.json("drill-run")
    assert (told.code, told.err) == (7, "")
    assert (done["drill"], done["number"], done["seed"], done["verdict"]) == ("full", 1, 5, "inconclusive")
    assert done["sees_alerts"] is False
    outcomes = {each["part"]: each["outcome"] for each in done["parts"]}
    assert set(outcomes.values()) == {"inconclusive"}
    [why] = [each["reason"] for each in done["parts"] if each["part"] == "drill"]
    assert "mount" in why
    [drill] = list_drills(tmp_path / "artifacts")
    assert Path(done["folder"]).resolve() == drill.path
    assert read_verdict(drill).verdict == "inconclusive"
    scan = scan_drill_journal(drill.journal)
    assert scan.damage is None
    assert [type(each.fact).__name__ for each in scan.entries] == ["DrillStarted", "DrillFailed", "DrillConcluded"]


def test_what_came_of_a_drill_is_shown_part_by_part_with_where_its_report_lies(
    command: Command, bare: None, tmp_path: Path
) -> None:
    path = full_disk(tmp_path / "mine")
    command("drill", "run", path, "--no-prometheus")
    answer = command("drill", "run", path, "--no-prometheus")
    assert answer.code == 7
    assert "drill            full-2: The disk is full" in answer.out
    assert "verdict          INCONCLUSIVE" in answer.out
    for name in ("timeline.html", "incident.md"):
        assert (tmp_path / "artifacts" / "drills" / "full-2" / name).is_file()
        assert name in answer.out
    assert "no alert can be seen without Prometheus" in answer.out


def test_no_drill_of_an_unknown_tag_is_told_before_anything_is_begun(command: Command, tmp_path: Path) -> None:
    answer = command("drill", "suite", "--tags", "shrot, fast", "--no-prometheus")
    assert (answer.code, answer.out) == (2, "")
    assert "no drill is tagged shrot or fast" in answer.err
    assert not (tmp_path / "artifacts").exists()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--tags", "short,shrot"), "no drill is tagged shrot\n"),
        (("--tags", " , ,"), "--tags ' , ,' names no tag"),
        (("--repeat", "1001"), "1001 is not in the range"),
        (("--jobs", "0"), "0 is not in the range"),
    ],
    ids=str,
)
def test_a_suite_that_is_asked_for_wrongly_begins_nothing(
    command: Command, tmp_path: Path, options: tuple[str, str], why: str
) -> None:
    answer = command("drill", "suite", "--no-prometheus", *options)
    assert (answer.code, answer.out) == (2, "")
    assert why in answer.err
    assert not (tmp_path / "artifacts").exists()


def test_where_not_even_the_document_can_be_kept_the_file_is_named(tmp_path: Path) -> None:
    path = full_disk(tmp_path / "mine")
    words = (sys.executable, "-m", "tc", "drill", "run", str(path), "--no-prometheus", "--artifacts-root", str(tmp_path / "full"))
    told = subprocess.run(("sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *words), capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (6, "")
    assert "full-1/drill.yaml cannot be written: File too large" in told.stderr
    assert list((tmp_path / "full" / "drills" / "full-1").iterdir()) == []


TRANSPORT = ("disconnect", "fill-during-disconnect", "reconnect-storm")


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Let drills be shipped that cannot be carried out where no disk can be mounted."""
    for name in TRANSPORT:
        full_disk(tmp_path / "shipped", name)
    for module in ("shipped", "suite"):
        monkeypatch.setattr(f"tc.wiring.drills.{module}.shipped_folder", lambda: tmp_path / "shipped")
    return tmp_path / "shipped"


def test_a_suite_in_which_nothing_is_proven_is_inconclusive(command: Command, bare: None, shipped: Path, tmp_path: Path) -> None:
    (tmp_path / "specs" / "drills").mkdir(parents=True)
    (tmp_path / "specs" / "drills" / f"{TRANSPORT[0]}.yaml").write_text("drill_version: 1\n")  # It is not the one that is meant.
    answer = command("drill", "suite", "--no-prometheus", "--jobs", "3", "--json")
    done = answer.json("drill-suite")
    assert answer.code == 7
    assert [each["drill"] for each in done["drills"]] == list(TRANSPORT)
    assert (done["verdict"], done["resilience"], done["not_carried_out"]) == ("inconclusive", "0.00 %", [])


def test_a_suite_fails_when_a_drill_leaves_no_verdict_and_says_why(
    command: Command, bare: None, shipped: Path, tmp_path: Path
) -> None:
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / "drills").write_text("no folder")
    answer = command("drill", "suite", "--no-prometheus", "--jobs", "3")
    assert answer.code == 1
    lost = [line for line in answer.out.splitlines() if line.startswith("no verdict    ")]
    assert [line.split()[2] for line in lost] == [f"{name}:" for name in TRANSPORT]
    assert all(": error: " in line and "artifacts/drills" in line for line in lost)
    assert "0 passed, 0 failed, 0 inconclusive" in answer.out


def test_a_report_of_nothing_says_so(command: Command) -> None:
    answer = command("drill", "report")
    assert (answer.code, answer.err) == (0, "")
    assert "no drill was carried out under artifacts" in answer.out
    assert command("drill", "report", "--json").json("drill-report") == {
        "resilience": "",
        "without_verdict": [],
        "damaged": [],
        "executions": [],
    }


def test_a_report_counts_by_weight_what_passed_last_and_leaves_mutations_out(command: Command, tmp_path: Path) -> None:
    root = tmp_path / "elsewhere"
    carried_out(root, "disconnect", weight=3, verdict="failed", parts=(Part("alerts", "failed", "TcA did not fire"),))
    carried_out(root, "disconnect", weight=3, detect_ns=1_810_000_000)
    carried_out(root, "node-hang", weight=1, verdict="inconclusive", detect_ns=None, mitigate_ns=None, recover_ns=None)
    carried_out(root, "mute-feed", weight=9, verdict="failed", is_mutated=True)
    (root / "drills" / "mute-feed-2").mkdir()  # One that goes on has no verdict yet.
    answer = command("drill", "report", "--artifacts-root", root)
    assert (answer.code, answer.err) == (0, "")
    header, disconnect, hang, *rest = answer.out.splitlines()
    assert header.split() == ["Drill", "Last", "Executions", "Passed", "Failed", "Inconclusive", "Detect", "Mitigate", "Recover"]
    assert disconnect.split()[:7] == ["disconnect", "passed", "2", "1", "1", "0", "1.31"]
    assert hang.split()[:6] == ["node-hang", "inconclusive", "1", "0", "0", "1"]
    assert rest == ["", "resilience  75.00 %", "without a verdict, as they go on or were killed: mute-feed-2"]
    document = command("drill", "report", "--artifacts-root", root, "--json").json("drill-report")
    assert document["resilience"] == "75.00 %"
    assert [(each["drill"], each["number"], each["is_mutated"]) for each in document["executions"]] == [
        ("disconnect", 1, False),
        ("disconnect", 2, False),
        ("mute-feed", 1, True),
        ("node-hang", 1, False),
    ]


def test_a_verdict_that_is_damaged_is_told_and_hides_no_other(command: Command, tmp_path: Path) -> None:
    carried_out(tmp_path / "artifacts", "mute-feed")
    drill = carried_out(tmp_path / "artifacts", "disconnect")
    stolen = read_verdict(drill)
    drill.verdict.write_text(json.dumps({"schema": 1, "verdict": "passed"}))
    write_verdict(create_drill(tmp_path / "artifacts", "mute-feed"), replace(stolen, verdict="failed", weight=100))
    document = command("drill", "report", "--json").json("drill-report")
    assert [each["drill"] for each in document["executions"]] == ["mute-feed"]
    assert (document["without_verdict"], document["resilience"]) == ([], "0.00 %")
    assert [each["execution"] for each in document["damaged"]] == ["disconnect-1", "mute-feed-2"]
    told = command("drill", "report")
    assert (told.code, told.err) == (0, "")
    assert told.out.splitlines()[-2:] == [f"damaged, and counted as inconclusive: {each['why']}" for each in document["damaged"]]
    assert "mute-feed-2/verdict.json is the verdict of disconnect-1" in told.out
    rows = [line.split()[:6] for line in told.out.splitlines()[1:3]]
    assert rows == [["disconnect", "inconclusive", "1", "0", "0", "1"], ["mute-feed", "inconclusive", "2", "1", "0", "1"]]


def test_where_every_drill_was_killed_a_report_names_them(command: Command, tmp_path: Path) -> None:
    (tmp_path / "artifacts" / "drills" / "disconnect-1").mkdir(parents=True)
    answer = command("drill", "report")
    assert answer.out == "without a verdict, as they go on or were killed: disconnect-1\n"


def test_a_hostile_artifacts_root_is_told_and_not_obeyed(command: Command, tmp_path: Path) -> None:
    root = tmp_path / "\x1b[31mred"
    assert "\x1b" not in command("drill", "report", "--artifacts-root", root).out


def test_an_execution_that_is_judged_again_comes_to_what_it_says(command: Command, bare: None, tmp_path: Path) -> None:
    command("drill", "run", full_disk(tmp_path / "mine"), "--no-prometheus")
    told = command("drill", "report", "--verify", "--json")
    assert told.code == 0
    assert [each["verdict"] for each in told.json("drill-report")["executions"]] == ["inconclusive"]
    [drill] = list_drills(tmp_path / "artifacts")
    assert command("spec", "validate", drill.spec).code == 0


@pytest.mark.parametrize(
    ("artifact", "before", "after", "why"),
    [
        (
            "verdict.json",
            '"verdict": "inconclusive"',
            '"verdict": "passed"',
            "verdict: passed; by the journal's facts inconclusive",
        ),
        ("verdict.json", '"weight": 1', '"weight": 7', "weight: 7; by the journal's facts 1"),
        ("verdict.json", "it was never looked at", "well", "parts: steady_state inconclusive: well; by the journal's facts"),
        ("drill.yaml", "The disk is full", "The disk is fine", "drill.yaml is not the document that was carried out"),
        ("drill.yaml", "drill_version: 1", "drill_version: 9", "drill_version"),
        ("journal.jsonl", '"seed":1', '"seed":2', "journal.jsonl line 1: digest_mismatch"),
        ("journal.jsonl", None, "", "journal.jsonl does not go from the drill's start to its verdict"),
    ],
    ids=str,
)
def test_an_execution_whose_artifacts_were_altered_is_damaged_when_it_is_judged_again(
    command: Command, bare: None, tmp_path: Path, artifact: str, before: str | None, after: str, why: str
) -> None:
    command("drill", "run", full_disk(tmp_path / "mine"), "--no-prometheus")
    [drill] = list_drills(tmp_path / "artifacts")
    path = drill.path / artifact
    text = path.read_text(encoding="utf-8")
    path.write_text(after if before is None else text.replace(before, after, 1), encoding="utf-8")
    assert path.read_text(encoding="utf-8") != text
    told = command("drill", "report", "--verify")
    assert told.code == 6
    assert "damaged, and counted as inconclusive: " in told.out
    assert why in told.out


def test_what_another_version_carried_out_is_held_to_the_verdict_in_its_journal(
    command: Command, bare: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("drill", "run", full_disk(tmp_path / "mine"), "--no-prometheus")
    monkeypatch.setattr("tc.flows.drills.verdict.judge", lambda _spec, facts: judge(disconnect_spec(), facts))
    assert command("drill", "report", "--verify").code == 6
    monkeypatch.setattr("tc.flows.drills.verdict.__version__", "9.9.9")
    assert command("drill", "report", "--verify").code == 0
