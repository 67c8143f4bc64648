"""`tc reconcile`: what a person types, sees and gets as exit code; what a machine reads."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from commands import Answer
from fake_node import FakeNode, Said, fake_node, told_by_node
from fake_venue import KEYS, FakeVenue, answers, serving
from fakes import CREATED_NS, make_run, run_configuration
from streams import Venue
from tc.checks.reconcile import HeldBalance, HeldFill, HeldOrder, HeldPosition, Holdings, JournalBook, Unknown
from tc.checks.reconcile.observed.convert import observed_document
from tc.cli.reconcile import show_reconciliation
from tc.core import INITIAL, process_event_entry
from tc.core.events import AccountUpdated, Balance, OrderAccepted, OrderFilled, OrderInitialized, OrderSubmitted
from tc.flows.reconciliation.comparing import Source
from tc.flows.reconciliation.reconcile import reconcile_run
from tc.flows.witness import Witness
from tc.spec.library import load_instrument
from tc.store.layout import RunDirectory
from tc.store.nodes import NodeDocument, write_node
from tc.store.ops import read_facts
from tc.venue.keeping import Keeper
from tc.venue.matching import NewOrder, OrderType, Side
from tc.wiring.reconcile import CACHE_WITHIN_S, reconcile_with_venue
from tc.wiring.venue import symbol_rules

Tc = Callable[..., Answer]


@pytest.fixture
def venue() -> Venue:
    """Return a venue with an open order, fills, a position and a balance."""
    venue = Venue(run_configuration())
    balance = Balance("USDT", Decimal("1000.5"), Decimal(0), Decimal("1000.5"))
    venue.emit(AccountUpdated(venue.now, venue.now, "A-1", "MARGIN", True, (balance,)))
    venue.fill(venue.accepted("BUY", "2.0"))
    venue.accepted("SELL", "1.0")
    return venue


@pytest.fixture
def held(venue: Venue) -> Holdings:
    """Return what the venue's stream adds up to."""
    book, state = JournalBook(), INITIAL
    for entry in venue.entries:
        state = process_event_entry(state, entry, configuration=venue.configuration)
        book.take(entry.event, state)
    return book.holdings(state)


@pytest.fixture
def run(tmp_path: Path, venue: Venue) -> RunDirectory:
    """Return a sealed run."""
    return make_run(tmp_path / "artifacts", "traded", entries=venue.entries, configuration=venue.configuration)


@pytest.fixture
def seen(tmp_path: Path) -> Callable[[Holdings], Path]:
    """Return what writes a document of what was observed."""

    def write(held: Holdings) -> Path:
        path = tmp_path / "seen.json"
        path.write_bytes(msgspec.json.encode(observed_document(held)))
        return path

    return write


def test_a_run_that_is_as_its_journal_says(
    command: Tc, run: RunDirectory, held: Holdings, seen: Callable[[Holdings], Path]
) -> None:
    answer = command("reconcile", "traded", "--observed", seen(held))
    assert (answer.code, answer.err) == (0, "")
    lines = [line.split() for line in answer.out.splitlines()]
    assert lines[0] == ["run", "traded"]
    assert lines[4] == ["kept", "as", "ops/reconciliation-0001.json"]
    assert lines[6] == ["matched", "missing", "unexpected", "differs", "unknown"]
    assert lines[7] == ["orders", "2", "0", "0", "0", "0"]
    assert answer.out.endswith("reconciled: what is held is what the journal says\n")
    assert command("runs", "verify", "traded").code == 0
    assert "RunReconciled" in command("runs", "show", "traded").out


def test_every_finding_is_shown_with_what_was_expected_and_what_was_there(
    command: Tc, run: RunDirectory, held: Holdings, seen: Callable[[Holdings], Path]
) -> None:
    assert isinstance(held.orders, tuple)
    assert isinstance(held.fills, tuple)
    moved = replace(
        held,
        orders=(
            *(replace(each, filled=Decimal("0.5")) if each.key == "O-2" else each for each in held.orders),
            HeldOrder("web_1", "BTCUSDT.X", "BUY", Decimal(1), Decimal(0), "ACCEPTED", Decimal(90), None, "V-9"),
        ),
        fills=(*held.fills, HeldFill("T-9", "BTCUSDT.X", "BUY", Decimal(1), Decimal(90), Decimal(0), "USDT", "web_1")),
        positions=(),
    )
    answer = command("reconcile", "traded", "--observed", seen(moved))
    assert answer.code == 1
    for line in (
        "differs: orders O-2",
        "  filled: expected 0, found 0.5",
        "unexpected: orders web_1 (EXTERNAL: the journal has no such order)",
        "  expected no such order",
        "  found    BUY 1 BTCUSDT.X at 90, 0 filled, ACCEPTED",
        "unexpected: fills T-9",
        "missing: positions BTCUSDT.X",
        "  expected 2.0",
        "  found    flat",
        "NOT as the journal says: 4 findings",
    ):
        assert line in answer.out.splitlines()


def test_json_holds_to_its_schema_and_is_what_the_artifact_keeps(
    command: Tc, run: RunDirectory, held: Holdings, seen: Callable[[Holdings], Path]
) -> None:
    changed = replace(held, positions=(HeldPosition("BTCUSDT.X", Decimal(1)),), fills=Unknown("not asked"), fills_from_ns=3)
    answer = command("reconcile", "traded", "--json", "--observed", seen(changed))
    assert answer.code == 1
    document = answer.json("reconcile")
    assert document["verdict"] == "found"
    assert document["unknown"] == {"fills": "the document does not state them"}
    kept = json.loads((run.path / document.pop("artifact")).read_bytes())
    assert kept.pop("observed")["positions"] == [{"instrument_id": "BTCUSDT.X", "signed_quantity": "1"}]
    assert (kept.pop("cached"), document.pop("heal")) == (None, None)
    assert kept == document


def test_what_was_not_stated_is_unknown(command: Tc, run: RunDirectory, held: Holdings, seen: Callable[[Holdings], Path]) -> None:
    answer = command("reconcile", "traded", "--observed", seen(replace(held, balances=Unknown("not asked"))))
    assert answer.code == 5
    assert "note: balances are unknown: the document does not state them" in answer.out
    assert answer.out.endswith("UNKNOWN: nothing was found, but something could not be asked; unknown is not flat\n")


def test_a_document_that_is_wrong_is_bad_usage_and_leaves_nothing(command: Tc, run: RunDirectory, tmp_path: Path) -> None:
    path = tmp_path / "seen.json"
    path.write_text('{"observed_version": 1, "balances": [{"currency": "USDT", "total": 5}]}', encoding="utf-8")
    answer = command("reconcile", "traded", "--observed", path)
    assert answer.code == 2
    assert f"error: {path}: balances[0].total is 5: expected a text in quotes" in answer.err
    assert not run.ops_folder.exists()
    assert command("reconcile", "traded", "--observed", tmp_path / "none.json").code == 2


def test_a_backtest_has_no_venue_to_ask(command: Tc, run: RunDirectory) -> None:
    answer = command("reconcile", "traded")
    assert answer.code == 2
    assert "is a backtest: there is no venue to ask" in answer.err
    assert not run.ops_folder.exists()


def test_a_run_that_is_not_there_is_missing(command: Tc) -> None:
    assert command("reconcile", "nowhere").code == 6


def test_many_rows_are_cut_in_words_and_whole_for_machines(
    command: Tc, run: RunDirectory, held: Holdings, seen: Callable[[Holdings], Path]
) -> None:
    assert isinstance(held.orders, tuple)
    order = HeldOrder("web", "BTCUSDT.X", "BUY", Decimal(1), Decimal(0), "ACCEPTED", Decimal(90), None, "V")
    many = tuple(replace(order, key=f"web-{number}", venue_order_id=f"W-{number}") for number in range(50))
    path = seen(replace(held, orders=(*held.orders, *many)))
    assert "and 10 more; --json lists all" in command("reconcile", "traded", "--observed", path).out
    assert len(command("reconcile", "traded", "--json", "--observed", path).json("reconcile")["rows"]) == 50


INSTRUMENT = {**msgspec.to_builtins(load_instrument("BTCUSDT-PERP.BINANCE", search=())), "id": "BTCUSDT.X"}
NODE = {"api_key": "TEST_KEY", "api_secret": "TEST_SECRET"}


@pytest.fixture
def listening() -> Iterator[FakeVenue]:
    """Yield a venue that listens, with the order and the fill of a run."""
    fake, ready, over = FakeVenue(), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with serving(fake):
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    yield fake
    loop.call_soon_threadsafe(over.set)
    thread.join(10)
    loop.close()


def paper_run(tmp_path: Path, fake: FakeVenue, *, is_sealed: bool = True, **node: object) -> RunDirectory:
    """Return a run that traded on the venue, which holds what its journal says."""
    document = {"mode": "paper", "node": {**NODE, **node}}
    venue = Venue(run_configuration(run_spec=document, instrument=INSTRUMENT))
    balance = Balance("USDT", Decimal("99999.97599996"), Decimal(0), Decimal("99999.97599996"))
    venue.emit(AccountUpdated(venue.now, venue.now, "A-1", "MARGIN", True, (balance,)))
    number = fake.rests("BTCUSDT", clientOrderId="O-1", origQty="1.0", price="100.50")
    at = venue.now
    key = venue.initialize("BUY", "1.0")
    venue.submit(key)
    venue.emit(OrderAccepted(at, at, key, str(number), "A-1"))
    return make_run(tmp_path / "artifacts", "traded", entries=venue.entries, configuration=venue.configuration, seal=is_sealed)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the venue's keys into the environment."""
    monkeypatch.setenv("TEST_KEY", KEYS.api_key)
    monkeypatch.setenv("TEST_SECRET", KEYS.api_secret)


@pytest.mark.usefixtures("keys")
def test_the_venue_of_the_spec_is_asked_over_a_signed_line(command: Tc, listening: FakeVenue, tmp_path: Path) -> None:
    run = paper_run(tmp_path, listening, venue_url=f"http://127.0.0.1:{listening.port}")
    answer = command("reconcile", "traded")
    assert (answer.code, answer.err) == (0, "")
    assert f"venue     http://127.0.0.1:{listening.port}" in answer.out
    listening.positions["BTCUSDT", "BOTH"] = Decimal("0.5")
    listening.rests("BTCUSDT", clientOrderId="web_1")
    answer = command("reconcile", "traded")
    assert answer.code == 1
    assert "unexpected: orders web_1 (EXTERNAL: the journal has no such order)" in answer.out
    assert "unexpected: positions BTCUSDT.X" in answer.out
    assert {method for method, _, _ in listening.log} == {"GET"}
    assert KEYS.api_secret not in "".join(path.read_text("utf-8") for path in run.ops_folder.iterdir())


@pytest.mark.usefixtures("keys")
def test_the_venue_that_the_node_names_is_asked_before_the_specs(command: Tc, listening: FakeVenue, tmp_path: Path) -> None:
    run = paper_run(tmp_path, listening, venue="embedded")
    answer = command("reconcile", "traded")
    assert answer.code == 5
    assert "no node of this run is under the runtime root" in answer.out
    node = NodeDocument(
        run_id="traded",
        name="traded",
        directory=str(run.path),
        socket="",
        pid=1,
        venue_url=f"http://127.0.0.1:{listening.port}",
        api_key_env="TEST_KEY",
        api_secret_env="TEST_SECRET",  # noqa: S106 - the name of a variable
    )
    write_node(tmp_path / "runtime", node)
    assert command("reconcile", "traded").code == 0
    write_node(tmp_path / "runtime", msgspec.structs.replace(node, venue_url=""))
    answer = command("reconcile", "traded")
    assert answer.code == 5
    assert "nothing may be sent to its venue from outside" in answer.out


@pytest.mark.usefixtures("keys")
def test_a_venue_that_is_down_is_unknown(command: Tc, listening: FakeVenue, tmp_path: Path) -> None:
    listening.faults += [("GET", "openAlgoOrders", answers(401, '{"code":-2015,"msg":"Invalid API-key"}'))]
    paper_run(tmp_path, listening, venue_url=f"http://127.0.0.1:{listening.port}")
    answer = command("reconcile", "traded")
    assert answer.code == 5
    assert "note: orders are unknown: " in answer.out
    assert "Invalid API-key" in answer.out


def test_without_keys_the_venue_is_unknown_and_the_variables_are_named(command: Tc, listening: FakeVenue, tmp_path: Path) -> None:
    paper_run(tmp_path, listening, venue_url=f"http://127.0.0.1:{listening.port}")
    answer = command("reconcile", "traded")
    assert answer.code == 5
    assert "TEST_KEY and TEST_SECRET are not set" in answer.out
    assert listening.log == []


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("url", "environment", "arguments"),
    [
        ("https://fapi.binance.com", "loopback", ()),
        ("https://fapi.binance.com", "testnet", ("--i-mean-testnet",)),
        ("http://127.0.0.1.example.com:80", "loopback", ()),
        ("https://testnet.binancefuture.com", "testnet", ()),
        ("https://testnet.binancefuture.com", "loopback", ("--i-mean-testnet",)),
    ],
)
def test_any_url_but_this_machine_or_a_consented_testnet_is_refused(
    command: Tc, listening: FakeVenue, tmp_path: Path, url: str, environment: str, arguments: tuple[str, ...]
) -> None:
    run = paper_run(tmp_path, listening, venue_url=url, environment=environment)
    assert command("reconcile", "traded", *arguments).code == 3
    assert not run.ops_folder.exists()


def test_a_venue_that_states_what_cannot_be_is_unknown_there(
    command: Tc, listening: FakeVenue, tmp_path: Path, keys: None
) -> None:
    run = paper_run(tmp_path, listening, venue_url=f"http://127.0.0.1:{listening.port}")
    for order in listening.orders.values():
        order["status"] = "NEW_ADL"
    listening.faults.append(("GET", "openOrders", answers(200, json.dumps(list(listening.orders.values())))))
    answer = command("reconcile", "traded")
    assert (answer.code, answer.out.splitlines()[-2:]) == (
        5,
        [
            "note: orders are unknown: the venue states what cannot be, at orders[0].status",
            "UNKNOWN: nothing was found, but something could not be asked; unknown is not flat",
        ],
    )
    assert len(list(run.ops_folder.iterdir())) == 1


# The node's cache, and healing.


@contextmanager
def node_of(
    tmp_path: Path, fake: FakeVenue, holdings: Said, heal: Said = None, *, ends: bool = False, **document: Any
) -> Iterator[tuple[FakeNode, RunDirectory]]:
    """Let a node answer for a run that goes on at a venue, with these holdings."""
    run = paper_run(tmp_path, fake, venue="embedded", is_sealed=ends)
    names = {"venue_url": f"http://127.0.0.1:{fake.port}", "api_key_env": "TEST_KEY", "api_secret_env": "TEST_SECRET"}
    with fake_node(tmp_path / "runtime", "traded", {"holdings": holdings, "heal": heal}, **names | document) as node:
        yield node, run


def cache_of(fake: FakeVenue, **changed: Any) -> dict[str, Any]:
    """Return what the node of `paper_run` tells whose cache is right, with some of it changed."""
    (number,) = fake.orders
    order = HeldOrder("O-1", "BTCUSDT.X", "BUY", Decimal(1), Decimal(0), "ACCEPTED", Decimal("100.5"), None, str(number))
    held = Holdings((order,), (), (), (HeldBalance("USDT", Decimal("99999.97599996")),))
    return told_by_node(held) | changed


@pytest.mark.usefixtures("keys")
def test_the_cache_of_a_running_node_is_a_third_column(command: Tc, listening: FakeVenue, tmp_path: Path) -> None:
    with node_of(tmp_path, listening, lambda: cache_of(listening)) as (node, run):
        answer = command("reconcile", "traded")
        assert (answer.code, answer.err) == (0, "")
        assert [line.split()[-1] for line in answer.out.splitlines()[6:11]] == ["cache", "0", "0", "0", "0"]
        assert answer.out.endswith("what is held is what the journal says, and the node believes it\n")
        node.answers["holdings"] = lambda: cache_of(listening, balances={"USDT": "1"})
        answer = command("reconcile", "traded")
        assert answer.code == 1
        assert "only the cache: balances USDT\n" in answer.out
        assert "  cached   1 USDT\n" in answer.out
        shown = command("reconcile", "traded", "--json").json("reconcile")
    assert [each["code"] for each in shown["findings"]] == ["cache_differs"]
    assert shown["cached_counts"]["balances"]["differs"] == 1
    kept = json.loads((run.path / shown["artifact"]).read_bytes())
    assert kept["cached"]["balances"] == [{"currency": "USDT", "total": "1"}]


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("holdings", "why"),
    [
        (None, "the node did not answer at"),
        (b"", "it closed without a word"),
        (b"{}\n", "Object missing required field"),
        (b'{"at_ns":1,"orders":[],"positions":{},"balances":{"USDT":"NaN"}}\n', "Expected `str` matching regex"),
        (b"[" * 200_000 + b"\n", "cannot be reached"),
        ({"error": "not a request"}, "Object missing required field"),
    ],
)
def test_a_node_that_tells_nothing_that_can_be_read_delays_no_comparison_and_fails_none(
    command: Tc, listening: FakeVenue, tmp_path: Path, holdings: Said, why: str
) -> None:
    with node_of(tmp_path, listening, holdings):
        began = time.monotonic()
        answer = command("reconcile", "traded")
        assert time.monotonic() - began < CACHE_WITHIN_S + 2
    assert answer.code == 0
    assert "note: the node's cache is not compared: " in answer.out
    assert why in answer.out
    assert "cache\n" not in answer.out


@pytest.mark.usefixtures("keys")
def test_a_node_that_is_gone_is_not_asked(command: Tc, listening: FakeVenue, tmp_path: Path) -> None:
    with node_of(tmp_path, listening, lambda: cache_of(listening), pid=2**22 - 1) as (node, _):
        answer = command("reconcile", "traded")
    assert (answer.code, node.asked) == (0, [])
    assert "cache" not in answer.out


@pytest.mark.usefixtures("keys")
def test_healing_compares_asks_the_node_and_compares_again(command: Tc, listening: FakeVenue, tmp_path: Path) -> None:
    def heal() -> dict[str, Any]:
        listening.positions.clear()  # As if the node had come to see it.
        return {"healed": True}

    with node_of(tmp_path, listening, lambda: cache_of(listening), heal) as (node, run):
        answer = command("reconcile", "traded", "--heal")
        assert answer.code == 0
        assert answer.out.startswith("the node was not asked to heal: there is nothing to heal\n")
        assert "heal" not in node.asked
        listening.positions["BTCUSDT", "BOTH"] = Decimal("0.5")
        answer = command("reconcile", "traded", "--heal")
        assert answer.code == 0
        before, after = answer.out.split("the node has healed itself\n")
        assert before.endswith("NOT as the journal says: 1 finding\n\n")
        assert "reconciled: what is held is what the journal says" in after
        listening.positions["BTCUSDT", "BOTH"] = Decimal("0.5")
        node.answers["heal"] = {"healed": False}
        answer = command("reconcile", "traded", "--heal", "--json")
    assert answer.code == 1
    shown = answer.json("reconcile")
    reason = "its engine could not take over what the venue says; the node's log says why"
    assert shown["heal"] == {
        "before": "ops/reconciliation-0004.json",
        "is_asked": True,
        "is_healed": False,
        "reason": reason,
    }
    assert shown["artifact"] == "ops/reconciliation-0005.json"
    names = [type(each).__name__ for each in read_facts(run)]
    compared, asked, healed = "RunReconciled", "HealRequested", "RunHealed"
    assert names == [compared, compared, asked, healed, compared, compared, asked, healed, compared]


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("ends", "document", "options", "code"),
    [
        (True, {}, (), 3),
        (False, {"pid": 2**22 - 1}, (), 3),
        (False, {"venue_url": ""}, (), 3),
        (False, {"venue_url": "https://testnet.binancefuture.com", "environment": "testnet"}, (), 3),
        (False, {"venue_url": "https://fapi.binance.com", "environment": "testnet"}, ("--i-mean-testnet",), 3),
        (False, {}, ("--observed", "seen.json"), 2),
    ],
)
def test_healing_is_refused_where_it_may_not_be_and_then_nothing_is_asked_or_written(
    command: Tc, listening: FakeVenue, tmp_path: Path, ends: bool, document: dict[str, Any], options: tuple[str, ...], code: int
) -> None:
    with node_of(tmp_path, listening, lambda: cache_of(listening), {"healed": True}, ends=ends, **document) as (node, run):
        answer = command("reconcile", "traded", "--heal", *options)
    assert (answer.code, answer.out) == (code, "")
    assert "hint:" in answer.err
    assert (node.asked, listening.log) == ([], [])
    assert not run.ops_folder.exists()


EMBEDDED = {"mode": "paper", "node": {**NODE, "venue": "embedded"}}


def traded_on_embedded(tmp_path: Path) -> RunDirectory:
    """Return a run whose embedded venue has ended, leaving its state file: an order filled, an order that rests."""
    instrument = load_instrument("BTCUSDT-PERP.BINANCE", search=())
    state = tmp_path / "runtime" / "venues" / "traded.sqlite"
    state.parent.mkdir(parents=True)
    venue = Venue(run_configuration(run_spec=EMBEDDED, instrument=msgspec.to_builtins(instrument)))
    rules = symbol_rules(instrument)
    now = CREATED_NS + 2_000_000_000
    with Keeper(state) as keeper:
        exchange = keeper.load({rules.symbol: rules}, {"USDT": Decimal(100_000)})
        exchange.book_reset("BTCUSDT", [(Decimal(60_000), Decimal(5))], [(Decimal("60000.1"), Decimal(5))], now)
        exchange.submit(order_of("O-1", OrderType.MARKET, "0.500", None), now)
        exchange.submit(order_of("O-2", OrderType.LIMIT, "1.000", "59000.0"), now)
        keeper.keep(exchange)
        (trade,) = exchange.trades("BTCUSDT")
        ids = {each.client_order_id: str(each.order_id) for each in exchange.orders("BTCUSDT")}
        wallet = exchange.wallet()["USDT"]
    terms = {"O-1": ("MARKET", "0.500", None), "O-2": ("LIMIT", "1.000", Decimal(59_000))}
    at = (venue.now, venue.now)
    for key, (kind, quantity, price) in terms.items():
        venue.emit(OrderInitialized(*at, key, "S-1", instrument.id, "BUY", kind, Decimal(quantity), "GTC", price=price))
        venue.emit(OrderSubmitted(*at, key, "A-1"))
        venue.emit(OrderAccepted(*at, key, ids[key], "A-1"))
    filled = (trade.quantity, trade.price, "USDT", trade.commission, "USDT", "TAKER")
    venue.emit(OrderFilled(*at, "O-1", ids["O-1"], "A-1", str(trade.trade_id), "P-1", "S-1", instrument.id, "BUY", *filled))
    venue.emit(AccountUpdated(*at, "A-1", "MARGIN", True, (Balance("USDT", wallet, Decimal(0), wallet),)))
    return make_run(tmp_path / "artifacts", "traded", entries=venue.entries, configuration=venue.configuration)


def order_of(key: str, kind: OrderType, quantity: str, price: str | None) -> NewOrder:
    return NewOrder(
        client_order_id=key,
        symbol="BTCUSDT",
        side=Side.BUY,
        type=kind,
        quantity=Decimal(quantity),
        price=None if price is None else Decimal(price),
    )


def test_an_embedded_venue_that_has_ended_is_asked_again_from_its_state_file(command: Tc, tmp_path: Path) -> None:
    run = traded_on_embedded(tmp_path)
    folder = tmp_path / "runtime" / "venues"
    (folder / "traded.sqlite.lock").unlink()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    answer = command("reconcile", "traded")
    assert (answer.code, answer.err) == (0, "")
    assert "venue     embedded, from runtime/venues/traded.sqlite" in answer.out
    assert ["orders", "2", "0", "0", "0", "0"] in [line.split() for line in answer.out.splitlines()]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    rules = symbol_rules(load_instrument("BTCUSDT-PERP.BINANCE", search=()))
    with Keeper(folder / "traded.sqlite") as keeper:
        exchange = keeper.load({rules.symbol: rules}, {})
        exchange.cancel_all("BTCUSDT", CREATED_NS + 3_000_000_000)
        keeper.keep(exchange)
        assert "its venue does not run" in command("reconcile", "traded").out
    answer = command("reconcile", "traded")
    assert answer.code == 1
    assert "  status: expected ACCEPTED, found CANCELED" in answer.out
    (folder / "traded.sqlite").write_bytes(b"no state at all")
    assert command("reconcile", "traded").code == 5
    assert command("runs", "verify", run.run_id).code == 0


def test_a_venue_that_is_named_is_asked_with_keys_of_an_environment_that_is_given(listening: FakeVenue, tmp_path: Path) -> None:
    run = paper_run(tmp_path, listening, venue="embedded")
    environment = {"A": KEYS.api_key, "B": KEYS.api_secret}
    names = {"api_key_env": "A", "api_secret_env": "B"}
    artifact, document = reconcile_with_venue(run, listening.url, runtime_root=tmp_path, environment=environment, **names)
    assert (artifact, document.verdict) == ("reconciliation-0001.json", "clean")
    _, document = reconcile_with_venue(run, listening.url, runtime_root=tmp_path, environment={}, **names)
    assert document.verdict == "unknown"


def test_the_cache_and_what_was_in_flight_are_shown(
    held: Holdings, run: RunDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    flat = replace(held, positions=())
    by = Witness(1, "0", None)
    source = Source("venue", "http://127.0.0.1:1", lambda: flat)
    show_reconciliation(*reconcile_run(run, source, by=by, cached=lambda: held))
    shown = capsys.readouterr().out
    assert "missing: positions BTCUSDT.X\n  expected 2.0\n  found    flat\n  cached   2.0\n" in shown
    name, document = reconcile_run(run, Source("venue", "it", lambda: held), by=by, cached=lambda: flat)
    show_reconciliation(name, msgspec.structs.replace(document, in_flight=2, looks=3))
    shown = capsys.readouterr().out
    assert "note: 2 came right in one of 3 looks: they were in flight" in shown
    assert "only the cache: positions BTCUSDT.X\n  expected 2.0\n  found    2.0\n  cached   flat\n" in shown
