"""How an engine is made to play rows and to end, so that whatever it or a strategy raises has one name."""

from typing import Any

from nautilus_trader.backtest.engine import BacktestEngine

from tc.errors import EngineError, TcError


def play(engine: BacktestEngine, chunk: list[Any], start_ns: int | None) -> None:
    """Let the engine play rows; the first time, its clocks are set to the start."""
    before = engine.iteration
    try:
        engine.add_data(chunk, sort=True)
        engine.run(start=start_ns, streaming=True)
        engine.clear_data()
    except (TcError, KeyboardInterrupt):
        raise
    except BaseException as error:  # whatever the user's strategy or the engine raised, an exit included
        raise _failed(error) from error
    played = engine.iteration - before
    if played != len(chunk):
        raise EngineError(
            f"the engine stopped by itself after {played} of the {len(chunk)} rows it was given",
            hint="An account that cannot pay (AccountError), or a shutdown asked for by a component, stops it.",
        )


def end(engine: BacktestEngine) -> None:
    """Stop the strategy and the engine after the last row."""
    try:
        engine.end()
    except (TcError, KeyboardInterrupt):
        raise
    except BaseException as error:  # whatever the user's on_stop raised, an exit included
        raise _failed(error) from error


def _failed(error: BaseException) -> EngineError:
    return EngineError(f"{type(error).__name__}: {error}", hint="The run directory has the traceback in error.txt.")
