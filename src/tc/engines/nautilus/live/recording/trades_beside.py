"""What a venue says of an order goes to the engine together with the order's trades, so that it need not make up a fill."""

from collections.abc import Awaitable, Callable, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from nautilus_trader.adapters.binance.http.error import BinanceError
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import GenerateOrderStatusReport
from nautilus_trader.execution.reports import ExecutionMassStatus, FillReport, OrderStatusReport
from nautilus_trader.model.identifiers import ClientOrderId

if TYPE_CHECKING:
    from nautilus_trader.model.identifiers import VenueOrderId

type _AskOfOne = Callable[[GenerateOrderStatusReport], Awaitable[OrderStatusReport | None]]
type _AskOfAll = Callable[..., Awaitable[ExecutionMassStatus | None]]


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
    log
        Is told of an order about which nothing is concluded yet.

    """

    def __init__(self, engine: Any, cache: Any, log: Callable[[str], None]) -> None:  # noqa: ANN401 - Nautilus's
        self._cache = cache
        self._log = log
        self._trades: dict[VenueOrderId, list[FillReport]] = {}
        self._take = engine._reconcile_order_report  # noqa: SLF001 - no other way
        engine._reconcile_order_report = self._with_trades  # noqa: SLF001 - as above

    def listen_to(self, client: Any) -> None:  # noqa: ANN401 - a client of Binance's adapter
        """From now on ask for an order's trades, too, where the venue says that more of it is filled than is known."""
        client.generate_order_status_report = self._of_one(client, client.generate_order_status_report)
        client.generate_mass_status = self._of_all(client, client.generate_mass_status)

    def _of_one(self, client: Any, ask: _AskOfOne) -> _AskOfOne:  # noqa: ANN401 - as above
        async def asked(command: GenerateOrderStatusReport) -> OrderStatusReport | None:
            report = await ask(command)
            if report is not None and self._tells_more(report, report.client_order_id or command.client_order_id):
                self._trades[report.venue_order_id] = await trades_of(client, report)
            return report

        return asked

    def _of_all(self, client: Any, ask: _AskOfAll) -> _AskOfAll:  # noqa: ANN401 - as above
        """Return what asks for everything: its answers are of different moments, and an order may be filled between them."""

        async def asked(*arguments: Any, **named: Any) -> ExecutionMassStatus | None:  # noqa: ANN401 - whatever the adapter gives
            status = await ask(*arguments, **named)
            if status is None:
                return None
            for report in tuple(status.order_reports.values()):
                try:
                    await self._complete(status, client, report)
                except TradesMissingError as error:
                    self._log(f"tc: what became of {report.client_order_id} is left for later: {error}")
                    del status._order_reports[report.venue_order_id]  # noqa: SLF001 - no other way
            return status

        return asked

    async def _complete(self, status: Any, client: Any, report: OrderStatusReport) -> None:  # noqa: ANN401 - Nautilus's
        stated = status.fill_reports.get(report.venue_order_id, [])
        if self._tells_more(report, report.client_order_id) and filled(stated) < report.filled_qty.as_decimal():
            told = {each.trade_id for each in stated}
            status.add_fill_reports([each for each in await trades_of(client, report) if each.trade_id not in told])

    def _tells_more(self, report: OrderStatusReport, key: ClientOrderId | None) -> bool:
        """Say whether more of an order is filled than is known; of one that nobody knows here nothing is asked."""
        known = None if key is None else self._cache.order(key)
        return known is not None and bool(report.filled_qty > known.filled_qty)

    def _with_trades(self, report: OrderStatusReport, trades: list[FillReport], *rest: Any, **named: Any) -> Any:  # noqa: ANN401
        beside = self._trades.pop(report.venue_order_id, [])
        return self._take(report, trades or beside, *rest, **named)


def filled(trades: Iterable[FillReport]) -> Decimal:
    """Return how much some trades come to."""
    return sum((each.last_qty.as_decimal() for each in trades), Decimal(0))


async def trades_of(client: Any, report: OrderStatusReport) -> list[FillReport]:  # noqa: ANN401 - a client of Binance's adapter
    """Ask for an order's trades; TradesMissingError where they are not all there, or the venue answers by an error."""
    try:
        told = await client._http_account.query_user_trades(  # noqa: SLF001 - no other way
            symbol=report.instrument_id.symbol.value, order_id=int(report.venue_order_id.value)
        )
    except BinanceError as error:
        raise TradesMissingError(f"its trades are not known: HTTP {error.status}: {error.message}") from error
    trades = [
        each.parse_to_fill_report(
            account_id=client.account_id,
            instrument_id=report.instrument_id,
            report_id=UUID4(),
            ts_init=client._clock.timestamp_ns(),  # noqa: SLF001 - as above
            use_position_ids=client._use_position_ids,  # noqa: SLF001 - as above
        )
        for each in told
    ]
    if filled(trades) < report.filled_qty.as_decimal():
        raise TradesMissingError(f"{report.filled_qty} of it is filled, and the venue states {len(trades)} trades of it")
    return trades
