"""What a venue has kept of itself, read from a copy of its state file: also of one that runs, or was killed."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tc.checks.invariants.venue_log import VenueLog, VenueOrder, VenueRequest, VenueTrade
    from tc.venue.keeping import Keeper, RequestRow
    from tc.venue.matching import OrderView, TradeView


def read_venue_log(state: Path) -> "VenueLog":
    """Read requests, orders, trades and positions; the file stays as it is, and for a moment a copy of it lies beside it.

    Raises
    ------
    ArtifactError
        There is no such file, or it is no state of a venue.

    """
    from tc.checks.invariants.venue_log import VenueLog
    from tc.errors import ArtifactError

    if not state.is_file():
        raise ArtifactError(f"{state}: there is no state of a venue", hint="Name the file that `tc venue serve --state` keeps.")
    with tempfile.TemporaryDirectory(prefix=".tc-venue-", dir=state.parent) as folder, _kept(state, Path(folder)) as kept:
        saved, rows = kept.saved(), kept.requests()
    return VenueLog(
        requests=tuple(_request(row) for _, row in rows),
        orders=tuple(_order(each) for each in saved.orders) if saved else (),
        trades=tuple(_trade(each) for each in saved.trades) if saved else (),
        positions={symbol: held.quantity for symbol, held in saved.holdings.items()} if saved else {},
    )


def _kept(state: Path, folder: Path) -> "Keeper":
    from tc.venue.keeping import Keeper
    from tc.wiring.kept_venue import copied

    return Keeper(copied(state, folder), is_flushed=False)


def _request(row: "RequestRow") -> "VenueRequest":
    from tc.checks.invariants.venue_log import VenueRequest

    return VenueRequest(
        time_ns=row.time_ns,
        method=row.method,
        path=row.path,
        client_order_id=row.client_order_id,
        status=row.status,
        error_code=row.error_code,
    )


def _order(view: "OrderView") -> "VenueOrder":
    from tc.checks.invariants.venue_log import VenueOrder

    return VenueOrder(
        client_order_id=view.client_order_id,
        order_id=view.order_id,
        symbol=view.symbol,
        side="BUY" if view.side.value == "BUY" else "SELL",
        status=view.status.value,
        quantity=view.quantity,
        filled=view.executed_quantity,
        accepted_ns=view.created_ns,
        changes=view.amendments,
    )


def _trade(view: "TradeView") -> "VenueTrade":
    from tc.checks.invariants.venue_log import VenueTrade

    return VenueTrade(
        trade_id=view.trade_id,
        order_id=view.order_id,
        client_order_id=view.client_order_id,
        symbol=view.symbol,
        side="BUY" if view.side.value == "BUY" else "SELL",
        price=view.price,
        quantity=view.quantity,
        time_ns=view.time_ns,
    )
