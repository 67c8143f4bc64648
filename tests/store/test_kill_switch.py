"""A kill switch is set before it answers, whoever races, dies, or fills the disk; what is in doubt is active."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tc.core.events import KillMode
from tc.errors import ArtifactError, DocumentError, UnreachableError
from tc.store.kill_switch import STRICTNESS, KillSwitch, Scope

RUN = Scope.of_run("quoter-1")
NAME = Scope.of_name("quoter")
ALL = Scope.of_all()
MODES = STRICTNESS[1:]


def activate(root: Path, scope: Scope = RUN, mode: KillMode = "halt", **other: Any) -> Any:
    return KillSwitch(root).activate(scope, mode=mode, **{"reason": "a test", "actor": "me", "at_ns": 7, **other})


def clear(root: Path, scope: Scope = RUN, **other: Any) -> Any:
    return KillSwitch(root).clear(scope, **{"reason": "over", "actor": "you", "at_ns": 8, **other})


def mode(root: Path, run_id: str = "quoter-1", name: str = "quoter") -> str | None:
    found = KillSwitch(root).effective(run_id=run_id, name=name)
    return None if found is None else found.mode


def outcomes(root: Path) -> list[str]:
    return [record.outcome for record in KillSwitch(root).records().records]


def test_nothing_is_active_before_anybody_activates(tmp_path: Path) -> None:
    assert mode(tmp_path) is None
    assert KillSwitch(tmp_path / "none").all() == ()
    assert KillSwitch(tmp_path / "none").records().records == ()


@pytest.mark.parametrize("scope", [RUN, NAME, ALL], ids=str)
@pytest.mark.parametrize("asked", MODES)
def test_R42_a_switch_stops_its_scope_and_says_why(tmp_path: Path, scope: Scope, asked: KillMode) -> None:
    change = activate(tmp_path, scope, asked)
    assert change.outcome == "activated"
    active = KillSwitch(tmp_path).effective(run_id="quoter-1", name="quoter")
    assert active == change.active
    assert (active.mode, active.reason, active.actor, active.at_ns, active.doubt) == (asked, "a test", "me", 7, "")
    assert mode(tmp_path, "other", "quoter") == (None if scope == RUN else asked)
    assert mode(tmp_path, "other", "other") == (asked if scope == ALL else None)
    assert KillSwitch(tmp_path).all() == (active,)


@pytest.mark.parametrize(("first", "second"), list(product(MODES, MODES)))
def test_R42_the_stricter_mode_holds_whichever_comes_first(tmp_path: Path, first: KillMode, second: KillMode) -> None:
    activate(tmp_path, mode=first)
    change = activate(tmp_path, mode=second, actor="later")
    stricter = max(first, second, key=STRICTNESS.index)
    assert mode(tmp_path) == change.active.mode == stricter
    expected = "unchanged" if first == second else "activated" if stricter == second else "kept_stricter"
    assert outcomes(tmp_path) == ["activated", expected]
    assert change.active.actor == ("later" if expected == "activated" else "me")


def test_R42_the_strictest_of_three_scopes_holds(tmp_path: Path) -> None:
    activate(tmp_path, ALL, "reduce")
    activate(tmp_path, NAME, "flatten")
    activate(tmp_path, RUN, "halt")
    assert mode(tmp_path) == "flatten"
    clear(tmp_path, NAME)
    assert mode(tmp_path) == "halt"
    clear(tmp_path, RUN)
    assert mode(tmp_path) == "reduce"
    clear(tmp_path, ALL)
    assert mode(tmp_path) is None


def test_clearing_needs_to_be_done_once_and_says_when_there_was_nothing_to_clear(tmp_path: Path) -> None:
    assert clear(tmp_path).outcome == "was_not_active"
    activate(tmp_path)
    assert clear(tmp_path).outcome == "cleared"
    assert clear(tmp_path).outcome == "was_not_active"
    assert mode(tmp_path) is None
    assert activate(tmp_path, mode="reduce").outcome == "activated"
    assert outcomes(tmp_path) == ["was_not_active", "activated", "cleared", "was_not_active", "activated"]


def test_every_request_is_a_record_of_who_asked_what_and_why(tmp_path: Path) -> None:
    activate(tmp_path, NAME, "halt", reason="losing money", actor="night shift")
    [record] = KillSwitch(tmp_path).records().records
    assert record.position == 1
    assert (record.scope, record.value, record.asked, record.before) == ("name", "quoter", "halt", "none")
    assert (record.actor, record.reason, record.at_ns, record.outcome) == ("night shift", "losing money", 7, "activated")


@pytest.mark.parametrize("words", ["", "   ", "\n"])
def test_a_change_without_words_is_refused(tmp_path: Path, words: str) -> None:
    for change in (activate, clear):
        for what in ("reason", "actor"):
            with pytest.raises(DocumentError, match=what):
                change(tmp_path, **{what: words})
    assert mode(tmp_path) is None


@pytest.mark.parametrize("words", ["\udcff broken", "a\nb\x00", "x" * 100_000, "\u202e reversed", '"}{'])
def test_strange_words_are_kept_as_they_are_or_escaped(tmp_path: Path, words: str) -> None:
    activate(tmp_path, reason=words)
    assert mode(tmp_path) == "halt"
    assert len(KillSwitch(tmp_path).records().records[0].reason) <= 2000


def test_none_is_no_mode_to_activate(tmp_path: Path) -> None:
    for asked in ("none", "stop", ""):
        with pytest.raises(DocumentError):
            activate(tmp_path, mode=asked)  # type: ignore[arg-type]


HOSTILE = [
    "",
    ".",
    "..",
    "../all",
    "a/b",
    "a\\b",
    "/etc/passwd",
    "a\n",
    "a\x00b",
    "A",
    "all.json",
    "a b",
    "-a",
    "\u0430",
    "a" * 64,
    "*",
    "~",
]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_name_leads_out_of_the_folder(text: str) -> None:
    with pytest.raises(DocumentError):
        Scope.of_name(text)


@pytest.mark.parametrize(
    "text", ["", ".", "..", "../all", "a/b", "a\n", "a\x00b", "latest", "a b", "-a", "\u0430", "a" * 129], ids=ascii
)
def test_no_run_id_leads_out_of_the_folder(text: str) -> None:
    with pytest.raises(DocumentError):
        Scope.of_run(text)


@given(st.text(max_size=80))
def test_every_scopes_file_is_its_own(text: str) -> None:
    for make in (Scope.of_run, Scope.of_name):
        try:
            scope = make(text)
        except DocumentError:
            continue
        assert Scope.from_file_name(scope.file_name) == scope
        assert "/" not in scope.file_name
    assert Scope.from_file_name(ALL.file_name) == ALL
    found = Scope.from_file_name(text)
    assert found is None or found.file_name == text


DAMAGE: dict[str, Any] = {
    "empty": lambda path: path.write_bytes(b""),
    "torn": lambda path: path.write_bytes(b'{"schema": 1, "scope": "run quoter-1", "mode": "no'),
    "no JSON": lambda path: path.write_bytes(b"\xff\xfe"),
    "another schema": lambda path: path.write_text(path.read_text().replace('"schema": 1', '"schema": 2')),
    "another mode": lambda path: path.write_text(path.read_text().replace('"halt"', '"off"')),
    "another scope": lambda path: path.write_text(path.read_text().replace("quoter-1", "quoter-2")),
    "a field more": lambda path: path.write_text(path.read_text().replace("{", '{"x": 1,', 1)),
    "huge": lambda path: path.write_bytes(b" " * 70_000 + path.read_bytes()),
    "nested": lambda path: path.write_bytes(b"[" * 60_000),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a link": lambda path: (path.rename(path.with_name("moved")), path.symlink_to("moved")),
    "a dangling link": lambda path: (path.unlink(), path.symlink_to("nowhere")),
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("scope", [RUN, NAME, ALL], ids=str)
def test_a_state_that_cannot_be_read_is_active(tmp_path: Path, damage: str, scope: Scope) -> None:
    if damage == "another scope" and scope != RUN:
        pytest.skip("the text stands in the run's state only")
    activate(tmp_path, scope)
    DAMAGE[damage](tmp_path / scope.file_name)
    active = KillSwitch(tmp_path).effective(run_id="quoter-1", name="quoter")
    assert active
    assert active.mode == "halt"
    assert active.doubt
    assert active in KillSwitch(tmp_path).all()


@pytest.mark.parametrize("damage", [each for each in DAMAGE if each != "a folder"])
def test_a_state_in_doubt_is_set_anew_or_cleared_by_a_person(tmp_path: Path, damage: str) -> None:
    activate(tmp_path)
    DAMAGE[damage](tmp_path / RUN.file_name)
    assert activate(tmp_path, mode="reduce").outcome == "kept_stricter"
    assert activate(tmp_path, mode="halt").outcome == "activated"
    assert mode(tmp_path) == "halt"
    DAMAGE[damage](tmp_path / RUN.file_name)
    assert clear(tmp_path).outcome == "cleared"
    assert mode(tmp_path) is None


def test_a_root_that_is_no_folder_is_active_and_cannot_be_written(tmp_path: Path) -> None:
    root = tmp_path / "file"
    root.touch()
    assert mode(root) == "halt"
    assert KillSwitch(root).all()
    with pytest.raises(ArtifactError):
        activate(root)


def test_a_torn_last_record_is_kept_beside_and_the_chain_goes_on(tmp_path: Path) -> None:
    activate(tmp_path)
    records = tmp_path / "records.jsonl"
    whole = records.read_bytes()
    records.write_bytes(whole + whole[:40])
    assert KillSwitch(tmp_path).records().damaged_line is None
    assert mode(tmp_path) == "halt"
    clear(tmp_path)
    found = KillSwitch(tmp_path).records()
    assert [record.outcome for record in found.records] == ["activated", "cleared"]
    assert found.records[1].torn_sha256
    assert [path.read_bytes() for path in tmp_path.glob("torn-*.bin")] == [whole[:40]]


def test_any_changed_byte_of_the_records_is_noticed(tmp_path: Path) -> None:
    activate(tmp_path)
    clear(tmp_path)
    activate(tmp_path, ALL)
    records = tmp_path / "records.jsonl"
    whole = records.read_bytes()
    for place in range(0, len(whole) - 1, 7):
        records.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert KillSwitch(tmp_path).records().damaged_line is not None


def test_damaged_records_hide_no_activation_and_a_person_can_still_clear(tmp_path: Path) -> None:
    activate(tmp_path, NAME)
    records = tmp_path / "records.jsonl"
    records.write_bytes(b"x" + records.read_bytes()[1:])
    assert {active.scope for active in KillSwitch(tmp_path).all()} == {ALL, NAME}
    clear(tmp_path, ALL)
    clear(tmp_path, NAME)
    assert mode(tmp_path) is None
    assert KillSwitch(tmp_path).records().damaged_line == 1


def test_a_reader_sees_a_change_without_being_told(tmp_path: Path) -> None:
    reader = KillSwitch(tmp_path)
    for _ in range(3):
        assert reader.effective(run_id="quoter-1", name="quoter") is None
        activate(tmp_path)
        assert reader.effective(run_id="quoter-1", name="quoter")
        (tmp_path / RUN.file_name).unlink()
        assert reader.effective(run_id="quoter-1", name="quoter")
        clear(tmp_path)


def fill(path: Path) -> None:
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


def test_on_a_full_disk_an_activation_becomes_a_halt(tiny_disk: Path) -> None:
    root = tiny_disk / "kill_switch"
    clear(root, NAME)
    fill(tiny_disk / "ballast")
    for scope in (RUN, NAME, ALL):
        change = activate(root, scope, "flatten")
        assert change.outcome == "in_doubt"
        assert change.position is None or change.position > 1
        assert "every node takes for halt" in change.note
        assert change.active.mode == "halt"
    with pytest.raises(ArtifactError):
        clear(root)
    assert mode(root) == "halt"
    (tiny_disk / "ballast").unlink()
    assert activate(root, mode="flatten").outcome == "activated"
    assert KillSwitch(root).records().damaged_line is None
    assert clear(root).outcome == "cleared"


CHILD = """
import sys
from pathlib import Path
from tc.store.kill_switch import KillSwitch, Scope
root, verb, *modes = sys.argv[1:]
switch = KillSwitch(Path(root))
print("ready", flush=True)
sys.stdin.readline()
for number, mode in enumerate(modes):
    if verb == "activate":
        switch.activate(Scope.of_all(), mode=mode, reason="race", actor=str(number), at_ns=number)
    else:
        switch.clear(Scope.of_all(), reason="race", actor=str(number), at_ns=number)
    print(mode, flush=True)
"""


def child(root: Path, verb: str, *modes: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(root), verb, *modes], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()


def test_racing_processes_leave_the_strictest_mode_and_every_request_on_record(tmp_path: Path) -> None:
    children = [child(tmp_path, "activate", *(["reduce", "halt"] * 10)) for _ in range(3)]
    children.append(child(tmp_path, "activate", *["reduce"] * 10, "halt_all", *["flatten"] * 9))
    for each in children:
        go(each)
    for each in children:
        each.communicate(timeout=60)
        assert each.returncode == 0
    assert mode(tmp_path) == "halt_all"
    records = KillSwitch(tmp_path).records()
    assert records.damaged_line is None
    assert len(records.records) == 80
    activated = [record.asked for record in records.records if record.outcome == "activated"]
    assert activated == sorted(activated, key=STRICTNESS.index)
    assert len(activated) == len(set(activated))


def test_racing_activations_and_clears_end_as_the_last_record_says(tmp_path: Path) -> None:
    children = [child(tmp_path, verb, *["halt"] * 25) for verb in ("activate", "clear", "activate", "clear")]
    for each in children:
        go(each)
    for each in children:
        each.communicate(timeout=60)
    records = KillSwitch(tmp_path).records()
    assert len(records.records) == 100
    before = "none"
    for record in records.records:
        assert record.before == before
        before = "halt" if record.outcome in {"activated", "unchanged"} else "none"
    assert (mode(tmp_path) or "none") == before


@pytest.mark.parametrize("seed", range(6))
def test_a_process_killed_at_any_moment_leaves_what_it_had_answered(tmp_path: Path, seed: int) -> None:
    process = child(tmp_path, "activate", *["reduce", "halt", "flatten", "halt_all"] * 50)
    assert process.stdout
    go(process)
    answered = [process.stdout.readline().strip() for _ in range(seed * 2 + 1)]
    process.kill()
    rest, _ = process.communicate()
    answered += rest.split()
    strictest = max(answered, key=STRICTNESS.index)  # type: ignore[arg-type]
    assert STRICTNESS.index(mode(tmp_path)) >= STRICTNESS.index(strictest)  # type: ignore[arg-type]
    assert KillSwitch(tmp_path).records().damaged_line is None
    activate(tmp_path, ALL, "halt_all")
    assert mode(tmp_path) == "halt_all"


def test_a_holder_of_the_lock_that_hangs_delays_an_activation_and_does_not_prevent_it(tmp_path: Path) -> None:
    activate(tmp_path, ALL, "reduce")
    holder = subprocess.Popen(
        [sys.executable, "-c", "import fcntl,sys; f=open(sys.argv[1]); fcntl.flock(f,2); print('held',flush=True); input()",
         str(tmp_path / "lock")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        holder.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        change = activate(tmp_path, ALL, "halt")
        assert time.monotonic() - began < 3
        assert (change.outcome, change.position) == ("activated", None)
        assert "holds" in change.note
        assert mode(tmp_path) == "halt"
        with pytest.raises(UnreachableError, match="holds"):
            clear(tmp_path, ALL)
        assert mode(tmp_path) == "halt"
    finally:
        holder.kill()
        holder.communicate()
    assert clear(tmp_path, ALL).outcome == "cleared"


def test_reading_is_quick_enough_for_twenty_times_a_second(tmp_path: Path) -> None:
    for number in range(50):
        activate(tmp_path, Scope.of_run(f"run-{number}"))
    reader = KillSwitch(tmp_path)
    reader.effective(run_id="quoter-1", name="quoter")
    began = time.perf_counter()
    for _ in range(100):
        reader.effective(run_id="quoter-1", name="quoter")
    assert (time.perf_counter() - began) / 100 < 0.005


def since(root: Path, position: int) -> tuple[str, str] | None:
    found = KillSwitch(root).effective_since(position, run_id="quoter-1", name="quoter")
    return None if found is None else (found.mode, found.reason)


@pytest.mark.parametrize("scope", [RUN, NAME, ALL], ids=str)
@pytest.mark.parametrize("asked", MODES)
def test_a_switch_that_was_cleared_still_holds_for_who_did_not_look_in_between(
    tmp_path: Path, scope: Scope, asked: KillMode
) -> None:
    activate(tmp_path, NAME)
    clear(tmp_path, NAME)
    before = KillSwitch(tmp_path).position
    activate(tmp_path, scope, asked)
    clear(tmp_path, scope)
    assert mode(tmp_path) is None
    assert since(tmp_path, before) == (asked, "a test (the switch was cleared since)")
    assert since(tmp_path, KillSwitch(tmp_path).position) is None


def test_of_several_the_strictest_holds_and_one_that_is_active_is_told_as_it_is(tmp_path: Path) -> None:
    for each in ("reduce", "flatten", "halt"):
        activate(tmp_path, mode=each)
        clear(tmp_path)
    assert since(tmp_path, 0) == ("flatten", "a test (the switch was cleared since)")
    activate(tmp_path, NAME, "flatten", reason="again")
    assert since(tmp_path, 0) == ("flatten", "again")


def test_what_stops_others_and_what_was_known_before_does_not_hold(tmp_path: Path) -> None:
    activate(tmp_path, Scope.of_run("other"))
    activate(tmp_path, RUN)
    known = KillSwitch(tmp_path).position
    clear(tmp_path, RUN)
    clear(tmp_path, RUN)
    assert since(tmp_path, known) is None


def test_one_that_could_not_be_recorded_is_known_by_its_clearing(tmp_path: Path) -> None:
    before = KillSwitch(tmp_path).position
    (tmp_path / RUN.file_name).write_bytes(b"")
    assert mode(tmp_path) == "halt"
    clear(tmp_path)
    assert since(tmp_path, before) == ("halt", "over (the switch was cleared since)")


def test_records_that_were_begun_anew_all_count(tmp_path: Path) -> None:
    for _ in range(3):
        activate(tmp_path)
        clear(tmp_path)
    before = KillSwitch(tmp_path).position
    (tmp_path / "records.jsonl").unlink()
    activate(tmp_path, mode="reduce")
    clear(tmp_path)
    assert since(tmp_path, before) == ("reduce", "a test (the switch was cleared since)")


def damage_records(root: Path) -> None:
    with (root / "records.jsonl").open("ab") as file:
        file.write(b"nonsense\n")


def write_over(root: Path) -> None:
    """Change a state in its place, by as many bytes as there were."""
    path = root / RUN.file_name
    path.write_bytes(path.read_bytes().replace(b'"none"', b'"halt"'))


DISTURBANCES = {
    "a switch of the run": (lambda root: activate(root, RUN, "reduce"), "reduce"),
    "a switch of the name": (lambda root: activate(root, NAME, "halt_all"), "halt_all"),
    "a switch of all": (lambda root: activate(root, ALL, "flatten"), "flatten"),
    "one that is cleared at once": (lambda root: (activate(root, ALL), clear(root, ALL)), "halt"),
    "an empty file": (lambda root: (root / NAME.file_name).touch(), "halt"),
    "a link to nothing": (lambda root: (root / NAME.file_name).symlink_to("nowhere"), "halt"),
    "a folder": (lambda root: (root / NAME.file_name).mkdir(), "halt"),
    "damaged records": (damage_records, "halt"),
    "a state written over": (write_over, "halt"),
    "a file for a folder": (lambda root: (root.rename(root.with_name("gone")), root.touch()), "halt"),
}


@pytest.mark.parametrize(("disturb", "expected"), DISTURBANCES.values(), ids=DISTURBANCES)
def test_who_looks_again_and_again_sees_whatever_changes(tmp_path: Path, disturb: Any, expected: KillMode) -> None:
    root = tmp_path / "kill_switch"
    watcher = KillSwitch(root)

    def look(position: int) -> str | None:
        found = watcher.effective_since(position, run_id="quoter-1", name="quoter")
        return None if found is None else found.mode

    assert [look(0), look(0)] == [None, None]
    activate(root)
    assert [look(0), look(0)] == ["halt", "halt"]
    clear(root)
    assert [look(watcher.position), look(watcher.position)] == [None, None]
    assert look(0) == "halt"
    assert [look(2), look(2)] == [None, None]
    disturb(root)
    assert [look(2), look(2)] == [expected, expected]
