"""hftbacktest's compiled library behind whole numbers: what is asked of it, in its own terms, and what it answers."""

import ctypes
from typing import Any

import numpy as np
from hftbacktest import BacktestAsset, binding, build_hashmap_backtest
from hftbacktest.types import (
    BUY_EVENT,
    DEPTH_CLEAR_EVENT,
    DEPTH_EVENT,
    DEPTH_SNAPSHOT_EVENT,
    EXCH_EVENT,
    LOCAL_EVENT,
    SELL_EVENT,
    TRADE_EVENT,
    event_dtype,
)

from tc.engines.hft.feed import CLEAR, DEPTH, GAP, SNAPSHOT, TRADE
from tc.engines.hft.messages import Answer, Begin, Command, Modify, Response, Submit, Top

_ASSET = 0
_TIMED_OUT, _FEED, _RESPONSE = 0, 2, 3
_NEW, _EXPIRED, _FILLED, _CANCELED, _REPLACED = 1, 2, 3, 4, 7
_ANSWERS: dict[int, Answer] = {
    _NEW: "open",
    _REPLACED: "open",
    _EXPIRED: "expired",
    _FILLED: "filled",
    _CANCELED: "canceled",
}
_FLAGS = {
    DEPTH: DEPTH_EVENT,
    TRADE: TRADE_EVENT,
    CLEAR: DEPTH_CLEAR_EVENT,
    SNAPSHOT: DEPTH_SNAPSHOT_EVENT,
    GAP: DEPTH_CLEAR_EVENT,
}
_NO_BID, _NO_ASK = -(2**63), 2**63 - 1


class _Order(ctypes.Structure):
    """An order as the library holds it; see ``order_dtype`` in hftbacktest.types."""

    _fields_ = (
        ("qty", ctypes.c_double),
        ("leaves_qty", ctypes.c_double),
        ("exec_qty", ctypes.c_double),
        ("exec_price_tick", ctypes.c_int64),
        ("price_tick", ctypes.c_int64),
        ("tick_size", ctypes.c_double),
        ("exch_timestamp", ctypes.c_int64),
        ("local_timestamp", ctypes.c_int64),
        ("order_id", ctypes.c_uint64),
        ("q1", ctypes.c_uint64),
        ("q2", ctypes.c_uint64),
        ("maker", ctypes.c_bool),
        ("order_type", ctypes.c_uint8),
        ("req", ctypes.c_uint8),
        ("status", ctypes.c_uint8),
        ("side", ctypes.c_int8),
        ("time_in_force", ctypes.c_uint8),
    )


class Library:
    """One backtest of the library; its functions are called directly, without the compiler that its Python classes need."""

    def __init__(self, begin: Begin) -> None:
        self._events = _events(begin)  # The library reads this memory for as long as it lives.
        self._library = build_hashmap_backtest([_asset(begin, self._events)])
        self._has_begun = False
        self._live: dict[int, int] = {}
        self.now_ns = 0

    def wait(self, limit_ns: int) -> None:
        """Play to the next stamp at which data or a response comes, but not beyond the limit; the first time only begin."""
        timeout = max(0, limit_ns - self.now_ns) if self._has_begun else 0
        code = binding.hashmapbt_wait_next_feed(self._library, True, timeout)  # noqa: FBT003 - the library's own signature
        _require(code in {_TIMED_OUT, _FEED, _RESPONSE}, "wait_next_feed", code)
        self._has_begun = True
        self.now_ns = int(binding.hashmapbt_current_timestamp(self._library))

    def top(self) -> Top:
        """Return the best of the book as we see it."""
        depth = binding.hashmapbt_depth(self._library, _ASSET)
        bid, ask = binding.hashmapdepth_best_bid_tick(depth), binding.hashmapdepth_best_ask_tick(depth)
        has_bid, has_ask = bid != _NO_BID, ask != _NO_ASK
        return Top(
            bid if has_bid else None,
            round(binding.hashmapdepth_best_bid_qty(depth)) if has_bid else None,
            ask if has_ask else None,
            round(binding.hashmapdepth_best_ask_qty(depth)) if has_ask else None,
        )

    def send(self, command: Command) -> None:
        """Send a command now."""
        if isinstance(command, Submit):
            submit = binding.hashmapbt_submit_buy_order if command.is_buy else binding.hashmapbt_submit_sell_order
            code = submit(
                self._library,
                _ASSET,
                command.order_id,
                float(command.ticks),
                float(command.lots),
                command.time_in_force,
                int(command.is_market),
                False,  # noqa: FBT003 - the library's own signature: never wait for the answer
            )
        elif isinstance(command, Modify):
            code = binding.hashmapbt_modify(
                self._library,
                _ASSET,
                command.order_id,
                float(command.ticks),
                float(command.lots),
                False,  # noqa: FBT003
            )
        else:
            code = binding.hashmapbt_cancel(self._library, _ASSET, command.order_id, False)  # noqa: FBT003
        _require(code == 0, type(command).__name__.lower(), code)
        self._live[command.order_id] = self._order(command.order_id).req

    def responses(self) -> tuple[Response, ...]:
        """Return what changed, by order id: the library iterates its orders at random."""
        found = []
        for order_id in sorted(self._live):
            order = self._order(order_id)
            answer = _ANSWERS.get(order.status)
            if answer is None or (answer == "open" and order.req == self._live[order_id]):
                continue
            self._live[order_id] = order.req
            has_price = answer == "filled" and order.exec_price_tick not in {_NO_BID, _NO_ASK}
            price = order.exec_price_tick if has_price else None
            found.append(Response(order_id, answer, order.exch_timestamp, price, order.maker))
            if answer != "open":
                del self._live[order_id]
        if any(each.answer != "open" for each in found):
            binding.hashmapbt_clear_inactive_orders(self._library, _ASSET)
        return tuple(found)

    def _order(self, order_id: int) -> _Order:
        orders = binding.hashmapbt_orders(self._library, _ASSET)
        return _Order.from_address(binding.orders_get(orders, order_id))


def _asset(begin: Begin, events: Any) -> Any:  # noqa: ANN401 - the library has no types
    asset = BacktestAsset().data(events).linear_asset(1.0).parallel_load(False).last_trades_capacity(0)  # noqa: FBT003
    asset = asset.constant_order_latency(begin.order_entry_ns, begin.order_response_ns)
    asset = asset.no_partial_fill_exchange().trading_value_fee_model(0.0, 0.0)
    asset = asset.tick_size(1.0).lot_size(1.0)  # Prices are ticks and quantities lots: whole numbers, exact as floats.
    if begin.queue_model == "risk_adverse":
        return asset.risk_adverse_queue_model()
    power = {"power_prob": "", "power_prob_2": "2", "power_prob_3": "3"}[begin.queue_model]
    return getattr(asset, f"power_prob_queue_model{power}")(begin.queue_exponent)


def _events(begin: Begin) -> Any:  # noqa: ANN401 - as above
    """Return the rows twice, as the venue sees them in the order of its stamps and as we do in ours; marks stand at both ends.

    The mark before the first row is where the library's clock begins; the one behind the last keeps the data from ending
    in the middle of a wait.
    """
    kinds = np.frombuffer(begin.kinds, dtype=np.uint8)
    sides = np.frombuffer(begin.sides, dtype=np.uint8)
    rows = np.zeros(len(kinds), dtype=event_dtype)
    names = {
        DEPTH: DEPTH_EVENT,
        TRADE: TRADE_EVENT,
        CLEAR: DEPTH_CLEAR_EVENT,
        GAP: DEPTH_CLEAR_EVENT,
        SNAPSHOT: DEPTH_SNAPSHOT_EVENT,
    }
    for kind, flag in names.items():
        rows["ev"][kinds == kind] = flag
    rows["ev"][sides == 1] |= np.uint64(BUY_EVENT)
    rows["ev"][sides == 2] |= np.uint64(SELL_EVENT)  # noqa: PLR2004 - the message's code for a sell
    rows["px"] = np.frombuffer(begin.ticks, dtype=np.int64)
    rows["qty"] = np.frombuffer(begin.lots, dtype=np.int64)
    rows["exch_ts"] = np.frombuffer(begin.venue_ns, dtype=np.int64)
    rows["local_ts"] = np.frombuffer(begin.local_ns, dtype=np.int64)
    ours = rows.copy()
    rows["ev"] |= np.uint64(EXCH_EVENT)
    ours["ev"] |= np.uint64(LOCAL_EVENT)
    marks = np.zeros(2, dtype=event_dtype)
    marks["ev"] = LOCAL_EVENT
    starts_ns = min(begin.first_ns - 1, int(rows["exch_ts"].min()), int(rows["local_ts"].min()))
    marks["exch_ts"] = marks["local_ts"] = (starts_ns, begin.end_ns + 1)
    venue = rows[np.argsort(rows["exch_ts"], kind="stable")]
    return np.concatenate([venue, marks[:1], ours, marks[1:]])


def _require(is_fine: bool, what: str, code: int) -> None:  # noqa: FBT001
    if not is_fine:
        raise RuntimeError(f"hftbacktest: {what} returned {code}")
