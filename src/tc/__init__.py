"""tc, the ops lab for NautilusTrader: runs as facts, state as their fold, everything else derived."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

    from tc.wiring.attach import Attached

__all__ = ["__version__", "attach"]
__version__ = "0.1.0"


def attach(
    node: object,
    spec: "str | os.PathLike[str]",
    *,
    i_mean_testnet: bool = False,
    run_id: str | None = None,
    artifacts_root: "str | os.PathLike[str] | None" = None,
    runtime_root: "str | os.PathLike[str] | None" = None,
) -> "Attached":
    """Record a NautilusTrader node that you have built, with a gate that observes, a kill switch and heartbeats.

    Call it once, after ``node.build()`` and before ``node.run()``. The node stays yours: its loop, its signals, its strategies;
    what fails here ends the recording and not the node. A node that sends orders to anything but this machine, or a testnet that
    is meant, is only watched.

    Parameters
    ----------
    node
        The ``TradingNode``.
    spec
        The file of a RunSpec with ``mode: attached``; ``tc spec init --attached`` writes one.
    i_mean_testnet
        Consents to a testnet that the spec names by ``node.environment``.
    run_id
        The run's id; left out, it is made of name, time and configuration.
    artifacts_root, runtime_root
        Where run directories, and kill switch and control sockets are; left out, as of every command:
        ``TC_ARTIFACTS_ROOT`` and ``TC_RUNTIME_ROOT``, or the folders ``artifacts`` and ``runtime`` here.

    Raises
    ------
    DocumentError
        The spec or the node is wrong, or is not one that can be attached to now.
    RefusedError
        The kill switch is active, or the spec asks for more than watching a node that may only be watched.
    ArtifactError
        The run directory could not be written.

    """
    from tc.wiring.attach import attach_here  # noqa: PLC0415 - `import tc` loads nothing else

    return attach_here(
        node,
        spec,
        means_testnet=i_mean_testnet,
        run_id=run_id,
        artifacts_root=artifacts_root,
        runtime_root=runtime_root,
    )
