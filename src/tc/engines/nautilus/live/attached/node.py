"""The node that `attach` is given: whether it can be attached to now, and which strategies it runs."""

import sys
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from nautilus_trader.live.node import TradingNode

from tc.engines.nautilus.live.ops_actor import COMPONENT
from tc.engines.sources import identity
from tc.errors import DocumentError
from tc.ports import ModuleSource, StrategyIdentity

_HOW = "Call it once, after node.build() and before node.run()."
_SCRIPT = "__main__"
_KEYS = ("api_key", "api_secret")


def require_attachable(node: object) -> TradingNode:
    """Return the node, if it is one, is built, is not started, and has nothing of ours in it; DocumentError if not."""
    if not isinstance(node, TradingNode):
        raise DocumentError(f"attach was given a {type(node).__name__}; expected NautilusTrader's TradingNode", hint=_HOW)
    if not node.is_built():
        raise DocumentError("attach was given a node that is not built: its venues are not known yet", hint=_HOW)
    trader = node.trader
    if node.is_running() or trader.is_running or trader.is_disposed or node.kernel.exec_engine.is_running:
        raise DocumentError("attach was given a node that runs already, or has run: what it did is not on record", hint=_HOW)
    if any(each.value == COMPONENT for each in trader.actor_ids()):
        raise DocumentError("attach was given a node that is attached to already, or that tc itself has built", hint=_HOW)
    return node


def identity_of(node: TradingNode) -> StrategyIdentity:
    """Return which strategies a node runs, by the digests of their own modules and of the script that builds it."""
    strategies = sorted(node.trader.strategies(), key=lambda each: str(each.id))
    parameters = {str(each.id): _described(each) for each in strategies}
    paths = tuple(_path(each) for each in strategies if type(each).__module__ != _SCRIPT)
    name = f"the node {node.trader_id}"
    found = identity(name, paths, parameters, ()) if paths else StrategyIdentity(name, "", parameters, (), {})
    modules = without_secrets((*found.modules, *_script()), _secrets(node))
    return StrategyIdentity(name, found.version, parameters, modules, found.packages)


def without_secrets(modules: Iterable[ModuleSource], secrets: Iterable[bytes]) -> tuple[ModuleSource, ...]:
    """Return the modules that hold none of the secrets: what is returned is kept in the run directory, and keys never are."""
    secrets = tuple(secrets)
    return tuple(each for each in modules if not any(secret in each.content for secret in secrets))


def _described(strategy: Any) -> dict[str, Any]:  # noqa: ANN401 - a Nautilus strategy
    config = strategy.config
    return {"path": _path(strategy), "config": dict(config.json_primitives()) if hasattr(config, "json_primitives") else {}}


def _path(strategy: object) -> str:
    return f"{type(strategy).__module__}:{type(strategy).__qualname__}"


def _secrets(node: Any) -> tuple[bytes, ...]:  # noqa: ANN401 - Nautilus's node
    """Return the keys that the node's clients were given in its configuration."""
    clients = (*node._config.data_clients.values(), *node._config.exec_clients.values())  # noqa: SLF001
    named = (getattr(each, name, None) for each in clients for name in _KEYS)
    return tuple(each.encode() for each in named if isinstance(each, str) and each)


def _script() -> tuple[ModuleSource, ...]:
    """Return the script that was started, where there is one."""
    file = getattr(sys.modules.get(_SCRIPT), "__file__", None)
    if file is None or not Path(file).is_file():
        return ()
    content = Path(file).read_bytes()
    return (ModuleSource(_SCRIPT, Path(file), content, sha256(content).hexdigest()),)
