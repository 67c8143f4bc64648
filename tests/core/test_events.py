"""Rules R01 to R11 and R27: what Events are, how they form a stream, and that the Core reads nothing else."""

import ast
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tc.core
import tc.errors
import tc.redaction
from streams import DATASET, START_NS, Venue, configuration, position_spans, venues
from tc.core import (
    INITIAL,
    EventStreamEntry,
    encode_state,
    fold_event_stream_entries,
    last_position,
    process_event_entry,
    state_digest,
)
from tc.core.events import (
    CATEGORIES,
    EVENT_TYPES,
    MarketDataRows,
    OrderFilled,
    OrderInitialized,
    RunCompleted,
    RunFailed,
    RunStarted,
    RunStopped,
    span,
)
from tc.core.state.fold import HANDLERS
from tc.errors import InvariantViolation
from tc.runtime.cursor import EventStreamCursor


@pytest.mark.parametrize("kind", CATEGORIES, ids=lambda kind: kind.__name__)
def test_R01_an_event_cannot_be_changed_after_creation(kind: type) -> None:
    assert kind.__struct_config__.frozen
    fields = dict.fromkeys(kind.__struct_fields__)
    event = kind(**fields)
    with pytest.raises(AttributeError):
        setattr(event, kind.__struct_fields__[0], 1)


@pytest.mark.parametrize("kind", CATEGORIES, ids=lambda kind: kind.__name__)
def test_R02_each_event_type_has_exactly_one_category_and_a_handler(kind: type) -> None:
    assert CATEGORIES[kind] in {"market", "execution", "intent", "control"}
    assert EVENT_TYPES[kind.__name__] is kind
    assert kind in HANDLERS


def test_R02_no_handler_is_without_a_category() -> None:
    assert set(HANDLERS) == set(CATEGORIES)


def test_R03_an_entry_has_exactly_position_and_event() -> None:
    assert EventStreamEntry.__struct_fields__ == ("position", "event")


@given(venues(), st.data())
def test_R04_positions_start_at_1_and_a_gap_or_repeat_is_refused_with_state_unchanged(venue: Venue, data: st.DataObject) -> None:
    entries = venue.entries
    assert entries[0].position == 1
    index = data.draw(st.integers(0, len(entries) - 1))
    before = fold_event_stream_entries(entries[:index], configuration=venue.configuration)
    wrong = data.draw(st.integers(0, 10_000).filter(lambda position: position != entries[index].position))
    frozen = encode_state(before)
    with pytest.raises(InvariantViolation, match=f"position {wrong} follows"):
        process_event_entry(before, EventStreamEntry(wrong, entries[index].event), configuration=venue.configuration)
    assert encode_state(before) == frozen


@given(venues())
def test_R05_the_cursor_allocates_gapless_positions(venue: Venue) -> None:
    cursor = EventStreamCursor()
    for entry in venue.entries:
        assert cursor.next == entry.position
        assert cursor.allocate(entry.event) == entry.position
        assert cursor.next == last_position(entry) + 1
    assert fold_event_stream_entries(venue.entries, configuration=venue.configuration).position == position_spans(venue.entries)


FACTS = {
    "market": {"MarketDataRows", "MarketObserved", "FeedDegraded"},
    "intent": {
        "OrderInitialized",
        "OrderDenied",
        "OrderEmulated",
        "OrderReleased",
        "SubmitRequested",
        "ModifyRequested",
        "CancelRequested",
        "DispatchFailed",
    },
    "execution": {
        "OrderSubmitted",
        "OrderAccepted",
        "OrderRejected",
        "OrderCanceled",
        "OrderExpired",
        "OrderTriggered",
        "OrderPendingUpdate",
        "OrderPendingCancel",
        "OrderModifyRejected",
        "OrderCancelRejected",
        "OrderUpdated",
        "OrderFilled",
        "PositionOpened",
        "PositionChanged",
        "PositionClosed",
        "AccountUpdated",
    },
    "control": {
        "RunStarted",
        "RunResumed",
        "RunCompleted",
        "RunStopped",
        "RunFailed",
        "TradingStateChanged",
        "ComponentStateChanged",
        "ControlTimeReached",
        "KillSwitchChanged",
        "KillSwitchAdvanced",
        "TapeBlockWritten",
        "TapeStopped",
        "ThrottleReset",
        "StrategyFailed",
        "SnapshotTaken",
    },
}
"""Every type that an entry may hold: each names what has happened, be it that somebody asked; none is an Intent."""


def test_R09_the_closed_list_of_event_types_holds_facts_and_no_intent() -> None:
    listed = {category: {kind.__name__ for kind, its in CATEGORIES.items() if its == category} for category in FACTS}
    assert listed == FACTS
    assert set(EVENT_TYPES) == set().union(*FACTS.values())


@pytest.mark.parametrize("name", ["SubmitOrder", "ModifyOrder", "CancelOrder", "New", "Replace", "Cancel"])
def test_R09_an_intent_is_refused_as_an_entry(name: str) -> None:
    intent = msgspec.defstruct(name, [("at_ns", int, START_NS), ("event_ns", int, START_NS)], frozen=True, tag=name)
    with pytest.raises(InvariantViolation, match=f"unknown type {name}"):
        process_event_entry(
            fold_event_stream_entries((venue := Venue()).entries, configuration=venue.configuration),
            EventStreamEntry(2, intent()),
            configuration=venue.configuration,
        )
    line = b'{"position":2,"event":' + msgspec.json.encode(intent()) + b"}"
    with pytest.raises(msgspec.ValidationError, match=f"Invalid value '{name}'"):
        msgspec.json.decode(line, type=EventStreamEntry)


def test_R10_an_unknown_event_type_stops_the_fold() -> None:
    class Strange(msgspec.Struct, frozen=True):
        at_ns: int = 0
        event_ns: int = 0

    venue = Venue()
    state = fold_event_stream_entries(venue.entries, configuration=venue.configuration)
    with pytest.raises(InvariantViolation, match="unknown type Strange"):
        process_event_entry(state, EventStreamEntry(2, Strange()), configuration=venue.configuration)


def test_R10_another_schema_version_stops_the_fold() -> None:
    config = configuration()
    entry = EventStreamEntry(1, RunStarted(START_NS, 2, config.fingerprint))
    with pytest.raises(InvariantViolation, match="schema 2; this version of tc reads 1"):
        process_event_entry(INITIAL, entry, configuration=config)


@given(venues(), st.randoms(use_true_random=False))
def test_R11_event_times_change_no_order_of_application(venue: Venue, random: object) -> None:
    shuffled = [
        EventStreamEntry(entry.position, msgspec.structs.replace(entry.event, event_ns=random.randrange(10**18)))
        if hasattr(entry.event, "event_ns")
        else entry
        for entry in venue.entries
    ]
    first = fold_event_stream_entries(venue.entries, configuration=venue.configuration)
    second = fold_event_stream_entries(shuffled, configuration=venue.configuration)
    assert second.stream_time_ns == first.stream_time_ns
    assert [key for slot in second.execution.orders.open for key in slot] == [
        key for slot in first.execution.orders.open for key in slot
    ]
    assert second.execution.holdings == first.execution.holdings


def test_a_market_record_spans_its_rows() -> None:
    assert span(MarketDataRows(1, DATASET, 3, 7)) == 5
    assert span(RunCompleted(1)) == 1


@given(st.integers(1, 30), st.data())
def test_splitting_a_market_record_changes_no_state(rows: int, data: st.DataObject) -> None:
    config = configuration()
    start = EventStreamEntry(1, RunStarted(START_NS, 1, config.fingerprint))
    whole = [start, EventStreamEntry(2, MarketDataRows(START_NS + 5, DATASET, 0, rows - 1))]
    cut = data.draw(st.integers(0, rows - 1))
    parts = [start]
    if cut:
        parts.append(EventStreamEntry(2, MarketDataRows(START_NS + 5, DATASET, 0, cut - 1)))
    parts.append(EventStreamEntry(2 + cut, MarketDataRows(START_NS + 5, DATASET, cut, rows - 1)))
    assert state_digest(fold_event_stream_entries(parts, configuration=config)) == state_digest(
        fold_event_stream_entries(whole, configuration=config)
    )


@pytest.mark.parametrize(("first", "last"), [(5, 4), (6, 6), (4, 9)])
def test_market_rows_that_do_not_follow_are_a_violation(first: int, last: int) -> None:
    venue = Venue()
    venue.rows(5)
    state = fold_event_stream_entries(venue.entries, configuration=venue.configuration)
    with pytest.raises(InvariantViolation, match="do not follow row 4"):
        process_event_entry(
            state,
            EventStreamEntry(state.position + 1, MarketDataRows(START_NS, DATASET, first, last)),
            configuration=venue.configuration,
        )


@given(venues())
def test_an_event_and_its_journal_form_are_one_definition(venue: Venue) -> None:
    decoder = msgspec.json.Decoder(EventStreamEntry)
    for entry in venue.entries:
        body = msgspec.json.encode(entry)
        assert decoder.decode(body) == entry
        assert msgspec.json.encode(decoder.decode(body)) == body


def test_decimals_stay_text_in_the_journal_form() -> None:
    venue = Venue()
    order_id = venue.initialize(quantity="12345678901234567890.123456789")
    event = venue.entries[-1].event
    assert isinstance(event, OrderInitialized)
    body = msgspec.json.encode(venue.entries[-1])
    assert b'"quantity":"12345678901234567890.123456789"' in body
    assert msgspec.json.decode(body, type=EventStreamEntry).event.quantity == Decimal("12345678901234567890.123456789")
    assert order_id == "O-1"


CORE = Path(tc.core.__file__).parent
MODULES = sorted(CORE.rglob("*.py"))
IMPORTED = {
    "bisect",
    "collections.abc",
    "decimal",
    "functools",
    "hashlib",
    "msgspec",
    "msgspec.structs",
    "tc.core",
    "tc.errors",
    "types",
    "typing",
    "zlib",
}
"""All that the Core may import: none of these can read a clock, a random source, the environment, a file or the network."""


def imports(tree: ast.AST) -> set[str]:
    """Return the modules that the code imports, in whatever form and wherever it stands; ours by their room."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return {"tc.core" if name.startswith("tc.core.") else name for name in found}


def reaches_round_imports(tree: ast.AST) -> set[str]:
    """Return the built-in names used that read a file or get hold of a module without importing it."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return names & {
        "open",
        "input",
        "eval",
        "exec",
        "compile",
        "__import__",
        "__builtins__",
        "__loader__",
        "globals",
        "breakpoint",
    }


@pytest.mark.parametrize("module", MODULES, ids=[str(module.relative_to(CORE)) for module in MODULES])
def test_R27_the_core_imports_nothing_that_reads_the_world(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    assert imports(tree) <= IMPORTED
    assert reaches_round_imports(tree) == set()


def test_R27_the_errors_that_the_core_raises_import_nothing_that_reads_the_world_either() -> None:
    for module in (tc.errors, tc.redaction):
        assert imports(ast.parse(Path(module.__file__).read_text(encoding="utf-8"))) <= IMPORTED | {"enum", "re", "tc.redaction"}


@pytest.mark.parametrize(
    "code",
    [
        "import time",
        "import os.path as p",
        "from random import random as r",
        "def f():\n    from os import environ",
        "import tc.store",
    ],
)
def test_R27_the_look_at_imports_finds_each_form(code: str) -> None:
    assert not imports(ast.parse(code)) <= IMPORTED


WITHOUT_A_WORLD = """
import builtins, datetime, io, os, random, secrets, socket, sys, time, uuid
sys.path.insert(0, sys.argv[1])
from streams import Venue
import tc.core

venue = Venue()
venue.every_type()
show, leave, write = sys.stdout.write, os._exit, sys.stdout.flush


class Read(BaseException):
    pass


class Trap:
    def __init__(self, *args, **kwargs):
        raise Read

    __class_getitem__ = classmethod(lambda *args: Trap())
    now = utcnow = today = fromtimestamp = get = classmethod(lambda *args: Trap())


for module in (time, random, secrets, socket, uuid):
    for name, value in list(vars(module).items()):
        if callable(value) and not (isinstance(value, type) and issubclass(value, BaseException)):
            setattr(module, name, Trap)
for module, names in (
    (os, "environ environb getenv getenvb urandom getrandom open read stat listdir scandir getpid times"),
    (io, "open open_code FileIO"),
    (builtins, "open input"),
    (datetime, "datetime date"),
):
    for name in names.split():
        setattr(module, name, Trap)

reads = [
    lambda: time.time(), lambda: time.time_ns(), lambda: time.monotonic(), lambda: time.monotonic_ns(),
    lambda: time.perf_counter(), lambda: secrets.token_hex(), lambda: os.open(".", 0),
    lambda: random.random(), lambda: os.urandom(1), lambda: os.environ["HOME"], lambda: os.environ.get("HOME"),
    lambda: os.getenv("HOME"), lambda: open(sys.argv[0]), lambda: io.open("x"), lambda: socket.socket(),
    lambda: datetime.datetime.now(), lambda: datetime.date.today(), lambda: uuid.uuid4(),
]
sprung = 0
for read in reads:
    try:
        read()
    except Read:
        sprung += 1
seen = []
sys.addaudithook(lambda name, args: seen.append(name))
state = tc.core.fold_event_stream_entries(venue.entries, configuration=venue.configuration)
digest = tc.core.state_digest(state)
files = [name for name in seen if name.startswith(("open", "os.", "socket.", "import", "subprocess."))]
show(f"{len(reads) - sprung} {files} {digest}")
write()
leave(0)
"""
"""Takes the clocks, random sources, environment, files and network away, proves them gone, then folds every type of event."""


def test_R27_folding_needs_no_clock_random_source_environment_file_or_network() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_A_WORLD, str(Path(__file__).parent.parent)], capture_output=True, text=True, check=False
    )
    venue = Venue()
    venue.every_type()
    assert {type(entry.event) for entry in venue.entries} | {RunStopped, RunFailed} == set(CATEGORIES)
    digest = state_digest(fold_event_stream_entries(venue.entries, configuration=venue.configuration))
    assert (done.stdout, done.stderr) == (f"0 [] {digest}", "")


def test_compat_fills_are_never_counted_as_canonical() -> None:
    venue = Venue()
    fill = venue.fill(venue.accepted(), "0.5")
    assert isinstance(fill, OrderFilled)
    assert fill.source == "canonical"
