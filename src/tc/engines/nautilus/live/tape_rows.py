"""What a live node's data is on the tape: Nautilus's own fixed-point integers and stamps, as plain rows."""

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
    values = (
        quote.bid_price.raw,
        quote.ask_price.raw,
        quote.bid_size.raw,
        quote.ask_size.raw,
        quote.ts_event,
        quote.ts_init,
    )
    return (TapeRow("quotes", quote.instrument_id.value, values),)


def _trade(trade: Any) -> _Row:  # noqa: ANN401
    values = (
        trade.price.raw,
        trade.size.raw,
        int(trade.aggressor_side),
        trade.trade_id.value,
        trade.ts_event,
        trade.ts_init,
    )
    return (TapeRow("trades", trade.instrument_id.value, values),)


def _bar(bar: Any) -> _Row:  # noqa: ANN401
    values = (bar.open.raw, bar.high.raw, bar.low.raw, bar.close.raw, bar.volume.raw, bar.ts_event, bar.ts_init)
    return (TapeRow("bars", str(bar.bar_type), values),)


def _deltas(deltas: Any) -> _Row:  # noqa: ANN401
    return tuple(row for delta in deltas.deltas for row in _delta(delta))


def _delta(delta: Any) -> _Row:  # noqa: ANN401
    order = delta.order
    values = (
        int(delta.action),
        int(order.side),
        order.price.raw,
        order.size.raw,
        order.order_id,
        delta.flags,
        delta.sequence,
        delta.ts_event,
        delta.ts_init,
    )
    return (TapeRow("book", delta.instrument_id.value, values),)


_TRANSLATORS: Mapping[type, Callable[[Any], _Row]] = {
    data.QuoteTick: _quote,
    data.TradeTick: _trade,
    data.Bar: _bar,
    data.OrderBookDelta: _delta,
    data.OrderBookDeltas: _deltas,
}
