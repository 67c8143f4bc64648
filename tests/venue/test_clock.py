"""The venue's time goes with the time of day, and its market stands still while the machine does."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from matching_samples import SELL, SYMBOL
from tc.venue.clock import SECOND_NS, SystemClock
from tc.venue.market.moves import Traded
from tc.venue.market.player import Player
from tc.venue.matching import AlgoChanged, AlgoStatus, AlgoView, Fact, NewOrder, OrderType
from venue_clock import START_NS, ManualClock
from venue_here import venue_here

HOUR_NS = 3_600 * SECOND_NS
STOP = NewOrder(symbol=SYMBOL, side=SELL, type=OrderType.STOP_MARKET, quantity=Decimal(1), stop_price=Decimal(50))


def algo_in(facts: list[Fact]) -> AlgoView:
    [fact] = facts
    assert isinstance(fact, AlgoChanged)
    return fact.algo


class Machine:
    """Two clocks: one that stands still with the machine, and one that people set."""

    def __init__(self) -> None:
        self.monotonic_ns, self.wall_ns = 5 * SECOND_NS, START_NS

    def clock(self) -> SystemClock:
        return SystemClock(lambda: self.monotonic_ns, lambda: self.wall_ns)

    def passes(self, by_ns: int) -> None:
        self.monotonic_ns += by_ns
        self.wall_ns += by_ns


@pytest.mark.parametrize("away_ns", [HOUR_NS, -HOUR_NS, SECOND_NS + 1, -SECOND_NS - 1])
def test_a_clock_that_has_parted_from_the_time_of_day_begins_anew_from_it(away_ns: int) -> None:
    machine = Machine()
    clock = machine.clock()
    machine.passes(7 * SECOND_NS)
    assert clock.now_ns() == machine.wall_ns
    machine.wall_ns += away_ns
    assert clock.now_ns() == machine.wall_ns
    machine.passes(SECOND_NS)
    assert clock.now_ns() == machine.wall_ns == START_NS + 8 * SECOND_NS + away_ns


def test_small_corrections_of_the_time_of_day_never_set_it_back() -> None:
    machine = Machine()
    clock = machine.clock()
    stamps = []
    for _ in range(100):
        machine.monotonic_ns += 1_000
        machine.wall_ns -= 9_000_000
        stamps.append(clock.now_ns())
    assert stamps == sorted(stamps)
    assert machine.wall_ns < stamps[-1] <= machine.wall_ns + SECOND_NS


class SetClock(ManualClock):
    """A clock that is set while others sleep: who sleeps, sleeps as long as before."""

    def __init__(self) -> None:
        super().__init__()
        self.set_by_ns = 0

    def now_ns(self) -> int:
        return super().now_ns() + self.set_by_ns

    async def sleep_until_ns(self, at_ns: int) -> None:
        await super().sleep_until_ns(at_ns - self.set_by_ns)


@pytest.mark.parametrize("away_ns", [HOUR_NS, -HOUR_NS])
def test_a_market_goes_on_where_it_was_when_the_clock_was_set(away_ns: int) -> None:
    async def go() -> None:
        clock = SetClock()
        beats: list[int] = []
        moves = (Traded(number * SECOND_NS // 10, number, 1, is_buyer_maker=True) for number in range(10**9))  # type: ignore[arg-type]
        player = Player(moves, clock, speed=Fraction(1), on_move=lambda _move, _at_ns: None, on_time=beats.append)
        playing = asyncio.create_task(player.play())
        await clock.advance(2 * SECOND_NS)
        before = player.moves_played
        clock.set_by_ns = away_ns
        await clock.advance(2 * SECOND_NS)
        playing.cancel()
        assert 19 <= before <= 22
        assert 15 <= player.moves_played - before <= 25
        assert beats[-1] == clock.now_ns()

    asyncio.run(go())


class Heard:
    """Who listens to a stream, without a socket."""

    is_combined = False

    def __init__(self) -> None:
        self.streams: dict[str, None] = {}
        self.count = 0

    def send(self, _frame: bytes) -> None:
        self.count += 1


@pytest.mark.parametrize("away_ns", [HOUR_NS, -HOUR_NS])
def test_what_is_told_from_time_to_time_is_told_on_when_the_clock_was_set(tmp_path: Path, away_ns: int) -> None:
    clock = SetClock()
    with venue_here(tmp_path, clock) as venue:
        mark, user = Heard(), Heard()
        venue.hub.join(mark, [f"{SYMBOL.lower()}@markPrice@1s"])  # type: ignore[arg-type]
        venue.hub.join(user, [venue.listen_keys.give(clock.now_ns())])  # type: ignore[arg-type]
        finished = replace(algo_in(venue.exchange.submit(STOP, clock.now_ns())), status=AlgoStatus.FINISHED)
        venue.beat(clock.now_ns())
        venue.tell([AlgoChanged(algo=finished)])
        assert (mark.count, user.count) == (1, 0)
        clock.set_by_ns = away_ns
        venue.beat(clock.now_ns())
        assert (mark.count, user.count) == (2, 1 + (away_ns > 0))  # An hour later its key has expired, which is told too.
