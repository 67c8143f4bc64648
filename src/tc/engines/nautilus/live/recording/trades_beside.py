"""What a venue says of an order goes to the engine together with the order's trades, so that it need not make up a fill."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from nautilus_trader.adapters.binance.http.error import BinanceError
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import GenerateOrderStatusReport
from nautilus_trader.execution.reports import FillReport, OrderStatusReport

if TYPE_CHECKING:
    from nautilus_trader.model.identifiers import VenueOrderId


class TradesMissingError(Exception):
    """The venue says that more of an order is filled than it states trades of."""


class TradesBeside:
    """The trades of the orders that somebody asked about, from the answer until the engine takes it.

    By itself the engine makes a fill of the difference, with an id, a price and a fee that no venue gave it; and of an order
    that was cancelled after a part of it was filled it loses the part.

    Parameters
    ----------
    engine, cache
        Who takes the answers, and what it knows already.

    """

    def __init__(self, engine: Any, cache: Any) -> None:  # noqa: ANN401 - Nautilus's
        self._cache = cache
        self._trades: dict[VenueOrderId, list[FillReport]] = {}
        self._take = engine._reconcile_order_report  # noqa: SLF001 - no other way
        engine._reconcile_order_report = self._with_trades  # noqa: SLF001 - as above

    def listen_to(self, client: Any) -> None:  # noqa: ANN401 - a client of Binance's adapter
        """From now on ask for an order's trades, too, where the venue says that more of it is filled than is known."""
        client.generate_order_status_report = self._asking(client, client.generate_order_status_report)

    def _asking(
        self,
        client: Any,  # noqa: ANN401 - as above
        ask: Callable[[GenerateOrderStatusReport], Awaitable[OrderStatusReport | None]],
    ) -> Callable[[GenerateOrderStatusReport], Awaitable[OrderStatusReport | None]]:
        async def asked(command: GenerateOrderStatusReport) -> OrderStatusReport | None:
            report = await ask(command)
            known = None if report is None else self._cache.order(report.client_order_id or command.client_order_id)
            if report is not None and known is not None and report.filled_qty > known.filled_qty:
                trades = await trades_of(client, report)
                if sum(each.last_qty.as_decimal() for each in trades) < report.filled_qty.as_decimal():
                    raise TradesMissingError(
                        f"{report.filled_qty} of it is filled, and the venue states {len(trades)} trades of it"
                    )
                self._trades[report.venue_order_id] = trades
            return report

        return asked

    def _with_trades(self, report: OrderStatusReport, trades: list[FillReport], *rest: Any, **named: Any) -> Any:  # noqa: ANN401
        beside = self._trades.pop(report.venue_order_id, [])
        return self._take(report, trades or beside, *rest, **named)


async def trades_of(client: Any, report: OrderStatusReport) -> list[FillReport]:  # noqa: ANN401 - a client of Binance's adapter
    """Ask for an order's trades; TradesMissingError where the venue answers by an error."""
    try:
        trades = await client._http_account.query_user_trades(  # noqa: SLF001 - no other way
            symbol=report.instrument_id.symbol.value, order_id=int(report.venue_order_id.value)
        )
    except BinanceError as error:
        raise TradesMissingError(f"its trades are not known: HTTP {error.status}: {error.message}") from error
    return [
        each.parse_to_fill_report(
            account_id=client.account_id,
            instrument_id=report.instrument_id,
            report_id=UUID4(),
            ts_init=client._clock.timestamp_ns(),  # noqa: SLF001 - as above
            use_position_ids=client._use_position_ids,  # noqa: SLF001 - as above
        )
        for each in trades
    ]
