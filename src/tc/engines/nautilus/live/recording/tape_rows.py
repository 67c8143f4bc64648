"""What a live node's data is on the tape: Nautilus's own fixed-point integers and stamps, as plain rows.

What is pickled of a tick is these very integers, in one call: to ask for them one by one makes an object for each, and a node
has thousands of ticks a second.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nautilus_trader.model import data

from tc.store.tape import TapeRow

type _Row = tuple[TapeRow, ...]


def tape_rows(datum: Any) -> Sequence[TapeRow]:  # noqa: ANN401 - whatever is published as data
    """Return the rows that a datum is on the tape, in their order; none for what the tape does not take."""
    translate = _TRANSLATORS.get(type(datum))
    return () if translate is None else translate(datum)


def _quote(quote: Any) -> _Row:  # noqa: ANN401 - Nautilus's ticks have no types
    identifier, bid, ask, _, _, bid_size, ask_size, _, _, ts_event, ts_init = quote.__getstate__()
    return (TapeRow("quotes", identifier, (bid, ask, bid_size, ask_size, ts_event, ts_init)),)


def _trade(trade: Any) -> _Row:  # noqa: ANN401
    identifier, price, _, size, _, aggressor_side, trade_id, ts_event, ts_init = trade.__getstate__()
    return (TapeRow("trades", identifier, (price, size, int(aggressor_side), trade_id, ts_event, ts_init)),)


def _bar(bar: Any) -> _Row:  # noqa: ANN401
    values = (bar.open.raw, bar.high.raw, bar.low.raw, bar.close.raw, bar.volume.raw, bar.ts_event, bar.ts_init)
    return (TapeRow("bars", str(bar.bar_type), values),)


def _deltas(deltas: Any) -> _Row:  # noqa: ANN401
    return tuple(row for delta in deltas.deltas for row in _delta(delta))


def _delta(delta: Any) -> _Row:  # noqa: ANN401
    identifier, action, side, price, _, size, _, order_id, flags, sequence, ts_event, ts_init = delta.__getstate__()
    return (TapeRow("book", identifier, (int(action), int(side), price, size, order_id, flags, sequence, ts_event, ts_init)),)


_TRANSLATORS: Mapping[type, Callable[[Any], _Row]] = {
    data.QuoteTick: _quote,
    data.TradeTick: _trade,
    data.Bar: _bar,
    data.OrderBookDelta: _delta,
    data.OrderBookDeltas: _deltas,
}
