import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tc.errors import ExitCode, UnreachableError
from tc.flows.paper.children import Child
from tc.flows.paper.supervise import Supervised, Supervision, supervise

READY = 'import sys; print(\'{"ready": true, "url": "http://127.0.0.1:9"}\', flush=True); sys.stdin.read()'
# Written past every buffer: a signal may come in the middle of one line, and say another.
SAYS = "import json, os, sys, time, signal\ndef say(**line): os.write(1, json.dumps(line).encode() + b'\\n')\n"
TRADES = SAYS + 'say(state="starting"); say(state="trading")\n'
FINISHES = 'say(finished={"status": "completed"}, unsettled=[])\n'


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def run(
    node: str,
    *,
    venue: str | None = READY,
    on_stop: str = "cancel",
    should_stop: Callable[[], bool] = lambda: False,
    before_the_end: Callable[[Supervised, str], None] = lambda supervised, url: None,
    settled: list[str] | None = None,
    fails: UnreachableError | None = None,
    on_node: Callable[[str, int], None] = lambda url, pid: None,
    on_state: Callable[[str], None] = lambda state: None,
    look: Callable[[], None] = lambda: None,
    is_silent: bool = False,
    is_on_record: bool = True,
    start_s: float = 20,
    stop_s: float = 20,
) -> Supervised:
    def settle(url: str, how: str) -> Sequence[str]:
        if settled is not None:
            settled.append(how)
        if fails is not None:
            raise fails
        return ("order 7",)

    plan = Supervision(
        node_command=lambda url: python(node),
        venue_command=None if venue is None else python(venue),
        venue_url="http://127.0.0.1:9",
        environment=dict(os.environ),
        start_deadline_s=start_s,
        stop_deadline_s=stop_s,
        on_stop=on_stop,  # type: ignore[arg-type]
        secrets=("the-secret",),
        is_on_record=lambda: is_on_record,
    )
    return supervise(
        plan,
        on_node=on_node,
        on_state=on_state,
        should_stop=should_stop,
        look=look,
        is_silent=lambda url: is_silent,
        settle=settle,
        before_the_end=before_the_end,
    )


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_node_that_ends_in_order_is_believed() -> None:
    settled: list[str] = []
    found = run(TRADES + FINISHES, settled=settled)
    assert (found.how, found.exit_code, found.error, found.states) == ("ended", 0, None, ["starting", "trading"])
    assert found.finished == {"status": "completed"}
    assert settled == []


def test_what_a_node_could_not_settle_is_settled_from_outside_while_the_venue_still_runs() -> None:
    settled: list[str] = []
    code = TRADES + 'say(finished={"status": "stopped"}, unsettled=["order A is open"]); sys.exit(3)'
    found = run(code, on_stop="flatten", settled=settled)
    assert (found.how, found.exit_code, found.unsettled, found.settled) == ("ended", 3, ("order A is open",), ("order 7",))
    assert settled == ["flatten"]


def test_nothing_is_touched_where_the_spec_says_leave() -> None:
    settled: list[str] = []
    found = run(TRADES + "sys.exit(9)", on_stop="leave", settled=settled)
    assert (found.how, settled, found.settled) == ("died", [], ())


def test_a_settling_that_cannot_be_done_is_told_and_changes_nothing_else() -> None:
    found = run(TRADES + "sys.exit(9)", fails=UnreachableError("nobody there"))
    assert (found.how, found.settled) == ("died", ("nobody there",))


def test_a_node_that_does_not_trade_in_time_is_ended_and_reported() -> None:
    pids: list[int] = []
    found = run(
        SAYS + 'say(state="starting")\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(60)',
        start_s=0.5,
        on_node=lambda url, pid: pids.append(pid),
    )
    assert (found.how, found.exit_code) == ("late", ExitCode.UNREACHABLE)
    assert "start deadline" in str(found.error)
    assert is_gone(pids[0])


def test_a_node_that_died_is_told_with_its_last_words() -> None:
    settled: list[str] = []
    found = run(TRADES + "sys.exit('out of memory')", settled=settled)
    assert (found.how, found.exit_code, settled) == ("died", ExitCode.ENGINE, ["cancel"])
    assert found.error is not None
    assert found.error.message == "the node ended by itself with code 1 (the last line of its standard error: out of memory)"


def test_a_node_that_was_killed_is_told_with_the_signal_and_how_its_run_goes_on() -> None:
    found = run(TRADES + "os.kill(os.getpid(), 9)")
    assert (found.how, found.exit_code) == ("died", ExitCode.ENGINE)
    assert found.error is not None
    assert found.error.message == "the node was ended by signal 9 (SIGKILL)"
    assert found.error.hint.startswith("`tc run --resume RUN`")
    assert "tc runs recover" in found.error.hint


def test_a_node_that_was_killed_before_it_traded_and_recorded_names_no_directory_and_no_log() -> None:
    found = run(SAYS + "os.kill(os.getpid(), 9)", is_on_record=False)
    assert (found.how, found.exit_code) == ("died", ExitCode.UNREACHABLE)
    assert found.error is not None
    assert found.error.message == "the node was ended by signal 9 (SIGKILL); it never traded"
    assert found.error.hint == "It had recorded nothing yet: run the spec again."


def test_a_node_that_could_not_connect_because_nobody_listens_is_a_venue_that_cannot_be_reached() -> None:
    failed = 'say(finished={"status": "failed"}, unsettled=[]); sys.exit(4)'
    settled: list[str] = []
    found = run(SAYS + 'say(state="starting")\n' + failed, is_silent=True, settled=settled)
    assert (found.exit_code, found.is_nobody_there, settled) == (ExitCode.UNREACHABLE, True, [])
    assert run(SAYS + 'say(state="starting")\n' + failed).exit_code == ExitCode.ENGINE
    assert run(TRADES + failed, is_silent=True).exit_code == ExitCode.ENGINE


def test_a_node_that_says_why_it_refused_is_quoted_and_its_exit_code_stands() -> None:
    found = run(SAYS + 'say(error={"message": "no such strategy", "hint": "Write one."}); sys.exit(2)')
    assert (found.how, found.exit_code) == ("died", 2)
    assert found.error is not None
    assert (found.error.message, found.error.hint) == ("no such strategy", "Write one.")


FAILS = 'say(error={"message": "the disk is full", "hint": ""}); sys.exit(6)'


@pytest.mark.parametrize("states", ["starting", "trading"])
def test_a_node_that_says_why_it_failed_and_nothing_of_its_orders_has_them_taken_care_of(states: str) -> None:
    settled: list[str] = []
    found = run(SAYS + f'say(state="{states}"); say(state="starting"); ' + FAILS, settled=settled)
    assert (found.how, found.exit_code, settled, found.settled) == ("died", 6, ["cancel"], ("order 7",))
    assert found.unsettled == ("the node ended without a word about its orders and positions",)


def test_a_node_that_fails_before_it_has_a_line_to_its_venue_left_nothing_there() -> None:
    settled: list[str] = []
    found = run(SAYS + 'say(state="replaying"); ' + FAILS, settled=settled)
    assert (found.exit_code, found.unsettled, found.is_settled, settled) == (6, (), False, [])


@pytest.mark.parametrize(("status", "how"), [("failed", ["cancel"]), ("stopped", []), ("completed", []), ("killed", [])])
def test_a_run_that_failed_is_settled_from_outside_even_if_its_node_believes_that_nothing_is_left(
    status: str, how: list[str]
) -> None:
    settled: list[str] = []
    found = run(TRADES + f'say(finished={{"status": "{status}"}}, unsettled=[])', settled=settled)
    assert (found.how, found.unsettled, found.is_settled, settled) == ("ended", (), bool(how), how)


def test_neither_a_key_nor_a_signature_is_in_what_is_told_of_a_node_or_a_venue() -> None:
    words = "'a\\n' + 'x' * 1900 + ' the-secret &signature=' + 'ab' * 32"
    died = run(TRADES + f"sys.exit({words})")
    assert died.error is not None
    assert died.error.message.endswith("*** &signature=***)")
    said = run(SAYS + 'say(state="starting"); say(error={"message": "the-secret &signature=ab", "hint": ""}); sys.exit(4)')
    assert said.error is not None
    assert said.error.message == "*** &signature=***"
    with pytest.raises(UnreachableError) as unreachable:
        run("raise AssertionError", venue=f"raise SystemExit({words})")
    assert "the-secret" not in unreachable.value.message
    assert "signature=***" in unreachable.value.message


def test_a_stop_is_asked_for_once_and_waited_for() -> None:
    stops = 'signal.signal(signal.SIGTERM, lambda *_: (say(state="stopping"), ' + FINISHES.strip() + ", sys.exit(3)))\n"
    asked: list[str] = []
    node = SAYS + stops + 'say(state="trading")\ntime.sleep(60)'
    found = run(node, should_stop=lambda: bool(asked), on_state=asked.append)
    assert (found.how, found.exit_code, found.states[-1]) == ("ended", 3, "stopping")


def test_a_node_that_does_not_stop_in_time_is_ended_by_force() -> None:
    settled: list[str] = []
    asked: list[str] = []
    deaf = SAYS + 'signal.signal(signal.SIGTERM, signal.SIG_IGN)\nsay(state="trading")\ntime.sleep(60)'
    found = run(deaf, should_stop=lambda: bool(asked), on_state=asked.append, stop_s=0.5, settled=settled)
    assert (found.how, found.exit_code, settled) == ("hung", ExitCode.ENGINE, ["cancel"])


def test_replaying_a_long_run_does_not_count_as_starting_and_starting_does_afterwards() -> None:
    replays = SAYS + 'say(state="replaying"); time.sleep(1); say(state="starting")\n'
    assert run(replays + 'say(state="trading")\n' + FINISHES, start_s=0.6).how == "ended"
    assert run(replays + "time.sleep(60)", start_s=0.6).how == "late"


def test_reporting_and_sealing_a_long_run_does_not_count_as_stopping() -> None:
    seals = TRADES + 'say(state="stopping"); say(state="stopped"); time.sleep(1)\n' + FINISHES
    assert run(seals, stop_s=0.3).how == "ended"
    hangs = TRADES + 'say(state="stopping"); time.sleep(60)\n'
    assert run(hangs, stop_s=0.3).how == "hung"


def test_a_venue_that_dies_under_a_run_that_is_being_sealed_does_not_matter_to_it() -> None:
    venue = 'print(\'{"ready": true, "url": "http://127.0.0.1:9"}\', flush=True); import time; time.sleep(0.5)'
    assert run(TRADES + 'say(state="stopped"); time.sleep(1)\n' + FINISHES, venue=venue).how == "ended"


def test_where_nobody_listens_a_late_node_is_told_without_asking_its_venue_again() -> None:
    settled: list[str] = []
    found = run(SAYS + "time.sleep(60)", start_s=0.3, is_silent=True, settled=settled)
    assert (found.how, found.is_nobody_there, settled) == ("late", True, [])
    assert "unknown" in found.settled[0]


def test_a_late_node_whose_venue_listens_has_its_orders_taken_care_of() -> None:
    settled: list[str] = []
    found = run(SAYS + "time.sleep(60)", start_s=0.3, settled=settled)
    assert (found.how, found.is_nobody_there, settled) == ("late", False, ["cancel"])


def test_a_second_interrupt_ends_the_node_at_once_and_its_orders_are_taken_care_of() -> None:
    settled: list[str] = []
    pids: list[int] = []

    def interrupted() -> bool:
        raise KeyboardInterrupt

    found = run(TRADES + "time.sleep(60)", should_stop=interrupted, settled=settled, on_node=lambda url, pid: pids.append(pid))
    assert (found.how, settled) == ("interrupted", ["cancel"])
    assert is_gone(pids[0])


def test_when_the_venue_dies_the_node_is_ended_at_once_so_that_its_run_can_go_on() -> None:
    venue = 'print(\'{"ready": true, "url": "http://127.0.0.1:9"}\', flush=True)'
    stops = "signal.signal(signal.SIGTERM, lambda *_: (" + FINISHES.strip() + ", sys.exit(3)))\n"
    settled: list[str] = []
    found = run(SAYS + stops + 'say(state="trading")\ntime.sleep(60)', venue=venue, settled=settled)
    assert (found.how, found.exit_code, settled) == ("alone", 5, [])
    assert found.error is not None
    assert "--resume" in found.error.hint


@pytest.mark.parametrize(
    "venue", ["raise SystemExit('the port is taken')", "print('{}', flush=True)\nimport time; time.sleep(60)"]
)
def test_a_venue_that_does_not_start_is_unreachable_and_no_node_is_started(venue: str) -> None:
    with pytest.raises(UnreachableError, match="the embedded venue did not start"):
        run("raise AssertionError", venue=venue)


def test_what_goes_wrong_at_the_end_does_not_change_how_the_run_ended() -> None:
    def unreachable(supervised: Supervised, url: str) -> None:
        raise UnreachableError("nobody there")

    assert run(TRADES + FINISHES, before_the_end=unreachable).exit_code == 0


def test_lines_that_are_no_objects_are_passed_over() -> None:
    found = run("print('noise'); print('[1]'); print('3')\n" + TRADES + FINISHES)
    assert (found.how, found.states) == ("ended", ["starting", "trading"])


def test_children_end_when_their_parent_is_killed() -> None:
    parent = f"""
import os, sys
sys.path[:0] = {sys.path!r}
from tc.flows.paper.children import Child
child = Child((sys.executable, "-c", "import sys; sys.stdin.read()"), dict(os.environ))
sys.stdin.read()
"""
    outer = Child(python(parent), dict(os.environ))
    inner = _child_of(outer.pid)
    os.kill(outer.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while not is_gone(inner):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    outer.end(within_s=0)


def _child_of(parent: int) -> int:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
        if found:
            return int(found[0])
        time.sleep(0.02)
    raise AssertionError
