"""A drill notes what it sees, breaks only what stands, and puts everything back, whatever happens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from tc.checks.drills.facts import AnyDrillFact
from tc.checks.drills.verdict import sequence
from tc.errors import ArtifactError, InconclusiveError, UnreachableError
from tc.flows.drills.drill import DrillHands, Patience, carry_out
from tc.flows.drills.notes import Notes
from tc.ports.drills import Acted, Seen
from tc.spec.drills.drill_spec import (
    BudgetsSpec,
    DrillSpec,
    ExpectedAlert,
    ExpectSpec,
    FaultSpec,
    ProbeSpec,
    SteadyStateSpec,
)

TRADING = ProbeSpec(probe="node_state", equals="trading")
BREAK = FaultSpec(kind="down")


@dataclass
class FakeFault:
    """A fault that says what is done with it."""

    said: list[str]
    name: str
    bites: int = 1
    on_inject: Callable[[], None] = lambda: None
    on_restore: Callable[[], None] = lambda: None
    count: int = 0

    def inject(self) -> None:
        self.said.append(f"inject {self.name}")
        self.on_inject()
        self.count += self.bites

    def proof(self) -> int:
        return self.count

    def restore(self) -> None:
        self.said.append(f"restore {self.name}")
        self.on_restore()


@dataclass
class FakeLab:
    """A lab in which is seen, and read, what the test says."""

    said: list[str]
    readings: dict[str, str | Decimal | None] = field(default_factory=lambda: {"node_state": "trading"})
    sees: list[Seen] = field(default_factory=list)
    on_start: Callable[[], None] = lambda: None
    acts: Acted = field(default_factory=lambda: Acted(0, "done"))
    forgotten_after: list[str] = field(default_factory=list)

    def start(self) -> None:
        self.said.append("start")
        self.on_start()

    def look(self) -> Sequence[Seen]:
        seen, self.sees = self.sees, []
        return seen

    def read(self, probe: str) -> str | Decimal | None:
        return self.readings.get(probe)

    def forget(self) -> None:
        self.forgotten_after.append(self.said[-1])

    def act(self, arguments: Sequence[str]) -> Acted:
        self.said.append(" ".join(arguments))
        return self.acts

    def stop(self) -> tuple[str, str]:
        self.said.append("stop")
        return "stopped", "interrupted"


@dataclass
class Carried:
    """What came of a drill that was carried out on fakes."""

    facts: Sequence[AnyDrillFact]
    kept: list[AnyDrillFact]
    said: list[str]

    def of(self, name: str) -> list[Any]:
        return [each for each in self.facts if type(each).__name__ == name]


def spec(*faults: FaultSpec, **more: Any) -> DrillSpec:
    state = more.pop("steady_state", SteadyStateSpec(before=(TRADING,)))
    budgets = BudgetsSpec(detect_s="0.3", mitigate_s="0.3", recover_s="0.3")
    return DrillSpec(
        drill_version=1, name="d", title="t", description="d", faults=faults, steady_state=state, budgets=budgets, **more
    )


def carried(document: DrillSpec, lab: FakeLab, faults: Sequence[FakeFault] = (), **more: Any) -> Carried:
    kept: list[AnyDrillFact] = []
    notes = Notes(more.pop("keep", kept.append))
    waiting = list(faults)

    def make(_fault: FaultSpec) -> FakeFault:
        return waiting.pop(0)

    hands = DrillHands(
        lab=lab,
        make_fault=more.pop("make_fault", make),
        notes=notes,
        invariants=more.pop("invariants", lambda: {"held": ("chain_intact",)}),
        say=lambda _step: None,
        patience=Patience(steady_s=0.1, settled_s=0.02, proven_s=0.1, look_s=0.001),
        **more,
    )
    carry_out(document, hands)
    return Carried(notes.facts, kept, lab.said)


def test_a_fault_is_proven_seen_put_back_and_recovered_from_in_this_order() -> None:
    said: list[str] = []
    lab = FakeLab(said)
    fault = FakeFault(said, "one", on_inject=lambda: lab.sees.append(Seen("alert", "TcA", "so")))
    expect = ExpectSpec(alerts=(ExpectedAlert(name="TcA", within_s="1"),))
    done = carried(spec(BREAK, expect=expect, recovery=(("kill", "clear"),)), lab, [fault])
    assert said == ["start", "inject one", "restore one", "kill clear", "stop"]
    assert [type(each).__name__ for each in done.facts] == [
        "SteadyStateChecked",
        "FaultInjected",
        "FaultProven",
        "Observed",
        "FaultRestored",
        "OperatorActed",
        "SteadyStateChecked",
        "RunEnded",
        "InvariantsChecked",
    ]
    assert sequence(done.facts) == ("injected 1 down", "proven 1", "alert TcA", "restored 1")
    assert done.kept == list(done.facts)
    assert [each.elapsed_ns for each in done.facts] == sorted(each.elapsed_ns for each in done.facts)


def test_without_the_steady_state_nothing_is_broken() -> None:
    said: list[str] = []
    done = carried(spec(BREAK), FakeLab(said, readings={"node_state": "halted"}), [FakeFault(said, "one")])
    assert said == ["start", "stop"]
    [checked] = done.of("SteadyStateChecked")
    assert (checked.phase, checked.holds) == ("before", False)


def test_while_an_alert_fires_there_is_no_steady_state() -> None:
    said: list[str] = []
    lab = FakeLab(said, readings={"node_state": "trading", "alerts": Decimal(1)}, sees=[Seen("alert", "TcA")])
    carried(spec(BREAK), lab, [FakeFault(said, "one")])
    assert said == ["start", "stop"]


def test_while_an_alert_is_on_its_way_there_is_no_steady_state_before() -> None:
    said: list[str] = []
    lab = FakeLab(said, readings={"node_state": "trading", "alerts": Decimal(0), "raised_alerts": "TcA, TcB"})
    done = carried(spec(BREAK), lab, [FakeFault(said, "one")])
    assert said == ["start", "stop"]
    pending = done.of("SteadyStateChecked")[0].readings[-1]
    assert (pending.probe, pending.value, pending.tolerated, pending.holds) == ("alerts on their way", "TcA, TcB", "none", False)


def test_an_alert_that_is_on_its_way_after_the_fault_is_waited_for_until_it_fires_or_does_not() -> None:
    said: list[str] = []
    lab = FakeLab(said, readings={"node_state": "trading", "alerts": Decimal(0), "raised_alerts": "none"})
    fault = FakeFault(said, "one", on_inject=lambda: lab.readings.update(raised_alerts="TcA"))
    done = carried(spec(BREAK), lab, [fault])
    assert [(each.phase, each.holds) for each in done.of("SteadyStateChecked")] == [("before", True), ("after", True)]


def test_an_alert_that_is_said_to_last_hinders_the_steady_state_before_and_not_after() -> None:
    expect = ExpectSpec(alerts=(ExpectedAlert(name="TcA", within_s="1"),), lasts=("TcA",))
    for firing_before, steps in ((1, ["start", "stop"]), (0, ["start", "inject one", "restore one", "stop"])):
        said: list[str] = []
        lab = FakeLab(said, readings={"node_state": "trading", "alerts": Decimal(0)})
        lab.sees = [Seen("alert", "TcA")] * firing_before

        def fire(lab: FakeLab = lab) -> None:
            lab.sees.append(Seen("alert", "TcA"))

        done = carried(spec(BREAK, expect=expect), lab, [FakeFault(said, "one", on_inject=fire)])
        assert said == steps
        assert done.of("SteadyStateChecked")[-1].holds is (firing_before == 0)


def test_a_stranger_that_fires_is_not_taken_for_the_alert_that_lasts() -> None:
    said: list[str] = []
    lab = FakeLab(said, readings={"node_state": "trading", "alerts": Decimal(0)})
    fault = FakeFault(said, "one", on_inject=lambda: lab.sees.append(Seen("alert", "TcB")))
    done = carried(spec(BREAK, expect=ExpectSpec(lasts=("TcA",))), lab, [fault])
    after = done.of("SteadyStateChecked")[-1]
    assert (after.holds, after.readings[-1].value, after.readings[-1].tolerated) == (False, "TcB", "none but TcA")


def test_what_fires_a_little_after_the_steady_state_is_back_is_waited_for() -> None:
    said: list[str] = []
    lab = FakeLab(said, readings={"node_state": "trading", "alerts": Decimal(0)})
    looks = iter(range(10**6))

    def look() -> Sequence[Seen]:
        if "restore one" not in said:
            return ()
        number = next(looks)
        return {3: (Seen("alert", "TcA"),), 20: (Seen("resolved", "TcA"),)}.get(number, ())

    lab.look = look  # type: ignore[method-assign]
    done = carried(spec(BREAK), lab, [FakeFault(said, "one")])
    names = [type(each).__name__ for each in done.facts]
    assert names.index("AlertResolved") < len(names) - 1 - names[::-1].index("SteadyStateChecked")
    assert done.of("SteadyStateChecked")[-1].holds


def test_faults_are_put_back_the_last_first_and_one_that_fails_stops_no_other() -> None:
    said: list[str] = []

    def fail() -> None:
        raise UnreachableError("nobody answers")

    faults = [FakeFault(said, "one"), FakeFault(said, "two", on_restore=fail), FakeFault(said, "three")]
    done = carried(spec(BREAK, BREAK, BREAK), FakeLab(said), faults)
    assert [each for each in said if each.startswith("restore")] == ["restore three", "restore two", "restore one"]
    assert [each.reason for each in done.of("RestoreFailed")] == ["nobody answers"]
    assert [each.fault for each in done.of("FaultRestored")] == [3, 1]


def test_a_bug_in_putting_one_back_stops_no_other_and_is_told() -> None:
    said: list[str] = []

    def fail() -> None:
        raise ZeroDivisionError("by nothing")

    done = carried(spec(BREAK, BREAK), FakeLab(said), [FakeFault(said, "one"), FakeFault(said, "two", on_restore=fail)])
    assert [each for each in said if each.startswith("restore")] == ["restore two", "restore one"]
    assert [each.reason for each in done.of("RestoreFailed")] == ["ZeroDivisionError: by nothing"]
    assert [each.fault for each in done.of("FaultRestored")] == [1]


@pytest.mark.parametrize(
    "error", [ArtifactError("the disk is full"), OSError("the disk is full")], ids=lambda each: type(each).__name__
)
@pytest.mark.parametrize("last", ["FaultInjected", "FaultProven", "FaultRestored", "OperatorActed"])
def test_notes_that_cannot_be_kept_any_more_hinder_nothing_from_being_put_back_and_ended(error: Exception, last: str) -> None:
    said: list[str] = []
    kept: list[str] = []

    def keep(fact: AnyDrillFact) -> None:
        kept.append(type(fact).__name__)
        if last in kept:
            raise error

    faults = [FakeFault(said, "one"), FakeFault(said, "two")]
    document = spec(BREAK, FaultSpec(kind="down", until="end"), recovery=(("kill", "clear"),))
    with pytest.raises(type(error), match="the disk is full"):
        carried(document, FakeLab(said), faults, keep=keep)
    assert said[-1] == "stop"
    injected, restored = ({each.split()[1] for each in said if each.startswith(word)} for word in ("inject", "restore"))
    assert restored - injected <= {"one"}
    assert restored >= injected


def test_what_was_said_before_all_was_put_back_is_no_reading_afterwards() -> None:
    said: list[str] = []
    lab = FakeLab(said)
    lab.forget = lambda: lab.readings.update(node_state=None)  # type: ignore[method-assign]
    done = carried(spec(BREAK), lab, [FakeFault(said, "one")])
    assert [each.holds for each in done.of("SteadyStateChecked")] == [True, False]
    faults = (FaultSpec(kind="down", at="0", until="0.05"), BREAK)
    lab = FakeLab(said := [])
    carried(spec(*faults), lab, [FakeFault(said, "one"), FakeFault(said, "two")])
    assert sorted(lab.forgotten_after) == ["restore one", "restore two"]
    lab = FakeLab(["nothing"])
    carried(spec(watch_s="0"), lab)
    assert lab.forgotten_after == []


def test_a_fault_whose_counter_does_not_rise_is_not_proven_and_is_put_back() -> None:
    said: list[str] = []
    done = carried(spec(BREAK), FakeLab(said), [FakeFault(said, "one", bites=0)])
    [failed] = done.of("FaultFailed")
    assert "still says 0" in failed.reason
    assert said == ["start", "inject one", "restore one", "stop"]


def test_a_fault_that_cannot_be_done_here_is_told_and_what_it_did_half_is_put_back() -> None:
    said: list[str] = []

    def cannot() -> None:
        raise InconclusiveError("no such program")

    done = carried(spec(BREAK), FakeLab(said), [FakeFault(said, "one", on_inject=cannot)])
    assert [each.reason for each in done.of("FaultFailed")] == ["no such program"]
    assert said == ["start", "inject one", "restore one", "stop"]


def test_a_fault_that_cannot_even_be_made_breaks_nothing() -> None:
    said: list[str] = []

    def make(_fault: FaultSpec) -> FakeFault:
        raise InconclusiveError("prometheus does not run")

    done = carried(spec(BREAK), FakeLab(said), make_fault=make)
    assert [each.reason for each in done.of("FaultFailed")] == ["prometheus does not run"]
    assert said == ["start", "stop"]


def test_a_lab_that_does_not_start_is_ended_and_nothing_is_proven() -> None:
    said: list[str] = []

    def fail() -> None:
        raise UnreachableError("the venue does not answer")

    done = carried(spec(BREAK), FakeLab(said, on_start=fail), [FakeFault(said, "one")])
    assert [each.reason for each in done.of("DrillFailed")] == ["the venue does not answer"]
    assert said == ["start", "stop"]


def test_a_bug_in_the_middle_leaves_nothing_broken() -> None:
    said: list[str] = []
    lab = FakeLab(said)

    def look() -> Sequence[Seen]:
        if "inject one" in said:
            raise ZeroDivisionError
        return ()

    lab.look = look  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        carried(spec(BREAK), lab, [FakeFault(said, "one")])
    assert said == ["start", "inject one", "restore one", "stop"]


def test_each_fault_comes_and_goes_at_its_time() -> None:
    said: list[str] = []
    faults = (FaultSpec(kind="down", at="0", until="0.05"), FaultSpec(kind="down", at="0.1", until="end"))
    done = carried(spec(*faults, recovery=(("kill", "clear"),)), FakeLab(said), [FakeFault(said, "one"), FakeFault(said, "two")])
    assert said == ["start", "inject one", "restore one", "inject two", "kill clear", "restore two", "stop"]
    first, second = done.of("FaultInjected")
    assert second.elapsed_ns - first.elapsed_ns >= 0.09e9


def test_what_is_typed_while_the_fault_lasts_comes_after_its_proof() -> None:
    said: list[str] = []
    done = carried(spec(BREAK, checks=(("runs", "verify", "RUN"),)), FakeLab(said), [FakeFault(said, "one")])
    assert said == ["start", "inject one", "runs verify RUN", "restore one", "stop"]
    assert [each.exit_code for each in done.of("OperatorActed")] == [0]


def test_events_are_noted_once_since_the_fault_and_only_those_that_matter() -> None:
    said: list[str] = []
    lab = FakeLab(said, sees=[Seen("event", "OrderFilled"), Seen("gate", "blocked"), Seen("event", "FeedDegraded")])
    seen = [
        Seen("event", "OrderFilled"),
        Seen("event", "OrderFilled"),
        Seen("event", "OrderAccepted"),
        Seen("gate", "blocked", "why"),
    ]
    fault = FakeFault(said, "one", on_inject=lambda: lab.sees.extend(seen))
    done = carried(spec(BREAK, expect=ExpectSpec(events=("OrderFilled",))), lab, [fault])
    assert [(each.source, each.name, each.detail) for each in done.of("Observed")] == [
        ("event", "OrderFilled", ""),
        ("gate", "blocked", "why"),
    ]


def test_an_alert_is_noted_again_when_it_fires_again() -> None:
    said: list[str] = []
    lab = FakeLab(said)
    seen = [Seen("alert", "TcA"), Seen("alert", "TcA"), Seen("resolved", "TcA"), Seen("alert", "TcA")]
    done = carried(spec(BREAK), lab, [FakeFault(said, "one", on_inject=lambda: lab.sees.extend(seen))])
    names = [type(each).__name__ for each in done.facts if type(each).__name__ in {"Observed", "AlertResolved"}]
    assert names == ["Observed", "AlertResolved", "Observed"]


def test_an_alert_of_other_labels_is_noted_besides() -> None:
    said: list[str] = []
    lab = FakeLab(said)
    seen = [Seen("alert", "TcA", "{kind=gap}"), Seen("alert", "TcA", "{kind=empty}"), Seen("alert", "TcA", "{kind=gap}")]
    seen += [Seen("resolved", "TcA"), Seen("alert", "TcA", "{kind=gap}")]
    done = carried(spec(BREAK), lab, [FakeFault(said, "one", on_inject=lambda: lab.sees.extend(seen))])
    assert [each.detail for each in done.of("Observed")] == ["{kind=gap}", "{kind=empty}", "{kind=gap}"]


def test_a_control_is_watched_as_long_as_it_says() -> None:
    said: list[str] = []
    done = carried(spec(watch_s="0.1"), FakeLab(said))
    before, after = done.of("SteadyStateChecked")
    assert after.elapsed_ns - before.elapsed_ns >= 0.099e9


def test_somebody_who_interrupts_gets_everything_put_back() -> None:
    said: list[str] = []
    asked = iter([False, False])
    document = spec(BREAK, expect=ExpectSpec(gates=("halted",)))
    done = carried(document, FakeLab(said), [FakeFault(said, "one")], should_stop=lambda: next(asked, True))
    assert [each.reason for each in done.of("DrillFailed")] == ["somebody asked the drill to stop"]
    assert said[-2:] == ["restore one", "stop"] or said[-1] == "stop"
    assert said.count("inject one") == said.count("restore one")


def test_invariants_that_cannot_be_checked_are_unknown() -> None:
    said: list[str] = []

    def unreadable() -> dict[str, tuple[str, ...]]:
        raise UnreachableError("the journal is gone")

    done = carried(spec(BREAK), FakeLab(said), [FakeFault(said, "one")], invariants=unreadable)
    [checked] = done.of("InvariantsChecked")
    assert (checked.held, checked.unknown) == ((), ("all: the journal is gone",))
