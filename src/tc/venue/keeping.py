"""The venue's durable state: one SQLite file, and one transaction for each request or message that changed something."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Self

import msgspec

from tc.errors import ArtifactError
from tc.venue.matching import Exchange, SymbolRules
from tc.venue.matching.state.saved import Saved
from tc.venue.state_file import open_state_file, read_saved, write_changes

_ANOTHER_FILE = "Name another file with --state, or leave it out for one that is removed at the end."


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One request that reached the venue; an error code of 0 means none."""

    time_ns: int
    method: str
    path: str
    client_order_id: str
    status: int
    error_code: int


class Keeper:
    """The state file, held under a lock as long as the keeper is open.

    What `keep` returned from is there again, whole, whatever happens to the process afterwards, and to the machine when
    the file is flushed. The visible book is not kept: it comes again with the market data.

    Parameters
    ----------
    path
        The file; made when it is absent or empty. Its lock is `PATH.lock` beside it.
    is_flushed
        Whether each `keep` waits for the disk. Without it a state survives the death of the process only: enough for one
        that is removed at the end, and many times faster.

    Raises
    ------
    ArtifactError
        When the file is not a venue's state, is torn, is a newer version's, or is held by another venue.

    """

    def __init__(self, path: Path, *, is_flushed: bool = True) -> None:
        self._path = path
        self._places: dict[int, tuple[int, Decimal]] = {}
        self._notes: dict[str, str] = {}
        self._requests: list[RequestRow] = []
        self._lock = _lock(path)
        try:
            with self._blaming_the_file():
                self._file = open_state_file(path, is_flushed=is_flushed)
        except BaseException:
            os.close(self._lock)
            raise

    def load(self, rules: Mapping[str, SymbolRules], balances: Mapping[str, Decimal]) -> Exchange:
        """Return the exchange as it was kept, or a new one with these balances where nothing was kept yet."""
        saved = self.saved()
        with self._blaming_the_file():
            if saved is None:
                exchange = Exchange(rules, balances)
                self._write(exchange)
                return exchange
            if strangers := sorted(set(saved.holdings) - set(rules)):
                raise ArtifactError(
                    f"{self._path}: the venue traded {', '.join(strangers)}, which it is not to trade now",
                    hint=f"Start it with the symbols that it had. {_ANOTHER_FILE}",
                )
            self._places = {each.order_id: (each.turn, each.ahead) for each in saved.resting}
            if set(self._places) != {order.order_id for order in saved.orders if order.status.is_open}:
                raise ArtifactError(f"{self._path}: the open orders are not those that rest in the book", hint=_ANOTHER_FILE)
            return Exchange.restore(rules, saved)

    def saved(self) -> Saved | None:
        """Return the state as it was kept, None where nothing was."""
        with self._blaming_the_file():
            return read_saved(self._file)

    def keep(self, exchange: Exchange, request: RequestRow | None = None) -> None:
        """Write what changed since the last call, and the requests, in one durable transaction; without either do nothing."""
        if request is not None:
            self.log(request)
        if self._requests or self._notes or not exchange.changes().is_empty:
            with self._blaming_the_file():
                self._write(exchange)

    def _write(self, exchange: Exchange) -> None:
        changes = exchange.changes()
        places = {each.order_id: (each.turn, each.ahead) for each in changes.resting}
        with _transaction(self._file):
            write_changes(self._file, changes, moved=[each for each in changes.resting if self._moved(each.order_id, places)])
            left = [(order_id,) for order_id in self._places if order_id not in places]
            self._file.executemany("DELETE FROM resting WHERE order_id = ?", left)
            self._file.executemany("REPLACE INTO notes VALUES (?, ?)", self._notes.items())
            requests = [astuple(request) for request in self._requests]
            self._file.executemany("INSERT INTO requests VALUES (NULL, ?, ?, ?, ?, ?, ?)", requests)
        exchange.kept()
        self._places, self._notes, self._requests = places, {}, []

    def _moved(self, order_id: int, places: dict[int, tuple[int, Decimal]]) -> bool:
        return self._places.get(order_id) != places[order_id]

    def requests(self, *, after: int = 0) -> list[tuple[int, RequestRow]]:
        """Return the requests kept, with their numbers, those after a number only."""
        rows = self._file.execute("SELECT * FROM requests WHERE number > ? ORDER BY number", (after,))
        return [(row[0], RequestRow(*row[1:])) for row in rows]

    def log(self, request: RequestRow) -> None:
        """Set a request down; it is written with the next `keep`. So one wait for the disk can serve several requests."""
        self._requests.append(request)

    def note(self, name: str, value: str) -> None:
        """Set a value of the venue's own; it is written with the next `keep`."""
        self._notes[name] = value

    def noted(self, name: str) -> str | None:
        """Return a value of the venue's own."""
        if name in self._notes:
            return self._notes[name]
        row = self._file.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def close(self) -> None:
        """Close the file and give up its lock."""
        self._file.close()
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _blaming_the_file(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, msgspec.ValidationError, KeyError) as error:
            raise ArtifactError(f"{self._path}: the venue's state cannot be used: {error}", hint=_ANOTHER_FILE) from error


@contextmanager
def _transaction(file: sqlite3.Connection) -> Iterator[None]:
    file.execute("BEGIN IMMEDIATE")
    try:
        yield
        file.execute("COMMIT")
    except BaseException:
        if file.in_transaction:
            file.execute("ROLLBACK")
        raise


def _lock(path: Path) -> int:
    """Hold the lock file; the system lets go of it when the process ends, however it ends."""
    try:
        descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ArtifactError(f"{path}: cannot be used for the venue's state: {error.strerror}", hint=_ANOTHER_FILE) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise ArtifactError(f"{path}: another venue is running on this state", hint=f"End it first. {_ANOTHER_FILE}") from error
    return descriptor
