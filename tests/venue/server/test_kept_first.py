"""Nobody is told of what is not kept yet, whoever asked for it to be done."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from aiohttp import ClientSession

from matching_samples import SYMBOL
from tc.venue.requests.dispatch import answer
from venue_clock import ManualClock
from venue_here import asked, serving_here, signed_query, venue_here
from venue_process import API_KEY

ORDER = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "99.0"}


@pytest.mark.parametrize("path", ["openOrders", "allOrders"])
def test_an_order_that_another_has_placed_is_seen_once_it_is_kept(tmp_path: Path, path: str) -> None:
    async def go() -> None:
        with venue_here(tmp_path, ManualClock()) as venue, closing(sqlite3.connect(tmp_path / "venue.sqlite")) as file:
            async with serving_here(venue) as url, ClientSession(headers={"X-MBX-APIKEY": API_KEY}) as session:
                assert answer(venue, asked(venue, "POST", "/fapi/v1/order", **ORDER)).status == 200
                assert file.execute("SELECT count(*) FROM orders").fetchone() == (0,)
                async with session.get(f"{url}/fapi/v1/{path}?{signed_query(venue, symbol=SYMBOL)}") as response:
                    [seen] = await response.json()
                [(order_id, kept)] = file.execute("SELECT order_id, document FROM orders").fetchall()
                assert (seen["orderId"], seen["status"]) == (order_id, json.loads(kept)["status"])

    asyncio.run(go())


def test_a_setting_is_seen_once_it_is_kept(tmp_path: Path) -> None:
    async def go() -> None:
        with venue_here(tmp_path, ManualClock()) as venue, closing(sqlite3.connect(tmp_path / "venue.sqlite")) as file:
            async with serving_here(venue) as url, ClientSession(headers={"X-MBX-APIKEY": API_KEY}) as session:
                answer(venue, asked(venue, "POST", "/fapi/v1/leverage", symbol=SYMBOL, leverage=7))
                async with session.get(f"{url}/fapi/v1/symbolConfig?{signed_query(venue, symbol=SYMBOL)}") as response:
                    assert (await response.json())[0]["leverage"] == 7
                assert file.execute("SELECT leverage FROM positions").fetchall() == [(7,)]

    asyncio.run(go())


def test_who_only_asks_costs_no_transaction_where_everything_is_kept(tmp_path: Path) -> None:
    async def go() -> None:
        with venue_here(tmp_path, ManualClock()) as venue, closing(sqlite3.connect(tmp_path / "venue.sqlite")) as file:
            async with serving_here(venue) as url, ClientSession(headers={"X-MBX-APIKEY": API_KEY}) as session:
                for _ in range(5):
                    async with session.get(f"{url}/fapi/v1/openOrders?{signed_query(venue, symbol=SYMBOL)}") as response:
                        assert response.status == 200
                assert file.execute("SELECT count(*) FROM requests").fetchone() == (0,)

    asyncio.run(go())
