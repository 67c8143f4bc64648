"""What must hold between the fields of a RunSpec that the gate obeys."""

from typing import get_args

from tc.spec.gate_spec import LIMITS, CommandKind, ProfileName
from tc.spec.grammar import instant_ns
from tc.spec.reading.problem import one_of
from tc.spec.reading.reader import Reading

OBEYED_BY_THE_GATE = ("risk", "execution", "timing", "operations")
WRITE_RISK = "write a risk block, such as  risk: {profile: cautious}"


def check_gate(reading: Reading) -> None:
    """Add what is wrong between the gate, the limits that it judges by, and what else it obeys."""
    _check_limits(reading)
    _check_needs(reading)
    _check_positions(reading)
    _check_session(reading)
    _check_priority(reading)
    _check_operations(reading)


def _check_needs(reading: Reading) -> None:
    gate = reading.values.get("gate")
    if not reading.is_given("risk"):
        if gate in {"on", "observe"}:
            reading.refuse("gate", f"it needs limits to judge by; {WRITE_RISK}")
        if reading.values.get("mode") == "paper":
            reading.refuse("mode", f"paper trading needs limits; {WRITE_RISK}")
        if reading.values.get("mode") == "attached" and gate is None:
            reading.refuse("mode", f"an attached node is observed by limits; {WRITE_RISK}")
    if "gate" in reading.places or reading.values.get("mode") == "attached":
        return
    for key in OBEYED_BY_THE_GATE:
        if reading.values.get(key):
            reading.refuse(key, "nothing but the gate obeys it, and the gate is off; write gate: on, observe or off")


def _check_positions(reading: Reading) -> None:
    is_gated = reading.values.get("gate") in {"on", "observe"} and reading.values.get("mode") == "backtest"
    if is_gated and reading.values.get("venue.oms_type") == "hedging":
        why = "the gate counts one position per instrument and cannot close two sides of one"
        reading.refuse("venue.oms_type", f"{why}; write netting, or gate: off")


def _check_limits(reading: Reading) -> None:
    is_told = any(problem.path == "risk" for problem in reading.problems.found)
    if is_told or not reading.is_given("risk") or reading.is_given("risk.profile"):
        return
    missing = ", ".join(name for name in LIMITS if f"risk.{name}" not in reading.places)
    if missing:
        expected = f"a profile ({one_of(get_args(ProfileName))}), or every limit, null for one that is knowingly off"
        reading.refuse("risk", f"expected {expected}; missing: {missing}")


def _check_session(reading: Reading) -> None:
    start, end = reading.values.get("risk.session.start"), reading.values.get("risk.session.end")
    if start is not None and start == end:
        reading.refuse("risk.session.end", "the session has no length; expected another time than its start")


def _check_priority(reading: Reading) -> None:
    priority = reading.values.get("execution.priority")
    if isinstance(priority, tuple) and sorted(priority) != sorted(get_args(CommandKind)):
        reading.refuse("execution.priority", f"expected each of {', '.join(get_args(CommandKind))} once")


def _check_operations(reading: Reading) -> None:
    latest = 0
    index = 0
    while (path := f"operations[{index}]") in reading.places:
        _check_operation(reading, path)
        at = reading.values.get(f"{path}.at")
        if isinstance(at, str):
            at_ns = instant_ns(at)
            if at_ns < latest:
                reading.refuse(f"{path}.at", "operations are written in the order of their times; expected a later one")
            _check_happens(reading, f"{path}.at", at_ns)
            latest = max(latest, at_ns)
        index += 1


def _check_operation(reading: Reading, path: str) -> None:
    kill_switch = reading.is_given(f"{path}.kill_switch")
    reset = f"{path}.reset_throttle" in reading.places and reading.values.get(f"{path}.reset_throttle") is not False
    if kill_switch and reset:
        reading.refuse(f"{path}.reset_throttle", "an operation does one thing; write a second one for the other")
    elif not (kill_switch or reset or any(problem.path.startswith(path) for problem in reading.problems.found)):
        reading.refuse(path, "expected kill_switch, or reset_throttle: true")


def _check_happens(reading: Reading, path: str, at_ns: int) -> None:
    start, end = reading.values.get("data.start"), reading.values.get("data.end")
    if isinstance(start, str) and at_ns < instant_ns(start):
        reading.refuse(path, f"it would never happen: the data start at {start}")
    elif isinstance(end, str) and at_ns >= instant_ns(end):
        reading.refuse(path, f"it would never happen: the data end before {end}")
