"""Claims about what of a venue's past a node is told: what belongs to its run, whatever the client order ids."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from tc.engines.nautilus.live.recording.this_run import is_of_this_run, only_this_run

SINCE_NS = 1_000
OURS = SimpleNamespace(venue_order_id="64", ts_accepted=1_100, is_open=True)
UNANSWERED = SimpleNamespace(venue_order_id=None, ts_accepted=0, is_open=False)
TAKEN_OVER = SimpleNamespace(venue_order_id="9", ts_accepted=400, is_open=True)


class Cache(dict[str, Any]):
    def order(self, key: str) -> Any:
        return self.get(key)


def report(key: str | None, venue_id: str, *, accepted: int, last: int, is_open: bool = False) -> Any:
    return SimpleNamespace(client_order_id=key, venue_order_id=venue_id, ts_accepted=accepted, ts_last=last, is_open=is_open)


CACHE: Any = Cache({"Q-A-21": OURS, "Q-A-22": UNANSWERED, "Q-B-9": TAKEN_OVER})
CASES = [
    (report("Q-A-21", "2", accepted=100, last=200), False),  # An earlier run's, of the same client order id.
    (report("Q-A-21", "2", accepted=100, last=1_200, is_open=True), False),
    (report("Q-A-21", "64", accepted=1_100, last=1_100), True),
    (report("Q-A-21", "65", accepted=1_150, last=1_150), True),  # A venue that makes another order of one that is changed.
    (report("Q-A-22", "2", accepted=100, last=200), False),
    (report("Q-A-22", "66", accepted=1_200, last=1_200), True),
    (report("Q-B-9", "9", accepted=400, last=900), True),  # It ended before the run began, and the node does not know it yet.
    (report("by-hand", "5", accepted=100, last=200), False),
    (report("by-hand", "5", accepted=100, last=200, is_open=True), True),
    (report("by-hand", "5", accepted=100, last=1_000), True),
    (report(None, "5", accepted=100, last=200), False),
]


@pytest.mark.parametrize(("told", "is_ours"), CASES)
def test_what_ended_before_the_run_began_is_another_runs(told: Any, is_ours: bool) -> None:
    assert is_of_this_run(told, CACHE, SINCE_NS) == is_ours


class Client:
    async def generate_order_status_report(self, _command: object) -> Any:
        return CASES[0][0]

    async def generate_order_status_reports(self, _command: object) -> list[Any]:
        return [told for told, _ in CASES]

    async def generate_mass_status(self, _lookback: int | None = None) -> Any:
        orders = {each.venue_order_id: each for each in await self.generate_order_status_reports(None)}
        fills = {
            "2": [SimpleNamespace(ts_event=200)],
            "9": [SimpleNamespace(ts_event=500)],
            "3": [SimpleNamespace(ts_event=1_300)],
        }
        return SimpleNamespace(order_reports=orders, fill_reports=fills)


def test_a_client_is_sifted_for_a_while_and_is_as_it_was_afterwards() -> None:
    client = Client()
    engine = SimpleNamespace(_clients={"BINANCE": client})
    node: Any = SimpleNamespace(kernel=SimpleNamespace(cache=CACHE, exec_engine=engine))
    with only_this_run(node, SINCE_NS):
        assert asyncio.run(client.generate_order_status_report(None)) is None
        assert len(asyncio.run(client.generate_order_status_reports(None))) == sum(is_ours for _, is_ours in CASES)
        status = asyncio.run(client.generate_mass_status())
        assert "2" not in status.order_reports
        assert set(status._fill_reports) == {"9", "3"}
        assert "_adjust_mass_status_fills" in vars(engine)
    assert vars(client) == {}
    assert vars(engine).keys() == {"_clients"}
