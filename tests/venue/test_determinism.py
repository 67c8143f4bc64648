"""The same seed and the same requests at the same moves of the market give the same feedback, byte for byte."""

import asyncio
import hashlib
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from urllib.parse import urlencode

import pytest
from aiohttp import ClientSession, web

from tc.errors import ArtifactError
from tc.venue.building import MarketSettings, VenueSettings, open_venue
from tc.venue.clock import MILLISECOND_NS
from tc.venue.matching import SymbolRules
from tc.venue.protocol.access import Access
from tc.venue.requests.dispatch import Asked, answer
from tc.venue.server.app import application
from venue_clock import START_NS, ManualClock
from venue_process import API_KEY, API_SECRET, SYMBOL, sign

RULES = SymbolRules(
    symbol=SYMBOL,
    base="BTC",
    quote="USDT",
    price_precision=1,
    quantity_precision=3,
    tick_size=Decimal("0.1"),
    step_size=Decimal("0.001"),
    min_price=Decimal("0.1"),
    max_price=Decimal(1_000_000),
    min_quantity=Decimal("0.001"),
    max_quantity=Decimal(1_000),
    market_max_quantity=Decimal(1_000),
    min_notional=Decimal(100),
    maker_rate=Decimal("0.0002"),
    taker_rate=Decimal("0.0005"),
)
STREAMS = "/".join(f"{SYMBOL.lower()}@{name}" for name in ("bookTicker", "trade", "depth@100ms", "kline_1m", "markPrice@1s"))


async def feedback(folder: Path, market: MarketSettings) -> list[str]:
    """Trade for ten seconds of the venue's own time, and return every byte that came back."""
    clock = ManualClock()
    access = Access(API_KEY, API_SECRET)
    settings = VenueSettings(rules=RULES, balances={"USDT": Decimal(100_000)}, state=folder, access=access, market=market)
    with open_venue(settings, clock) as (venue, player):
        runner = web.AppRunner(application(venue, has_faults=False))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        playing = asyncio.create_task(player.play())
        url = "http://{}:{}".format(*runner.addresses[0][:2])
        async with ClientSession(url, headers={"X-MBX-APIKEY": API_KEY}) as session:
            seen = await _trade(session, clock)
        playing.cancel()
        await runner.cleanup()
    return seen


async def _trade(session: ClientSession, clock: ManualClock) -> list[str]:
    seen: list[str] = []
    async with session.post("/fapi/v1/listenKey") as response:
        key = (await response.json())["listenKey"]
    async with session.ws_connect(f"/ws?listenKey={key}") as user, session.ws_connect(f"/stream?streams={STREAMS}") as market:
        for turn in range(50):
            await clock.advance(200 * MILLISECOND_NS)
            order = {
                "symbol": SYMBOL,
                "side": "BUY" if turn % 2 else "SELL",
                "quantity": "0.010",
                "timestamp": clock.now_ns() // MILLISECOND_NS,
            }
            limited = {"type": "LIMIT", "timeInForce": "GTC", "price": "60000.0"} if turn % 3 else {"type": "MARKET"}
            query = urlencode(order | limited)
            async with session.post(f"/fapi/v1/order?{query}&signature={sign(API_SECRET, query)}") as response:
                seen.append(await response.text())
        for name, socket in (("user", user), ("market", market)):
            digest, messages = hashlib.sha256(), 0
            try:
                while True:
                    digest.update((await socket.receive_str(timeout=0.3)).encode())
                    messages += 1
            except TimeoutError:
                seen.append(f"{name} {messages} {digest.hexdigest()}")
    return seen


def test_the_same_seed_and_requests_give_the_same_bytes(tmp_path: Path) -> None:
    one, same = (asyncio.run(feedback(tmp_path / name, MarketSettings(seed=3))) for name in ("one", "same"))
    other = asyncio.run(feedback(tmp_path / "other", MarketSettings(seed=4)))
    assert one == same
    assert one[-1] != other[-1]
    user, market = (line.split() for line in one[-2:])
    assert int(user[1]) > 60
    assert int(market[1]) > 200


def test_the_same_recording_and_requests_give_the_same_bytes(tmp_path: Path, real_data: Path) -> None:
    market = MarketSettings(recording=real_data / "binance_raw_stream" / "usdm_btcusdt_20240808.gz")
    one, same = (asyncio.run(feedback(tmp_path / name, market)) for name in ("one", "same"))
    assert one == same
    assert "executedQty" in one[0]
    assert int(one[-1].split()[1]) > 1_000


@pytest.mark.parametrize("speed", [1, 10])
def test_the_market_is_played_by_the_clock_alone(tmp_path: Path, speed: int) -> None:
    async def play() -> int:
        clock = ManualClock()
        market = MarketSettings(seed=1, rate=30, speed=Fraction(speed))
        settings = VenueSettings(
            rules=RULES, balances={"USDT": Decimal(1)}, state=tmp_path / "state", access=Access("k", "s"), market=market
        )
        with open_venue(settings, clock) as (_venue, player):
            playing = asyncio.create_task(player.play())
            await clock.advance(10_000 * MILLISECOND_NS)
            playing.cancel()
            assert clock.now_ns() == START_NS + 10_000 * MILLISECOND_NS
            return player.moves_played

    assert 250 * speed < asyncio.run(play()) < 500 * speed


def test_what_cannot_be_kept_is_neither_answered_nor_told_and_ends_the_venue(tmp_path: Path) -> None:
    async def go() -> None:
        clock, access = ManualClock(), Access(API_KEY, API_SECRET)
        settings = VenueSettings(rules=RULES, balances={"USDT": Decimal(100_000)}, state=tmp_path / "state", access=access)
        with open_venue(settings, clock) as (venue, player):
            playing = asyncio.create_task(player.play())
            await clock.advance(100 * MILLISECOND_NS)
            venue.keeper._file.close()
            query = urlencode(
                {
                    "symbol": SYMBOL,
                    "side": "BUY",
                    "type": "MARKET",
                    "quantity": "0.010",
                    "timestamp": clock.now_ns() // MILLISECOND_NS,
                }
            )
            asked = Asked("POST", "/fapi/v1/order", f"{query}&signature={sign(API_SECRET, query)}", "", API_KEY)
            assert answer(venue, asked).status == 200
            with pytest.raises(ArtifactError):
                await venue.settled()
            await clock.advance(100 * MILLISECOND_NS)
            with pytest.raises(ArtifactError):
                await playing

    asyncio.run(go())
