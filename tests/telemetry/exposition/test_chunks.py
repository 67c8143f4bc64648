from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tc.telemetry.exposition.chunks import Exposition
from tc.telemetry.exposition.lines import Block, block_of

RUNS = [f"r{number}" for number in range(9)]


def block(run: str, *, events: int = 1, fills: int | None = None) -> Block:
    fill = [] if fills is None else [("tc_fills_total", (run,), fills)]
    return block_of([("tc_events_total", (run, "OrderFilled"), events), ("tc_events_total", (run, "x" * events), 1), *fill])


def text(exposition: Exposition) -> str:
    return b"".join(exposition.bodies["text"].plain).decode()


def headers(exposition: Exposition) -> list[str]:
    return [line.split()[2] for line in text(exposition).splitlines() if line.startswith("# TYPE")]


class Following(RuleBasedStateMachine):
    """An exposition whose runs come, change and go, beside what its text must be."""

    @initialize()
    def begin(self) -> None:
        self.exposition = Exposition(largest=3)
        self.runs: dict[str, Block] = {}

    @rule(
        events=st.dictionaries(st.sampled_from(RUNS), st.tuples(st.integers(0, 12), st.none() | st.integers(0, 99)), max_size=9),
        removed=st.sets(st.sampled_from([*RUNS, "never seen"])),
    )
    def change(self, events: dict[str, tuple[int, int | None]], removed: set[str]) -> None:
        changed = {run: block(run, events=count, fills=fills) for run, (count, fills) in events.items()}
        self.exposition.apply(changed, removed)
        self.runs = {run: lines for run, lines in self.runs.items() if run not in removed} | changed

    @invariant()
    def every_line_is_there_once_and_families_stand_together(self) -> None:
        lines = text(self.exposition).splitlines()
        expected = b"".join(part for each in self.runs.values() for part in each).decode().splitlines()
        assert Counter(line for line in lines if not line.startswith("#")) == Counter(expected)
        order = [line.split("{")[0] for line in lines if not line.startswith("#")]
        assert order == sorted(order)
        assert headers(self.exposition) == sorted(set(order))


def test_runs_come_change_and_go() -> None:
    run_state_machine_as_test(Following, settings=settings(max_examples=40, stateful_step_count=10, deadline=None))


def test_what_did_not_change_keeps_its_pieces_and_its_compressed_form() -> None:
    exposition = Exposition(largest=3)
    exposition.apply({run: block(run, fills=1) for run in RUNS})
    before = exposition.bodies["text"]
    packed = before.packed_with_end(b"")
    exposition.apply({RUNS[4]: block(RUNS[4], fills=2)})
    after = exposition.bodies["text"].packed_with_end(b"")
    assert len(after) == len(packed)
    assert sum(one is not other for one, other in zip(packed[:-1], after[:-1], strict=True)) == 1


def test_a_look_that_changes_nothing_keeps_the_body() -> None:
    exposition = Exposition(largest=3)
    exposition.apply({run: block(run) for run in RUNS})
    before = exposition.bodies
    exposition.apply({RUNS[0]: block(RUNS[0])}, ["never seen"])
    assert exposition.bodies is before


def test_a_body_that_somebody_holds_stays_whole_while_runs_change() -> None:
    exposition = Exposition(largest=3)
    exposition.apply({run: block(run) for run in RUNS})
    held, said = exposition.bodies["text"], text(exposition)
    exposition.apply({run: block(run, events=7) for run in RUNS}, RUNS[:2])
    assert b"".join(held.plain).decode() == said != text(exposition)


def test_room_of_runs_that_are_gone_is_used_again() -> None:
    exposition = Exposition(largest=3)
    for number in range(50):
        exposition.apply({f"new-{number}": block("r")}, [f"new-{number - 1}"])
    assert len(exposition.bodies["text"].plain) == 2
