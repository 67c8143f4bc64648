"""`tc run` of a paper spec, outside the node: starts the venue and the node, watches both, and leaves no orphan."""

import math
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from tc.errors import EngineError, ExitCode, TcError, UnreachableError
from tc.flows.paper.children import Child
from tc.ports import OnStop
from tc.redaction import redacted

_PAUSE_S = 0.05
_VENUE_READY_S = 20.0
_VENUE_ENDS_S = 5.0
OWN_FILES_S = 1800.0
"""So long may a node replay its journal, or report and seal it: it has no line to its venue then."""

_HINT_RESUME = "`tc run --resume RUN` goes on with the run, on what its venue has."
_NOTHING_THERE = "It had recorded nothing yet: run the spec again."

_HAS_A_LINE = "starting"
"""The state from which on a node talks to its venue: one that says before it why it ends has asked nothing of anybody."""

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
    secrets
        The values in it that are keys: they are in nothing that is told of either process.
    start_deadline_s, stop_deadline_s
        How long the node may take to trade, and to end.
    on_stop
        What becomes of orders and positions.
    is_on_record
        Whether the node has made a run directory: one that has not left no log and nothing that could go on.

    """

    node_command: Callable[[str], Sequence[str]]
    venue_command: Sequence[str] | None
    venue_url: str
    environment: Mapping[str, str]
    start_deadline_s: float
    stop_deadline_s: float
    on_stop: OnStop
    secrets: Sequence[str] = ()
    is_on_record: Callable[[], bool] = lambda: True


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
        What was done about that from here, and what is left.
    is_settled
        Whether anything was done from here: also where a run failed, whose node may be wrong about its orders.
    is_nobody_there
        Whether the node never traded and nobody listened at its venue: there was nobody to ask then.

    """

    how: Literal["ended", "late", "died", "hung", "interrupted", "alone"] = "died"
    finished: Mapping[str, Any] | None = None
    exit_code: int = int(ExitCode.ENGINE)
    error: TcError | None = None
    unsettled: tuple[str, ...] = ()
    settled: tuple[str, ...] = ()
    is_settled: bool = False
    states: list[str] = field(default_factory=list)
    is_nobody_there: bool = False


def supervise(
    plan: Supervision,
    *,
    on_node: Callable[[str, int], None],
    on_state: Callable[[str], None],
    should_stop: Callable[[], bool],
    look: Callable[[], None],
    is_silent: Callable[[str], bool],
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
    is_silent
        Whether nobody listens at a venue's URL: where the node never came to trade for that, nobody is asked again.
    settle
        Does what the node left undone.
    before_the_end
        Called when the node has ended and the venue still runs: the time to look at it.

    Raises
    ------
    UnreachableError
        The embedded venue did not start.

    """
    venue = None if plan.venue_command is None else Child(plan.venue_command, plan.environment, plan.secrets)
    try:
        url = plan.venue_url if venue is None else _ready(venue)
        watching = _Watching(plan, venue, on_state=on_state, should_stop=should_stop, look=look)
        supervised = _node(watching, url, on_node)
        _afterwards(supervised, url, plan, is_silent=is_silent, settle=settle, before_the_end=before_the_end)
        return supervised
    finally:
        if venue is not None:
            venue.end(within_s=_VENUE_ENDS_S)


def _afterwards(
    supervised: Supervised,
    url: str,
    plan: Supervision,
    *,
    is_silent: Callable[[str], bool],
    settle: Settle,
    before_the_end: Callable[[Supervised, str], None],
) -> None:
    """Do what the node left undone, and look at the venue while it still runs."""
    supervised.is_nobody_there = _never_came_to_trade(supervised) and is_silent(url)
    if supervised.is_nobody_there:
        supervised.exit_code = int(ExitCode.UNREACHABLE)
        supervised.settled = (f"nobody listens at {url}: what is open and held there is unknown",)
    elif _is_in_doubt(supervised) and plan.on_stop != "leave" and supervised.how != "alone":
        supervised.settled, supervised.is_settled = _settled(settle, url, plan.on_stop), True
    with suppress(TcError):  # What could not be asked or kept changes nothing of how the run ended.
        before_the_end(supervised, url)


def _never_came_to_trade(supervised: Supervised) -> bool:
    """Whether the node meant to trade, and ended before it did: asked to end, it said another status."""
    if supervised.how == "ended":
        return "trading" not in supervised.states and (supervised.finished or {}).get("status") == "failed"
    return supervised.how == "late"


def _is_in_doubt(supervised: Supervised) -> bool:
    """Whether orders or positions may be otherwise than ``on_stop`` says: what failed in a node may have misled it."""
    return bool(supervised.unsettled) or (supervised.finished or {}).get("status") == "failed"


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
    plan = watching.plan
    node = Child(plan.node_command(url), plan.environment, plan.secrets)
    try:
        on_node(url, node.pid)
        _watch(node, supervised, watching)
    except KeyboardInterrupt:
        supervised.how = "interrupted"
    finally:
        node.end(within_s=0.0)
    _judge(node, supervised, is_on_record=plan.is_on_record())
    return supervised


class _Deadlines:
    """By when a node has to trade, and by when to end.

    Neither counts while it only works on its own files, when nothing can be sent: to replay or to report what took days takes
    minutes.
    """

    def __init__(self, plan: Supervision) -> None:
        self._plan = plan
        self._is_replaying = False
        self.starts_by = time.monotonic() + plan.start_deadline_s
        self.ends_by = math.inf

    def note(self, state: str) -> None:
        """Take note of a node's state."""
        now = time.monotonic()
        if state == "replaying":
            self._is_replaying, self.starts_by = True, now + OWN_FILES_S
        elif state == "starting" and self._is_replaying:
            self.starts_by = now + self._plan.start_deadline_s
        elif state == "trading":
            self.starts_by = math.inf
        elif state == "stopping":
            self.stop()
        elif state == "stopped":
            self.starts_by, self.ends_by = math.inf, now + OWN_FILES_S

    def stop(self) -> None:
        """Begin to count the time that it may take to end, unless that has begun."""
        self.starts_by = math.inf
        self.ends_by = min(self.ends_by, time.monotonic() + self._plan.stop_deadline_s)

    @property
    def is_ending(self) -> bool:
        """Whether it is to end."""
        return self.ends_by < math.inf


def _watch(node: Child, supervised: Supervised, watching: _Watching) -> None:
    """Hear the node out until it has ended; end it when a deadline passes."""
    deadlines = _Deadlines(watching.plan)

    def on_state(state: str) -> None:
        deadlines.note(state)
        watching.on_state(state)

    while node.exit_code is None:
        line = node.heard(_PAUSE_S)
        if line is not None:
            _note(line, supervised, on_state, watching.plan.secrets)
        if watching.is_venue_gone() and supervised.finished is None and "stopped" not in supervised.states:
            supervised.how = "alone"
            node.kill()
        elif not deadlines.is_ending and watching.should_stop():
            deadlines.stop()
            node.ask_to_stop()
        elif time.monotonic() > deadlines.ends_by:
            supervised.how = "hung"
            node.kill()
        elif time.monotonic() > deadlines.starts_by and supervised.finished is None:
            supervised.how = "late"
            node.kill()
        elif "trading" in supervised.states and not deadlines.is_ending:
            watching.look()
    for line in node.rest():
        _note(line, supervised, watching.on_state, watching.plan.secrets)


def _note(line: Mapping[str, Any], supervised: Supervised, on_state: Callable[[str], None], secrets: Sequence[str]) -> None:
    if "state" in line:
        supervised.states.append(str(line["state"]))
        on_state(str(line["state"]))
    if "finished" in line:
        supervised.how, supervised.finished = "ended", line["finished"]
        supervised.unsettled = tuple(line.get("unsettled", ()))
    if "error" in line:
        error = line["error"]
        supervised.error = TcError(redacted(str(error["message"]), secrets), hint=str(error["hint"]))


def _judge(node: Child, supervised: Supervised, *, is_on_record: bool) -> None:
    """Say how it ended, and with which exit code."""
    code = node.exit_code
    if supervised.how != "ended" and (supervised.error is None or _HAS_A_LINE in supervised.states):
        supervised.unsettled = ("the node ended without a word about its orders and positions",)
    if supervised.how == "ended" or (supervised.error is not None and code is not None and code > 0):
        supervised.exit_code = code if code is not None and code >= 0 else int(ExitCode.ENGINE)
        return
    supervised.error = _why(supervised.how, code, node.last_words(), is_on_record=is_on_record)
    if supervised.how == "died" and "trading" not in supervised.states:
        supervised.error = UnreachableError(f"{supervised.error.message}; it never traded", hint=supervised.error.hint)
    supervised.exit_code = int(supervised.error.exit_code)


def _why(how: str, code: int | None, words: str, *, is_on_record: bool) -> TcError:
    """Say why a node ended of which nothing else is known."""
    log = "The node's log is in the run directory, under logs/." if is_on_record else _NOTHING_THERE
    if how == "late":
        return UnreachableError(
            f"the node did not trade within its start deadline{_quoted(words)}", hint=f"Is the venue there? {log}"
        )
    if how == "alone":
        return UnreachableError("the embedded venue died, and the node was ended with it", hint=_HINT_RESUME)
    hint = f"{_HINT_RESUME} Or `tc runs recover RUN` seals what there is of it. {log}" if is_on_record else _NOTHING_THERE
    hows = {"hung": "did not end within its stop deadline", "interrupted": "was ended at once, by a second interrupt"}
    return EngineError(f"the node {hows.get(how, _ended_with(code))}{_quoted(words)}", hint=hint)


def _ended_with(code: int | None) -> str:
    """Return how a process ended, in words: by whose signal, or with which code."""
    if code is None or code >= 0:
        return f"ended by itself with code {code}"
    with suppress(ValueError):
        return f"was ended by signal {-code} ({signal.Signals(-code).name})"
    return f"was ended by signal {-code}"


def _quoted(words: str) -> str:
    """Return the last line of what a process wrote to standard error, as what it is: it need not be why it ended."""
    return f" (the last line of its standard error: {words.splitlines()[-1]})" if words else ""
