"""What a strategy is made of: where its modules are found, the digests and versions that identify it; no engine is known."""

import hashlib
import importlib
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import Distribution, PackageNotFoundError, distributions, version
from inspect import getmodulename
from modulefinder import ModuleFinder
from pathlib import Path
from typing import Any

from tc.errors import DocumentError, EngineError
from tc.ports import ModuleSource, StrategyIdentity, StrategyRequest

_PACKAGE_FOLDERS = frozenset({"site-packages", "dist-packages"})
_STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib"))


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
            if text in sys.path:  # A strategy may have changed the path itself.
                sys.path.remove(text)


def python_path(request: StrategyRequest) -> tuple[Path, ...]:
    """Return the folders that the spec adds to Python's search path; DocumentError when one does not exist."""
    if request.code_folder is not None:
        return (request.code_folder.resolve(),) if request.code_folder.is_dir() else ()
    return tuple(_folder(request.spec_folder, each) for each in request.spec.stated_strategy.python_path)


def _folder(spec_folder: Path, text: str) -> Path:
    try:
        folder = (spec_folder / text).resolve()
        is_folder = folder.is_dir()
    except (OSError, ValueError):
        folder, is_folder = spec_folder, False
    if not is_folder:
        raise DocumentError(
            f"strategy.python_path: {text[:200]!r} is no folder (looked from {spec_folder})",
            hint="Entries are relative to the folder that the spec lies in.",
        )
    return folder


def resolve(path: str, where: str, expected: type) -> type:
    """Return the class that ``module:Class`` names.

    Raises
    ------
    DocumentError
        There is no such module, or no such class in it of the type that is expected.
    EngineError
        The module's own code raised while it was imported.

    """
    module_name, _, class_name = path.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise DocumentError(
            f"{where}: module {error.name!r} of {path!r} is not found",
            hint="Add its folder to strategy.python_path (relative to the spec), or install its package.",
        ) from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the user's own module body may raise anything, an exit included
        raise EngineError(f"{where}: importing {module_name!r} raised {type(error).__name__}: {error}") from error
    found = getattr(module, class_name, None)
    if not (isinstance(found, type) and issubclass(found, expected)):
        names = sorted(name for name, value in vars(module).items() if isinstance(value, type) and issubclass(value, expected))
        raise DocumentError(
            f"{where}: {class_name!r} in {module_name!r} is no {expected.__name__}",
            hint=f"The module, {getattr(module, '__file__', 'built in')}, has: {', '.join(names) or 'none'}.",
        )
    return found


def packaged_identity(name: str, strategy_class: type, parameters: Mapping[str, Any]) -> StrategyIdentity:
    """Return the identity of a strategy that is one module of ours; its version is what the module calls ``VERSION``."""
    module = sys.modules[strategy_class.__module__]
    source = _source(module.__name__, Path(str(module.__file__)))
    return StrategyIdentity(name, str(vars(module)["VERSION"]), parameters, (source,), {})


def identity(
    name: str, paths: tuple[str | None, ...], parameters: Mapping[str, Any], folders: tuple[Path, ...]
) -> StrategyIdentity:
    """Return the identity of a strategy found by ``module:Class`` paths, the first of which is the strategy's own."""
    roots = {part.partition(":")[0] for part in paths if part is not None}
    own, others = _own_modules(roots, folders)
    packages = _package_versions(others | {root.partition(".")[0] for root in roots})
    own_version = packages.get((paths[0] or "").partition(".")[0], "")
    return StrategyIdentity(name, own_version, parameters, own, packages)


def _own_modules(roots: set[str], folders: tuple[Path, ...]) -> tuple[tuple[ModuleSource, ...], set[str]]:
    """Return the modules outside the installed packages that the roots import, directly or not, and the names of the others."""
    searched = list(folders)
    while True:
        finder = _found_from(roots, searched)
        others = {name.partition(".")[0] for name in finder.badmodules} | {root.partition(".")[0] for root in roots}
        homes = {home for name in others if (home := _home(name)) is not None and home not in searched}
        if not homes:
            break
        searched += sorted(homes)
    files = {name: Path(file) for name, found in finder.modules.items() if (file := vars(found)["__file__"])}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not file or _is_installed(Path(file)):
            continue
        if any(Path(file).is_relative_to(folder) or Path(file).resolve().is_relative_to(folder) for folder in searched):
            files[name] = Path(file)
    own = {name: file for name, file in files.items() if name != "__main__" and not _is_installed(file)}
    return tuple(_source(name, own[name]) for name in sorted(own)), others


def _found_from(roots: set[str], searched: list[Path]) -> ModuleFinder:
    finder = ModuleFinder(path=[str(folder) for folder in searched])
    for root in roots:
        file = getattr(sys.modules.get(root), "__file__", None)
        if file is None or _is_installed(Path(file)):
            continue
        try:
            finder.import_hook(root)
        except (ImportError, AttributeError):
            finder.run_script(file)  # In a package without an __init__.py, which the finder does not know.
    return finder


def _home(name: str) -> Path | None:
    """Return the folder on Python's search path from which a top-level module of the user's own was imported."""
    module = sys.modules.get(name)
    if module is None or name in sys.stdlib_module_names or name == "tc":
        return None
    file = getattr(module, "__file__", None)
    if file is None:
        places = [Path(place) for place in getattr(module, "__path__", ())]
        return places[0].parent if places and not _is_installed(places[0]) else None
    if _is_installed(Path(file)):
        return None
    return Path(file).parent.parent if Path(file).name == "__init__.py" else Path(file).parent


def _is_installed(file: Path) -> bool:
    return bool(_PACKAGE_FOLDERS & set(file.parts)) or file.is_relative_to(_STANDARD_LIBRARY)


def _source(module: str, file: Path) -> ModuleSource:
    content = file.read_bytes()
    return ModuleSource(module, file, content, hashlib.sha256(content).hexdigest())


def _package_versions(names: set[str]) -> dict[str, str]:
    wanted = names - set(sys.stdlib_module_names)
    providers = [(_top_level(each) & wanted, each) for each in distributions()] if wanted else []
    found = {}
    for name in sorted(wanted):
        for distribution in (each.name for provided, each in providers if name in provided):
            try:
                found[distribution] = version(distribution)
            except PackageNotFoundError:  # pragma: no cover - listed a moment ago, gone now
                continue
    return found


def _top_level(distribution: Distribution) -> set[str]:
    """Return the top-level names of a distribution, stated or as its files lie.

    The standard library's own answer, ``packages_distributions``, looks at every installed file: half a second of each run.
    """
    stated = distribution.read_text("top_level.txt")
    if stated:
        return set(stated.split())
    recorded = distribution.read_text("RECORD")
    files = recorded.splitlines() if recorded else map(str, distribution.files or ())
    tops = {file.partition(",")[0].partition("/")[0] for file in files}
    return {getmodulename(top) or top for top in tops}
