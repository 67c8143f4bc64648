"""`tc runs explain` and `tc evidence compare`: what a person sees, what a machine reads, and exit codes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import Answer
from fakes import make_run
from gated import GatedStream, gate_document
from gated_directories import ONE_A_SECOND, gated, gated_run, lines_of, play
from tc.core.events import OrderRejected
from tc.store.layout import RunDirectory

Tc = Callable[..., Answer]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the artifacts root."""
    return tmp_path / "artifacts"


@pytest.fixture
def run(root: Path) -> RunDirectory:
    """Return a sealed run under a gate."""
    return gated_run(root)


def test_explain_tells_the_life_of_an_order_with_positions_and_utc_stamps(command: Tc, run: RunDirectory) -> None:
    answer = command("runs", "explain", "gated", "--order", "O-LARGE")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("run     gated\nstatus  completed\ngate    on\norder   O-LARGE\n")
    lines = answer.out.splitlines()
    assert lines[5].split() == ["position", "at", "(UTC)", "what"]
    assert "18  2023-11-14 22:13:20.250000000  the new order O-LARGE was denied by Risk: " in answer.out
    assert lines[-1].startswith("in the end: never sent: it was denied by Risk")
    document = command("runs", "explain", "gated", "--order", "O-LARGE", "--json").json("runs-explain")
    assert (document["order"], document["lines"][-1]["source"]) == ("O-LARGE", "decision")
    assert document["lines"][-1]["position"] == 18


def test_explain_tells_what_happened_at_a_position_and_how_to_read_on(command: Tc, run: RunDirectory) -> None:
    answer = command("runs", "explain", "gated", "--position", "20")
    assert answer.code == 0
    assert answer.out.endswith("`tc runs explain gated --order O-2` tells the whole life of that order\n")
    assert "note: nothing was decided" in command("runs", "explain", "gated", "--position", "13").out
    document = command("runs", "explain", "gated", "--position", "20", "--json").json("runs-explain")
    assert (document["position"], document["keys"]) == (20, ["O-2"])


def test_explain_without_an_option_is_a_table_of_results_and_reasons(command: Tc, run: RunDirectory) -> None:
    answer = command("runs", "explain", "gated")
    assert answer.code == 0
    (denied,) = [line.split() for line in answer.out.splitlines() if line.startswith("denied")]
    assert denied[:6] == ["denied", "max_order_quantity", "R37", "1", "18", "O-LARGE"]
    assert "unrealised at the end: 2023-11-14 22:13:22 UTC: the rate limit lets the next command go" in answer.out
    document = command("runs", "explain", "gated", "--json").json("runs-explain")
    assert [each["result"] for each in document["outcomes"]][:2] == ["allowed", "held"]
    assert len(document["unrealised"]) == 1


def test_explain_of_an_unknown_order_names_the_nearest(command: Tc, run: RunDirectory) -> None:
    answer = command("runs", "explain", "gated", "--order", "O-LARG")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "error: run 'gated' knows no order 'O-LARG'\nhint: It knows 5; the nearest: O-LARGE.\n"
    assert command("runs", "explain", "gated", "--order", "O-1", "--position", "3").code == 2
    assert command("runs", "explain", "gated", "--position", "500").code == 2


def test_explain_works_on_a_crashed_run_and_on_one_without_a_gate(command: Tc, root: Path) -> None:
    gated_run(root, "crashed", play(is_ended=False), seal=False, decisions=b"")
    answer = command("runs", "explain", "crashed", "--order", "O-4")
    assert answer.code == 0
    assert "note: the run is not sealed: its decisions are derived again" in answer.out
    make_run(root, "plain")
    assert "in the end: filled completely" in command("runs", "explain", "plain", "--order", "O-1").out
    assert "note: the run has no gate" in command("runs", "explain", "plain").out
    assert command("runs", "explain", "plain", "--json").json("runs-explain")["gate"] == "off"


def test_explain_of_a_gate_that_decided_nothing_says_so(command: Tc, root: Path) -> None:
    gated_run(root, "idle", GatedStream(gated()))
    assert "\nno command was decided on\n" in command("runs", "explain", "idle").out


def test_what_a_venue_wrote_cannot_move_the_terminal(command: Tc, root: Path) -> None:
    stream = GatedStream(gated())
    stream.new("O-1")
    stream.submitted("O-1")
    stream.emit(OrderRejected(stream.now, stream.now, "O-1", "no\x1b[2J"))
    gated_run(root, "hostile", stream)
    out = command("runs", "explain", "hostile", "--order", "O-1").out
    assert "\x1b" not in out
    assert "in the end: the venue rejected it: no\\x1b[2J" in out


def test_replay_says_how_many_decisions_were_derived_again(command: Tc, run: RunDirectory) -> None:
    answer = command("runs", "replay", "gated")
    assert answer.code == 0
    assert answer.out.endswith("as recorded: 1 digest of State met, 9 decisions derived again\n")
    document = command("runs", "replay", "gated", "--json").json("runs-replay")
    assert (document["decisions"], list(document["state"]["execution"]["queue"]["pending"])) == (9, ["O-4"])


def test_replay_exits_6_on_an_altered_decision(command: Tc, root: Path) -> None:
    stream = play()
    gated_run(root, "altered", stream, decisions=b"".join(lines_of(stream)[:-1]))
    answer = command("runs", "replay", "altered")
    assert answer.code == 6
    assert "decision_mismatch: decisions.jsonl line 9, position 31\n" in answer.out


def test_evidence_of_two_runs_that_are_the_same_exits_0(command: Tc, root: Path, tmp_path: Path, run: RunDirectory) -> None:
    gated_run(root, "again")
    answer = command("evidence", "compare", "gated", "again")
    assert (answer.code, answer.err) == (0, "")
    assert "the same: configurations, streams and decisions do not differ\n" in answer.out
    assert answer.out.endswith("wrote evidence-gated-again/evidence.json\nwrote evidence-gated-again/evidence.md\n")
    assert (tmp_path / "evidence-gated-again" / "evidence.md").is_file()


def test_evidence_of_two_runs_that_differ_says_where_and_why_and_exits_1(
    command: Tc, root: Path, tmp_path: Path, run: RunDirectory
) -> None:
    gated_run(root, "other", play(gated(gate_document(rate=ONE_A_SECOND, max_order_quantity="20"))))
    answer = command("evidence", "compare", "gated", "other", "--out", "kept")
    assert answer.code == 1
    assert "they part  decision\n" in answer.out
    assert "left       position 18, " in answer.out
    (decisions,) = [line.split() for line in answer.out.splitlines() if line.startswith("decision ")]
    assert decisions == ["decision", "1", "18", "18"]
    document = command("evidence", "compare", "gated", "other", "--out", "kept", "--json").json("evidence-compare")
    assert document == json.loads((tmp_path / "kept" / "evidence.json").read_text(encoding="utf-8"))
    assert document["cause"]["related"][0]["path"] == "core.gate.limits.max_order_quantity"


def test_evidence_of_runs_of_different_length_shows_where_one_has_ended(command: Tc, root: Path, run: RunDirectory) -> None:
    gated_run(root, "cut", play(is_ended=False), seal=False)
    answer = command("evidence", "compare", "gated", "cut")
    assert answer.code == 1
    assert "right      the stream has ended" in answer.out
    assert "note: cut: the run is not sealed" in answer.out
    assert command("evidence", "compare", "gated", "cut", "--json").json("evidence-compare")["first"]["right"] is None
    assert command("evidence", "compare", "gated", "nothing-like-it").code == 6
