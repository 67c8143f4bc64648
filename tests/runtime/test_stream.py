"""How an event enters a stream: position, journal, fold; and R26: one at a time; R07, R87: a violation is the last entry."""

import pytest

from streams import START_NS, configuration
from tc.core import INITIAL, EventStreamEntry, fold_event_stream_entries, state_digest
from tc.core.events import (
    STREAM_SCHEMA,
    ComponentStateChanged,
    Event,
    MarketDataRows,
    OrderCanceled,
    RunCompleted,
    RunStarted,
    TradingStateChanged,
)
from tc.errors import ArtifactError, InvariantViolation
from tc.runtime.stream import EventStream

CONFIG = configuration()


def _stream(entries: list[EventStreamEntry], checkpoints: list[tuple[int, str]], every: int = 10**9) -> EventStream:
    stream = EventStream(
        CONFIG,
        append=entries.append,
        checkpoint=lambda position, digest: checkpoints.append((position, digest)),
        checkpoint_every=every,
    )
    stream.emit(RunStarted(START_NS, STREAM_SCHEMA, CONFIG.fingerprint))
    return stream


def test_R07_an_entry_is_appended_before_it_is_folded() -> None:
    states = []
    stream = EventStream(
        CONFIG, append=lambda entry: states.append(stream.state), checkpoint=lambda position, digest: None, checkpoint_every=9
    )
    stream.emit(RunStarted(START_NS, STREAM_SCHEMA, CONFIG.fingerprint))
    assert states == [INITIAL]


def test_what_was_appended_folds_to_the_state_that_the_stream_holds() -> None:
    entries: list[EventStreamEntry] = []
    stream = _stream(entries, [])
    stream.emit(MarketDataRows(START_NS, "d" * 64, 0, 9))
    stream.emit(RunCompleted(START_NS))
    assert [entry.position for entry in entries] == [1, 2, 12]
    assert stream.state == fold_event_stream_entries(entries, configuration=CONFIG)
    assert stream.context.position == 12


def test_checkpoints_come_every_so_many_entries_with_the_digest_at_their_position() -> None:
    checkpoints: list[tuple[int, str]] = []
    entries: list[EventStreamEntry] = []
    stream = _stream(entries, checkpoints, every=2)
    for row in range(4):
        stream.emit(MarketDataRows(START_NS, "d" * 64, row * 5, row * 5 + 4))
    assert [position for position, _ in checkpoints] == [6, 16]
    assert checkpoints[0][1] == state_digest(fold_event_stream_entries(entries[:2], configuration=CONFIG))


def test_R07_R87_a_violation_stays_the_last_entry_and_nothing_follows() -> None:
    entries: list[EventStreamEntry] = []
    stream = _stream(entries, [])
    before = stream.state
    with pytest.raises(InvariantViolation, match="never submitted"):
        stream.emit(OrderCanceled(START_NS, START_NS, "O-404"))
    assert stream.state is before
    assert isinstance(stream.violation, InvariantViolation)
    with pytest.raises(InvariantViolation, match="never submitted"):
        stream.emit(RunCompleted(START_NS))
    assert len(entries) == 2


def test_R07_an_entry_that_could_not_be_appended_is_not_folded() -> None:
    def append(entry: EventStreamEntry) -> None:
        raise ArtifactError("disk full")

    stream = EventStream(CONFIG, append=append, checkpoint=lambda position, digest: None, checkpoint_every=9)
    with pytest.raises(ArtifactError, match="disk full"):
        stream.emit(RunStarted(START_NS, STREAM_SCHEMA, CONFIG.fingerprint))
    assert stream.state is INITIAL


def test_R26_what_arrives_during_a_step_waits_its_turn_in_order() -> None:
    entries: list[EventStreamEntry] = []
    appended_at: list[int] = []
    feedback: dict[type, list[Event]] = {
        MarketDataRows: [
            TradingStateChanged(START_NS, START_NS, "REDUCING"),
            ComponentStateChanged(START_NS, START_NS, "X", "Y", "Z"),
        ],
        TradingStateChanged: [TradingStateChanged(START_NS, START_NS, "HALTED")],
    }

    def append(entry: EventStreamEntry) -> None:
        entries.append(entry)
        appended_at.append(stream.state.position)
        before = len(entries)
        for event in feedback.pop(type(entry.event), ()):
            stream.emit(event)
        assert len(entries) == before

    stream = EventStream(CONFIG, append=append, checkpoint=lambda position, digest: None, checkpoint_every=9)
    stream.emit(RunStarted(START_NS, STREAM_SCHEMA, CONFIG.fingerprint))
    stream.emit(MarketDataRows(START_NS, "d" * 64, 0, 4))
    stream.emit(RunCompleted(START_NS))
    assert [(entry.position, type(entry.event).__name__) for entry in entries] == [
        (1, "RunStarted"),
        (2, "MarketDataRows"),
        (7, "TradingStateChanged"),
        (8, "ComponentStateChanged"),
        (9, "TradingStateChanged"),
        (10, "RunCompleted"),
    ]
    assert appended_at == [0, 1, 6, 7, 8, 9]
    assert stream.state == fold_event_stream_entries(entries, configuration=CONFIG)
    assert stream.state.control.trading_state == "HALTED"


def test_R26_what_waits_behind_a_violation_never_enters_the_stream() -> None:
    entries: list[EventStreamEntry] = []

    def append(entry: EventStreamEntry) -> None:
        entries.append(entry)
        if isinstance(entry.event, OrderCanceled):
            stream.emit(RunCompleted(START_NS))

    stream = EventStream(CONFIG, append=append, checkpoint=lambda position, digest: None, checkpoint_every=9)
    stream.emit(RunStarted(START_NS, STREAM_SCHEMA, CONFIG.fingerprint))
    for _ in range(2):
        with pytest.raises(InvariantViolation, match="never submitted"):
            stream.emit(OrderCanceled(START_NS, START_NS, "O-404"))
    assert [type(entry.event) for entry in entries] == [RunStarted, OrderCanceled]
