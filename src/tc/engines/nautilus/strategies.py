"""Which strategy runs: found, imported, configured, and identified by the digests of its own modules."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from nautilus_trader.config import StrategyConfig
from nautilus_trader.trading.strategy import Strategy

from tc.engines.nautilus.scenarios import SCENARIOS
from tc.engines.sources import identity, packaged_identity, resolve
from tc.errors import DocumentError, EngineError
from tc.ports import StrategyIdentity, StrategyRequest


def load_strategy(request: StrategyRequest, folders: tuple[Path, ...]) -> tuple[Strategy, StrategyIdentity]:
    """Return the strategy, configured, and its identity.

    Raises
    ------
    DocumentError
        The class is not found or is no Strategy, or its configuration does not fit.
    EngineError
        The strategy's own code raised while it was imported or made.

    """
    spec = request.spec.stated_strategy
    if spec.scenario is not None:
        strategy_class, config_class = SCENARIOS[spec.scenario]
        parameters = {"instrument_id": request.spec.instrument, "seed": request.spec.seed, **spec.parameters}
        config = _config(config_class, parameters, "strategy.parameters")
        return _made(strategy_class, config), packaged_identity(spec.scenario, strategy_class, _effective(config))
    path = spec.path or ""
    strategy_class = resolve(path, "strategy.path", Strategy)
    if spec.config_path is None:
        return _made(strategy_class, None), identity(path, (path,), {}, folders)
    config_class = resolve(spec.config_path, "strategy.config_path", StrategyConfig)
    config = _config(config_class, spec.config, "strategy.config")
    return _made(strategy_class, config), identity(path, (path, spec.config_path), _effective(config), folders)


def _config(config_class: type, values: Mapping[str, Any], where: str) -> StrategyConfig:
    unknown = sorted(set(values) - set(config_class.__struct_fields__))  # type: ignore[attr-defined]
    if unknown:
        raise DocumentError(
            f"{where}: {config_class.__name__} has no field {unknown[0]!r}",
            hint=f"Its fields: {', '.join(config_class.__struct_fields__)}.",  # type: ignore[attr-defined]
        )
    try:
        return config_class.parse(msgspec.json.encode(values))  # type: ignore[attr-defined, no-any-return]
    except (msgspec.ValidationError, ValueError, TypeError) as error:
        raise DocumentError(f"{where}: {config_class.__name__}: {error}", hint="`$.field` names the field.") from None


def _effective(config: StrategyConfig) -> dict[str, Any]:
    """Return every field of the config with its effective value, defaults included, as JSON values."""
    return dict(config.json_primitives())


def _made(strategy_class: type, config: StrategyConfig | None) -> Strategy:
    try:
        return strategy_class() if config is None else strategy_class(config=config)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the user's own constructor may raise anything, an exit included
        raise EngineError(f"making {strategy_class.__name__} raised {type(error).__name__}: {error}") from error
