"""The venue as a process: it says when it is ready, serves this machine only, keeps its state, and ends when it is asked to."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pytest

from tc.venue.market.book import Book
from tc.venue.market.replay import replay
from venue_process import READY_S, SYMBOL, calling, end, start_venue, user_stream, venue_environment, venue_process


def test_one_line_says_that_it_is_ready_and_where_and_nothing_follows() -> None:
    with venue_process(is_warm=False) as venue, calling(venue.url) as caller:
        assert venue.ready == {"ready": True, "url": venue.url, "pid": venue.process.pid, "faults": False}
        assert caller.send("GET", "/fapi/v1/ping").status == 200
        venue.process.terminate()
        out, err = venue.process.communicate(timeout=READY_S)
        assert (out, err, venue.process.returncode) == ("", "", 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_whoever_is_connected(number: signal.Signals) -> None:
    with venue_process(is_warm=False) as venue, calling(venue.url) as caller, user_stream(caller):
        began = time.monotonic()
        venue.process.send_signal(number)
        assert venue.process.wait(READY_S) == 0
        assert time.monotonic() - began < 3


def test_it_ends_with_its_standard_input_when_it_was_asked_to() -> None:
    with venue_process("--until-stdin-closes") as venue:
        assert venue.process.stdin is not None
        venue.process.stdin.close()
        assert venue.process.wait(READY_S) == 0


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.1", "8.8.8.8", "example.com", "::", "localhost.evil.com"])  # noqa: S104
def test_no_address_but_loopback_is_served(host: str) -> None:
    process = start_venue("--host", host, is_warm=True)
    out, err = process.communicate(timeout=READY_S)
    assert (process.returncode, out) == (3, "")
    assert "is no loopback address" in err


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--symbol", "NOPE"], 2, "NOPE-PERP.BINANCE"),
        (["--symbol", "BTCUSDT.BINANCE"], 2, "is no linear perpetual future"),
        (["--market-data", "absent.gz"], 2, "absent.gz cannot be read"),
        (["--starting-balance", "much"], 2, "'much' is no balance"),
        (["--leverage", "0"], 2, "'--leverage'"),
        (["--leverage", "126"], 2, "'--leverage'"),
        (["--speed", "-1"], 2, "--speed '-1' is no positive number"),
    ],
)
def test_a_wrong_option_is_named(options: list[str], code: int, said: str) -> None:
    process = start_venue(*options, is_warm=True)
    out, err = process.communicate(timeout=READY_S)
    assert (process.returncode, out) == (code, "")
    assert said in err


def test_without_keys_in_the_environment_it_does_not_start() -> None:
    environment = {name: value for name, value in venue_environment().items() if name != "TC_VENUE_API_SECRET"}
    command = [sys.executable, "-m", "tc", "venue", "serve"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=READY_S, check=False)
    assert done.returncode == 2
    assert "TC_VENUE_API_SECRET" in done.stderr


def test_what_was_answered_is_there_again_after_it_was_killed(tmp_path: Path) -> None:
    state = str(tmp_path / "venue.sqlite")
    with venue_process("--state", state) as venue, calling(venue.url) as caller:
        caller.place("BUY", "0.030")
        resting = caller.place("SELL", "0.010", "62000.0", newClientOrderId="kept-1").document
        before = caller.signed("GET", "/fapi/v2/account").document
        trades = caller.signed("GET", "/fapi/v1/userTrades", symbol=SYMBOL).document
        os.kill(venue.process.pid, signal.SIGKILL)
        venue.process.wait(READY_S)
    with venue_process("--state", state, "--faults") as venue, calling(venue.url) as caller:
        assert (
            caller.signed("GET", "/fapi/v1/order", symbol=SYMBOL, origClientOrderId="kept-1").document["orderId"]
            == resting["orderId"]
        )
        after = caller.signed("GET", "/fapi/v2/account").document
        assert (after["totalWalletBalance"], after["positions"][0]["positionAmt"]) == (before["totalWalletBalance"], "0.030")
        assert caller.signed("GET", "/fapi/v1/userTrades", symbol=SYMBOL).document == trades
        assert [row["client_order_id"] for row in caller.requests() if row["method"] == "POST"] == ["", "kept-1"]
        assert caller.place("BUY", "0.010").document["orderId"] > resting["orderId"]


def test_margin_is_judged_by_the_leverage_that_it_was_given_and_the_account_shows_it(tmp_path: Path) -> None:
    keeping = ("--state", str(tmp_path / "venue.sqlite"), "--starting-balance", "1000 USDT")
    with venue_process("--leverage", "5", *keeping) as venue, calling(venue.url) as caller:
        position = caller.signed("GET", "/fapi/v2/account").document["positions"][0]
        assert (position["symbol"], position["leverage"]) == (SYMBOL, "5")
        bid = Decimal(caller.best()[0])
        within, beyond = (str((Decimal(5_000 * share) / 100 / bid).quantize(Decimal("0.001"))) for share in (90, 110))
        assert caller.place("BUY", beyond, str(bid)).code == -2019
        assert caller.place("BUY", within, str(bid)).status == 200
    with venue_process("--leverage", "50", *keeping) as venue, calling(venue.url) as caller:
        assert caller.signed("GET", "/fapi/v2/account").document["positions"][0]["leverage"] == "5"  # as it was kept


def test_two_venues_never_share_a_state_and_a_foreign_file_is_none(tmp_path: Path) -> None:
    state = tmp_path / "venue.sqlite"
    with venue_process("--state", str(state)):
        second = start_venue("--state", str(state))
        assert second.wait(READY_S) == 6
        end(second)
    foreign = tmp_path / "foreign"
    foreign.write_bytes(b"not a state" * 500)
    other = start_venue("--state", str(foreign))
    assert other.wait(READY_S) == 6
    end(other)


def test_a_port_that_is_taken_is_named_and_left_alone() -> None:
    with venue_process() as venue:
        port = venue.url.rpartition(":")[2]
        second = start_venue("--port", port)
        out, err = second.communicate(timeout=READY_S)
        assert (second.returncode, out) == (5, "")
        assert f"cannot listen on 127.0.0.1:{port}" in err


def test_a_temporary_state_leaves_nothing_behind(tmp_path: Path) -> None:
    environment = {**venue_environment(), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "tc", "venue", "serve"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["ready"]
        assert list(tmp_path.glob("tc-venue-*"))
        process.terminate()
    assert process.returncode == 0
    assert not list(tmp_path.glob("tc-venue-*"))


def test_a_recording_is_served_and_at_its_end_the_book_stays(real_data: Path, tmp_path: Path) -> None:
    recording = tmp_path / "recorded"
    with gzip.open(real_data / "binance_raw_stream" / "usdm_btcusdt_20240808.gz") as whole:
        recording.write_bytes(b"".join(islice(whole, 3_000)))
    book = Book(SYMBOL, first_update_id=0)
    for step in replay(recording, tick_size=Decimal("0.1"), is_looping=False):
        book.apply(step)
    assert book.bids.best
    assert book.asks.best
    last = str(book.bids.best[0]), str(book.asks.best[0])
    with (
        venue_process("--market-data", str(recording), "--speed", "max", "--at-end", "stop") as venue,
        calling(venue.url) as caller,
    ):
        deadline = time.monotonic() + READY_S
        while caller.best() != last:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(0.1)
        assert caller.best() == last
        assert caller.place("BUY", "0.010", newOrderRespType="RESULT").document["avgPrice"] == f"{last[1]}0000000"


def test_help_loads_no_server() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "tc", "--help"], capture_output=True, text=True, timeout=READY_S, check=True
    )
    assert "tc.cli.venue" in done.stderr
    assert "aiohttp" not in done.stderr
