"""Flatten an account from outside: cancel every open order, close every position, confirm; asking before repeating.

The engine may hang or be dead meanwhile. Orders and positions that no run knows of are taken too. Each closing order is a
reduce-only MARKET order under an id that follows from the flatten's id, the round and its number, so that after an unclear
answer the venue can be asked for it. Should one that was given up arrive late after all, it is refused: by the receive
window, or because there is nothing left to reduce.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import asdict, dataclass, field
from typing import Literal

from tc.exchange.flattening.closing import close_position
from tc.exchange.flattening.open_items import OpenItems, Outcome, cancel_all_of, cancel_one, read_open_items
from tc.exchange.wire.errors import VenueBusyError
from tc.exchange.wire.line import VenueLine

MOST_ROUNDS = 8
_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class FlattenStep:
    """One thing that the flatten did.

    Parameters
    ----------
    at_ns, latency_ns
        Our clock when it began, and how long it took.
    round
        From 1.
    what
        ``ask``, ``cancel``, ``close`` or ``confirm``.
    subject
        The symbol, or empty for the whole account.
    outcome, detail
        What came of it, in words.

    """

    at_ns: int
    latency_ns: int
    round: int
    what: Literal["ask", "cancel", "close", "confirm"]
    subject: str
    outcome: Outcome
    detail: str


@dataclass(frozen=True, slots=True)
class Flattened:
    """What came of a flatten.

    Parameters
    ----------
    is_over
        Whether the venue itself said, after everything, that what was asked for is done.
    is_flat
        Whether it said that no order is open and nothing is held.
    left_orders, left_positions
        What was left when the venue was last asked, in words; None when it could not be asked: unknown, not nothing.
    latency_ns
        From the first question to the last answer.
    steps
        Everything that was done, in order.

    """

    is_over: bool
    is_flat: bool
    left_orders: tuple[str, ...] | None
    left_positions: tuple[str, ...] | None
    latency_ns: int
    steps: tuple[FlattenStep, ...]

    def to_dict(self) -> dict[str, object]:
        """Return it as a JSON object."""
        return asdict(self)


async def flatten(
    line: VenueLine,
    *,
    flatten_id: str = "",
    symbols: Collection[str] | None = None,
    on_step: Callable[[FlattenStep], None] = lambda _step: None,
    deadline_s: float = 30,
    closes_positions: bool = True,
) -> Flattened:
    """Cancel all open orders, close all positions, and ask the venue whether it is flat, in at most eight rounds.

    Nothing that the venue does is an error of the flatten: what could not be done is said in its steps.

    Parameters
    ----------
    line
        The signed line to the venue.
    flatten_id
        At most 20 letters, digits and hyphens, another for each flatten: closing orders' ids begin with it. Left empty, it
        is made of the time.
    symbols
        Only these; None takes everything that the account has.
    on_step
        Called after each step.
    deadline_s
        No round begins later than this.
    closes_positions
        Whether positions are closed; else they are left as they are, it is over when no order is open, and none counts as left.

    """
    flatten_id = flatten_id or f"TCF-{time.time_ns() // 1000:x}"
    chosen = None if symbols is None else frozenset(symbols)
    return await _Flattening(line, flatten_id, chosen, on_step, deadline_s, closes_positions=closes_positions).run()


@dataclass(slots=True)
class _Flattening:
    line: VenueLine
    flatten_id: str
    symbols: frozenset[str] | None
    on_step: Callable[[FlattenStep], None]
    deadline_s: float
    closes_positions: bool = field(kw_only=True)
    steps: list[FlattenStep] = field(default_factory=list)

    async def run(self) -> Flattened:
        began_ns = time.monotonic_ns()
        deadline = time.monotonic() + self.deadline_s
        pause_s = _FIRST_PAUSE_S
        left = await self._read(1, "ask", deadline)
        for number in range(1, MOST_ROUNDS + 1):
            await self._round(number, left)
            left = await self._read(number, "confirm", deadline)
            if self._is_over(left) or time.monotonic() + pause_s > deadline:
                break
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        return Flattened(
            is_over=self._is_over(left),
            is_flat=left.is_flat,
            left_orders=None if left.are_orders_unread else left.order_words(),
            left_positions=self._left_positions(left),
            latency_ns=time.monotonic_ns() - began_ns,
            steps=tuple(self.steps),
        )

    def _left_positions(self, left: OpenItems) -> tuple[str, ...] | None:
        if not self.closes_positions:
            return ()
        return None if left.are_positions_unread else left.position_words()

    def _is_over(self, left: OpenItems) -> bool:
        return left.is_flat or not (self.closes_positions or left.orders or left.are_orders_unread)

    async def _round(self, number: int, items: OpenItems) -> None:
        """Cancel, by symbol at first and one by one when that was not enough; then close what is held."""
        if number == 1:
            cancels = [(symbol, cancel_all_of(self.line, symbol, items)) for symbol in items.order_symbols()]
        else:
            cancels = [(order.symbol, cancel_one(self.line, order)) for order in items.orders]
        await asyncio.gather(*(self._step(number, "cancel", symbol, work) for symbol, work in cancels))
        if not self.closes_positions:
            return
        positions = items.positions
        if cancels:  # A cancelled order may have been filled first, and then there is more, or less, to close.
            fresh = await self._read(number, "ask", time.monotonic(), None if items.errors else items.symbols())
            positions = items.positions if fresh.are_positions_unread else fresh.positions
        names = [f"{self.flatten_id}-{number}-{index}" for index in range(1, len(positions) + 1)]
        closings = [(each.symbol, close_position(self.line, each, name)) for each, name in zip(positions, names, strict=True)]
        await asyncio.gather(*(self._step(number, "close", symbol, work) for symbol, work in closings))

    async def _read(
        self, number: int, what: Literal["ask", "confirm"], deadline: float, symbols: frozenset[str] | None = None
    ) -> OpenItems:
        """Return what is open and held, as far as the venue can be asked; a wait that it asks for is waited out.

        Of some symbols only it is asked at a small part of the request weight, of which a kill has no more than is left.
        """
        chosen = self.symbols if symbols is None else symbols
        while True:
            at_ns, began_ns = time.time_ns(), time.monotonic_ns()
            items = await read_open_items(self.line, chosen)
            self._say(at_ns, began_ns, number, what, "", "unknown" if items.errors else "done", items.words())
            wait_s = max((error.retry_after_s for error in items.errors if isinstance(error, VenueBusyError)), default=None)
            if wait_s is None or time.monotonic() + wait_s > deadline:
                return items
            await asyncio.sleep(wait_s)

    async def _step(
        self, number: int, what: Literal["cancel", "close"], subject: str, work: Awaitable[tuple[Outcome, str]]
    ) -> None:
        at_ns, began_ns = time.time_ns(), time.monotonic_ns()
        outcome, detail = await work
        self._say(at_ns, began_ns, number, what, subject, outcome, detail)

    def _say(self, at_ns: int, began_ns: int, number: int, what: str, subject: str, outcome: Outcome, detail: str) -> None:
        step = FlattenStep(at_ns, time.monotonic_ns() - began_ns, number, what, subject, outcome, detail)  # type: ignore[arg-type]
        self.steps.append(step)
        self.on_step(step)
