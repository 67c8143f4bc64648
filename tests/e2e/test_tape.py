"""The tape of a real paper run: verified, made a dataset, back-tested, and compared decision by decision; after a kill, too."""

import json
import os
import signal
from typing import Any

import pytest

from paper_runs import Place, until
from tc.core.events import MarketObserved, TapeBlockWritten, TapeStopped
from tc.store.journal import read_entries
from tc.store.layout import RunDirectory

pytestmark = pytest.mark.e2e

BUSY = (
    "--set",
    "strategy.parameters.half_spread_ticks=1",
    "--set",
    "node.market_data.speed=4",
    "--set",
    "node.tape.block_rows=100",
)
SAME_STRATEGY = ("--set", "strategy.parameters.half_spread_ticks=1")
BACKTEST = ("--set", "mode=backtest", "--set", "node=null", "--set", "stop=null")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("tape"))


def events(run: RunDirectory, kind: type) -> list[Any]:
    return [each.event for each in read_entries(run.journal) if type(each.event) is kind]


def rows(run: RunDirectory) -> list[Any]:
    """Return the rows that the strategy was shown, without their stamps."""
    shown = [(e.row, e.bid, e.bid_quantity, e.ask, e.ask_quantity, e.last, e.last_quantity) for e in events(run, MarketObserved)]
    return [each for each in shown if each[0] is not None]


def test_a_paper_run_is_back_tested_on_its_tape_and_compared(place: Place) -> None:
    with place.paper("paper", "--duration", "5", *BUSY) as paper:
        assert paper.ended().code == 0
    blocks = events(paper.directory, TapeBlockWritten)
    seen = rows(paper.directory)
    assert [each.block for each in blocks] == list(range(1, len(blocks) + 1))
    assert (blocks[0].first_row, blocks[-1].last_row + 1) == (0, len(seen))
    verified = place.tc("runs", "verify", "paper")
    assert verified.code == 0, verified.out
    made = place.tc("data", "import", "--format", "tape", "paper", "--dataset", "taped", "--json")
    assert made.code == 0, made.err
    document = made.json("data-import")
    assert document["dataset"]["rows"] == len(seen)
    assert document["dataset"]["sources"][0]["name"] == "paper"
    done = place.tc("run", "btcusdt_paper.yaml", "--run-id", "again", *BACKTEST, *SAME_STRATEGY, "--set", "data.dataset=taped")
    assert done.code == 0, done.err
    assert rows(place.run("again")) == seen
    compared = place.tc("evidence", "compare", "paper", "again", "--json", "--out", "evidence")
    assert compared.code == 1, compared.err
    evidence = compared.json("evidence-compare")
    along = evidence["along_rows"]
    assert evidence["lanes"]["market"]["compared"] == len(seen) or document["notes"]
    assert along["decided"] == along["same"] + sum(along["causes"].values())
    assert along["same"] > 0
    assert evidence["cause"]["kind"] == along["differences"][0]["kind"]
    assert along["causes"].keys() <= {"acknowledgement_latency", "queue_position", "rate_window", "venue_fill_model", "other"}
    assert along["figures"]["left"]["acknowledged_median_ns"] > along["figures"]["right"]["acknowledged_median_ns"] == 0
    assert "## Decision by decision" in (place.folder / "evidence" / "evidence.md").read_text()


def test_of_a_killed_node_the_proven_blocks_make_a_dataset(place: Place) -> None:
    with place.paper("killed", "--duration", "300", *BUSY) as paper:
        until(lambda: len(list(paper.directory.tape.glob("*"))) >= 2 or None)
        os.kill(paper.node().pid, signal.SIGKILL)
        paper.ended()
    blocks = events(paper.directory, TapeBlockWritten)
    assert blocks
    verified = place.tc("runs", "verify", "killed", "--json")
    assert json.loads(verified.out)["findings"] == []
    made = place.tc("data", "import", "--format", "tape", "killed", "--dataset", "crashed", "--json")
    assert made.code == 0, made.err
    document = made.json("data-import")
    assert document["dataset"]["rows"] == blocks[-1].last_row + 1
    missing = [each for each in document["notes"] if "are in no block" in each]
    assert bool(missing) == (len(rows(paper.directory)) > blocks[-1].last_row + 1)
    (paper.directory.tape / "00000001.arrows").write_bytes(b"something else")
    assert place.tc("runs", "verify", "killed").code == 6
    assert place.tc("data", "import", "--format", "tape", "killed", "--dataset", "another").code == 6


def test_a_disk_that_is_nearly_full_ends_the_tape_and_not_the_run(place: Place) -> None:
    with place.paper("full", "--duration", "1", "--set", "node.tape.min_free_mb=1000000000") as paper:
        assert paper.ended().code == 0
    (stopped,) = events(paper.directory, TapeStopped)
    assert (stopped.reason, stopped.next_row) == ("free_space", 0)
    assert len(rows(paper.directory)) > 0
    refused = place.tc("data", "import", "--format", "tape", "full")
    assert (refused.code, "has no tape" in refused.err) == (2, True)
