"""What a node says of itself while it lives: the truth of the moment, from another thread, and never at the node's cost."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from tc.engines.nautilus.live.watching.pulse import Pulse, _Writer
from tc.engines.nautilus.live.watching.watch import Watch
from tc.store.heartbeat import Channel, NodeHeartbeat, read_node_heartbeat
from tc.store.layout import RunDirectory

BTC, ETH = "BTCUSDT-PERP.BINANCE", "ETHUSDT-PERP.BINANCE"
WITHIN_S = 10.0


class Engine:
    """An engine of Nautilus's, connected to nothing."""

    def __init__(self) -> None:
        self._clients: dict[str, object] = {}
        self.quotes = [BTC, ETH]

    def __getattr__(self, name: str) -> Callable[[], Any]:
        if name.endswith("qsize"):
            return lambda: 3
        if name.startswith("subscribed_"):
            return lambda: self.quotes if name == "subscribed_quote_ticks" else []
        return {"check_connected": lambda: True}[name]


class Recorder:
    """A recorder that has seen bars."""

    last_seen_ns = {(BTC, "Bar"): 5}  # noqa: RUF012 - a stand-in
    messages = {(BTC, "Bar"): 2, (BTC, "QuoteTick"): 0}  # noqa: RUF012
    every_s = {(BTC, "Bar"): 60.0}  # noqa: RUF012
    contradictions = 1

    def is_recorded(self, instrument_id: object) -> bool:
        return instrument_id == BTC


class Integrity:
    """Says of quotes what was wrong with them, and judges nothing else."""

    is_judging = True

    def counts(self, instrument_id: str, channel: str) -> dict[str, int]:
        return {"crossed": 2} if (instrument_id, channel) == (BTC, "QuoteTick") else {}


class Scene:
    """A pulse, and what it looks at."""

    def __init__(self, run: RunDirectory | None) -> None:
        self.errors: list[str] = []
        self.context = SimpleNamespace(
            position=7,
            pending_count=2,
            commands_in_flight=lambda: iter([SimpleNamespace(sent_ns=9), SimpleNamespace(sent_ns=8)]),
            open_orders=lambda: iter([object(), object(), object()]),
        )
        kernel = SimpleNamespace(
            clock=SimpleNamespace(timestamp_ns=time.time_ns),
            logger=SimpleNamespace(error=self.errors.append),
            data_engine=Engine(),
            risk_engine=Engine(),
            exec_engine=Engine(),
        )
        self.engine = kernel.data_engine
        self.watch = Watch(lambda: None, lambda *_: None)
        self.status = SimpleNamespace(state=None)
        parts: Any = (SimpleNamespace(kernel=kernel), SimpleNamespace(context=self.context), Recorder(), self.watch, self.status)
        self.pulse = Pulse(*parts, Integrity(), run=run)  # type: ignore[arg-type]


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path)


async def heard(run: RunDirectory, is_so: Callable[[NodeHeartbeat], bool]) -> NodeHeartbeat:
    until = time.monotonic() + WITHIN_S
    while (said := read_node_heartbeat(run)) is None or not is_so(said):
        assert time.monotonic() < until, said
        await asyncio.sleep(0.01)
    return said


def test_it_says_how_the_node_is_and_what_was_subscribed_to_and_never_came() -> None:
    scene = Scene(None)
    scene.watch.lag_s = 0.25
    first = scene.pulse.look()
    since_ns = first.at_ns
    quotes = Channel(BTC, "QuoteTick", last_ns=0, messages=0, since_ns=since_ns, anomalies={"crossed": 2})
    assert first.channels == (Channel(BTC, "Bar", last_ns=5, messages=2, every_s=60.0), quotes)
    assert (first.state, first.position, first.waiting, first.open_orders, first.contradictions) == ("starting", 7, 2, 3, 1)
    assert (first.in_flight, first.oldest_in_flight_ns, first.lag_s) == (2, 8, 0.25)
    assert first.is_feed_judged
    assert first.connected == {"data": True, "execution": True}
    assert set(first.queues.values()) == {3}
    scene.engine.quotes = []
    scene.context.commands_in_flight = lambda: iter(())
    scene.status.state = "trading"
    again = scene.pulse.look()
    assert again.channels == first.channels
    assert (again.state, again.in_flight, again.oldest_in_flight_ns) == ("trading", 0, None)


def test_how_late_the_loop_was_before_the_node_traded_is_never_told_also_where_that_is_noticed_later() -> None:
    watch = Watch(lambda: None, lambda *_: None)

    async def work() -> list[float]:
        watching = asyncio.get_running_loop().create_task(watch.run())
        await asyncio.sleep(0.01)
        time.sleep(0.4)  # noqa: ASYNC251 - that is what a node does that loads
        await asyncio.sleep(0.01)
        loading = watch.longest_lag_lately_s()
        await asyncio.sleep(0.1)
        time.sleep(0.4)  # noqa: ASYNC251 - and it is not done yet
        watch.count()
        await asyncio.sleep(0.01)
        after_start = watch.longest_lag_s
        time.sleep(0.4)  # noqa: ASYNC251 - as above, and now orders wait for it
        await asyncio.sleep(0.2)
        watching.cancel()
        return [loading, after_start, watch.longest_lag_s]

    loading, after_start, trading = asyncio.run(work())
    assert loading == 0
    assert after_start < 0.2
    assert trading > 0.2


def test_the_longest_lag_is_that_since_it_was_told_last() -> None:
    async def work() -> list[float]:
        watch = Watch(lambda: None, lambda *_: None)
        task = asyncio.create_task(watch.run())
        watch.count()
        lags = []
        for blocks_s in (0.5, 0.0):
            await asyncio.sleep(0.06)
            time.sleep(blocks_s)  # noqa: ASYNC251 - what is to be noticed
            await asyncio.sleep(0.06)
            lags.append(watch.longest_lag_lately_s())
        task.cancel()
        return [*lags, watch.longest_lag_s]

    blocked, free, ever = asyncio.run(work())
    assert ever == blocked > 0.4 > free


def test_it_is_told_again_and_again_and_the_end_is_told_too(run: RunDirectory) -> None:
    async def work() -> None:
        scene = Scene(run)
        task = asyncio.create_task(scene.pulse.run())
        first = await heard(run, lambda said: said.state == "starting")
        await heard(run, lambda said: said.at_ns > first.at_ns)
        scene.status.state = "stopped"
        task.cancel()
        scene.pulse.end()
        last = read_node_heartbeat(run)
        assert last is not None
        assert last.state == "stopped"
        assert scene.errors == []

    asyncio.run(work())


def test_a_look_that_raises_ends_the_pulse_alone_and_is_in_the_log(run: RunDirectory) -> None:
    async def work() -> None:
        scene = Scene(run)
        scene.context.position = "nowhere"
        await scene.pulse.run()
        scene.pulse.end()
        [said] = scene.errors
        assert said.startswith("tc: no more heartbeats: ValueError: ")
        assert not run.live.exists()

    asyncio.run(work())


def test_without_a_directory_nothing_is_told_and_nothing_is_told_after_the_end(run: RunDirectory) -> None:
    async def work() -> None:
        for scene in (Scene(None), Scene(run)):
            scene.pulse.end()
        await Scene(None).pulse.run()
        assert not run.live.exists()

    asyncio.run(work())


def test_a_disk_that_takes_nothing_holds_nobody_up_and_is_tried_again(run: RunDirectory) -> None:
    run.live.write_text("a file stands where the folder is to be")
    heartbeat = Scene(None).pulse.look()
    writer = _Writer(run, lambda: 7)
    writer.put(heartbeat)
    until = time.monotonic() + WITHIN_S
    while writer._next:
        assert time.monotonic() < until
        time.sleep(0.001)
    run.live.unlink()
    writer.put(heartbeat)
    writer.end(WITHIN_S)
    assert read_node_heartbeat(run) == replace(heartbeat, stamped_ns=7)
