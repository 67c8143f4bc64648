"""What must hold between the fields of a DrillSpec, and between it and what it names."""

from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal
from itertools import zip_longest

from tc.core.events import EVENT_TYPES
from tc.spec.drills.drill_spec import MutationSpec
from tc.spec.drills.words import (
    COMMANDS,
    DEAD_MANS_SWITCH,
    INVARIANTS,
    KEPT_AS,
    OUTSIDE,
    OUTSIDE_EVENTS,
    PROBES,
    RESUME,
    ROOTS,
    TARGETS,
)
from tc.spec.grammar import decimal_text
from tc.spec.reading.problem import one_of
from tc.spec.reading.reader import Reading

_PHASES = ("before", "during", "after")
_EXPECTED = ("alerts", "gates", "reasons", "events", "findings")
_SWITCHES = ("set", "without_alerts", "misses_silence")


def check_drill(
    reading: Reading, *, named: str, alerts: Collection[str] | None = None, runbooks: Collection[str] | None = None
) -> None:
    """Add what is wrong between the fields; a rule whose fields could not be read says nothing."""
    _check_name(reading, named)
    _check_runbook(reading, runbooks)
    for phase in _PHASES:
        for path in _items(reading, f"steady_state.{phase}"):
            _check_probe(reading, path)
    _check_faults(reading)
    _check_alerts(reading, alerts)
    _check_named(reading, "expect.events", [*EVENT_TYPES, *OUTSIDE_EVENTS], "an event of a run")
    _check_named(reading, "expect.invariants", INVARIANTS, "an invariant")
    for key in ("gates", "reasons", "findings"):
        _refuse_twice(reading, list(_items(reading, f"expect.{key}")))
    _check_control(reading)
    for key in ("checks", "recovery"):
        _check_commands(reading, key)
    _check_mutation(reading)


def _check_name(reading: Reading, named: str) -> None:
    name = reading.values.get("name")
    if isinstance(name, str) and named not in {f"{name}.yaml", KEPT_AS}:
        reading.refuse("name", f"its file is named {named}; expected {name}.yaml, or another name")


def _check_runbook(reading: Reading, runbooks: Collection[str] | None) -> None:
    """Ask for a runbook of the drill's own name where it names none."""
    path = "runbook" if reading.is_given("runbook") else "name"
    runbook = reading.values.get(path)
    if runbooks is not None and isinstance(runbook, str) and runbook not in runbooks:
        reading.refuse(path, "there is no runbook of this name", choices=runbooks)


def _check_probe(reading: Reading, path: str) -> None:
    name = reading.values.get(f"{path}.probe")
    if not isinstance(name, str):
        return
    probe = PROBES[name]
    given = [key for key in ("equals", "at_least", "at_most") if reading.is_given(f"{path}.{key}")]
    bounds = [key for key in given if key != "equals"]
    if not given or (bounds and len(bounds) != len(given)):
        reading.refuse(path, "expected what is tolerated: equals, or bounds: at_least, at_most or both")
    elif bounds and not probe.is_number:
        reading.refuse(f"{path}.{bounds[0]}", f"{name} is no number; expected equals: {one_of(probe.words)}")
    elif bounds:
        _check_bounds(reading, path)
    else:
        _check_equals(reading, f"{path}.equals", probe.words)


def _check_bounds(reading: Reading, path: str) -> None:
    least, most = reading.values.get(f"{path}.at_least"), reading.values.get(f"{path}.at_most")
    if isinstance(least, str) and isinstance(most, str) and Decimal(least) > Decimal(most):
        reading.refuse(f"{path}.at_most", f"it must not be below at_least, {least}")


def _check_equals(reading: Reading, path: str, words: tuple[str, ...]) -> None:
    value = reading.values.get(path)
    if not isinstance(value, str):
        return
    if words and value not in words:
        reading.refuse(path, f"expected {one_of(words)}", choices=words)
    elif not words and not _is_decimal(value):
        reading.refuse(path, "expected a number, for the probe reads one")


def _check_faults(reading: Reading) -> None:
    latest = Decimal(0)
    for path in _items(reading, "faults"):
        kind, target = reading.values.get(f"{path}.kind"), reading.values.get(f"{path}.target")
        allowed = TARGETS[kind] if isinstance(kind, str) else ()
        if isinstance(target, str) and allowed and target not in allowed:
            reading.refuse(f"{path}.target", f"{kind} is done to {one_of(allowed)}")
        at = reading.values.get(f"{path}.at", "0")
        if isinstance(at, str) and Decimal(at) < latest:
            where = f"{path}.at" if f"{path}.at" in reading.places else path
            reading.refuse(where, f"faults are listed in the order of `at`, and the one before is at {latest}")
        latest = max(latest, Decimal(at)) if isinstance(at, str) else latest


def _check_alerts(reading: Reading, alerts: Collection[str] | None) -> None:
    expected = [f"{path}.name" for path in _items(reading, "expect.alerts")]
    also = list(_items(reading, "expect.also"))
    for path in (*expected, *also, *_items(reading, "mutation.without_alerts")):
        name = reading.values.get(path)
        if name == DEAD_MANS_SWITCH:
            reading.refuse(path, "it always fires; expect the event DeadMansSwitchSilent where it must stop coming")
        elif alerts is not None and isinstance(name, str) and name not in alerts:
            reading.refuse(path, "there is no alert of this name", choices=alerts)
    _refuse_twice(reading, [*expected, *also], labels=[f"{path}.labels" for path in _items(reading, "expect.alerts")])
    _check_lasts(reading, [*expected, *also])


def _check_lasts(reading: Reading, named: list[str]) -> None:
    """Refuse what may go on firing and is not named as something that may fire at all."""
    names = [name for path in named if isinstance(name := reading.values.get(path), str)]
    lasts = list(_items(reading, "expect.lasts"))
    for path in lasts:
        name = reading.values.get(path)
        if isinstance(name, str) and name not in names and not _is_wrong(reading, "expect.alerts"):
            reading.refuse(path, "it is named neither in expect.alerts nor in expect.also", choices=names)
    _refuse_twice(reading, lasts)


def _check_named(reading: Reading, path: str, known: Collection[str], what: str) -> None:
    for item in _items(reading, path):
        name = reading.values.get(item)
        if isinstance(name, str) and name not in known:
            reading.refuse(item, f"expected {what}", choices=known)
    _refuse_twice(reading, list(_items(reading, path)))


def _check_control(reading: Reading) -> None:
    """Refuse a drill of which nothing must come, and that watches no time for it: it could not fail."""
    expects = any(reading.values.get(f"expect.{key}") or _is_wrong(reading, f"expect.{key}") for key in _EXPECTED)
    if "" not in reading.values or expects or _is_wrong(reading, "expect"):
        return
    if reading.values.get("watch_s", "0") == "0":
        path = "watch_s" if "watch_s" in reading.places else ""
        reading.refuse(path, "nothing is expected, so that it must say in watch_s how long nothing may fire")


def _check_commands(reading: Reading, key: str) -> None:
    for path in _items(reading, key):
        words = reading.values.get(path)
        if words == ():
            reading.refuse(path, "expected the words of a command of tc")
        first = reading.values.get(f"{path}[0]")
        if isinstance(first, str) and first not in COMMANDS:
            what = "it is left out; begin with what comes after it" if first == "tc" else f"expected {one_of(COMMANDS)}"
            reading.refuse(f"{path}[0]", what, choices=COMMANDS)
        elif first == RESUME[0] and words != RESUME:
            reading.refuse(path, f"a drill begins no other run; expected {' '.join(RESUME)}")
        for word in _items(reading, path):
            said = reading.values.get(word)
            if isinstance(said, str) and said.partition("=")[0] in ROOTS:
                reading.refuse(word, "a drill has places of its own; leave it out")
            elif isinstance(said, str) and said in OUTSIDE:
                reading.refuse(word, "a drill asks nobody outside this machine; leave it out")
            elif isinstance(said, str) and "\0" in said:
                reading.refuse(word, "no command takes a word with a null character in it")


def _check_mutation(reading: Reading) -> None:
    """Refuse a mutation that switches nothing off."""
    mutation = reading.values.get("mutation")
    if isinstance(mutation, MutationSpec) and not any(getattr(mutation, each) for each in _SWITCHES):
        reading.refuse("mutation", f"it switches nothing off; expected {one_of(_SWITCHES)}, or null")
    _refuse_twice(reading, list(_items(reading, "mutation.fails")))


def _refuse_twice(reading: Reading, paths: list[str], *, labels: Sequence[str] = ()) -> None:
    """Refuse what is listed already; with the labels that stand at these paths, of the first ones, something else is meant."""
    seen: dict[object, str] = {}
    for path, at in zip_longest(paths, labels, fillvalue=""):
        value, told = reading.values.get(path), reading.values.get(at) or None
        key = value, repr(sorted(told.items())) if isinstance(told, dict) else ""
        if isinstance(value, str) and key in seen:
            reading.refuse(path, f"it is listed twice, first at {seen[key]}")
        else:
            seen.setdefault(key, path)


def _items(reading: Reading, path: str) -> Iterator[str]:
    """Give the paths of the items of a list, be they right or wrong."""
    index = 0
    while (item := f"{path}[{index}]") in reading.places:
        yield item
        index += 1


def _is_wrong(reading: Reading, path: str) -> bool:
    """Say whether something stands at a path that could not be read."""
    return path in reading.places and path not in reading.values


def _is_decimal(text: str) -> bool:
    try:
        decimal_text(text)
    except ValueError:
        return False
    return True
