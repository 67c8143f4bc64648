"""The strategy on the page about Core-native strategies is one, and does what it says."""

import sys
from collections.abc import Iterator
from decimal import Decimal
from types import ModuleType
from typing import Any

import msgspec
import pytest

from documentation import DOCS, blocks
from tc.core import INITIAL, CoreConfiguration, ProcessingContext
from tc.core.intents import NewIntent
from tc.core.state.model import Reference

MODULE = "strategy_on_the_page"


@pytest.fixture
def strategy() -> Iterator[Any]:
    (program,) = blocks((DOCS / "how-to" / "write-a-core-strategy.md").read_text(encoding="utf-8"), "python")
    sys.modules[MODULE] = module = ModuleType(MODULE)
    exec(program, vars(module))  # noqa: S102 - our own page
    parameters = {"instrument_id": "BTCUSDT-PERP.BINANCE", "quantity": "0.010", "distance": "50.0", "tick": "0.1"}
    yield msgspec.json.decode(msgspec.json.encode(parameters), type=module.RestingBid)
    del sys.modules[MODULE]


def seen(bid: Reference | None) -> ProcessingContext:
    references = {} if bid is None else {"BTCUSDT-PERP.BINANCE": bid}
    state = msgspec.structs.replace(INITIAL, position=7, market=msgspec.structs.replace(INITIAL.market, references=references))
    return ProcessingContext(state, CoreConfiguration(b"{}", "", 1))


def test_the_strategy_on_the_page_is_a_frozen_struct_that_asks_for_one_bid(strategy: Any) -> None:
    assert strategy.__struct_config__.frozen
    assert strategy.evaluate(seen(None)) == ()
    market = Reference(Decimal("98000.0"), Decimal(1), Decimal("98000.1"), Decimal(1), None, None, 0, is_degraded=False)
    assert strategy.evaluate(seen(market)) == (
        NewIntent("BID-7", "BTCUSDT-PERP.BINANCE", "BUY", Decimal("0.010"), price=Decimal("97950.0")),
    )
