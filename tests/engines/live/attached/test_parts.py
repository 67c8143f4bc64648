"""What keeps somebody else's node safe from us: the guarded way home, and what a ledger still owes."""

import asyncio
import threading
from pathlib import Path

from nautilus_trader.execution.messages import CancelOrder

from tc.engines.nautilus.ledger import Asked, Ledger
from tc.engines.nautilus.live.attached.node import without_secrets
from tc.engines.nautilus.live.home import GuardedHome
from tc.ports import ModuleSource


def test_a_script_that_holds_its_keys_is_not_kept() -> None:
    script = ModuleSource("__main__", Path("node.py"), b'BinanceExecClientConfig(api_secret="hush")', "1")
    strategy = ModuleSource("mine", Path("mine.py"), b"class Mine: ...", "2")
    assert without_secrets((script, strategy), (b"a-key", b"hush")) == (strategy,)
    assert without_secrets((script, strategy), ()) == (script, strategy)


def test_what_raises_is_noted_once_and_nothing_is_called_after_it() -> None:
    async def work() -> None:
        failures: list[Exception] = []
        done: list[int] = []

        def fail(error: Exception) -> None:
            failures.append(error)
            home.is_closed = True

        def raising(number: int) -> None:
            done.append(number)
            raise KeyError(number)

        home = GuardedHome(asyncio.get_running_loop(), fail)
        guarded = home.guard(raising)
        ring = home.timer(Clock(), guarded)
        guarded(1)
        guarded(2)
        home.run(raising, 3)
        ring.set(0)
        await asyncio.sleep(0.01)
        assert done == [1]
        assert [str(each) for each in failures] == ["1"]

    asyncio.run(work())


class Clock:
    def timestamp_ns(self) -> int:
        return 1


def test_what_is_called_from_other_threads_raises_nothing_there_and_is_brought_home() -> None:
    async def work() -> None:
        failures: list[Exception] = []
        threads: list[int] = []

        def raising() -> None:
            threads.append(threading.get_ident())
            raise KeyError

        home = GuardedHome(asyncio.get_running_loop(), failures.append)
        other = threading.Thread(target=home.run, args=(raising,))
        other.start()
        other.join()
        await asyncio.sleep(0)
        assert threads == [threading.get_ident()]
        assert len(failures) == 1

    asyncio.run(work())


def test_a_loop_that_runs_on_another_thread_than_the_one_that_attached_becomes_home() -> None:
    loop = asyncio.new_event_loop()
    home = GuardedHome(loop, lambda error: None)
    seen: list[tuple[str, int]] = []

    async def work() -> None:
        home.run(lambda: seen.append(("before", threading.get_ident())))
        home.settle()
        await asyncio.sleep(0)
        home.run(lambda: seen.append(("after", threading.get_ident())))

    other = threading.Thread(target=loop.run_until_complete, args=(work(),))
    other.start()
    other.join()
    loop.close()
    (before, first), (after, second) = seen
    assert (before, after) == ("before", "after")
    assert first == second == other.ident


def test_a_ledger_tells_everything_that_was_asked_for_and_not_sent() -> None:
    ledger = Ledger()
    new, cancel = Asked(CancelOrder), Asked(None)
    ledger.ask("a", "NEW", new)
    ledger.ask("b", "CANCEL", cancel)
    assert ledger.everything() == [("a", "NEW", new), ("b", "CANCEL", cancel)]
    ledger.allowed("b", "CANCEL")
    ledger.ask("b", "CANCEL", new)
    assert ledger.everything() == [("a", "NEW", new), ("b", "CANCEL", new), ("b", "CANCEL", cancel)]
    ledger.denied("a", "NEW")
    ledger.take("b", "CANCEL")
    assert ledger.everything() == [("b", "CANCEL", new)]
