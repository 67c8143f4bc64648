"""A lab types commands as an operator does, reads what no run says of itself, and takes itself apart."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest

from fakes import make_run
from paper_runs import is_gone, until
from run_specs import PAPER
from tc.errors import UnreachableError
from tc.lab.lab import VENUE_PROBES, Bench, ProcessLab
from tc.lab.making import lab_environment, run_process, venue_process
from tc.lab.process import LabProcess
from tc.lab.receiver import Alert, Message, Receiver
from tc.ports.drills import Acted, Seen
from tc.store.layout import run_directory
from tc.store.nodes import NodeDocument, write_node

SLEEPS = (sys.executable, "-c", "import time; time.sleep(60)")


@dataclass(frozen=True)
class Straight:
    """A way to the venue that is none."""

    url: str = "http://127.0.0.1:9"


def sleeper(folder: Path, name: str) -> LabProcess:
    return LabProcess(name, SLEEPS, environment=dict(os.environ), folder=folder, log=folder / f"{name}.log")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    environment = lab_environment(tmp_path, ("A_KEY", "A_SECRET"))
    return Bench(
        run=run_directory(tmp_path / "artifacts", "drilled"),
        folder=tmp_path,
        runtime_root=tmp_path / "runtime",
        environment=environment,
        venue=sleeper(tmp_path, "venue"),
        venue_url="http://127.0.0.1:9",
        way=Straight(),
        start_run=lambda words: run_process(tmp_path, environment, words),
        run_command=("version",),
        alerting=None,
        receiver=None,
        run_name="drill",
        read_venue=dict,
    )


@pytest.fixture
def made(bench: Bench) -> Iterator[Callable[..., ProcessLab]]:
    """Return what makes a lab of the bench with some of it changed; whatever is alive in the end is ended."""
    with ExitStack() as stack:

        def make(*, answers_within_s: float = 30, **changed: object) -> ProcessLab:
            lab = ProcessLab(replace(bench, **changed), answers_within_s=answers_within_s)  # type: ignore[arg-type]
            stack.callback(lab.close)
            return lab

        yield make


def test_what_an_operator_types_is_done_in_the_lab_s_own_roots(made: Callable[..., ProcessLab], bench: Bench) -> None:
    lab = made()
    make_run(bench.folder / "artifacts", "drilled")
    done = lab.act(("runs", "verify", "RUN"))
    assert done.exit_code == 0
    assert done.said
    assert {each.source for each in lab.look()} == {"event"}


def test_findings_that_a_command_prints_are_seen_once(made: Callable[..., ProcessLab], bench: Bench) -> None:
    lab = made()
    run = make_run(bench.folder / "artifacts", "drilled")
    run.report_md.write_text("# Another report\n")
    assert lab.act(("runs", "verify", "RUN", "--json")).exit_code == 6
    found = [each for each in lab.look() if each.source == "finding"]
    assert Seen("finding", "artifact", "how a command ended") in found
    assert any("report.md" in each.detail for each in found)
    assert [each for each in lab.look() if each.source == "finding"] == []


def test_how_a_command_ends_that_cannot_do_its_work_is_a_finding(made: Callable[..., ProcessLab]) -> None:
    lab = made()
    done = lab.act(("runs", "show", "RUN"))
    assert done.exit_code == 6
    assert done.said.startswith("error: there is no run 'drilled'")
    assert lab.act(("run", "--no-such-option")).exit_code == 2
    assert lab.look() == (
        Seen("finding", "artifact", "how a command ended"),
        Seen("finding", "usage", "how a command ended"),
    )


def test_the_venue_s_url_stands_where_an_operator_would_type_it(made: Callable[..., ProcessLab], bench: Bench) -> None:
    (bench.folder / "paper.yaml").write_text(PAPER)
    probe = ("connectivity", "probe", "--spec", "paper.yaml", "--url", "VENUE", "--timeout-ms", "300", "--json")
    assert made().act((*probe, "--fail-on", "unreachable")).exit_code == 1
    assert made().act(("venue", "no-such-command", "VENUE")).exit_code == 2


def test_a_command_that_does_not_end_is_told_and_not_waited_for(made: Callable[..., ProcessLab], bench: Bench) -> None:
    keys = ("--api-key-env", "A_KEY", "--api-secret-env", "A_SECRET")
    endless = ("venue", "serve", "--port", "0", "--state", str(bench.folder / "other.sqlite"), *keys)
    assert made(answers_within_s=2).act(endless) == Acted(-1, "it did not end within 2 s")


def test_a_command_beside_is_not_waited_for_and_leaves_what_it_said(made: Callable[..., ProcessLab], bench: Bench) -> None:
    lab = made()
    lab.act_beside(("kill", "activate", "--name", "drill", "--mode", "halt", "--reason", "a test"))
    until(lambda: lab.read("kill_switch") == "halt")
    until(lambda: "name drill" in (bench.runtime_root / "acted.log").read_text())


def test_the_venue_is_asked_for_what_it_holds_itself(made: Callable[..., ProcessLab]) -> None:
    held: Mapping[str, Decimal] = {name: Decimal(7) for name in VENUE_PROBES}
    lab = made(read_venue=lambda: held)
    assert {name: lab.read(name) for name in VENUE_PROBES} == held
    assert {made().read(name) for name in VENUE_PROBES} == {None}


def test_the_venue_is_asked_once_for_all_probes_and_not_at_each_look_and_anew_when_all_was_put_back(
    made: Callable[..., ProcessLab],
) -> None:
    asked: list[float] = []

    def read() -> Mapping[str, Decimal]:
        asked.append(time.monotonic())
        return {name: Decimal(len(asked)) for name in VENUE_PROBES}

    lab = made(read_venue=read)
    assert {lab.read(name) for name in VENUE_PROBES} == {Decimal(1)}
    lab.forget()
    assert {lab.read(name) for name in VENUE_PROBES} == {Decimal(2)}
    until(lambda: lab.read("venue_position") == 4)
    assert asked[3] - asked[2] >= 0.25
    assert asked[2] - asked[1] >= 0.25


def test_a_part_that_has_ended_is_told_also_where_another_answers_in_its_place(
    made: Callable[..., ProcessLab], bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = (sys.executable, "-c", "import sys; sys.exit('its port is taken')")
    venue = LabProcess("venue", command, environment=dict(os.environ), folder=bench.folder, log=bench.folder / "venue.log")
    lab = made(venue=venue)
    monkeypatch.setattr(lab, "_is_venue_up", lambda: venue.wait(10))
    with pytest.raises(UnreachableError, match="venue has ended: its port is taken"):
        lab.start()


def test_alerts_are_read_and_seen_of_whoever_is_told_and_of_nobody_else(made: Callable[..., ProcessLab]) -> None:
    assert made().read("alerts") is None
    receiver = Receiver(60)
    lab = made(receiver=receiver)
    assert lab.read("alerts") == 0
    receiver.take(Message((Alert("firing", {"alertname": "TcA"}, {"summary": "so"}),), "one"))
    assert lab.read("alerts") == 1
    assert lab.look() == (Seen("alert", "TcA", "so"),)
    assert lab.look() == ()


@pytest.mark.parametrize(("raised", "read"), [((), "none"), (("TcA", "TcB"), "TcA, TcB"), (None, None)])
def test_the_alerts_on_their_way_are_read_where_prometheus_says_which(
    made: Callable[..., ProcessLab], monkeypatch: pytest.MonkeyPatch, raised: tuple[str, ...] | None, read: str | None
) -> None:
    monkeypatch.setattr("tc.lab.lab.raised_alerts", lambda url: raised if url == "http://prometheus" else ("another",))
    assert made(alerting=SimpleNamespace(prometheus_url="http://prometheus", processes=())).read("raised_alerts") == read
    assert made().read("raised_alerts") is None


def test_the_node_is_the_one_that_the_runtime_root_names(made: Callable[..., ProcessLab], bench: Bench) -> None:
    lab = made()
    assert (lab.run_pid, lab.node_pid) == (0, 0)
    write_node(
        bench.runtime_root, NodeDocument(run_id="drilled", name="d", directory="/r", socket="", pid=os.getpid(), venue_url="")
    )
    assert lab.node_pid == os.getpid()


def test_a_part_that_does_not_come_up_is_told_with_its_last_words(made: Callable[..., ProcessLab], bench: Bench) -> None:
    command = (sys.executable, "-c", "import sys; sys.exit('no room')")
    venue = LabProcess("venue", command, environment=dict(os.environ), folder=bench.folder, log=bench.folder / "venue.log")
    with pytest.raises(UnreachableError, match="the venue does not answer: venue has ended: no room") as caught:
        made(venue=venue).start()
    assert "venue.log" in caught.value.hint


def test_a_run_that_ends_before_it_trades_is_told_and_nothing_is_left(made: Callable[..., ProcessLab], bench: Bench) -> None:
    venue, url, _ = venue_process(bench.folder, bench.environment, ("--api-key-env", "A_KEY", "--api-secret-env", "A_SECRET"))
    lab = made(venue=venue, venue_url=url, run_command=("run", "missing.yaml"))
    with pytest.raises(UnreachableError, match="the run does not trade: run has ended: "):
        lab.start()
    assert venue.is_running
    lab.close()
    assert is_gone(venue.pid)


def test_a_resume_that_is_refused_ends_with_the_exit_code_of_the_refusal(made: Callable[..., ProcessLab], bench: Bench) -> None:
    lab = made()
    make_run(bench.folder / "artifacts", "drilled")
    done = lab.act(("run", "--resume", "RUN"))
    assert done.exit_code == 3
    assert done.said.startswith("error: ")
    assert [each.name for each in lab.look() if each.source == "finding"] == ["refused"]


def test_the_keys_of_a_lab_are_made_for_it(tmp_path: Path) -> None:
    one, two = (lab_environment(tmp_path / name, ("A_KEY",)) for name in ("one", "two") if not (tmp_path / name).mkdir())
    assert one["A_KEY"] != two["A_KEY"]
    assert len(one["A_KEY"]) == 64
    assert one["TC_ARTIFACTS_ROOT"] == str(tmp_path / "one" / "artifacts")
    assert [each.name for each in sorted((tmp_path / "one").iterdir())] == ["artifacts", "data", "runtime"]
