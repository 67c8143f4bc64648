"""What the engine of a node that trades may do about differences to its venue: ask about orders, and rewrite no history."""

from collections.abc import Callable
from typing import Any

from tc.engines.nautilus.seams import HasKernel

_REWRITE = "_adjust_mass_status_fills"


def settle_by_asking(node: HasKernel, is_connected: Callable[[], bool]) -> None:
    """From now on let the engine take reports as they are, and ask about unanswered orders only while somebody can answer.

    An order that nobody could be asked about would be given up as rejected after so many questions, whatever came of it.
    """
    engine = node.kernel.exec_engine
    rewrite_no_history(engine)
    ask = engine._check_inflight_orders  # noqa: SLF001 - no other way

    async def ask_where_somebody_answers() -> None:
        if is_connected():
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
