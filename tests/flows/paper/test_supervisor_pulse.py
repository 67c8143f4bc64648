"""Claims about what a supervisor says of itself: it asks a silent feed's venue, seldom, and no venue holds its word up."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fakes import make_run
from tc.checks.feed import Answer
from tc.errors import UnreachableError
from tc.flows.paper.supervisor_pulse import SupervisorPulse
from tc.store.heartbeat import (
    Channel,
    NodeHeartbeat,
    SupervisorHeartbeat,
    Witness,
    read_supervisor_heartbeat,
    write_heartbeat,
)
from tc.store.layout import RunDirectory

BTC = "BTCUSDT-PERP.BINANCE"
WITHIN_S = 10.0
S = 1_000_000_000


@dataclass
class FakeVenue:
    """A venue that answers as it is told to."""

    says: Answer | None = (1, 2)
    trade: int = 7
    is_gone: bool = False
    hangs: bool = False
    asked: list[str] = field(default_factory=list)
    answering: Callable[[], object] = lambda: None

    async def time(self) -> None:
        await self._answer("time")

    async def touch(self, symbol: str) -> Answer | None:
        await self._answer(symbol)
        return self.says

    async def last_trade(self, symbol: str) -> Answer | None:
        await self._answer(f"trades of {symbol}")
        return None if self.says is None else (self.trade,)

    def weight(self) -> tuple[int, int | None] | None:
        return (len(self.asked), 2_400) if self.asked else None

    async def _answer(self, question: str) -> None:
        self.asked.append(question)
        self.answering()
        if self.hangs:
            await asyncio.Event().wait()
        if self.is_gone:
            raise UnreachableError("nobody is there")


@dataclass
class Clock:
    now_ns: int = 1_800_000_000_000_000_000

    def __call__(self) -> int:
        return self.now_ns


@dataclass
class Scene:
    """A supervisor, its venue and its node, by one clock."""

    run: RunDirectory
    venue: FakeVenue = field(default_factory=FakeVenue)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.pulse = SupervisorPulse(self.run, self.open, {BTC: "BTCUSDT"}, clock=self.clock)
        self.pulse.note_state("trading")
        self.last_ns = self.clock.now_ns
        self.channels: tuple[Channel, ...] = ()

    @asynccontextmanager
    async def open(self, url: str) -> AsyncIterator[FakeVenue]:
        assert url == "http://127.0.0.1:1"
        yield self.venue

    def after(self, seconds: float, *, hears: bool = False) -> tuple[Witness, ...]:
        """Let time pass; return what the supervisor says of the market then."""
        self.clock.now_ns += int(seconds * S)
        self.last_ns = self.clock.now_ns if hears else self.last_ns
        quotes = Channel(BTC, "QuoteTick", self.last_ns, 1)
        channels = (quotes, *self.channels, Channel("ELSE.WHERE", "QuoteTick", 1, 1))
        node = NodeHeartbeat(at_ns=self.clock.now_ns, every_s=0.5, pid=1, state="trading", position=1, channels=channels)
        write_heartbeat(self.run, node)
        asyncio.run(self.pulse._ask_what_is_due(self.venue))
        return self.pulse._heartbeat(self.venue.weight()).witnesses


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(make_run(tmp_path, seal=False))


def heard(run: RunDirectory, is_so: Callable[[SupervisorHeartbeat], bool]) -> SupervisorHeartbeat:
    """Wait until a supervisor says what is asked for."""
    until = time.monotonic() + WITHIN_S
    while (said := read_supervisor_heartbeat(run)) is None or not is_so(said):
        assert time.monotonic() < until, said
        time.sleep(0.01)
    return said


def test_a_clock_that_was_set_back_silences_nobody(scene: Scene) -> None:
    scene.pulse._write(scene.venue)
    scene.after(0, hears=True)
    assert scene.venue.asked == ["time"]
    scene.clock.now_ns -= 3_600 * S
    scene.pulse._write(scene.venue)
    said = read_supervisor_heartbeat(scene.run)
    assert said is not None
    assert said.at_ns == scene.clock.now_ns
    scene.after(0, hears=True)
    assert scene.venue.asked == ["time", "time"]
    scene.after(2.5)
    asked = len(scene.venue.asked)
    scene.clock.now_ns -= 3_600 * S
    scene.last_ns = scene.clock.now_ns
    scene.after(1.5)
    assert scene.venue.asked[asked:] == ["BTCUSDT"]


def test_while_all_is_heard_only_the_time_is_asked_and_seldom(scene: Scene) -> None:
    for _ in range(40):
        assert scene.after(0.5, hears=True) == ()
    assert scene.venue.asked == ["time", "time"]


def test_before_the_node_trades_the_venue_is_asked_nothing(scene: Scene) -> None:
    scene.pulse = SupervisorPulse(scene.run, scene.open, {BTC: "BTCUSDT"}, clock=scene.clock)
    scene.pulse.note_state("starting")
    for turn in range(40):
        scene.after(0.5, hears=turn < 20)
    assert scene.venue.asked == []
    assert scene.pulse._heartbeat(None).is_venue_reachable is None


def test_a_silent_market_is_asked_about_at_most_every_two_seconds_and_says_nothing_at_first(scene: Scene) -> None:
    assert scene.after(1.5) == ()
    began_ns = scene.clock.now_ns
    assert scene.after(1.0) == ()
    assert scene.after(1.0) == (Witness(BTC, "QuoteTick", began_ns, began_ns + 2 * S, has_moved=False),)
    moved_ns = began_ns + 4 * S
    scene.venue.says = (1, 3)
    assert scene.after(2.0) == (Witness(BTC, "QuoteTick", began_ns, moved_ns, has_moved=True, since_ns=moved_ns),)
    scene.venue.says = (1, 2)
    assert scene.after(2.0) == (Witness(BTC, "QuoteTick", began_ns, moved_ns + 2 * S, has_moved=True, since_ns=moved_ns),)
    assert scene.venue.asked == ["BTCUSDT"] * 4


def test_what_counts_is_when_the_first_question_was_put_and_when_the_news_had_come(scene: Scene) -> None:
    scene.venue.answering = lambda: setattr(scene.clock, "now_ns", scene.clock.now_ns + S // 2)
    scene.after(1.5)
    put_ns = scene.clock.now_ns - S // 2
    scene.venue.says = (1, 3)
    [witness] = scene.after(2.0)
    assert witness == Witness(BTC, "QuoteTick", put_ns, put_ns + 5 * S // 2, has_moved=True, since_ns=put_ns + 3 * S)


def test_trades_are_asked_about_every_three_seconds_while_they_alone_are_silent(scene: Scene) -> None:
    scene.channels = (Channel(BTC, "TradeTick", scene.clock.now_ns, 1),)
    assert scene.after(1.5, hears=True) == ()
    began_ns = scene.clock.now_ns
    for _ in range(2):
        assert scene.after(1.0, hears=True) == ()
    assert scene.after(1.0, hears=True) == (Witness(BTC, "TradeTick", began_ns, began_ns + 3 * S, has_moved=False),)
    scene.venue.trade = 8
    for _ in range(3):
        witnesses = scene.after(1.0, hears=True)
    moved_ns = began_ns + 6 * S
    assert witnesses == (Witness(BTC, "TradeTick", began_ns, moved_ns, has_moved=True, since_ns=moved_ns),)
    assert [each for each in scene.venue.asked if each != "time"] == ["trades of BTCUSDT"] * 3


def test_one_answer_is_heard_for_each_channel_that_waits_for_it_and_each_has_its_own_silence(scene: Scene) -> None:
    scene.channels = (Channel(BTC, "OrderBookDeltas", scene.clock.now_ns, 1),)
    scene.after(1.5)
    scene.venue.says = (1, 3)
    assert [each.has_moved for each in scene.after(2.0)] == [True, True]
    assert [each.channel for each in scene.after(0.1, hears=True)] == ["OrderBookDeltas"]
    scene.after(2.0)
    assert {each.channel: each.has_moved for each in scene.after(2.0)} == {"QuoteTick": False, "OrderBookDeltas": True}
    assert scene.venue.asked == ["BTCUSDT"] * 4


def test_what_was_said_of_one_silence_says_nothing_of_the_next(scene: Scene) -> None:
    scene.after(1.5)
    scene.venue.says = (1, 3)
    assert scene.after(2.0)[0].has_moved
    assert scene.after(0.1, hears=True) == ()
    assert scene.after(2.0) == ()
    assert scene.after(2.0)[0].has_moved is False


def test_a_message_between_two_looks_begins_a_new_silence(scene: Scene) -> None:
    scene.after(1.5)
    scene.venue.says = (1, 3)
    scene.last_ns = scene.clock.now_ns + S // 2
    assert scene.after(2.0) == ()
    assert scene.after(2.0)[0].has_moved is False


def test_a_venue_that_does_not_answer_is_not_reachable_is_not_stormed_and_bears_no_witness(scene: Scene) -> None:
    scene.venue.is_gone = True
    for _ in range(16):
        assert scene.after(0.5) == ()
    assert len(scene.venue.asked) <= 5
    said = scene.pulse._heartbeat(None)
    assert (said.is_venue_reachable, said.request_weight, said.request_weight_limit) == (False, None, None)
    assert said.venue_asked_ns > 0
    scene.venue.is_gone = False
    scene.after(2.0)
    assert scene.pulse._heartbeat(None).is_venue_reachable


def test_a_venue_that_did_not_answer_is_asked_again_soon_when_the_feed_is_back(scene: Scene) -> None:
    scene.venue.is_gone = True
    scene.after(2.0)
    assert scene.pulse._heartbeat(None).is_venue_reachable is False
    scene.venue.is_gone = False
    for _ in range(5):
        scene.after(0.5, hears=True)
    assert scene.pulse._heartbeat(None).is_venue_reachable is True


def test_a_venue_that_answers_without_saying_is_reachable_and_bears_no_witness(scene: Scene) -> None:
    scene.venue.says = None
    assert scene.after(1.5) == scene.after(2.0) == scene.after(2.0) == ()
    assert scene.pulse._heartbeat(None).is_venue_reachable


def test_a_node_that_says_what_nobody_understands_is_not_asked_for(scene: Scene) -> None:
    scene.after(0.1, hears=True)
    scene.run.node_heartbeat.write_bytes(b"{")
    scene.clock.now_ns += 60 * S
    asyncio.run(scene.pulse._ask_what_is_due(scene.venue))
    assert scene.venue.asked == ["time", "time"]


def test_it_speaks_while_the_venue_hangs_and_its_last_word_is_that_the_node_is_gone(tmp_path: Path) -> None:
    run = make_run(tmp_path, seal=False)
    scene = Scene(run, FakeVenue(hangs=True))
    pulse = SupervisorPulse(run, scene.open, {BTC: "BTCUSDT"})
    pulse.begin("http://127.0.0.1:1", os.getpid())
    first = heard(run, lambda said: said.is_node_alive)
    assert (first.node_state, first.is_venue_reachable, first.pid) == ("starting", None, os.getpid())
    pulse.note_state("trading")
    heard(run, lambda said: said.node_state == "trading" and said.at_ns > first.at_ns and said.request_weight == 1)
    pulse._pid = 0
    pulse.note_state("stopped")
    pulse.close()
    last = read_supervisor_heartbeat(run)
    assert last is not None
    assert (last.node_state, last.is_node_alive) == ("stopped", False)


def test_nothing_is_written_before_the_run_is_on_record_and_a_directory_that_goes_is_no_trouble(tmp_path: Path) -> None:
    scene = Scene(RunDirectory(tmp_path))
    pulse = SupervisorPulse(scene.run, scene.open, {})
    pulse.close()
    pulse._write(scene.venue)
    assert list(tmp_path.iterdir()) == []
    scene.run.configuration.write_text("{}")
    scene.run.live.write_text("a file stands where the folder is to be")
    pulse._write(scene.venue)
    scene.run.live.unlink()
    pulse._write(scene.venue)
    assert read_supervisor_heartbeat(scene.run) is not None
