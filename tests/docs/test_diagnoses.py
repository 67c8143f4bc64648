"""What runbooks say under Diagnosis is typed on what drills have left, and a command that does not do its work there is told."""

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from diagnosing import Typed, stands_of, words_of
from documented_commands import diagnosis, first_of

from documentation import REPOSITORY, RUNBOOKS, name_of
from drill_records import carried_out
from fakes import make_run, run_configuration, trading_day
from tc.core.events import FeedDegraded, OrderFilled
from tc.errors import ExitCode
from tc.store.drill_facts import AnyDrillFact, FaultInjected, Observed
from tc.store.drills import DrillDirectory, DrillJournal
from tc.store.journal import read_entries

RUNBOOK = """
# A runbook

`tc runs list` is no part of it.

## Diagnosis

```console
$ tc runs show RUN
$ tc runs list | grep RUN
$ uptime
```

`tc kill status`, `tc runs show RUN`, `tc reconcile RUN` and `tc metrics serve`.

## Mitigation

```console
$ tc runs stop RUN
```
"""


def drilled(root: Path, name: str, *facts: AnyDrillFact, has_run: bool = True, **verdict: object) -> DrillDirectory:
    """Leave the folder of a drill with its facts and the run that it broke."""
    drill = carried_out(root, name, **verdict)
    with DrillJournal(drill.journal) as journal:
        for fact in facts or (injected(0),):
            journal.append(fact)
    drill.runtime.mkdir()
    drill.alerting.mkdir()
    if has_run:
        make_run(drill.artifacts, drill.path.name)
    return drill


def injected(at_ns: int) -> FaultInjected:
    return FaultInjected(at_ns=at_ns, elapsed_ns=0, fault=1, kind="down", target="venue")


def typed(root: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(REPOSITORY / "scripts" / "diagnose_drills.py"), str(root), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def digests(folder: Path) -> dict[Path, str]:
    return {each: hashlib.sha256(each.read_bytes()).hexdigest() for each in folder.rglob("*") if each.is_file()}


def filled(drill: DrillDirectory) -> list[tuple[int, OrderFilled]]:
    entries = read_entries(drill.artifacts / "runs" / drill.path.name / "journal.jsonl")
    return [(each.position, each.event) for each in entries if isinstance(each.event, OrderFilled)]


# Which commands.


def test_a_diagnosis_is_what_is_typed_there_and_what_a_line_there_says_of_the_run_each_once() -> None:
    assert diagnosis(RUNBOOK) == ("tc runs show RUN", "tc runs list", "uptime", "tc kill status", "tc reconcile RUN")


@pytest.mark.parametrize("rest", ["", " | tail", " && tc doctor", " > file", "; date", " || true"])
def test_of_a_line_only_the_first_command_is_typed(rest: str) -> None:
    assert first_of(f"tc runs list{rest}") == "tc runs list"


@pytest.mark.parametrize("path", RUNBOOKS, ids=name_of)
def test_every_runbook_has_something_to_type_under_its_diagnosis(path: Path) -> None:
    assert diagnosis(path.read_text(encoding="utf-8"))


def test_words_stand_for_what_the_drill_has_left_and_a_venue_that_is_gone_is_asked_once() -> None:
    line = "tc connectivity probe --run RUN --url http://127.0.0.1/RUN --count 20"
    assert words_of(line, {"RUN": "a-1"}) == [
        "connectivity", "probe", "--run", "a-1", "--url", "http://127.0.0.1/RUN", "--count", "1",
    ]  # fmt: skip


# Which order.


def test_the_order_is_one_that_a_comparison_found(tmp_path: Path) -> None:
    first = drilled(tmp_path, "lost-ack")
    _, last = filled(first)[-1]
    detail = f"order {last.client_order_id}: expected ACCEPTED, found FILLED"
    drill = drilled(tmp_path, "lost-ack", Observed(at_ns=0, elapsed_ns=0, source="finding", name="order_differs", detail=detail))
    assert stands_of(first)["KEY"] != last.client_order_id
    assert stands_of(drill) == {**stands_of(drill), "RUN": "lost-ack-2", "KEY": last.client_order_id, "my-run.yaml": "paper.yaml"}


def test_without_a_finding_it_is_one_that_something_happened_to_since_the_fault(tmp_path: Path) -> None:
    position, late = filled(drilled(tmp_path, "lost-ack"))[-1]
    drill = drilled(tmp_path, "lost-ack", injected(late.at_ns))
    assert (stands_of(drill)["KEY"], stands_of(drill)["N"]) == (late.client_order_id, str(position))


def test_the_position_is_that_of_the_gap_where_market_data_was_lost(tmp_path: Path) -> None:
    configuration = run_configuration()
    venue = trading_day(configuration)
    venue.emit(FeedDegraded(venue.now, venue.now, "BTCUSDT.X", "a gap"))
    venue.accepted("BUY", "1.0")
    drill = drilled(tmp_path, "sequence-gap", has_run=False)
    make_run(drill.artifacts, drill.path.name, configuration=configuration, entries=venue.entries)
    [gap] = [each.position for each in venue.entries if isinstance(each.event, FeedDegraded)]
    assert stands_of(drill)["N"] == str(gap)


def test_a_run_without_orders_has_no_key(tmp_path: Path) -> None:
    assert set(stands_of(drilled(tmp_path, "lost-ack", has_run=False))) == {"RUN", "my-run.yaml"}


# Whether it did its work.


@pytest.mark.parametrize("code", ExitCode)
def test_only_some_exit_codes_are_those_of_work_that_was_done(code: ExitCode) -> None:
    is_done = Typed("tc runs list", code, "no runs\n").fault == ""
    assert is_done == (code in {ExitCode.OK, ExitCode.FOUND, ExitCode.REFUSED, ExitCode.UNREACHABLE})


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        (Typed("tc", None), "it did not end"),
        (Typed("tc", 2, "", "no such option"), "it ended with 2"),
        (Typed("tc", 1, "", "Traceback (most recent call last):\n"), "it showed a traceback"),
        (Typed("tc", 0, "\n"), "it said nothing"),
    ],
)
def test_what_did_not_do_its_work_is_told_why(typed: Typed, fault: str) -> None:
    assert typed.fault == fault


# All of it, on drills as they lie there.


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("drills")
    drilled(root, "mute-feed", has_run=False)
    drilled(root, "mute-feed")
    drilled(root, "mute-feed", has_run=False, is_mutated=True, verdict="failed")
    (root / "drills" / "mute-feed-4").mkdir()
    drilled(root, "alertmanager-down")
    return root


def test_the_newest_finished_execution_that_had_its_detector_is_diagnosed_and_left_as_it_was(root: Path) -> None:
    before = digests(root)
    done = typed(root)
    rows = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stdout + done.stderr
    assert rows[:2] == [
        "alertmanager-down-1 alertmanager-down 0 of 0 commands, 4 of other programs left out",
        "mute-feed-2 mute-feed 2 of 2 commands, 1 of other programs left out",
    ]
    assert "of 2 of 2 drills does its work" in done.stdout
    assert digests(root) == before


def test_drills_without_an_execution_are_named_and_count_only_where_all_are_asked_for(root: Path) -> None:
    [line] = [each for each in typed(root, "mute-feed", "no-fault").stdout.splitlines() if "not carried out there" in each]
    assert line == "not carried out there: no-fault"
    assert [typed(root, "mute-feed", "no-fault", *all_of).returncode for all_of in ((), ("--all",))] == [0, 1]


def test_a_command_that_does_not_do_its_work_is_shown_with_what_it_said(tmp_path: Path) -> None:
    drilled(tmp_path, "mute-feed", has_run=False)
    done = typed(tmp_path)
    assert done.returncode == 1
    assert "  $ tc runs explain RUN\n    it ended with 6\n    | error:" in done.stdout
    assert "not: mute-feed-1" in done.stdout


@pytest.mark.parametrize(("name", "said"), [((), "no shipped drill was carried out"), (("no-such",), "no such drill: no-such")])
def test_a_root_without_drills_and_an_unknown_name_are_refused(tmp_path: Path, name: Sequence[str], said: str) -> None:
    done = typed(tmp_path, *name)
    assert done.returncode == 2
    assert said in done.stderr
