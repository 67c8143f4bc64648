"""`tc kill` of a run that ended with a position at a real venue: nothing is confirmed before that venue says flat."""

from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from paper_runs import TRADER, Place
from venue_process import Caller, venue_process

pytestmark = pytest.mark.e2e

LEAVES = ("--duration", "1s", "--set", "stop.on_stop=leave")


def held(caller: Caller) -> Decimal:
    return sum((abs(Decimal(each["positionAmt"])) for each in caller.signed("GET", "/fapi/v3/positionRisk").document), Decimal())


def kill(place: Place, *scope: str) -> tuple[int, Any, str]:
    """Activate the switch; return how that ended, what it says of the one node, and what it said meanwhile."""
    done = place.tc("kill", "activate", *scope, "--reason", "a test", "--deadline", "1", "--json")
    [node] = done.json("kill-activate")["nodes"]
    return done.code, node, done.err


def test_a_run_that_ended_with_a_position_is_confirmed_only_when_its_venue_is_flat(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with venue_process("--faults", "--weight-limit", "0") as venue, closing(Caller(venue.url)) as caller:
        with place.paper("k2", "--venue-url", venue.url, *LEAVES, *place.strategy(TRADER)) as run:
            assert run.ended().code == 0
        assert run.directory.seal.exists()
        [seen] = place.tc("kill", "status", "--json").json("kill-status")["nodes"]
        assert (seen["run_id"], seen["process"]) == ("k2", "gone")
        assert seen["left"].startswith(f"BTCUSDT-PERP.BINANCE {held(caller)}, order ")

        caller.fault("unavailable_before", count=100_000, requests="all")
        code, node, err = kill(place, "--all")
        assert (code, node["run_id"], node["is_confirmed"]) == (5, "k2", False), node
        assert "run k2: its account is flattened from here, at most 1 s" in err

        caller.fault("reset")
        assert held(caller) > 0
        code, node, _ = kill(place, "--run", "k2")
        assert (code, node["at_venue"]["outcome"], node["is_confirmed"]) == (0, "done", True), node
        assert (held(caller), caller.signed("GET", "/fapi/v1/openOrders").document) == (0, [])
        assert place.tc("kill", "status", "--json").json("kill-status")["nodes"] == []
