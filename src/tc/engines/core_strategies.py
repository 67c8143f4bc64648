"""Core-native strategies for any engine: found, made from their parameters, and identified."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tc.engines.sources import identity, packaged_identity, resolve
from tc.errors import DocumentError, EngineError
from tc.ports import CoreStrategy, StrategyIdentity, StrategyRequest

_OURS = "tc.strategies."


def load_core_strategy(request: StrategyRequest, folders: tuple[Path, ...]) -> tuple[CoreStrategy, StrategyIdentity]:
    """Return the Core-native strategy that the spec names, made from its parameters, and its identity.

    A strategy with a field ``instrument_id`` that the parameters do not set gets the run's instrument.

    Raises
    ------
    DocumentError
        The class is not found, is no frozen msgspec Struct with ``evaluate``, or the parameters do not fit it.
    EngineError
        The strategy's own code raised while it was imported or made.

    """
    spec = request.spec.stated_strategy
    path = spec.core or ""
    strategy_class = resolve(path, "strategy.core", msgspec.Struct)
    evaluate = getattr(strategy_class, "evaluate", None)
    if not callable(evaluate) or not strategy_class.__struct_config__.frozen:  # type: ignore[attr-defined]
        raise DocumentError(
            f"strategy.core: {path!r} is no Core-native strategy",
            hint="It is a frozen msgspec.Struct whose fields are its parameters, with a method evaluate(context).",
        )
    strategy = _made(strategy_class, request.spec.instrument, spec.parameters)
    effective = _effective(strategy)
    if path.startswith(_OURS):
        return strategy, packaged_identity(path, strategy_class, effective)
    return strategy, identity(path, (path,), effective, folders)


def _made(strategy_class: type, instrument_id: str, parameters: Mapping[str, Any]) -> Any:  # noqa: ANN401 - the user's own class
    fields = strategy_class.__struct_fields__  # type: ignore[attr-defined]
    unknown = sorted(set(parameters) - set(fields))
    if unknown:
        raise DocumentError(
            f"strategy.parameters: {strategy_class.__name__} has no parameter {unknown[0]!r}",
            hint=f"Its parameters: {', '.join(fields)}.",
        )
    given = {"instrument_id": instrument_id, **parameters} if "instrument_id" in fields else dict(parameters)
    try:
        return msgspec.json.decode(msgspec.json.encode(given), type=strategy_class)
    except (msgspec.ValidationError, ValueError, TypeError) as error:
        raise DocumentError(
            f"strategy.parameters: {strategy_class.__name__}: {error}", hint="`$.field` names the parameter."
        ) from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the user's own __post_init__ may raise anything, an exit included
        raise EngineError(f"making {strategy_class.__name__} raised {type(error).__name__}: {error}") from error


def _effective(strategy: object) -> dict[str, Any]:
    """Return every parameter with its effective value, defaults included, as JSON values."""
    effective: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(strategy))
    return effective
