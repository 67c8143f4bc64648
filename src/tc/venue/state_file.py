"""The tables of the venue's state file, and how the exchange's state is written into them and read back."""

import sqlite3
from decimal import Decimal
from pathlib import Path

import msgspec

from tc.errors import ArtifactError
from tc.venue.matching import AlgoView, OrderView, TradeView
from tc.venue.matching.book.line import Resting
from tc.venue.matching.state.ledger import Holding
from tc.venue.matching.state.records import Counters
from tc.venue.matching.state.saved import Changes, Saved

_APPLICATION_ID = 0x74635645  # "tcVE"
_SCHEMA = 1
_TABLES = """
CREATE TABLE orders (order_id INTEGER PRIMARY KEY, document TEXT NOT NULL) STRICT;
CREATE TABLE algos (algo_id INTEGER PRIMARY KEY, document TEXT NOT NULL) STRICT;
CREATE TABLE trades (trade_id INTEGER PRIMARY KEY, document TEXT NOT NULL) STRICT;
CREATE TABLE resting (order_id INTEGER PRIMARY KEY, price TEXT NOT NULL, turn INTEGER NOT NULL, ahead TEXT NOT NULL) STRICT;
CREATE TABLE positions (
    symbol TEXT PRIMARY KEY, quantity TEXT NOT NULL, cost TEXT NOT NULL, realised TEXT NOT NULL,
    updated_ns INTEGER NOT NULL, leverage INTEGER NOT NULL
) STRICT;
CREATE TABLE wallet (asset TEXT PRIMARY KEY, balance TEXT NOT NULL, updated_ns INTEGER NOT NULL) STRICT;
CREATE TABLE counters (
    one INTEGER PRIMARY KEY CHECK (one = 1), order_id INTEGER NOT NULL, trade_id INTEGER NOT NULL, turn INTEGER NOT NULL
) STRICT;
CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE requests (
    number INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
    client_order_id TEXT NOT NULL, status INTEGER NOT NULL, error_code INTEGER NOT NULL
) STRICT;
"""


def open_state_file(path: Path, *, is_flushed: bool) -> sqlite3.Connection:
    """Open a state file, or make one; when it is flushed, each commit is on the disk itself before it returns.

    Raises
    ------
    ArtifactError
        When the file is another program's or a newer version's.
    sqlite3.Error
        When the file is no database, or a torn one.

    """
    file = sqlite3.connect(path, isolation_level=None)
    try:
        is_new = _is_new(file, path)
        file.execute("PRAGMA journal_mode = WAL")
        file.execute(f"PRAGMA synchronous = {'FULL' if is_flushed else 'NORMAL'}")
        if is_new:
            file.executescript(
                f"BEGIN; {_TABLES} PRAGMA application_id = {_APPLICATION_ID}; PRAGMA user_version = {_SCHEMA}; COMMIT;"
            )
    except BaseException:
        file.close()
        raise
    return file


def _is_new(file: sqlite3.Connection, path: Path) -> bool:
    application_id, version = _pragma(file, "application_id"), _pragma(file, "user_version")
    if application_id == version == 0 and file.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,):
        return True
    if application_id != _APPLICATION_ID:
        raise ArtifactError(f"{path}: is a database, but not a venue's state", hint="Name another file with --state.")
    if version != _SCHEMA:
        raise ArtifactError(
            f"{path}: is a venue's state of version {version}; this program knows version {_SCHEMA}",
            hint="Use it with the program that wrote it, or name another file with --state.",
        )
    if (verdict := file.execute("PRAGMA quick_check(1)").fetchone()) != ("ok",):
        raise sqlite3.DatabaseError(str(verdict[0]))
    return False


def _pragma(file: sqlite3.Connection, name: str) -> int:
    return int(file.execute(f"PRAGMA {name}").fetchone()[0])


def write_changes(file: sqlite3.Connection, changes: Changes, *, moved: list[Resting]) -> None:
    """Write what changed, and the resting orders that moved, inside the caller's transaction."""
    write = file.executemany
    write("REPLACE INTO orders VALUES (?, ?)", [(each.order_id, _text(each)) for each in changes.orders])
    write("DELETE FROM orders WHERE order_id = ?", [(order_id,) for order_id in changes.lost_orders])
    write("REPLACE INTO algos VALUES (?, ?)", [(each.algo_id, _text(each)) for each in changes.algos])
    write("INSERT INTO trades VALUES (?, ?)", [(each.trade_id, _text(each)) for each in changes.trades])
    write(
        "REPLACE INTO resting VALUES (?, ?, ?, ?)",
        [(each.order_id, str(each.price), each.turn, str(each.ahead)) for each in moved],
    )
    write(
        "REPLACE INTO positions VALUES (?, ?, ?, ?, ?, ?)",
        [
            (symbol, str(held.quantity), str(held.cost), str(held.realised), held.updated_ns, leverage)
            for symbol, (held, leverage) in changes.holdings.items()
        ],
    )
    write(
        "REPLACE INTO wallet VALUES (?, ?, ?)",
        [(asset, str(balance), changes.wallet_ns) for asset, balance in changes.wallet.items()],
    )
    counters = changes.counters
    file.execute("REPLACE INTO counters VALUES (1, ?, ?, ?)", (counters.order_id, counters.trade_id, counters.turn))


def _text(view: OrderView | AlgoView | TradeView) -> str:
    return msgspec.json.encode(view).decode()


def read_saved(file: sqlite3.Connection) -> Saved | None:
    """Read the exchange's state, None when none was ever written.

    Raises
    ------
    msgspec.ValidationError
        When a row does not hold what it should.

    """
    counters = file.execute("SELECT order_id, trade_id, turn FROM counters").fetchone()
    if counters is None:
        return None
    positions = file.execute("SELECT * FROM positions ORDER BY symbol").fetchall()
    wallet = file.execute("SELECT * FROM wallet ORDER BY asset").fetchall()
    return Saved(
        counters=Counters(*counters),
        orders=_documents(file, "orders", OrderView),
        algos=_documents(file, "algos", AlgoView),
        trades=_documents(file, "trades", TradeView),
        resting=[Resting(row[0], _exact(row[1]), row[2], _exact(row[3])) for row in file.execute("SELECT * FROM resting")],
        holdings={row[0]: Holding(_exact(row[1]), _exact(row[2]), _exact(row[3]), row[4]) for row in positions},
        leverage={row[0]: row[5] for row in positions},
        wallet={row[0]: _exact(row[1]) for row in wallet},
        wallet_ns=max((row[2] for row in wallet), default=0),
    )


def _documents[View](file: sqlite3.Connection, table: str, kind: type[View]) -> list[View]:
    decoder = msgspec.json.Decoder(kind)
    # The first column is the key, and the only names that come here are those of our tables.
    return [decoder.decode(row[0]) for row in file.execute(f"SELECT document FROM {table} ORDER BY rowid")]  # noqa: S608


def _exact(text: str) -> Decimal:
    return msgspec.convert(text, Decimal)
