"""One request to a running node over its Unix socket: a JSON line in, JSON lines out, and never a wait without an end."""

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import closing

import msgspec

from tc.checks.reconcile import NodeHoldings
from tc.errors import UnreachableError

_CONNECT_S = 0.5
_READ_BYTES = 1 << 16
_LONGEST_LINE = 1 << 20
_LONGEST_HOLDINGS = 64 << 20


class NodeStep(msgspec.Struct, frozen=True):
    """A line that a node answers: the step it took, at which position of its journal, and more in words."""

    step: str = ""
    position: int | None = None
    detail: str = ""
    why: str = ""
    error: str = ""

    def words(self) -> str:
        """Return what a failed step says of itself, and the others' names."""
        more = self.why or self.error or (self.detail if self.step in {"failed", "halted"} else "")
        return f"{self.step or 'answered'}{f' ({more})' if more else ''}"


class OpenOrder(msgspec.Struct, frozen=True):
    """An open order, as a node tells it; amounts are decimal texts."""

    key: str
    side: str
    quantity: str
    filled: str
    price: str | None
    status: str


class NodeStatus(msgspec.Struct, frozen=True):
    """Where a node stands, as it tells it: ages and delays in seconds, amounts as decimal texts."""

    run_id: str
    state: str | None
    at_ns: int
    position: int
    kill_switch: str
    rows: int
    open_orders_count: int
    open_orders: tuple[OpenOrder, ...]
    positions: dict[str, str]
    waiting: int
    in_flight: int
    staleness_s: dict[str, float]
    connected: dict[str, bool]
    queues: dict[str, int]
    lag_s: float
    longest_lag_s: float
    contradictions: int
    problem: str = ""
    watched_only: str = ""


def ask_node(path: str, request: Mapping[str, str], *, first_s: float, deadline_s: float) -> Iterator[tuple[NodeStep, int]]:
    """Send a request, and give each line of the answer with the nanoseconds since the question, until the node closes.

    Parameters
    ----------
    path
        The node's socket.
    request
        What is asked.
    first_s, deadline_s
        How long the first line, and all of them, may take.

    Raises
    ------
    UnreachableError
        Nobody listens, no line came in time, or what came is none of a node.

    """
    for content, since_ns in _answers(path, request, first_s=first_s, deadline_s=deadline_s):
        try:
            step = msgspec.json.decode(content, type=NodeStep)
        except msgspec.DecodeError as error:
            raise _unreachable(path, error) from None
        yield step, since_ns


def ask_status(path: str, *, within_s: float) -> NodeStatus:
    """Return where a node stands; raises as `ask_node`."""
    return _ask(path, "status", NodeStatus, within_s)


def ask_holdings(path: str, *, within_s: float) -> NodeHoldings:
    """Return what the cache of a node's engine holds; raises as `ask_node`."""
    return _ask(path, "holdings", NodeHoldings, within_s, longest=_LONGEST_HOLDINGS)


def ask_to_heal(path: str, *, within_s: float) -> tuple[bool, str]:
    """Let a node's engine take over what the venue says; return whether it could, and why not. Raises as `ask_node`."""
    answer = _ask(path, "heal", _Healed, within_s)
    return answer.healed, answer.why


class _Healed(msgspec.Struct, frozen=True):
    healed: bool
    why: str = ""


def _ask[T](path: str, what: str, answer: type[T], within_s: float, *, longest: int = _LONGEST_LINE) -> T:
    for content, _ in _answers(path, {"do": what}, first_s=within_s, deadline_s=within_s, longest=longest):
        try:
            return msgspec.json.decode(content, type=answer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _unreachable(path, error) from None
    raise UnreachableError(f"the node cannot be reached at {path}: it closed without a word")


def _answers(
    path: str, request: Mapping[str, str], *, first_s: float, deadline_s: float, longest: int = _LONGEST_LINE
) -> Iterator[tuple[bytes, int]]:
    began = time.monotonic()
    try:
        with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as line:
            line.settimeout(_CONNECT_S)
            line.connect(path)
            line.sendall(msgspec.json.encode(request) + b"\n")
            line.shutdown(socket.SHUT_WR)  # There is one question: the node closes when all of it is answered.
            for content in _lines(line, began, first_s, deadline_s, longest):
                yield content, int((time.monotonic() - began) * 1e9)
    except TimeoutError:
        raise UnreachableError(f"the node did not answer at {path} within {time.monotonic() - began:.1f} s") from None
    except (OSError, ValueError) as error:
        raise _unreachable(path, error) from None


def _unreachable(path: str, error: Exception) -> UnreachableError:
    return UnreachableError(f"the node cannot be reached at {path}: {getattr(error, 'strerror', None) or error}")


def _lines(line: socket.socket, began: float, first_s: float, deadline_s: float, longest: int) -> Iterator[bytes]:
    content = b""
    limit_s = first_s
    while True:
        left_s = began + limit_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        line.settimeout(left_s)
        block = line.recv(_READ_BYTES)
        if not block:
            return
        *whole, content = (content + block).split(b"\n")
        if len(content) > longest:
            raise ValueError("a line that does not end")
        for each in whole:
            limit_s = deadline_s
            yield each
