"""The venue's state file: what was kept is there again, exactly, and a file that is not right is refused."""

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

import venue_turns
from matching_samples import BUY, RULES, SELL, START, SYMBOL, limit, market
from tc.errors import ArtifactError
from tc.venue.keeping import Keeper, RequestRow
from tc.venue.matching import Exchange
from venue_turns import BALANCES, take_kept_turn, take_turn, without_markets

ROW = RequestRow(7, "POST", "/fapi/v1/order", "c1", 200, 0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "venue.sqlite"


def opened(path: Path) -> tuple[Keeper, Exchange]:
    keeper = Keeper(path, is_flushed=False)
    return keeper, keeper.load({SYMBOL: RULES}, BALANCES)


def test_a_new_file_begins_with_the_balances_and_an_old_one_with_its_own(path: Path) -> None:
    with Keeper(path) as keeper:
        assert keeper.load({SYMBOL: RULES}, {"USDT": START, "BNB": Decimal("0.5")}).wallet() == {
            "BNB": Decimal("0.5"),
            "USDT": START,
        }
    with Keeper(path) as keeper:
        assert keeper.load({SYMBOL: RULES}, {"USDT": Decimal(1)}).wallet() == {"BNB": Decimal("0.5"), "USDT": START}


def test_going_on_from_the_file_is_going_on(path: Path) -> None:
    reference = Exchange({SYMBOL: RULES}, BALANCES)
    keeper, exchange = opened(path)
    requests, resting = [], 0
    for turn in range(1, 241):
        requests += take_turn(reference, turn, [])
        assert take_kept_turn(keeper, exchange) == turn
        if turn % 12 == 0:
            keeper.close()
            keeper, exchange = opened(path)
            assert without_markets(exchange) == without_markets(reference)
            resting += len(exchange.open_orders())
    assert [row for _, row in keeper.requests()] == requests
    keeper.close()
    assert len(reference.trades()) > 100
    assert len(reference.algos()) > 20
    assert resting > 10


def test_only_what_changed_is_written(path: Path) -> None:
    keeper, exchange = opened(path)
    with keeper:
        exchange.book_reset(SYMBOL, [(Decimal(99), Decimal(5))], [(Decimal(100), Decimal(5))], 1)
        exchange.submit(limit(BUY, "98", "1"), 2)
        keeper.keep(exchange)
        written = _rows_changed(keeper)
        exchange.book_delta(SYMBOL, BUY, Decimal("98.5"), Decimal(5), 3)
        keeper.keep(exchange)
        assert _rows_changed(keeper) == written
        keeper.keep(exchange, ROW)
        assert _rows_changed(keeper) > written


def _rows_changed(keeper: Keeper) -> int:
    return keeper._file.total_changes


def test_what_a_request_costs_does_not_grow_with_history(path: Path) -> None:
    keeper, exchange = opened(path)
    with keeper:
        exchange.book_reset(SYMBOL, [(Decimal(99), Decimal(5))], [(Decimal(100), Decimal(5))], 1)
        costs = []
        for number in range(600):
            exchange.submit(limit(BUY, "98", "1", client=f"c{number}"), 2)
            exchange.cancel(SYMBOL, client_order_id=f"c{number}", now_ns=3)
            before = keeper._file.total_changes
            keeper.keep(exchange, ROW)
            costs.append(keeper._file.total_changes - before)
        assert costs[0] == costs[-1]


def test_requests_are_read_from_a_number_on_and_one_wait_serves_several(path: Path) -> None:
    keeper, exchange = opened(path)
    with keeper:
        for code in (0, -2011):
            keeper.log(replace(ROW, error_code=code))
        keeper.keep(exchange, replace(ROW, method="DELETE"))
        assert [(number, row.method, row.error_code) for number, row in keeper.requests()] == [
            (1, "POST", 0),
            (2, "POST", -2011),
            (3, "DELETE", 0),
        ]
        assert [number for number, _ in keeper.requests(after=2)] == [3]


def test_notes_are_kept_with_the_next_keep(path: Path) -> None:
    keeper, exchange = opened(path)
    with keeper:
        assert keeper.noted("listen key") is None
        keeper.note("listen key", "abc")
        assert keeper.noted("listen key") == "abc"
        keeper.keep(exchange)
    keeper, _ = opened(path)
    with keeper:
        assert keeper.noted("listen key") == "abc"


def test_lost_orders_stay_lost_and_leverage_stays_set(path: Path) -> None:
    keeper, exchange = opened(path)
    with keeper:
        for client in ("a", "b"):
            exchange.submit(limit(BUY, "98", "1", client=client), 2)
        keeper.keep(exchange)
        exchange.lose_order(SYMBOL, 1)
        exchange.set_leverage(SYMBOL, 7)
        exchange.shift_position(SYMBOL, Decimal("0.5"), 3)
        keeper.keep(exchange)
    keeper, again = opened(path)
    with keeper:
        assert without_markets(again) == without_markets(exchange)
        assert (again.leverage(SYMBOL), again.position(SYMBOL).quantity) == (7, Decimal("0.5"))
        assert [order.order_id for order in again.orders()] == [2]


def test_a_funding_fee_and_a_fill_that_a_fault_made_are_kept(path: Path) -> None:
    keeper, exchange = opened(path)
    with keeper:
        exchange.submit(limit(BUY, "98", "1", client="a"), 2)
        keeper.keep(exchange)
        before = exchange.wallet()["USDT"]
        exchange.book_funding(SYMBOL, Decimal("-1.25"), 3)
        keeper.keep(exchange)
    keeper, again = opened(path)
    with keeper:
        assert again.wallet()["USDT"] == before - Decimal("1.25")
        assert without_markets(again) == without_markets(exchange)
        again.fill_resting(SYMBOL, client_order_id="a", now_ns=4)
        keeper.keep(again)
    keeper, last = opened(path)
    with keeper:
        assert (last.position(SYMBOL).quantity, last.open_orders()) == (1, [])


def test_a_second_venue_on_the_same_file_is_refused(path: Path) -> None:
    with Keeper(path):
        with pytest.raises(ArtifactError, match="another venue is running"):
            Keeper(path)
        program = "import sys; from pathlib import Path; from tc.venue.keeping import Keeper; Keeper(Path(sys.argv[1]))"
        second = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=False)
        assert "another venue is running" in second.stderr
    Keeper(path).close()


def _foreign(path: Path) -> None:
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE photos (name TEXT)")
    file.close()


def _pragma(statement: str) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        _kept_for(path, 36)
        with sqlite3.connect(path) as file:
            file.execute(statement)
        file.close()

    return spoil


def _kept_for(path: Path, turns: int) -> None:
    keeper, exchange = opened(path)
    with keeper:
        for _ in range(turns):
            take_kept_turn(keeper, exchange)


def _torn(path: Path) -> None:
    _kept_for(path, 40)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _scribbled(path: Path) -> None:
    _kept_for(path, 40)
    content = bytearray(path.read_bytes())
    content[4096 * 2 : -4096] = bytes(len(content[4096 * 2 : -4096]))
    path.write_bytes(content)


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "text": (lambda path: path.write_text("hello, I am a text of some length\n" * 200), "not a database"),
    "a folder": (Path.mkdir, "unable to open"),
    "another program's": (_foreign, "not a venue's state"),
    "a newer version's": (_pragma("PRAGMA user_version = 2"), "version 2; this program knows version 1"),
    "torn": (_torn, "cannot be used"),
    "overwritten": (_scribbled, "cannot be used"),
    "an order that is none": (_pragma("UPDATE orders SET document = '{}'"), "missing required field"),
    "a balance that is none": (_pragma("UPDATE wallet SET balance = 'much'"), "Invalid decimal"),
    "a place without an order": (_pragma("INSERT INTO resting VALUES (999, '1', 1, '1')"), "not those that rest"),
    "an order without its place": (_pragma("DELETE FROM resting"), "not those that rest"),
}


@pytest.mark.parametrize(("spoil", "message"), SPOILT.values(), ids=SPOILT.keys())
def test_a_file_that_is_not_right_is_refused_with_a_hint_and_left_as_it_is(
    path: Path, spoil: Callable[[Path], object], message: str
) -> None:
    spoil(path)
    before = path.read_bytes() if path.is_file() else b""
    for _ in range(2):
        with pytest.raises(ArtifactError, match=message) as refused, Keeper(path) as keeper:
            keeper.load({SYMBOL: RULES}, BALANCES)
        assert "--state" in refused.value.hint
    assert not path.is_file() or path.read_bytes() == before


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="No such file or directory"):
        Keeper(tmp_path / "nowhere" / "venue.sqlite")


def test_a_symbol_that_was_traded_may_not_be_missing(path: Path) -> None:
    _kept_for(path, 1)
    with Keeper(path) as keeper, pytest.raises(ArtifactError, match="BTCUSDT") as refused:
        keeper.load({"ETHUSDT": replace(RULES, symbol="ETHUSDT")}, BALANCES)
    assert "symbols that it had" in refused.value.hint


def test_an_empty_file_is_a_new_one(path: Path) -> None:
    path.touch()
    _kept_for(path, 1)


def test_a_failed_keep_keeps_nothing_and_says_so(path: Path) -> None:
    keeper, exchange = opened(path)
    with keeper:
        exchange.book_reset(SYMBOL, [(Decimal(99), Decimal(5))], [(Decimal(100), Decimal(5))], 1)
        pages = keeper._file.execute("PRAGMA page_count").fetchone()[0]
        keeper._file.execute(f"PRAGMA max_page_count = {pages}")
        kept = _keep_until_it_is_full(keeper, exchange)
    keeper, again = opened(path)
    with keeper:
        assert without_markets(again) == kept


def _keep_until_it_is_full(keeper: Keeper, exchange: Exchange) -> dict[str, object]:
    for number in range(2000):
        kept = without_markets(exchange)
        exchange.submit(market(SELL if number % 2 else BUY, "0.1"), 2)
        try:
            keeper.keep(exchange, ROW)
        except ArtifactError as error:
            assert "full" in error.message  # noqa: PT017 - which call fails is not known beforehand
            return kept
    raise AssertionError


def test_everything_acknowledged_survives_being_killed_at_any_moment(path: Path) -> None:
    chance, reference, taken = random.Random(4), Exchange({SYMBOL: RULES}, BALANCES), 0  # noqa: S311
    for number in range(10):
        # Sometimes while it starts, and makes or opens the file; mostly while it works.
        acknowledged = max(taken, _run_and_kill(path, after_s=chance.uniform(0, 0.3), is_started=number % 3 > 0))
        with Keeper(path) as keeper:
            exchange = keeper.load({SYMBOL: RULES}, BALANCES)
            turn = int(keeper.noted("turn") or 0)
            numbers = [number for number, _ in keeper.requests()]
        assert acknowledged <= turn <= acknowledged + 1
        for missed in range(taken + 1, turn + 1):
            take_turn(reference, missed, [])
        taken = turn
        assert without_markets(exchange) == without_markets(reference)
        assert numbers == list(range(1, len(numbers) + 1))
    assert taken > 8


def _run_and_kill(path: Path, *, after_s: float, is_started: bool) -> int:
    """Let a process take turns on the file and kill it; return the last turn that it said it had kept."""
    with subprocess.Popen(
        [sys.executable, venue_turns.__file__, str(path)], stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": _tests()}
    ) as process:
        assert process.stdout is not None
        said = [process.stdout.readline()] if is_started else []
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)
        said += process.stdout
    return max((int(line) for line in said if line.endswith("\n")), default=0)


def _tests() -> str:
    return str(Path(venue_turns.__file__).parent)


def test_a_copy_taken_while_the_venue_runs_is_a_state_too(path: Path, tmp_path: Path) -> None:
    keeper, exchange = opened(path)
    with keeper:
        for _ in range(30):
            take_kept_turn(keeper, exchange)
        copy = tmp_path / "copy.sqlite"
        shutil.copy(path, copy)
        shutil.copy(f"{path}-wal", f"{copy}-wal")
    keeper, again = opened(copy)
    with keeper:
        assert without_markets(again) == without_markets(exchange)
