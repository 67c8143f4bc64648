"""What becomes of a node's document when its run has ended: it stays where the run may have left something at its venue."""

from pathlib import Path

from tc.flows.kill.node import access_of
from tc.flows.kill.proof import run_end
from tc.store.nodes import NodeDocument, forget_node, list_nodes, node_path, process_state, read_node, remove_node

MOST_KEPT = 64
"""So many documents of runs that have ended are kept; the oldest go first."""


def retire_node(runtime_root: Path, run_id: str, *, is_venue_gone: bool) -> None:
    """Take the name of a node away that has ended, unless its run does not prove that nothing is left at its venue.

    What is kept lets `tc kill` find the account: of each account and name the document of the newest run.

    Raises
    ------
    ArtifactError
        The document cannot be read.

    """
    node = read_node(runtime_root, run_id)
    if node is None:
        return
    if is_venue_gone or not Path(node.directory).is_dir() or run_end(node.directory).proof:
        remove_node(runtime_root, run_id)
        return
    ended = [each for each in list_nodes(runtime_root)[0] if each.run_id != run_id and process_state(each) == "gone"]
    same = [each for each in ended if (each.name, access_of(each).account) == (node.name, access_of(node).account)]
    others = sorted((each for each in ended if each not in same), key=lambda each: _written_ns(runtime_root, each))
    for each in (*same, *others[: max(0, len(others) + 1 - MOST_KEPT)]):
        forget_node(runtime_root, each)


def _written_ns(runtime_root: Path, node: NodeDocument) -> int:
    try:
        return node_path(runtime_root, node.run_id).stat().st_mtime_ns
    except FileNotFoundError:
        return 0
