"""The tables about what the run earned and held."""

from decimal import Decimal

from tc.reports.figures import Balance, Equity, Fill, RunSummary
from tc.reports.page.content import Column, Kind, Section, Table
from tc.reports.page.words import NONE, count, exact, money, percent, ratio, rounded, utc, written

_AMOUNT: Kind = "number"


def results(summary: RunSummary) -> Section:
    """Return account, profit, costs and open positions."""
    tables = (_account(summary), _costs(summary), _open_positions(summary), _profit(summary))
    return Section("results", "Results", tuple(table for table in tables if table.rows), equity_note(summary))


def equity_note(summary: RunSummary) -> str:
    """Return exactly what the equity shown is."""
    equity = summary.equity
    if equity is None:
        return summary.no_equity
    marks = "close of each candle" if equity.marked_at == "candles" else "price of each fill"
    said = (
        f"Equity is recomputed from the fills in the journal, in exact decimals: starting balance, plus sales, less purchases "
        f"and commissions, plus what is held at the {marks} ({count(equity.points.total, 'value')})."
    )
    return f"{said} Left out: {', '.join(equity.left_out)}." if equity.left_out else said


def fills(summary: RunSummary) -> Section:
    """Return the first and last fills."""
    shown = (*summary.first_fills, *summary.last_fills)
    total = summary.fills.total
    if len(shown) == total:
        title = f"All {count(total, 'fill')}" if total > 1 else "The fill"
    else:
        title = f"The first {len(summary.first_fills)} and the last {len(summary.last_fills)} of {count(total, 'fill')}"
    columns = (
        Column("Position", "number"),
        Column("Time (UTC)", "time"),
        Column("Side"),
        Column("Quantity", "number"),
        Column("Price", "number"),
        Column("Commission", "number"),
        Column("Liquidity"),
        Column("Net after", "number"),
        Column("Order", "code"),
    )
    table = Table("fill-list", title, columns, tuple(_fill(fill) for fill in shown), is_wide=True, is_folded=True)
    return Section("fills", "Fills", (table,) if shown else ())


def _fill(fill: Fill) -> tuple[str, ...]:
    return (
        exact(fill.position),
        utc(fill.at_ns),
        fill.side.capitalize(),
        written(fill.quantity),
        written(fill.price),
        money(fill.commission, fill.commission_currency),
        fill.liquidity.capitalize(),
        written(fill.net_quantity),
        fill.client_order_id,
    )


def _account(summary: RunSummary) -> Table:
    columns = (Column("Balance"), Column("Start", _AMOUNT), Column("End", _AMOUNT), Column("From fills", _AMOUNT))
    rows = [_balance(balance) for balance in summary.balances]
    if summary.equity is not None:
        rows += _equity_rows(summary.equity)
    compared = [balance for balance in summary.balances if balance.recomputed is not None]
    if not compared:
        note = "The balance is the engine's own; a margin account's says nothing of what open positions would gain."
    elif all(balance.last == balance.recomputed for balance in compared):
        note = "The engine's balance and the one recomputed from the fills are equal."
    else:
        difference = max(abs(balance.last - (balance.recomputed or Decimal(0))) for balance in compared)
        note = f"The engine's balance and the one recomputed from the fills differ by {exact(difference)}."
    return Table("account", "Account", columns, tuple(rows), note if summary.balances else "")


def _balance(balance: Balance) -> tuple[str, ...]:
    recomputed = NONE if balance.recomputed is None else money(balance.recomputed, "")
    name = f"{balance.currency}, {balance.account_id}"
    return name, money(balance.first, ""), money(balance.last, ""), recomputed


def _equity_rows(equity: Equity) -> list[tuple[str, ...]]:
    return [
        (f"Equity, {equity.currency}", money(equity.starting, ""), NONE, money(equity.final, "")),
        ("Net profit", "", "", money(equity.net_profit, "", signed=True)),
        ("Max drawdown", "", "", money(equity.drawdown.amount, "")),
    ]


def _profit(summary: RunSummary) -> Table:
    rows: list[tuple[str, str]] = []
    for name, profit in summary.profits.items():
        share = f" ({percent(ratio(Decimal(profit.won), Decimal(profit.closed)))})"
        rows += [
            ("Instrument", name),
            ("Closed positions", f"{exact(profit.closed)}: {exact(profit.won)} won{share}, {exact(profit.lost)} lost"),
            ("Realized before commissions", money(profit.realized, profit.currency, signed=True)),
            ("Gains", money(profit.gross_gain, profit.currency, signed=True)),
            ("Losses", money(profit.gross_loss, profit.currency)),
            ("Largest gain", money(profit.largest_win, profit.currency, signed=True)),
            ("Largest loss", money(profit.largest_loss, profit.currency)),
        ]
    note = "From opening to flat, from fills alone, times the contract's multiplier."
    return Table("profit", "Closed positions", (Column("Figure"), Column("Value", _AMOUNT)), tuple(rows), note)


def _costs(summary: RunSummary) -> Table:
    currencies = sorted({*summary.turnover, *summary.commissions})
    zero = Decimal(0)
    rows = tuple(
        (
            currency,
            money(summary.turnover.get(currency, zero), currency),
            money(summary.commissions.get(currency, zero), currency),
        )
        for currency in currencies
    )
    columns = (Column("Currency"), Column("Turnover", _AMOUNT), Column("Commissions", _AMOUNT))
    return Table("costs", "Turnover and commissions", columns, rows)


def _open_positions(summary: RunSummary) -> Table:
    columns = (Column("Position", "code"), Column("Instrument"), Column("Quantity", "number"), Column("Average price", "number"))
    rows = tuple(
        (each.position_id, each.instrument_id, exact(each.signed_quantity), exact(rounded(each.average_price)))
        for each in summary.open_positions
    )
    note = "The average is of the fills on the position's side since it was last flat."
    return Table("open-positions", "Open at the end", columns, rows, note)
