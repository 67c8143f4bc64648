"""`tc run` of a paper spec, outside the node: starts the venue and the node, watches both, and leaves no orphan."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from tc.errors import EngineError, ExitCode, TcError, UnreachableError
from tc.flows.children import Child
from tc.ports import OnStop

_PAUSE_S = 0.05
_VENUE_READY_S = 20.0
_VENUE_ENDS_S = 5.0

Settle = Callable[[str, OnStop], Sequence[str]]
"""Does at a venue, by its URL, what a node left undone, over a line of its own; returns what it did, in words."""


@dataclass(frozen=True, slots=True)
class Supervision:
    """What is supervised.

    Parameters
    ----------
    node_command
        Returns the command that runs the node, given the venue's URL.
    venue_command
        The command that runs the embedded venue; None when ``venue_url`` is one that runs already.
    venue_url
        Where that one is.
    environment
        What both processes are given as their environment.
    start_deadline_s, stop_deadline_s
        How long the node may take to trade, and to end.
    on_stop
        What becomes of orders and positions.

    """

    node_command: Callable[[str], Sequence[str]]
    venue_command: Sequence[str] | None
    venue_url: str
    environment: Mapping[str, str]
    start_deadline_s: float
    stop_deadline_s: float
    on_stop: OnStop


@dataclass(slots=True)
class Supervised:
    """How a paper run ended, seen from outside.

    Parameters
    ----------
    how
        ``ended`` by itself or as asked, with what it said; ``late``: it did not trade in time; ``died``; ``hung``: it was ended
        by force, because it did not stop in time; ``interrupted``: at once, because somebody asked a second time; ``alone``:
        because its embedded venue had died, so that the run can go on when that is started again.
    finished
        What the node said of its sealed run; None when it said nothing.
    unsettled
        What of ``on_stop`` the node could not do or confirm.
    settled
        What was done about that from here.

    """

    how: Literal["ended", "late", "died", "hung", "interrupted", "alone"] = "died"
    finished: Mapping[str, Any] | None = None
    exit_code: int = int(ExitCode.ENGINE)
    error: TcError | None = None
    unsettled: tuple[str, ...] = ()
    settled: tuple[str, ...] = ()
    states: list[str] = field(default_factory=list)


def supervise(
    plan: Supervision,
    *,
    on_node: Callable[[str, int], None],
    on_state: Callable[[str], None],
    should_stop: Callable[[], bool],
    look: Callable[[], None],
    settle: Settle,
    before_the_end: Callable[[Supervised, str], None],
) -> Supervised:
    """Run venue and node until the node has ended; what happens to either is noted, not raised.

    Parameters
    ----------
    plan
        What is supervised.
    on_node
        Called with the venue's URL and the node's process id, once it is started.
    on_state
        Called with each state that the node reports.
    should_stop
        Whether somebody asked the run to stop.
    look
        Called many times a second while the node trades; it must not wait for anything.
    settle
        Does what the node left undone.
    before_the_end
        Called when the node has ended and the venue still runs: the time to look at it.

    Raises
    ------
    UnreachableError
        The embedded venue did not start.

    """
    venue = None if plan.venue_command is None else Child(plan.venue_command, plan.environment)
    try:
        url = plan.venue_url if venue is None else _ready(venue)
        watching = _Watching(plan, venue, on_state=on_state, should_stop=should_stop, look=look)
        supervised = _node(watching, url, on_node)
        if supervised.unsettled and plan.on_stop != "leave" and supervised.how != "alone":
            supervised.settled = _settled(settle, url, plan.on_stop)
        with suppress(TcError):  # What could not be asked or kept changes nothing of how the run ended.
            before_the_end(supervised, url)
        return supervised
    finally:
        if venue is not None:
            venue.end(within_s=_VENUE_ENDS_S)


def _settled(settle: Settle, url: str, on_stop: OnStop) -> tuple[str, ...]:
    try:
        return tuple(settle(url, on_stop))
    except TcError as error:  # How the run ended must be told all the same.
        return (error.message,)


def _ready(venue: Child) -> str:
    """Wait for the venue's first line, and return where it listens."""
    ready_by = time.monotonic() + _VENUE_READY_S
    line = None
    while line is None and venue.exit_code is None and time.monotonic() < ready_by:
        line = venue.heard(_PAUSE_S)
    if line is None or not line.get("ready"):
        venue.end(within_s=0.0)
        raise UnreachableError(
            f"the embedded venue did not start: {venue.last_words() or 'it said nothing'}",
            hint="`tc venue serve` starts it by itself and shows what is wrong.",
        )
    return str(line["url"])


@dataclass(frozen=True, slots=True)
class _Watching:
    """What a node is watched with."""

    plan: Supervision
    venue: Child | None
    on_state: Callable[[str], None]
    should_stop: Callable[[], bool]
    look: Callable[[], None]

    def is_venue_gone(self) -> bool:
        """Whether the embedded venue has ended."""
        return self.venue is not None and self.venue.exit_code is not None


def _node(watching: _Watching, url: str, on_node: Callable[[str, int], None]) -> Supervised:
    supervised = Supervised()
    node = Child(watching.plan.node_command(url), watching.plan.environment)
    try:
        on_node(url, node.pid)
        _watch(node, supervised, watching)
    except KeyboardInterrupt:
        supervised.how = "interrupted"
    finally:
        node.end(within_s=0.0)
    _judge(node, supervised)
    return supervised


def _watch(node: Child, supervised: Supervised, watching: _Watching) -> None:
    """Hear the node out until it has ended; end it when a deadline passes."""
    plan = watching.plan
    starts_by = time.monotonic() + plan.start_deadline_s
    ends_by: float | None = None
    while node.exit_code is None:
        line = node.heard(_PAUSE_S)
        if line is not None:
            _note(line, supervised, watching.on_state)
        is_ending = "stopping" in supervised.states
        is_trading = "trading" in supervised.states
        if watching.is_venue_gone() and supervised.finished is None:
            supervised.how = "alone"
            node.kill()
        elif ends_by is None and (is_ending or watching.should_stop()):
            ends_by = time.monotonic() + plan.stop_deadline_s
            if not is_ending:
                node.ask_to_stop()
        if ends_by is not None and time.monotonic() > ends_by:
            supervised.how = "hung"
            node.kill()
        elif ends_by is None and is_trading:
            watching.look()
        elif ends_by is None and time.monotonic() > starts_by and supervised.finished is None:
            supervised.how = "late"
            node.kill()
    for line in node.rest():
        _note(line, supervised, watching.on_state)


def _note(line: Mapping[str, Any], supervised: Supervised, on_state: Callable[[str], None]) -> None:
    if "state" in line:
        supervised.states.append(str(line["state"]))
        on_state(str(line["state"]))
    if "finished" in line:
        supervised.how, supervised.finished = "ended", line["finished"]
        supervised.unsettled = tuple(line.get("unsettled", ()))
    if "error" in line:
        error = line["error"]
        supervised.error = TcError(str(error["message"]), hint=str(error["hint"]))


def _judge(node: Child, supervised: Supervised) -> None:
    """Say how it ended, and with which exit code."""
    code = node.exit_code
    if supervised.how == "ended" or (supervised.error is not None and code is not None and code > 0):
        supervised.exit_code = code if code is not None and code >= 0 else int(ExitCode.ENGINE)
        return
    supervised.unsettled = ("the node ended without a word about its orders and positions",)
    words = node.last_words()
    said = f": {words.splitlines()[-1]}" if words else ""
    if supervised.how == "late":
        supervised.exit_code = int(ExitCode.UNREACHABLE)
        supervised.error = UnreachableError(
            f"the node did not trade within its start deadline{said}",
            hint="Is the venue there? The node's log is in the run directory, under logs/.",
        )
        return
    if supervised.how == "alone":
        supervised.exit_code = int(ExitCode.UNREACHABLE)
        supervised.error = UnreachableError(
            "the embedded venue died, and the node was ended with it",
            hint="`tc run --resume RUN` goes on with the run, on what the venue had kept.",
        )
        return
    hows = {"hung": "did not end within its stop deadline", "interrupted": "was ended at once, by a second interrupt"}
    how = hows.get(supervised.how, f"ended by itself with code {code}")
    supervised.exit_code = int(ExitCode.ENGINE)
    supervised.error = EngineError(
        f"the node {how}{said}", hint="`tc runs recover` makes its run directory whole; the node's log is under logs/."
    )
