"""The gate before Nautilus's own EMACross, unmodified, on recorded klines and ticks: on, observe and off."""

import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from recorded_runs import FILUSDT, SPECS, TICKS, Workshop, decisions, events, fills, held_until_sent, order_events, outcomes
from tc.store.layout import RunDirectory

pytestmark = pytest.mark.e2e
NAMES = ("filusdt_ema_cross", "btcusdt_ticks_ema_cross")
SHORT = {"filusdt_ema_cross": ("data.end=2023-04-03T00:00:00Z",), "btcusdt_ticks_ema_cross": ()}
VALUE = {"filusdt_ema_cross": 'risk.max_order_notional="560"', "btcusdt_ticks_ema_cross": 'risk.max_order_notional="618"'}
"""A limit that some of the spec's orders are above."""
STANDARD = ("risk.profile=standard", 'risk.max_position="1000"', "timing={acknowledgement_timeout_s: 5, stale_feed_s: 600}")
SLOW = "execution.rate={messages: 1, period_s: 1, burst: 1}"
"""EMACross turns its position with two orders at once: the second waits a second."""

LISTENING = """
from nautilus_trader.examples.strategies.ema_cross import EMACross

TOLD = []


class Listening(EMACross):
    def on_order_denied(self, event):
        TOLD.append((event.client_order_id.value, event.reason))
"""


@pytest.fixture(scope="module")
def workshop(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    workshop = Workshop(tmp_path_factory.mktemp("gate"))
    name = "binance-futures_{}_2024-08-08_BTCUSDT.csv.gz"
    ticks = [real_data / "derived_tardis_format" / name.format(kind) for kind in ("trades", "quotes")]
    workshop.import_data(TICKS, "BTCUSDT-PERP.BINANCE", *ticks)
    workshop.import_data(FILUSDT, "FILUSDT-PERP.BINANCE", real_data / "binance_um_klines_1m" / "FILUSDT-1m-2023-04.csv.gz")
    return workshop


@pytest.fixture(scope="module", params=NAMES)
def spec(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def off(workshop: Workshop, spec: str) -> RunDirectory:
    """Return the spec's run without a gate."""
    return workshop.make(spec, f"{spec}-off", *SHORT[spec])


def listening(workshop: Workshop, spec: str, module: str) -> Path:
    """Write the spec of a strategy that is EMACross, and keeps the denials that it is told of."""
    (workshop.root / f"{module}.py").write_text(LISTENING, encoding="utf-8")
    text = (SPECS / f"{spec}.yaml").read_text(encoding="utf-8")
    own = f'path: "{module}:Listening"\n  python_path: ["."]'
    path = workshop.root / f"{module}.yaml"
    path.write_text(text.replace('path: "nautilus_trader.examples.strategies.ema_cross:EMACross"', own), encoding="utf-8")
    return path


def test_a_gate_that_nothing_comes_up_against_changes_nothing(workshop: Workshop, spec: str, off: RunDirectory) -> None:
    run = workshop.make(spec, f"{spec}-free", "gate=on", "risk.profile=research", *SHORT[spec])
    workshop.hold(run, is_reproduced=False)
    assert len(fills(order_events(off))) > 10
    assert order_events(run) == order_events(off)
    assert {result for result, _ in outcomes(run)} == {"allowed", "sent"}


def test_R53_what_the_rate_holds_is_sent_at_its_deadline(workshop: Workshop, spec: str, off: RunDirectory) -> None:
    run = workshop.make(spec, f"{spec}-on", "gate=on", *STANDARD, SLOW, *SHORT[spec])
    workshop.hold(run, is_reproduced=True)
    held = held_until_sent(run)
    assert len(held) > 10
    assert all(until == at and by == "ControlTimeReached" for until, at, by in held)
    told = outcomes(run)
    assert told["held", "rate_capacity"] == len(held)
    assert told["allowed", ""] == told["sent", ""] == Counter(each["type"] for each in events(run))["OrderSubmitted"]
    sent = [line["at_ns"] for line in decisions(run) for each in line.get("outcomes", ()) if each["result"] == "sent"]
    assert all(later - earlier >= 1_000_000_000 for earlier, later in pairwise(sent))
    assert order_events(run) != order_events(off)


def test_observe_decides_as_much_and_changes_nothing(workshop: Workshop, spec: str, off: RunDirectory) -> None:
    run = workshop.make(spec, f"{spec}-observe", "gate=observe", *STANDARD, SLOW, VALUE[spec], *SHORT[spec])
    workshop.hold(run, is_reproduced=True)
    assert order_events(run) == order_events(off)
    told = outcomes(run)
    assert {result for result, _ in told} <= {"would_send", "would_hold", "would_deny"}
    assert told["would_hold", "rate_capacity"] > 0
    assert told["would_deny", "max_order_notional"] > 0
    assert told.total() == Counter(each["type"] for each in events(run))["OrderSubmitted"]


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ("", "max_order_notional"),
        ("risk.throttle={executions: 3, window_s: 86400}", "execution_throttle"),
        ("risk.max_daily_messages=4", "max_daily_messages"),
    ],
)
def test_R39_what_a_limit_denies_reaches_the_strategy(workshop: Workshop, spec: str, limit: str, reason: str) -> None:
    module = f"listening_{spec}_{reason}"
    path = listening(workshop, spec, module)
    run = workshop.make(path, f"{spec}-{reason}", "gate=on", *STANDARD, limit or VALUE[spec], *SHORT[spec])
    workshop.hold(run, is_reproduced=False)
    story = events(run)
    denials = [each for each in story if each["type"] == "OrderDenied"]
    denied = [(each["client_order_id"], each["reason"]) for each in denials]
    heard = vars(sys.modules[module])["TOLD"]
    assert heard == denied[: len(heard)] != []
    # Nautilus tells a strategy nothing any more while it stops.
    assert {each["at_ns"] for each in denials[len(heard) :]} <= {story[-1]["at_ns"]}
    told = outcomes(run)
    assert len(denied) == sum(times for (result, _), times in told.items() if result == "denied") > 0
    assert told["denied", reason] > 0
    sent = {each["client_order_id"] for each in story if each["type"] == "OrderSubmitted"}
    assert not sent & {key for key, _ in denied}
    assert len(sent) == told["sent", ""] > 0
