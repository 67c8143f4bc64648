"""How `tc kill` reaches the venue of a run: over our own signed line, or through the run's supervisor, which has the keys."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tc.exchange import VenueLine
    from tc.exchange.flattening.flatten import Flattened, FlattenStep
    from tc.flows.kill.killed import Outside, VenueAccess, VenueFlatten
    from tc.spec.venue_url import VenueUrl

_ASK_S = 0.5
_CONNECT_S = 0.5
_LOOK_S = 0.05
_SLACK_S = 5.0


def outside_of(runtime_root: Path, *, means_testnet: bool, deadline_s: float) -> "Outside":
    """Return how venues are reached from this shell."""
    from tc.flows.kill.killed import Outside

    ways = _Ways(runtime_root, means_testnet, deadline_s)
    return Outside(has_ended=ways.has_ended, is_silent=ways.is_silent, unavailable=ways.unavailable, flatten=ways.flatten)


async def flatten_told(
    line: "VenueLine",
    *,
    deadline_s: float,
    give_up: Callable[[], bool] = lambda: False,
    note: Callable[[str], None] = lambda _words: None,
) -> "VenueFlatten":
    """Flatten over a line, and return what it came to in words; it breaks off when ``give_up`` says so.

    ``note`` is given each step in words.
    """
    import asyncio

    from tc.exchange import flatten
    from tc.flows.kill.killed import VenueFlatten

    began_ns = time.monotonic_ns()
    steps: list[FlattenStep] = []

    def on_step(step: "FlattenStep") -> None:
        steps.append(step)
        note(f"round {step.round}, {f'{step.what} {step.subject}'.strip()}: {step.detail}")

    name = f"TCK-{time.time_ns() // 1000:x}"
    work = asyncio.ensure_future(flatten(line, flatten_id=name, on_step=on_step, deadline_s=deadline_s))
    while not work.done() and not give_up():
        await asyncio.wait({work}, timeout=_LOOK_S)
    if work.done():
        left = _left(work.result())
    else:
        work.cancel()
        await asyncio.wait({work})
        left = "broken off"
    said = [f"{step.what} {step.subject}: {step.detail}" for step in steps if step.what in {"cancel", "close"}]
    is_flat = not work.cancelled() and work.result().is_flat
    return VenueFlatten(is_flat, "; ".join([*said, left]), time.monotonic_ns() - began_ns)


def _left(done: "Flattened") -> str:
    if done.is_flat:
        return "flat, says the venue"
    words = [
        f"{what}: {'unknown' if left is None else ', '.join(left) or 'none'}"
        for what, left in (("orders left", done.left_orders), ("positions left", done.left_positions))
    ]
    why = done.steps[-1].detail if done.steps and None in (done.left_orders, done.left_positions) else ""
    return "; ".join(filter(None, ("NOT known to be flat", *words, why)))


@dataclass(frozen=True, slots=True)
class _Ways:
    runtime_root: Path
    means_testnet: bool
    deadline_s: float

    def has_ended(self, access: "VenueAccess") -> bool:
        """Say whether the run's embedded venue has ended, by the lock that it holds on its state while it runs."""
        from tc.wiring.kept_venue import is_held

        state = self.runtime_root / "venues" / f"{access.run_id}.sqlite"
        return state.is_file() and not is_held(state)

    def is_silent(self, access: "VenueAccess") -> bool:
        """Say whether a venue of this machine refuses connections: nobody listens where it was."""
        from tc.errors import TcError

        try:
            url = self._judged(access)
        except TcError:
            return False
        return url.environment == "loopback" and refuses_connections(url)

    def unavailable(self, access: "VenueAccess") -> str:
        """Say why nothing can be sent from here, neither by ourselves nor by the run's supervisor."""
        own = self._no_line(access)
        return own if own and not self._has_supervisor(access) else ""

    def flatten(self, access: "VenueAccess", give_up: Callable[[], bool], note: Callable[[str], None]) -> "VenueFlatten":
        """Flatten the run's account."""
        import asyncio

        from tc.exchange import VenueLine, read_keys

        if self._no_line(access):
            note("asked the run's supervisor to do it")
            return self._flattened_by_supervisor(access)
        url, keys = self._judged(access), read_keys(access.api_key_env, access.api_secret_env, os.environ)

        async def flattened() -> "VenueFlatten":
            async with VenueLine(url, keys, timeout_s=2, patience_s=min(4.0, self.deadline_s)) as line:
                return await flatten_told(line, deadline_s=self.deadline_s, give_up=give_up, note=note)

        return asyncio.run(flattened())

    def _flattened_by_supervisor(self, access: "VenueAccess") -> "VenueFlatten":
        from dataclasses import replace

        from tc.flows.kill.killed import VenueFlatten
        from tc.flows.paper.supervisor_line import ask_supervisor

        request = {"do": "flatten", "deadline_s": self.deadline_s}
        within_s = self.deadline_s + _SLACK_S
        done = ask_supervisor(self._supervisor(access), request, VenueFlatten, within_s=within_s)
        return replace(done, words=f"through the run's supervisor: {done.words}")

    def _no_line(self, access: "VenueAccess") -> str:
        """Say why there is no signed line of our own from here."""
        from tc.errors import TcError
        from tc.exchange.wire.keys import read_keys

        if not access.venue_url:
            return "nothing may be sent to its venue from outside"
        try:
            self._judged(access)
            read_keys(access.api_key_env, access.api_secret_env, os.environ)
        except TcError as error:
            return error.message
        return ""

    def _judged(self, access: "VenueAccess") -> "VenueUrl":
        from tc.spec.venue_url import judge

        return judge(access.venue_url, environment=access.environment, has_consent=self.means_testnet)

    def _has_supervisor(self, access: "VenueAccess") -> bool:
        from tc.errors import UnreachableError
        from tc.flows.paper.supervisor_line import ask_supervisor

        try:
            ask_supervisor(self._supervisor(access), {"do": "ping"}, dict[str, bool], within_s=_ASK_S)
        except UnreachableError:
            return False
        return True

    def _supervisor(self, access: "VenueAccess") -> Path:
        from tc.store.nodes import supervisor_path

        return supervisor_path(self.runtime_root, access.run_id)


def refuses_connections(url: "VenueUrl") -> bool:
    """Say whether nobody listens at a venue of this machine; one that is slow to answer is there."""
    import socket

    try:
        socket.create_connection((url.host, url.port), timeout=_CONNECT_S).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False
