"""The recorded BTCUSDT order book, with its late snapshot and its skewed clock, under a quoter in hftbacktest."""

from collections import Counter
from pathlib import Path

import pytest

from recorded_runs import BOOK, Workshop, decisions, events, held_until_sent, outcomes

pytestmark = pytest.mark.e2e
PART = (f"data.dataset={BOOK}", "data.end=2024-08-08T23:55:15Z")


@pytest.fixture(scope="module")
def workshop(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    workshop = Workshop(tmp_path_factory.mktemp("book"))
    workshop.import_data(BOOK, "BTCUSDT-PERP.BINANCE", real_data / "binance_raw_stream" / "usdm_btcusdt_20240808.gz")
    return workshop


def test_R53_a_quoter_on_the_recorded_book_waits_for_its_rate_and_is_reproduced(workshop: Workshop) -> None:
    run = workshop.make("btcusdt_hft", "on", *PART)
    workshop.hold(run, is_reproduced=True)
    told = outcomes(run)
    for outcome in (
        ("held", "rate_capacity"),
        ("held", "in_flight"),
        ("merged", "replace_of_unsent"),
        ("superseded", "same_kind_latest_wins"),
        ("invalid", "order_gone"),
    ):
        assert told[outcome] > 0, outcome
    sent_at = [line["at_ns"] for line in decisions(run) for each in line.get("outcomes", ()) if each["result"] == "sent"]
    # Two messages a second, four saved up: five in a row that come within half a second were one too many.
    assert all(after - before >= 500_000_000 for before, after in zip(sent_at, sent_at[4:], strict=False))
    held = held_until_sent(run)
    assert len(held) > 10
    # What is held is told the deadline of its place then; a cancel may go before it, and what is ahead of it may vanish.
    assert {by for _, _, by in held} == {"ControlTimeReached"}
    assert sum(until == at for until, at, _ in held) > len(held) // 2
    assert Counter(each["type"] for each in events(run))["OrderFilled"] > 0


def test_observe_sends_all_that_the_quoter_asks_for_on_the_recorded_book(workshop: Workshop) -> None:
    run = workshop.make("btcusdt_hft", "observe", "gate=observe", *PART)
    workshop.hold(run, is_reproduced=False)
    told = outcomes(run)
    assert told["would_hold", "rate_capacity"] > 0
    assert {result for result, _ in told} <= {"would_send", "would_hold", "would_deny"}
    names = Counter(each["type"] for each in events(run))
    assert names["OrderSubmitted"] == names["SubmitRequested"] > 0
    assert names["ControlTimeReached"] == sum(1 for each in events(run) if each.get("reason") == "heartbeat")
