"""Which strategy runs: found, imported, configured, and identified by the digests of its own modules."""

import hashlib
import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from modulefinder import ModuleFinder
from pathlib import Path
from typing import Any

import msgspec
from nautilus_trader.config import StrategyConfig
from nautilus_trader.trading.strategy import Strategy

from tc.engines.nautilus.scenarios import SCENARIOS
from tc.errors import DocumentError, EngineError
from tc.ports import BacktestRequest, ModuleSource, StrategyIdentity
from tc.spec.run_spec import StrategySpec


@contextmanager
def importable(folders: tuple[Path, ...]) -> Iterator[None]:
    """Put the folders first on Python's search path, for as long as the strategy lives."""
    texts = [str(folder) for folder in folders]
    sys.path[:0] = texts
    importlib.invalidate_caches()
    try:
        yield
    finally:
        for text in texts:
            sys.path.remove(text)


def python_path(request: BacktestRequest) -> tuple[Path, ...]:
    """Return the folders that the spec adds to Python's search path; DocumentError when one does not exist."""
    if request.code_folder is not None:
        return (request.code_folder.resolve(),) if request.code_folder.is_dir() else ()
    folders = tuple((request.spec_folder / each).resolve() for each in request.spec.strategy.python_path)
    for each, folder in zip(request.spec.strategy.python_path, folders, strict=True):
        if not folder.is_dir():
            raise DocumentError(
                f"strategy.python_path: {each!r} is no folder (looked for {folder})",
                hint="Entries are relative to the folder that the spec lies in.",
            )
    return folders


def load_strategy(request: BacktestRequest, folders: tuple[Path, ...]) -> tuple[Strategy, StrategyIdentity]:
    """Return the strategy, configured, and its identity.

    Raises
    ------
    DocumentError
        The class is not found or is no Strategy, or its configuration does not fit.
    EngineError
        The strategy's own code raised while it was imported or made.

    """
    spec = request.spec.strategy
    if spec.scenario is not None:
        strategy_class, config_class = SCENARIOS[spec.scenario]
        parameters = {"instrument_id": request.spec.instrument, "seed": request.spec.seed, **spec.parameters}
        config = _config(config_class, parameters, "strategy.parameters")
        return _made(strategy_class, config), _scenario_identity(spec.scenario, strategy_class, _effective(config))
    path = spec.path or ""
    strategy_class = _resolve(path, "strategy.path", Strategy)
    if spec.config_path is None:
        return _made(strategy_class, None), _identity(spec, {}, folders)
    config_class = _resolve(spec.config_path, "strategy.config_path", StrategyConfig)
    config = _config(config_class, spec.config, "strategy.config")
    return _made(strategy_class, config), _identity(spec, _effective(config), folders)


def _resolve(path: str, where: str, expected: type) -> type:
    module_name, _, class_name = path.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise DocumentError(
            f"{where}: module {error.name!r} of {path!r} is not found",
            hint="Add its folder to strategy.python_path (relative to the spec), or install its package.",
        ) from None
    except Exception as error:  # the user's own module body may raise anything
        raise EngineError(f"{where}: importing {module_name!r} raised {type(error).__name__}: {error}") from error
    found = getattr(module, class_name, None)
    if not (isinstance(found, type) and issubclass(found, expected)):
        names = sorted(name for name, value in vars(module).items() if isinstance(value, type) and issubclass(value, expected))
        raise DocumentError(
            f"{where}: {class_name!r} in {module_name!r} is no {expected.__name__}",
            hint=f"The module has: {', '.join(names) or 'none'}.",
        )
    return found


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
    except Exception as error:  # the user's own constructor may raise anything
        raise EngineError(f"making {strategy_class.__name__} raised {type(error).__name__}: {error}") from error


def _scenario_identity(name: str, strategy_class: type, parameters: Mapping[str, Any]) -> StrategyIdentity:
    module = sys.modules[strategy_class.__module__]
    source = _source(module.__name__, Path(str(module.__file__)))
    return StrategyIdentity(name, str(vars(module)["VERSION"]), parameters, (source,), {})


def _identity(spec: StrategySpec, parameters: Mapping[str, Any], folders: tuple[Path, ...]) -> StrategyIdentity:
    roots = {part.partition(":")[0] for part in (spec.path, spec.config_path) if part is not None}
    own, others = _own_modules(roots, folders)
    packages = _package_versions(others | {root.partition(".")[0] for root in roots})
    own_version = packages.get((spec.path or "").partition(".")[0], "")
    return StrategyIdentity(spec.path or "", own_version, parameters, own, packages)


def _own_modules(roots: set[str], folders: tuple[Path, ...]) -> tuple[tuple[ModuleSource, ...], set[str]]:
    """Return the modules below the folders that the roots import, directly or not, and the names of the others."""
    finder = ModuleFinder(path=[str(folder) for folder in folders])
    for root in roots:
        if _lies_below(sys.modules.get(root), folders):
            finder.import_hook(root)
    files = {name: Path(str(vars(found)["__file__"])) for name, found in finder.modules.items() if vars(found)["__file__"]}
    for name, module in list(sys.modules.items()):
        if _lies_below(module, folders):
            files[name] = Path(str(module.__file__))
    sources = tuple(_source(name, files[name]) for name in sorted(files))
    return sources, {name.partition(".")[0] for name in finder.badmodules}


def _lies_below(module: object, folders: tuple[Path, ...]) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and any(Path(file).resolve().is_relative_to(folder) for folder in folders)


def _source(module: str, file: Path) -> ModuleSource:
    return ModuleSource(module, file, hashlib.sha256(file.read_bytes()).hexdigest())


def _package_versions(names: set[str]) -> dict[str, str]:
    distributions = packages_distributions()
    found = {}
    for name in sorted(names - set(sys.stdlib_module_names)):
        for distribution in distributions.get(name, ()):
            try:
                found[distribution] = version(distribution)
            except PackageNotFoundError:  # pragma: no cover - listed a moment ago, gone now
                continue
    return found
