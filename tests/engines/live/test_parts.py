"""The small parts of a live node: its timer, its way home, and the end that it puts to an adapter's retries."""

import asyncio
import threading
import time
from collections.abc import Callable

import pytest
from nautilus_trader.common.component import Logger
from nautilus_trader.live.retry import RetryManager, RetryManagerPool
from nautilus_trader.model.identifiers import ClientOrderId

from tc.engines.nautilus.live.home import Home
from tc.engines.nautilus.live.loop_timer import LoopTimer
from tc.engines.nautilus.live.stopping.adapters import Adapters

MS = 1_000_000


class Clock:
    """A wall clock that can be set."""

    def __init__(self) -> None:
        self.behind_ns = 0

    def timestamp_ns(self) -> int:
        return time.time_ns() - self.behind_ns


def on_loop(work: Callable[[], object]) -> None:
    """Run a coroutine function on a loop of its own."""
    with asyncio.Runner() as runner:
        runner.run(work())  # type: ignore[arg-type]


def test_R78_a_timer_rings_once_at_its_deadline_and_one_that_is_set_anew_rings_at_the_new_one() -> None:
    async def work() -> None:
        clock, rang = Clock(), list[int]()
        timer = LoopTimer(clock, rang.append, asyncio.get_running_loop())
        start = clock.timestamp_ns()
        timer.set(start + 60_000 * MS)
        timer.set(start + 20 * MS)
        await asyncio.sleep(0.06)
        assert len(rang) == 1
        assert rang[0] >= start + 20 * MS
        timer.set(start)
        await asyncio.sleep(0.01)
        assert len(rang) == 2
        timer.set(clock.timestamp_ns() + 10 * MS)
        timer.clear()
        await asyncio.sleep(0.03)
        assert len(rang) == 2

    on_loop(work)


def test_a_timer_waits_for_a_wall_clock_that_was_set_back() -> None:
    async def work() -> None:
        clock, rang = Clock(), list[int]()
        timer = LoopTimer(clock, rang.append, asyncio.get_running_loop())
        deadline = clock.timestamp_ns() + 10 * MS
        timer.set(deadline)
        clock.behind_ns = 50 * MS
        await asyncio.sleep(0.03)
        assert rang == []
        await asyncio.sleep(0.08)
        assert len(rang) == 1
        assert rang[0] >= deadline

    on_loop(work)


def test_calls_from_other_threads_come_home_in_their_order() -> None:
    async def work() -> None:
        done: list[tuple[int, int]] = []
        home = Home(asyncio.get_running_loop())
        mine = threading.get_ident()

        def note(number: int) -> None:
            done.append((number, threading.get_ident()))

        home.run(note, 0)
        assert done == [(0, mine)]
        other = threading.Thread(target=lambda: [home.run(note, number) for number in range(1, 100)])
        other.start()
        other.join()
        assert len(done) == 1
        await asyncio.sleep(0)
        assert done == [(number, mine) for number in range(100)]

    on_loop(work)


class Refused(Exception):  # noqa: N818 - a venue's answer
    pass


class Kernel:
    """As much of a kernel as is asked for retries."""

    def __init__(self, pool: RetryManagerPool[None]) -> None:
        client = type("Client", (), {"_retry_manager_pool": pool, "_tasks": ()})()
        self.exec_engine = type("Engine", (), {"_clients": {"X": client}})()

    @property
    def kernel(self) -> "Kernel":
        return self


@pytest.mark.parametrize(("name", "ends"), [("submit_order", True), ("modify_order", True), ("cancel_order", False)])
def test_a_retry_that_is_ended_sends_no_more_and_its_manager_can_be_used_again(name: str, ends: bool) -> None:
    async def work() -> None:
        pool: RetryManagerPool[None] = RetryManagerPool(1, 3, 20, 20, 2, Logger("test"), (Refused,))
        sent: list[str] = []

        async def send(key: str) -> None:
            sent.append(key)
            if len(sent) == 1:
                raise Refused

        async def managed(key: str) -> RetryManager[None]:
            manager = await pool.acquire()
            await manager.run(name, [ClientOrderId(key)], send, key)
            await pool.release(manager)
            return manager

        first = asyncio.create_task(managed("A"))
        await asyncio.sleep(0.005)
        adapters = Adapters(Kernel(pool))
        assert adapters.end_retries(lambda key: key == "A") == 0
        assert adapters.end_retries(lambda key: key == "B") == ends
        assert adapters.end_retries(lambda key: key == "B") == 0
        manager = await first
        assert sent == (["A"] if ends else ["A", "A"])
        assert manager.result is not ends
        again = await managed("C")
        assert again is manager
        assert again.result
        assert sent[-1] == "C"

    on_loop(work)
