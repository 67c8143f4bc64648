"""Which runs may go: by how many there are, how old they are, and how much room they take."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run as retention sees it; ``keep_because`` says why it may never go, and is empty when it may."""

    run_id: str
    created_ns: int
    size_bytes: int
    keep_because: str


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """What may stay: at most ``keep`` runs, none older than ``older_than_ns``, ``max_bytes`` together; None is no limit."""

    keep: int | None
    older_than_ns: int | None
    max_bytes: int | None


@dataclass(frozen=True, slots=True)
class Pruning:
    """A run that goes, and the limit that says so."""

    candidate: Candidate
    because: str


def runs_to_prune(candidates: Sequence[Candidate], policy: RetentionPolicy, *, now_ns: int) -> tuple[Pruning, ...]:
    """Return the runs that any limit of the policy says may go, newest first.

    When a limit lets a run go, every older one goes with it. A run that may never go is not counted in ``keep``,
    but the room that it takes counts in ``max_bytes``.
    """
    newest_first = sorted(candidates, key=lambda each: (each.created_ns, each.run_id), reverse=True)
    used_bytes = sum(each.size_bytes for each in newest_first if each.keep_because)
    newer = 0
    pruned: list[Pruning] = []
    for each in newest_first:
        if each.keep_because:
            continue
        used_bytes += each.size_bytes
        because = _because(each, policy, newer=newer, used_bytes=used_bytes, now_ns=now_ns)
        newer += 1
        if because:
            pruned.append(Pruning(each, because))
    return tuple(pruned)


def _because(candidate: Candidate, policy: RetentionPolicy, *, newer: int, used_bytes: int, now_ns: int) -> str:
    if policy.keep is not None and newer >= policy.keep:
        return f"it is not among the newest {policy.keep}"
    if policy.older_than_ns is not None and now_ns - candidate.created_ns > policy.older_than_ns:
        return "it is older than the limit"
    if policy.max_bytes is not None and used_bytes > policy.max_bytes:
        return "it and the newer runs take more room than the limit"
    return ""
