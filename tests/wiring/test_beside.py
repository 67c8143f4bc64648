"""What a supervisor asks beside the feed really gets: an answer, a refusal that counts as one, or nothing."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from fake_venue import KEYS, FakeVenue, answers, serving
from run_specs import PAPER
from tc.errors import UnreachableError
from tc.exchange.wire.weight import RequestWeight
from tc.spec.parse import parse_run_spec
from tc.wiring.beside import way_beside
from tc.wiring.paper_parts import PaperPlace

NODE = parse_run_spec(PAPER, source="run.yaml").node


def test_the_way_beside_asks_knows_the_weight_and_takes_a_refusal_for_an_answer(tmp_path: Path) -> None:
    async def go() -> None:
        assert NODE is not None
        venue, weight = FakeVenue(weight_limit=6_000), RequestWeight()
        keys = {NODE.api_key: KEYS.api_key, NODE.api_secret: KEYS.api_secret}
        way = way_beside(NODE, PaperPlace(tmp_path, tmp_path), keys, weight)
        async with serving(venue), way(str(venue.url)) as beside:
            assert beside.weight() is None
            await beside.time()
            assert beside.weight() == (venue.used_weight, 6_000)
            weight.limit_to(0)
            assert beside.weight() == (venue.used_weight, None)
            assert await beside.touch("BTCUSDT") == (Decimal("60000.00"), Decimal(1), Decimal("60000.10"), Decimal(2))
            assert await beside.last_trade("BTCUSDT") == (7,)
            questions = (beside.touch("BTCUSDT"), beside.last_trade("BTCUSDT"), beside.time())
            for path, question in zip(("bookTicker", "trades", "time"), questions, strict=True):
                venue.fail("GET", path, answers(503))
                with pytest.raises(UnreachableError):
                    await question
            for _ in range(2):  # Once because it is refused, and once because the venue asked for silence.
                venue.fail("GET", "bookTicker", answers(429, Retry_After="60"))
                assert await beside.touch("BTCUSDT") is None
                assert await beside.last_trade("BTCUSDT") is None
                await beside.time()
            assert len(venue.faults) == 1

    asyncio.run(go())
