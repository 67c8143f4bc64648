"""What `tc runs show --follow` prints: a live table on a terminal, else a line for each look."""

import sys
from typing import TYPE_CHECKING

import typer

from tc.cli.show import at, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from tc.flows.node_line import NodeStatus
    from tc.flows.runs.follow import Followed, LastEvent


def show_followed(looks: "Iterator[Followed]") -> None:
    """Print each look as it comes, until the last."""
    if not sys.stdout.isatty():
        for look in looks:
            typer.echo(printable(line_of(look)))
        return
    from rich.live import Live  # noqa: PLC0415 - costs more than the rest of the command

    with Live(refresh_per_second=4) as live:
        for look in looks:
            live.update(_table(rows_of(look)))


def line_of(look: "Followed") -> str:
    """Return a look in one line."""
    node = look.node
    if node is None:
        return f"{look.run_id} {look.status}{f': {look.problem}' if look.problem else ''}"
    oldest = max(node.staleness_s.values(), default=0.0)
    held = ", ".join(f"{name} {quantity}" for name, quantity in node.positions.items()) or "flat"
    return (
        f"{at(node.at_ns)} {node.state} position {node.position:,}, open orders {node.open_orders_count}, held {held}, "
        f"data {oldest:.1f} s old, lag {node.lag_s * 1e3:.1f} ms, kill switch {node.kill_switch}"
        f"{f', PROBLEM {node.problem}' if node.problem else ''}"
    )


def rows_of(look: "Followed") -> list[tuple[str, str]]:
    """Return the names and values of a look, in the order in which they are shown."""
    rows = [("run", look.run_id), ("status", look.status)]
    if look.problem:
        rows.append(("node", look.problem))
    if look.node is not None:
        rows += _node_rows(look.node)
    return [*rows, *(("event" if not number else "", _event(each)) for number, each in enumerate(look.last))]


def _node_rows(node: "NodeStatus") -> list[tuple[str, str]]:
    orders = [f"{each.side} {each.quantity} at {each.price or 'market'}, {each.filled} filled" for each in node.open_orders[:8]]
    held = [f"{name} {quantity}" for name, quantity in node.positions.items()] or ["flat"]
    ages = [f"{name} {age:.1f} s" for name, age in node.staleness_s.items()] or ["nothing seen"]
    queues = ", ".join(f"{name} {size}" for name, size in node.queues.items())
    down = [name for name, is_up in node.connected.items() if not is_up]
    return [
        ("node", f"{node.state}{f', NOT connected: {", ".join(down)}' if down else ''}"),
        *((("problem", node.problem),) if node.problem else ()),
        *((("only watched", node.watched_only),) if node.watched_only else ()),
        ("kill switch", node.kill_switch),
        ("at (UTC)", at(node.at_ns)),
        ("position", f"{node.position:,}, {node.rows:,} market rows"),
        ("open orders", f"{node.open_orders_count}, {node.waiting} waiting, {node.in_flight} in flight"),
        *(("", each) for each in orders),
        *(("held" if not number else "", each) for number, each in enumerate(held)),
        *(("data age" if not number else "", each) for number, each in enumerate(ages)),
        ("loop lag", f"{node.lag_s * 1e3:.1f} ms, at most {node.longest_lag_s * 1e3:.1f} ms"),
        ("queues", queues),
    ]


def _event(each: "LastEvent") -> str:
    return f"{each.position:>8,}  {at(each.at_ns)}  {each.type}"


def _table(rows: list[tuple[str, str]]) -> "Table":
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(show_header=False, box=None)
    for name, value in rows:
        table.add_row(Text(name, style="bold"), Text(printable(value)))
    return table
