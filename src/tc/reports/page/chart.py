"""What is drawn over time: price, fills and order marks, equity, position, on one grid of candles. Floats begin here."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from tc.reports.candles import NANOS, Candles, coarser
from tc.reports.figures import Fill, Point, RunSummary
from tc.reports.page.content import Column, Table
from tc.reports.page.document import instrument_of
from tc.reports.page.prices import DECIMALS, prices_of
from tc.reports.page.words import NONE, count, exact, interval, utc, visible, written
from tc.reports.report import ReportInput
from tc.reports.thinning import Sampled

CANDLES_DRAWN = 2_000
ROWS_LISTED = 48

type Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart's data for the page's script, what was left out of it, and some of its values as a table."""

    data: Json
    label: str
    notes: tuple[str, ...]
    values: Table


def chart_of(report: ReportInput) -> Chart | None:
    """Return what is to be drawn; None when there is neither a price nor a fill."""
    summary = report.summary
    instrument = instrument_of(report) or next(iter(summary.net_quantities), "")
    prices, beyond = prices_of(report.candles, summary.fills.items, instrument, limit=CANDLES_DRAWN)
    if prices is None:
        return None
    drawn = coarser(prices, limit=CANDLES_DRAWN)
    money = _money(summary)
    equity = _values_at(drawn, () if money is None else money[2].items)
    net = summary.net_quantities.get(instrument, Sampled())
    position = _values_at(drawn, net.items, Decimal(0))
    groups = _fill_groups(drawn, summary.fills.items)
    marks = _order_marks(drawn, summary)
    data: Json = {
        "kind": drawn.drawn_as,
        "instrument": visible(instrument),
        "interval": interval(drawn.interval_ns),
        "precision": drawn.precision,
        "times": [(end_ns - drawn.interval_ns) // NANOS for end_ns in drawn.ends_ns],
        "opens": drawn.opens,
        "highs": drawn.highs,
        "lows": drawn.lows,
        "closes": drawn.closes,
        "equity": None if money is None else [_float(value) for value in equity],
        "equityName": "" if money is None else money[0],
        "currency": "" if money is None else visible(money[1]),
        "position": [_float(value) for value in position],
        "fills": groups,
        "orders": marks,
    }
    notes = _notes(summary, len(groups), net, _source(report.candles, drawn, beyond))
    shape = "candle" if drawn.drawn_as == "candles" else "point"
    label = f"{count(len(drawn), shape)} of {instrument} with {count(len(groups), 'fill marker')}, equity and position below"
    return Chart(data, label, notes, _values(drawn, position, equity, "" if money is None else f"{money[0]} ({money[1]})"))


def _money(summary: RunSummary) -> tuple[str, str, Sampled[Point]] | None:
    """Return what the middle pane shows: equity, or else the balance that the engine stated."""
    if summary.equity is not None:
        return "Equity", summary.equity.currency, summary.equity.points
    for currency, points in summary.balance_points.items():
        return "Balance", currency, points
    return None


def _index(drawn: Candles, at_ns: int) -> int:
    return min(bisect_left(drawn.ends_ns, at_ns), len(drawn) - 1)


def _values_at(drawn: Candles, points: Sequence[Point], before: Decimal | None = None) -> list[Decimal | None]:
    """Return the last value up to the end of each candle."""
    last: dict[int, Decimal] = {_index(drawn, point.at_ns): point.value for point in points}
    values: list[Decimal | None] = []
    for index in range(len(drawn)):
        before = last.get(index, before)
        values.append(before)
    return values


def _fill_groups(drawn: Candles, fills: Sequence[Fill]) -> list[list[object]]:
    """Return the fills of one candle and side as one: candle, side, how many, quantity, average price."""
    groups: dict[tuple[int, str], tuple[int, Decimal, Decimal]] = {}
    for fill in fills:
        key = (_index(drawn, fill.at_ns), fill.side)
        number, quantity, value = groups.get(key, (0, Decimal(0), Decimal(0)))
        groups[key] = (number + 1, quantity + fill.quantity, value + fill.quantity * fill.price)
    return [
        [index, side, number, _float(quantity), _float(value / quantity)]
        for (index, side), (number, quantity, value) in sorted(groups.items())
    ]


def _order_marks(drawn: Candles, summary: RunSummary) -> list[list[object]]:
    """Return what happened to orders in one candle, kind and side as one: candle, kind, side, how many, last price or null.

    A market order that is placed shows as its fill.
    """
    groups: dict[tuple[int, str, str], tuple[int, Decimal | None]] = {}
    for mark in summary.order_marks.items:
        if mark.kind == "placed" and mark.price is None:
            continue
        key = (_index(drawn, mark.at_ns), mark.kind, mark.side)
        groups[key] = (groups.get(key, (0, None))[0] + 1, mark.price)
    return [[*key, number, _float(price)] for key, (number, price) in sorted(groups.items())]


def _source(candles: Candles | None, drawn: Candles, beyond: int) -> str:
    """Return what the price is drawn from."""
    length = interval(drawn.interval_ns)
    if candles is None:
        return f"Drawn from the fills: the line joins their prices, in steps of {length}; the market rows were not at hand."
    shape = "candles" if drawn.drawn_as == "candles" else "points"
    ends = f" Beyond the ends of the tape the line joins the prices of {count(beyond, 'fill')}." if beyond else ""
    return f"{exact(drawn.rows)} {drawn.source}, drawn as {exact(len(drawn))} {shape} of {length}.{ends}"


def _notes(summary: RunSummary, markers: int, net: Sampled[Point], source: str) -> tuple[str, ...]:
    notes = [source]
    fills = summary.fills
    if fills.total:
        shown = "" if fills.is_whole else f"Showing {exact(len(fills.items))} of {count(fills.total, 'fill')}. "
        notes.append(f"{shown}{count(len(fills.items), 'fill')} in {count(markers, 'marker')}: one for each candle and side.")
    marks = summary.order_marks
    if not marks.is_whole:
        notes.append(f"Showing {exact(len(marks.items))} of {exact(marks.total)} order marks.")
    if not net.is_whole:
        notes.append(f"The position is drawn from {exact(len(net.items))} of {exact(net.total)} changes.")
    return tuple(notes)


def _values(drawn: Candles, position: list[Decimal | None], equity: list[Decimal | None], money: str) -> Table:
    """Return evenly spaced rows of what is drawn, in exact numbers."""
    step = -(-len(drawn) // ROWS_LISTED)
    indices = [*range(step - 1, len(drawn) - 1, step), len(drawn) - 1]
    columns = [Column("Until (UTC)", "time"), Column("Price", "number"), Column("Position", "number")]
    rows = tuple(
        (
            utc(drawn.ends_ns[index]),
            written(Decimal((0, (1,), -drawn.precision)) * drawn.closes[index]),
            _exact(position[index]),
            *((_exact(equity[index]),) if money else ()),
        )
        for index in indices
    )
    columns += [Column(money, "number")] if money else []
    note = f"{exact(len(rows))} of {exact(len(drawn))} points, in exact numbers; what is drawn is rounded."
    return Table("values", "Values behind the chart", tuple(columns), rows, note, is_wide=True, is_folded=True)


def _exact(value: Decimal | None) -> str:
    return NONE if value is None else exact(value)


def _float(value: Decimal | None) -> float | int | None:
    if value is None:
        return None
    number = round(float(value), DECIMALS)
    return int(number) if number.is_integer() else number
