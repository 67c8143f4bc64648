"""A node that answers at its socket whatever a test wants: an object, bytes, silence; with the document by which it is found."""

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tc.checks.reconcile import HeldFill, HeldOrder, Holdings
from tc.store.nodes import NodeDocument, socket_path, write_node

type Said = bytes | dict[str, Any] | Callable[[], bytes | dict[str, Any]] | None
"""Bytes as they are, an object as a line; what a function returns; None never answers."""


@dataclass
class FakeNode:
    """What it answers, by what it is asked to do; and what it was asked."""

    answers: dict[str, Said]
    document: NodeDocument
    asked: list[str] = field(default_factory=list)


@contextmanager
def fake_node(runtime_root: Path, run_id: str, answers: dict[str, Said], **document: Any) -> Iterator[FakeNode]:
    """Said for a node whose process is this one, until this is left."""
    path = socket_path(runtime_root, run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    found = {"name": run_id, "directory": "", "socket": str(path), "pid": os.getpid(), "venue_url": "http://127.0.0.1:1"}
    node = FakeNode(
        {"ping": {"pong": True}, **answers}, write_node(runtime_root, NodeDocument(run_id=run_id, **found | document))
    )
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    over = threading.Event()
    serving = threading.Thread(target=_serve, args=(listener, node, over), daemon=True)
    serving.start()
    try:
        yield node
    finally:
        over.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        serving.join()


def _serve(listener: socket.socket, node: FakeNode, over: threading.Event) -> None:
    while True:
        try:
            talk, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_answer, args=(talk, node, over), daemon=True).start()


def _answer(talk: socket.socket, node: FakeNode, over: threading.Event) -> None:
    with talk, suppress(OSError):
        what = json.loads(talk.makefile("rb").readline())["do"]
        node.asked.append(what)
        answer = node.answers.get(what)
        if callable(answer):
            answer = answer()
        if answer is None:
            over.wait(30)
        else:
            talk.sendall(answer if isinstance(answer, bytes) else json.dumps(answer).encode() + b"\n")


def told_by_node(held: Holdings) -> dict[str, Any]:
    """Return what a node tells whose cache holds this."""
    fills: dict[str | None, list[dict[str, Any]]] = {}
    for fill in _listed(held.fills):
        fills.setdefault(fill.key, []).append(_fill(fill))
    return {
        "at_ns": 7,
        "orders": [_order(each) | {"fills": fills.get(each.key, [])} for each in _listed(held.orders)],
        "positions": {
            f"P-{number}": {"instrument_id": each.instrument_id, "quantity": str(each.signed_quantity)}
            for number, each in enumerate(_listed(held.positions))
        },
        "balances": {each.currency: str(each.total) for each in _listed(held.balances)},
    }


def _listed(part: Any) -> tuple[Any, ...]:
    assert isinstance(part, tuple)
    return part


def _order(order: HeldOrder) -> dict[str, Any]:
    return {
        "key": order.key,
        "instrument_id": order.instrument_id,
        "venue_order_id": order.venue_order_id,
        "side": order.side,
        "quantity": str(order.quantity),
        "filled": str(order.filled),
        "price": None if order.price is None else str(order.price),
        "trigger_price": None if order.trigger_price is None else str(order.trigger_price),
        "status": order.status,
    }


def _fill(fill: HeldFill) -> dict[str, Any]:
    return {
        "trade_id": fill.trade_id,
        "quantity": str(fill.quantity),
        "price": str(fill.price),
        "commission": str(fill.fee),
        "currency": fill.fee_currency,
    }
