"""R89: a recorded stream's inputs, fed to a fresh Runtime, give the same entries, State and decisions; and what if not."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters import Gated
from gated import SECOND, START_NS, gated_configuration
from native import Quoter, Says, new
from streams import Venue
from tc.core import CoreConfiguration, EventStreamEntry, state_digest
from tc.core.events import (
    ControlTimeReached,
    KillSwitchChanged,
    OrderAccepted,
    OrderInitialized,
    RunCompleted,
    RunFailed,
    StrategyFailed,
)
from tc.errors import InvariantViolation
from tc.runtime.refeed import Refed, refeed
from tc.store.decisions import decision_line
from tc.store.journal import JournalWriter

TIMING = {"heartbeat_ns": 3 * SECOND, "stale_feed_ns": SECOND, "acknowledgement_timeout_ns": SECOND // 2}


RESUMED = KillSwitchChanged(START_NS, "none", "operator", "feedback of a send, before the engine went")


class EngineGoneError(Exception):
    """What an engine raised in the middle of a send."""


def day(steps: list[tuple[int, int]] | None = None, strategy: Any = None) -> Gated:
    """Play a market that moves, against a quoter that must queue under its rate limit; a flatten ends it."""
    gated = Gated(strategy=strategy or Quoter(), rate=(2, SECOND, 2), timing=TIMING, max_position="3")
    moves = [(number * 7919 % 900, number * 31 % 5) for number in range(40)] if steps is None else steps
    for milliseconds, move in moves:
        gated.adapter.at(gated.now + milliseconds * 1_000_000)
        gated.observe(str(99 + move), str(101 + move))
        for order in list(gated.stream.context.open_orders()):
            if move == 3 and order.terms.side == "SELL":
                gated.stream.emit(gated.adapter.filled(order.terms.client_order_id, price=str(order.price)))
    gated.stream.emit(KillSwitchChanged(gated.now, "flatten", "operator", "drill"))
    gated.adapter.at(gated.now + 10 * SECOND)
    gated.stream.emit(RunCompleted(gated.now))
    return gated


def again(gated: Gated, entries: list[EventStreamEntry] | None = None, strategy: Any = None) -> Refed:
    return refeed(gated.entries if entries is None else entries, configuration=gated.configuration, strategy=strategy or Quoter())


def digest(gated: Gated) -> str:
    return hashlib.sha256(b"".join(map(decision_line, gated.decisions))).hexdigest()


def test_R89_the_same_stream_gives_the_same_entries_State_and_decisions_in_a_fresh_runtime() -> None:
    gated = day()
    names = set(gated.names())
    assert {"ControlTimeReached", "OrderFilled", "ModifyRequested", "OrderCanceled", "KillSwitchChanged"} <= names
    refed = again(gated)
    assert refed.difference is None
    assert refed.entries == len(gated.entries)
    assert refed.violation == ""
    assert refed.state == gated.stream.state
    assert refed.state_digest == state_digest(gated.stream.state)
    assert (refed.decisions, refed.decision_digest) == (len(gated.decisions), digest(gated))


@given(st.lists(st.tuples(st.integers(0, 2500), st.integers(0, 4)), max_size=25))
def test_R89_holds_for_any_market(steps: list[tuple[int, int]]) -> None:
    gated = day(steps)
    refed = again(gated)
    assert refed.difference is None
    assert (refed.state_digest, refed.decision_digest) == (state_digest(gated.stream.state), digest(gated))


_CHILD = """
import sys
from pathlib import Path
from native import Quoter
from tc.core import CoreConfiguration
from tc.runtime.refeed import refeed
from tc.store.journal import read_entries
import msgspec
journal, document = map(Path, sys.argv[1:])
configuration = CoreConfiguration.from_document(msgspec.json.decode(document.read_bytes()))
refed = refeed(read_entries(journal), configuration=configuration, strategy=Quoter())
print(refed.difference, refed.state_digest, refed.decision_digest)
"""


@pytest.mark.parametrize("seed", ["1", "4242"])
def test_R89_R23_in_another_process_and_hash_seed_the_digests_are_the_same(tmp_path: Path, seed: str) -> None:
    gated = day()
    journal, document = tmp_path / "journal.jsonl", tmp_path / "configuration.json"
    document.write_bytes(gated.configuration.document)
    with JournalWriter(journal) as writer:
        for entry in gated.entries:
            writer.append(entry)
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[1])}
    told = subprocess.run(
        [sys.executable, "-c", _CHILD, str(journal), str(document)], env=environment, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["None", state_digest(gated.stream.state), digest(gated)]


def changed(gated: Gated, kind: type, **values: Any) -> tuple[list[EventStreamEntry], EventStreamEntry]:
    """Return the entries with the first event of a type changed, and the entry that it is."""
    index = next(index for index, entry in enumerate(gated.entries) if type(entry.event) is kind)
    entry = gated.entries[index]
    other = EventStreamEntry(entry.position, replace(entry.event, **values))
    return [*gated.entries[:index], other, *gated.entries[index + 1 :]], other


def test_an_own_entry_that_differs_is_named_with_what_would_have_been_entered() -> None:
    gated = day()
    entries, other = changed(gated, OrderInitialized, strategy_id="somebody-else")
    difference = again(gated, entries).difference
    assert difference is not None
    assert (difference.position, difference.recorded) == (other.position, other.event)
    assert difference.derived == gated.entries[other.position - 1].event


def test_another_strategy_parts_where_it_asks_for_something_else() -> None:
    gated = day()
    difference = again(gated, strategy=Says(lambda context: ())).difference
    assert difference is not None
    assert type(difference.recorded) is OrderInitialized
    assert difference.derived is None
    difference = again(gated, strategy=Says(lambda context: None)).difference
    assert difference is not None
    assert type(difference.derived) is StrategyFailed


def test_own_entries_that_are_missing_or_too_many_are_found() -> None:
    gated = day()
    for extra in (StrategyFailed(START_NS, "E"), KillSwitchChanged(START_NS, "halt", "core", "flattened")):
        entries = [gated.entries[0], EventStreamEntry(gated.entries[1].position, extra)]
        difference = again(gated, entries).difference
        assert difference is not None
        assert (difference.recorded, difference.derived) == (extra, None)
    cut = next(index for index, entry in enumerate(gated.entries) if type(entry.event) is OrderInitialized)
    difference = again(gated, gated.entries[:cut]).difference
    assert difference is not None
    assert (difference.position, difference.recorded) == (gated.entries[cut].position, None)
    assert difference.derived == gated.entries[cut].event


def test_requests_for_own_orders_that_nobody_asked_for_are_found() -> None:
    gated = day()
    killed = next(index for index, entry in enumerate(gated.entries) if type(entry.event) is KillSwitchChanged)
    for name in ("SubmitRequested", "ModifyRequested", "CancelRequested"):
        request = next((entry.event for entry in gated.entries[:killed] if type(entry.event).__name__ == name), None)
        if request is None:
            continue
        entries = [*gated.entries[:killed], EventStreamEntry(gated.entries[killed].position, request)]
        difference = again(gated, entries).difference
        assert difference is not None
        assert (difference.recorded, difference.derived) == (request, None)


def test_control_time_that_State_does_not_imply_is_found() -> None:
    gated = day()
    entries, other = changed(gated, ControlTimeReached, deadline_ns=START_NS + 1)
    difference = again(gated, entries).difference
    assert difference is not None
    assert difference.recorded == other.event
    assert type(difference.derived) is ControlTimeReached
    plain = Gated()
    wrong = EventStreamEntry(gated.entries[1].position, ControlTimeReached(START_NS, START_NS, "heartbeat"))
    difference = again(plain, [plain.entries[0], wrong]).difference
    assert difference is not None
    assert difference.derived is None


def test_a_violation_that_ended_the_stream_is_no_difference_and_one_inside_it_is() -> None:
    gated = Gated(strategy=Quoter())
    gated.observe()
    broken = OrderAccepted(START_NS, START_NS, "O-404", "V", "A-1")
    with pytest.raises(InvariantViolation):
        gated.stream.emit(broken)
    refed = again(gated)
    assert refed.difference is None
    assert "O-404" in refed.violation
    assert refed.entries == len(gated.entries) - 1
    assert refed.state == gated.stream.state
    last = gated.entries[-1]
    refed = again(gated, [*gated.entries, EventStreamEntry(last.position, RunCompleted(START_NS))])  # type: ignore[list-item]
    assert refed.difference is not None
    assert refed.difference.recorded == broken


def test_a_run_that_was_interrupted_inside_a_step_lacks_what_would_have_come_next() -> None:
    gated = Gated(strategy=Says(lambda context: [new(f"A-{context.position}"), new(f"B-{context.position}")]))

    def fail() -> Any:
        gated.adapter.now += 1
        raise EngineGoneError

    gated.adapter.answers["A-2"] = lambda: gated.stream.emit(RESUMED) or fail()
    with pytest.raises(EngineGoneError):
        gated.observe()
    gated.stream.emit(RunFailed(START_NS, "E"))
    strategy = Says(lambda context: [new(f"A-{context.position}"), new(f"B-{context.position}")])
    assert again(gated, strategy=strategy).difference is None


def test_without_a_gate_a_stream_is_refed_as_it_is() -> None:
    venue = Venue()
    venue.every_type()
    refed = refeed(venue.entries, configuration=venue.configuration, strategy=None)
    assert (refed.difference, refed.entries, refed.decisions) == (None, len(venue.entries), 0)


def test_the_gates_configuration_counts() -> None:
    gated = day()
    other: CoreConfiguration = gated_configuration(rate=(1, SECOND, 1))
    refed = refeed(gated.entries, configuration=other, strategy=Quoter())
    assert refed.difference is not None
    assert refed.entries == 0
