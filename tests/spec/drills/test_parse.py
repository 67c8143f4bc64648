"""DrillSpecs are read as RunSpecs are: every problem at once, and what is valid complete and in canonical spelling."""

import os
from pathlib import Path
from typing import get_args

import pytest
from msgspec import inspect

from drill_specs import ALERTS, DRILL, RUNBOOKS, drill_folder
from run_specs import PAPER, SMOKE, edited, wrong_values
from tc.cli.main import app
from tc.errors import DocumentError
from tc.spec.drills.check import HINT_DRILL, CheckedDrill, check_any
from tc.spec.drills.drill_spec import USUAL, ExpectedAlert, FaultKind, FaultSpec, FaultTarget, ProbeName
from tc.spec.drills.fault_parameters import FAULT_PARAMETERS, transport
from tc.spec.drills.parse import drill_names, fault_parameters, find_drill, load_drill
from tc.spec.drills.reading import Known
from tc.spec.drills.words import COMMANDS, PROBES, TARGETS
from tc.spec.library import PACKAGED
from tc.spec.reading.expected import expected
from tc.spec.reading.reader import _READERS

KNOWN = Known(ALERTS, RUNBOOKS)


def told(path: Path) -> list[str]:
    return [str(problem).replace(f"{path.parent}/", "") for problem in check_any(path, known=KNOWN).problems]


def test_a_valid_drill_is_complete_and_in_canonical_spelling(tmp_path: Path) -> None:
    spec = load_drill(drill_folder(tmp_path), alerts=ALERTS, runbooks=RUNBOOKS)
    assert (spec.name, spec.runbook, spec.weight, spec.rollback) == ("disconnect", "venue-connection", 2, "always")
    assert [(fault.at, fault.target, fault.until, fault.until_s) for fault in spec.faults] == [
        ("0", "venue", "detected", None),
        ("1", "venue", "4", 4),
        ("1.5", "run", "end", None),
    ]
    assert spec.faults[1].parameters == {
        "connections": "all",
        "toxicity": "1",
        "direction": "both",
        "latency_s": "0.2",
        "jitter_s": "0",
    }
    assert fault_parameters(spec.faults[1]) == transport.Latency(latency_s="0.2")
    assert spec.steady_state.before[1].at_most == "4.5"
    assert spec.watch_s == "0"


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    text = """\
drill_version: 1
name: disconnect
title: x
description: x
faults: [{kind: journal_bit_flipped}, {kind: sigstop}]
expect: {gates: [blocked]}
"""
    spec = load_drill(drill_folder(tmp_path, text))
    assert [fault.target for fault in spec.faults] == ["run", "node"]
    assert (spec.steady_state.before, spec.steady_state.during) == (USUAL, ())
    assert (spec.run, spec.steady_state.after, spec.expect.invariants, spec.mutation) == ("paper.yaml", None, None, None)


@pytest.mark.parametrize(("old", "new", "problems"), wrong_values("wrong_drill_specs.txt"))
def test_each_problem_is_told_with_its_line_and_the_nearest_word(tmp_path: Path, old: str, new: str, problems: list[str]) -> None:
    assert told(drill_folder(tmp_path, edited((old, new), text=DRILL))) == problems


def test_all_problems_are_told_at_once_with_those_of_the_run_spec(tmp_path: Path) -> None:
    text = edited(("weight: 2", "weight: x"), ("kind: down", "kind: donw"), text=DRILL)
    path = drill_folder(tmp_path, text, paper=edited(("gate: on", "gate: onn"), text=PAPER))
    with pytest.raises(DocumentError) as caught:
        load_drill(path)
    lines = caught.value.message.splitlines()
    assert lines[0] == "3 problems"
    assert [line.split(": ")[1] for line in lines[1:]] == ["weight", "gate", "faults[0].kind"]
    assert caught.value.hint == HINT_DRILL


def test_another_run_spec_than_one_of_mode_paper_is_refused(tmp_path: Path) -> None:
    plain = edited(('set: ["gate=observe"]', "misses_silence: true"), text=DRILL)
    path = drill_folder(tmp_path, plain, paper=SMOKE)
    assert told(path) == ["disconnect.yaml:9: run: value 'paper.yaml': expected a RunSpec of mode paper"]
    path = drill_folder(tmp_path, edited(("run: paper.yaml\n", ""), text=plain), paper=SMOKE)
    assert told(path) == ["disconnect.yaml:1: run: value 'paper.yaml': expected a RunSpec of mode paper"]


def test_a_drill_without_its_run_spec_says_so(tmp_path: Path) -> None:
    path = drill_folder(tmp_path)
    (tmp_path / "paper.yaml").unlink()
    assert told(path) == ["paper.yaml: the file cannot be read: No such file or directory"]


CONTROL = """\
drill_version: 1
name: disconnect
runbook: feed-stale
title: x
description: x
steady_state: {before: [{probe: feed, equals: live}]}
"""
UNWATCHED = "nothing is expected, so that it must say in watch_s how long nothing may fire"
IDLE = "it switches nothing off; expected 'set', 'without_alerts' or 'misses_silence', or null"


@pytest.mark.parametrize(
    ("more", "problems"),
    [
        ("", [f"disconnect.yaml:1: {UNWATCHED}"]),
        ("watch_s: 0", [f"disconnect.yaml:7: watch_s: value '0': {UNWATCHED}"]),
        ("watch_s: 1", []),
        ("expect: {events: [FeedDegraded]}", []),
        ("expect: {reasons: [reference_stale]}", []),
        ("mutation: {fails: [alerts]}\nwatch_s: 2", [f"disconnect.yaml:7: mutation: {IDLE}"]),
        ("expect: {events: x}", ["disconnect.yaml:7: expect.events: value 'x': expected a list, each item text"]),
        ("mutation: null\nwatch_s: 2", []),
        ("mutation: {}\nwatch_s: 2", [f"disconnect.yaml:7: mutation: {IDLE}"]),
    ],
)
def test_a_control_must_be_watched(tmp_path: Path, more: str, problems: list[str]) -> None:
    assert told(drill_folder(tmp_path, CONTROL + more)) == problems


@pytest.mark.parametrize("text", ["drill_version: 1", "{drill_version: 1, faults: {}}", "{drill_version: 1, faults: [1]}"])
def test_what_is_missing_altogether_is_told(tmp_path: Path, text: str) -> None:
    assert any("name: missing" in line for line in told(drill_folder(tmp_path, text)))


def test_a_steady_state_without_a_before_is_the_usual_one(tmp_path: Path) -> None:
    before = DRILL[DRILL.index("  before:") : DRILL.index("  during:")]
    spec = load_drill(drill_folder(tmp_path, edited((before, ""), text=DRILL)))
    assert spec.steady_state.before == USUAL
    assert spec.steady_state.during != ()


def test_an_alert_may_be_expected_twice_with_labels_that_tell_it_apart(tmp_path: Path) -> None:
    old = "    - {name: TcVenueDisconnected, within_s: 6}\n"

    def named(*labels: str) -> Path:
        lines = (f"    - {{name: TcFeedStale, within_s: 6, labels: {each}}}\n" for each in labels)
        return drill_folder(tmp_path, edited((old, "".join(lines)), ("also: [TcFeedStale]", "also: []"), text=DRILL))

    alerts = load_drill(named("{kind: gap}", "{kind: crossed, channel: Q}")).expect.alerts
    assert [each.text for each in alerts] == ["TcFeedStale{kind=gap}", "TcFeedStale{channel=Q, kind=crossed}"]
    assert ExpectedAlert(name="TcFeedStale", within_s="6").text == "TcFeedStale"
    twice = "expect.alerts[1].name: value 'TcFeedStale': it is listed twice, first at expect.alerts[0].name"
    for same in ("{kind: gap}", "{}"):
        assert told(named(same, same)) == [f"disconnect.yaml:27: {twice}"]
    assert load_drill(named("{}", "{kind: gap}")).expect.alerts[0].labels == {}


def test_names_of_alerts_and_runbooks_are_only_judged_where_they_are_known(tmp_path: Path) -> None:
    text = edited(("also: [TcFeedStale]", "also: [TcOther]"), ("runbook: venue-connection", "runbook: other"), text=DRILL)
    assert load_drill(drill_folder(tmp_path, text)).expect.also == ("TcOther",)


def test_a_document_is_taken_for_what_it_is(tmp_path: Path) -> None:
    checked = check_any(drill_folder(tmp_path), known=KNOWN)
    assert isinstance(checked, CheckedDrill)
    assert (checked.kind, checked.name, checked.is_valid, checked.hint) == ("drill_spec", "disconnect", True, "")
    broken = check_any(drill_folder(tmp_path, edited(("weight: 2", "weight: 0"), text=DRILL)))
    assert (broken.kind, broken.name, broken.is_valid, broken.hint) == ("drill_spec", "", False, HINT_DRILL)
    assert check_any(tmp_path / "paper.yaml").kind == "run_spec"
    assert check_any(PACKAGED / "BTCUSDT.BINANCE.yaml").kind == "instrument"


def test_another_document_is_no_drill(tmp_path: Path) -> None:
    drill_folder(tmp_path)
    with pytest.raises(DocumentError, match="this is no DrillSpec"):
        load_drill(tmp_path / "paper.yaml")
    with pytest.raises(DocumentError, match="cannot be read"):
        load_drill(tmp_path / "nothing.yaml")


def test_what_is_no_file_is_no_drill_and_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    for path in (tmp_path / "pipe.yaml", tmp_path):
        with pytest.raises(DocumentError, match="this is no regular file") as caught:
            load_drill(path)
        assert caught.value.hint == HINT_DRILL
    path = drill_folder(tmp_path, edited(("run: paper.yaml", "run: pipe.yaml"), text=DRILL))
    assert told(path) == ["disconnect.yaml:9: run: value 'pipe.yaml': expected a RunSpec of mode paper"]


def test_drills_are_found_by_name_or_file(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        drill_folder(folder)
    (second / "disconnected.yaml").write_text("")
    assert drill_names(second) == ("disconnect", "disconnected"), "the shared RunSpec is none"
    assert drill_names(tmp_path / "nowhere") == ()
    search = (first, second)
    assert find_drill("disconnect", search=search) == first / "disconnect.yaml"
    assert find_drill("disconnected", search=search) == second / "disconnected.yaml"
    assert find_drill("mine.yaml", search=search) == Path("mine.yaml")
    assert find_drill("a/b", search=search) == Path("a/b")
    with pytest.raises(DocumentError, match="there is no drill 'disconect'; did you mean 'disconnect'") as caught:
        find_drill("disconect", search=search)
    assert "tc drill list" in caught.value.hint
    with pytest.raises(DocumentError, match=r"there is no drill 'zzz'$"):
        find_drill("zzz", search=search)
    with pytest.raises(DocumentError, match="there is no drill 'paper'"):
        find_drill("paper", search=search)


def test_parameters_that_were_never_read_are_judged_when_they_are_asked_for() -> None:
    with pytest.raises(DocumentError, match="latency: Object missing required field `latency_s`"):
        fault_parameters(FaultSpec(kind="latency"))


def test_every_kind_has_one_set_of_parameters_and_its_targets() -> None:
    kinds = set(get_args(FaultKind))
    assert set(FAULT_PARAMETERS) == set(TARGETS) == kinds
    assert len(set(FAULT_PARAMETERS.values())) == len(kinds)
    assert {target for targets in TARGETS.values() for target in targets} == set(get_args(FaultTarget))


@pytest.mark.parametrize("kind", sorted(FAULT_PARAMETERS))
def test_the_parameters_of_each_kind_can_be_read_and_told(kind: str) -> None:
    type_ = FAULT_PARAMETERS[kind]
    assert type_.__doc__
    described = inspect.type_info(type_)
    assert isinstance(described, inspect.StructType)
    assert described.forbid_unknown_fields
    for known in described.fields:
        assert expected(known.type)
        for inner in _types(known.type):
            assert type(inner) in _READERS, f"{kind}.{known.name}: the reader does not read {inner}"


def _types(type_: inspect.Type) -> list[inspect.Type]:
    """Return a type and those inside it, but for null."""
    inside = [type_.type] if isinstance(type_, inspect.Metadata) else []
    inside += [type_.item_type] if isinstance(type_, inspect.VarTupleType) else []
    inside += (
        [each for each in type_.types if not isinstance(each, inspect.NoneType)] if isinstance(type_, inspect.UnionType) else []
    )
    return [type_, *(deeper for each in inside for deeper in _types(each))]


def test_every_probe_is_described() -> None:
    assert set(PROBES) == set(get_args(ProbeName))
    assert all(probe.description.endswith(".") for probe in PROBES.values())
    assert {name for name, probe in PROBES.items() if probe.is_number} == {
        "open_orders",
        "orders_accepted",
        "fills",
        "in_flight_s",
        "loop_lag_s",
        "venue_open_orders",
        "venue_position",
        "alerts",
    }


def test_what_a_drill_may_type_are_commands_of_tc() -> None:
    named = {command.name or (command.callback.__name__ if command.callback else "") for command in app.registered_commands}
    groups = {group.name for group in app.registered_groups}
    assert set(COMMANDS) < named | groups
