"""What the engine of a node that trades may do about differences to its venue: ask about orders, and rewrite no history."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from nautilus_trader.adapters.binance.common.enums import BinanceErrorCode
from nautilus_trader.adapters.binance.http.error import BinanceError, get_binance_error_code
from nautilus_trader.execution.messages import GenerateOrderStatusReport
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.orders import Order

from tc.engines.nautilus.live.recording.trades_beside import TradesBeside, TradesMissingError
from tc.engines.nautilus.seams import HasKernel

if TYPE_CHECKING:
    from nautilus_trader.core.uuid import UUID4
    from nautilus_trader.model.identifiers import ClientOrderId

type _Ask = Callable[..., Awaitable[Any]]

_ADAPTER = "nautilus_trader.adapters.binance."
_REWRITE = "_adjust_mass_status_fills"
_QUESTIONS = (("_http_account", "query_order"), ("_futures_http_account", "query_algo_order"))
"""By what Binance's adapter asks about one order: where it keeps the line, and what it calls."""
_BALANCE_PAUSES_S = (0.5, 1, 2, 4, 8, 16, 32)


class Unanswered(Exception):  # noqa: N818 - it is what happened to a question
    """A question about an order was answered by an error that says nothing of the order."""


def settle_by_asking(node: HasKernel, is_connected: Callable[[], bool]) -> None:
    """From now on let the engine take reports as they are, and conclude of unanswered orders only what the venue has said.

    By itself it counts its questions: an order that nobody could be asked about would be given up after so many of them, whatever
    came of it; and Binance's adapter reports one as rejected that it could not ask about.
    """
    engine = node.kernel.exec_engine
    rewrite_no_history(engine)
    answers = _Answers(engine, node.kernel.cache, node.kernel.logger.warning)
    trades = TradesBeside(engine, node.kernel.cache, node.kernel.logger.warning)
    for client in engine._clients.values():  # noqa: SLF001 - no other way
        if is_binances(client):
            trades.listen_to(client)
        answers.listen_to(client)
        learn_the_balance(client, node.kernel.logger.warning)
    ask = engine._check_inflight_orders  # noqa: SLF001 - as above

    async def ask_where_somebody_answers() -> None:
        if is_connected():
            answers.count()
            await ask()

    engine._check_inflight_orders = ask_where_somebody_answers  # noqa: SLF001 - as above


def rewrite_no_history(engine: Any) -> Callable[[], None]:  # noqa: ANN401 - a Nautilus engine
    """Let an engine take its venue's reports as they are; return what undoes it.

    One that begins with nothing makes up for fills that lie before the reports: it changes an order that it was told of, so that
    its fills add up to the position. In a node that has traded, that invents a fill, or alters an order that ended long ago. The
    adapter of Binance asks for everything each time its user stream comes back.
    """
    before = vars(engine).get(_REWRITE)
    setattr(engine, _REWRITE, lambda _status: None)

    def undo() -> None:
        delattr(engine, _REWRITE) if before is None else setattr(engine, _REWRITE, before)

    return undo


def learn_the_balance(client: Any, log: Callable[[str], None]) -> None:  # noqa: ANN401 - a Nautilus client
    """From now on have Binance's adapter ask for the balances, too, each time its user stream comes back.

    By itself it asks for orders, fills and positions only: what a fill of the silence cost and realized would be missing from the
    account until the venue happens to tell of that again, and a comparison in between would find the balance wrong.
    """
    if not is_binances(client):
        return
    stream = client._ws_client  # noqa: SLF001 - no other way
    before = stream._on_resubscribe  # noqa: SLF001 - as above

    async def ask_until_told() -> None:
        for pause_s in _BALANCE_PAUSES_S:
            try:
                await client._update_account_state()  # noqa: SLF001 - as above
            except Exception as error:  # noqa: BLE001 - whatever it is, the next try may find the venue well
                log(f"tc: the balances are not known after the user stream came back: {error}")
                await asyncio.sleep(pause_s)
            else:
                return

    async def and_the_balances() -> None:
        await before()
        client.create_task(ask_until_told())

    stream._on_resubscribe = and_the_balances  # noqa: SLF001 - as above


def is_binances(client: Any) -> bool:  # noqa: ANN401 - a Nautilus client
    """Whether it is of Binance's adapter."""
    return type(client).__module__.startswith(_ADAPTER)


class _Answers:
    """How often the venue has answered about each order in flight, since the last that happened to it.

    Parameters
    ----------
    engine, cache
        Who asks, and of which orders.
    log
        Is told of a question that nobody answered.

    """

    def __init__(self, engine: Any, cache: Any, log: Callable[[str], None]) -> None:  # noqa: ANN401 - Nautilus's
        self._engine = engine
        self._cache = cache
        self._log = log
        self._counts: dict[ClientOrderId, tuple[UUID4, int]] = {}

    def count(self) -> None:
        """Have the engine go by the answers there were, and not by the questions that it put."""
        orders = {each.client_order_id: each for each in self._cache.orders_inflight()}
        self._counts = {key: count for key, count in self._counts.items() if key in orders}
        for key, order in orders.items():
            self._engine._recon_check_retries[key] = self._of(order)  # noqa: SLF001 - no other way

    def listen_to(self, client: Any) -> None:  # noqa: ANN401 - a Nautilus client
        """Count what a client is answered. Of Binance's, errors that say nothing of an order are no answers."""
        if is_binances(client):
            for line, question in _QUESTIONS:
                account = getattr(client, line)
                setattr(account, question, _or_unanswered(getattr(account, question)))
        client.generate_order_status_report = self._counting(client.generate_order_status_report)

    def _counting(self, ask: _Ask) -> _Ask:
        async def counted(command: GenerateOrderStatusReport) -> OrderStatusReport | None:
            asked = self._cache.order(command.client_order_id)
            event = None if asked is None else asked.last_event.id
            try:
                report: OrderStatusReport | None = await ask(command)
            except (Unanswered, TradesMissingError) as error:
                self._log(f"tc: nobody knows yet what became of {command.client_order_id}: {error}")
                return None
            if asked is not None and asked.last_event.id == event:
                self._counts[command.client_order_id] = (event, self._since(asked) + 1)
            return report

        return counted

    def _of(self, order: Order) -> int:
        """Return how many answers count: that a venue no longer finds an order that it took is no word that it was cancelled."""
        if order.status != OrderStatus.SUBMITTED and order.venue_order_id is not None:
            return 0
        return self._since(order)

    def _since(self, order: Order) -> int:
        event, count = self._counts.get(order.client_order_id, (None, 0))
        return count if event == order.last_event.id else 0


def _or_unanswered(ask: _Ask) -> _Ask:
    """Let a question raise what the adapter does not take for an answer, unless the venue says that there is no such order."""

    async def asked(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        try:
            return await ask(*arguments, **named)
        except BinanceError as error:
            if get_binance_error_code(error) == BinanceErrorCode.NO_SUCH_ORDER:
                raise
            raise Unanswered(f"HTTP {error.status}: {error.message}") from error

    return asked
