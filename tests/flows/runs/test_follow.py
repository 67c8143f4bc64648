import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fakes import make_run
from tc.cli.follow import line_of, rows_of
from tc.flows.runs.follow import Followed, follow
from tc.store.layout import RunDirectory
from tc.store.lock import RunLock
from tc.store.nodes import NodeDocument, write_node

STATUS: dict[str, Any] = {
    "run_id": "made-up-run",
    "state": "trading",
    "at_ns": 1_700_000_000_000_000_000,
    "position": 1234,
    "kill_switch": "none",
    "rows": 900,
    "open_orders_count": 1,
    "open_orders": [{"key": "A", "side": "BUY", "quantity": "0.1", "filled": "0", "price": "50000", "status": "ACCEPTED"}],
    "positions": {"BTCUSDT-PERP": "-0.2"},
    "waiting": 2,
    "in_flight": 1,
    "staleness_s": {"BTCUSDT-PERP.BINANCE quotes": 0.25},
    "connected": {"data": True, "execution": False},
    "queues": {"commands": 0},
    "lag_s": 0.0015,
    "longest_lag_s": 0.2,
    "contradictions": 0,
    "more": "than this version knows",
}


@contextmanager
def answering(path: Path, answer: bytes) -> Iterator[None]:
    """Answer every question at a Unix socket with the same bytes."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def serve() -> None:
        while True:
            try:
                talk, _ = listener.accept()
            except OSError:
                return
            with talk:
                talk.recv(1 << 16)
                talk.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def looks(run: RunDirectory, runtime: Path) -> list[Followed]:
    """Follow a run that is being written for two looks, and is released then."""
    lock = RunLock(run)
    lock.__enter__()
    paused: list[float] = []

    def pause(seconds: float) -> None:
        paused.append(seconds)
        if len(paused) == 2:
            lock.__exit__(None, None, None)

    return list(follow(run, runtime, pause=pause))


def test_a_running_node_is_asked_until_nobody_writes_its_run_any_more(tmp_path: Path) -> None:
    run = make_run(tmp_path, seal=False)
    path = tmp_path / "node.sock"
    write_node(tmp_path, NodeDocument(run_id=run.run_id, name="x", directory=str(run.path), socket=str(path), pid=1))
    with answering(path, json.dumps(STATUS).encode() + b"\n"):
        seen = looks(run, tmp_path)
    assert [look.node is not None for look in seen] == [True, True, False]
    assert [event.position for event in seen[-1].last] == sorted(event.position for event in seen[-1].last)
    assert (len(seen[-1].last), seen[-1].last[-1].type) == (8, "OrderAccepted")
    assert line_of(seen[0]) == (
        "2023-11-14 22:13:20 trading position 1,234, open orders 1, held BTCUSDT-PERP -0.2, "
        "data 0.2 s old, lag 1.5 ms, kill switch none"
    )
    assert ("node", "trading, NOT connected: execution") in rows_of(seen[0])
    assert ("", "BUY 0.1 at 50000, 0 filled") in rows_of(seen[0])
    assert seen[-1].status == "crashed"


def test_a_node_that_says_nothing_or_nonsense_is_told_as_that(tmp_path: Path) -> None:
    run = make_run(tmp_path, seal=False)
    assert "no node of this run is known" in looks(run, tmp_path)[0].problem
    path = tmp_path / "node.sock"
    write_node(tmp_path, NodeDocument(run_id=run.run_id, name="x", directory=str(run.path), socket=str(path), pid=1))
    assert "cannot be reached" in looks(run, tmp_path)[0].problem
    for answer in (b"[]\n", b"\xff\n", b""):
        path.unlink(missing_ok=True)
        with answering(path, answer):
            assert "cannot be reached" in looks(run, tmp_path)[0].problem


def test_the_end_of_a_journal_is_read_however_it_is_torn(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    with run.journal.open("ab") as journal:
        journal.write(b'{"digest":"torn')
    assert next(follow(run, tmp_path)).last[-1].type == "RunCompleted"
    run.journal.write_bytes(b"\xff\xff\n")
    assert next(follow(run, tmp_path)).last == ()
    run.journal.unlink()
    look = next(follow(run, tmp_path))
    assert (look.last, look.status) == ((), "completed")
    assert line_of(look) == f"{run.run_id} completed"
