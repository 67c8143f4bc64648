"""Putting a book together from depth updates and snapshots, as Binance documents it.

Updates are kept until a snapshot comes; those that it contains already are dropped; the first one applied must straddle it; each
later one must follow the one before.

- Spot: dropped when u <= lastUpdateId; the first has U <= lastUpdateId + 1 <= u; each U is the last u + 1.
- USD-M: dropped when u < lastUpdateId; the first has U <= lastUpdateId <= u; each pu is the last u.

Sources: "How to manage a local order book correctly" in Binance's documentation of the spot and of the USD-M futures streams.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tc.data.raw_stream.messages import Diff, Snapshot

MOST_KEPT = 10_000
"""How many updates are kept while no snapshot fits: a later snapshot that fits older ones only is of no use."""


@dataclass(frozen=True, slots=True)
class Lost:
    """An update is missing before this one: from here on nothing is known of the book."""

    before: Diff
    last_id: int


type Step = Snapshot | Diff | Lost


class BookSync:
    """Takes updates and snapshots in the order of their arrival and gives what is to be applied to the book, in order."""

    def __init__(self) -> None:
        self._kept: deque[Diff] = deque(maxlen=MOST_KEPT)
        self._snapshot: Snapshot | None = None
        self._last_id: int | None = None

    def take_snapshot(self, snapshot: Snapshot) -> Iterator[Step]:
        """Take a snapshot; one that comes while the book is known is passed over."""
        if self._last_id is None:
            self._snapshot = snapshot
            yield from self._join()

    def take_diff(self, diff: Diff) -> Iterator[Step]:
        """Take an update; one that is older than the book, or was sent twice, is passed over."""
        if self._last_id is None:
            self._kept.append(diff)
            yield from self._join()
        elif _follows(diff, self._last_id):
            self._last_id = diff.final_id
            yield diff
        elif diff.final_id > self._last_id:
            yield Lost(diff, self._last_id)
            self._last_id = None
            self._kept.append(diff)

    def _join(self) -> Iterator[Step]:
        """Apply a waiting snapshot and what was kept, once an update that straddles it has come."""
        snapshot, kept = self._snapshot, self._kept
        if snapshot is None:
            return
        while kept and _is_contained(kept[0], snapshot.last_id):
            kept.popleft()
        if not kept:
            return
        self._snapshot = None
        if not _straddles(kept[0], snapshot.last_id):
            return
        # What the snapshot shows was true no later than the update that it lies in.
        yield replace(snapshot, ts_event=kept[0].ts_event) if snapshot.ts_event is None else snapshot
        waiting = tuple(kept)
        kept.clear()
        self._last_id = waiting[0].final_id
        yield _not_before(waiting[0], snapshot)
        for diff in waiting[1:]:
            yield from self.take_diff(_not_before(diff, snapshot))


def _not_before(diff: Diff, snapshot: Snapshot) -> Diff:
    """Return an update stamped with when it could be applied: it was kept until the snapshot came."""
    return diff if diff.ts_init >= snapshot.ts_init else replace(diff, ts_init=snapshot.ts_init)


def _is_contained(diff: Diff, last_id: int) -> bool:
    return diff.final_id < last_id + (diff.previous_id is None)


def _straddles(diff: Diff, last_id: int) -> bool:
    return diff.first_id <= last_id + (diff.previous_id is None) <= diff.final_id


def _follows(diff: Diff, last_id: int) -> bool:
    return diff.first_id == last_id + 1 if diff.previous_id is None else diff.previous_id == last_id
