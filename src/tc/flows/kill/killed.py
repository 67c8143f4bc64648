"""What a kill came to: on disk, in each node, and at the venue."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

from tc.core.events import KillMode
from tc.store.kill_switch import Change, Scope
from tc.store.processes import ProcessState

type PathOutcome = Literal["done", "failed", "unavailable", "ended", "not needed"]
"""It did what was asked; it did not; there is no such path; its embedded venue has ended; another one was enough."""


@dataclass(frozen=True, slots=True)
class PathTaken:
    """What one path came to: in words, and how long it took."""

    outcome: PathOutcome
    words: str
    latency_ns: int = 0


@dataclass(frozen=True, slots=True)
class VenueFlatten:
    """What a flatten from outside came to: whether the venue itself says flat, in words, and how long it took."""

    is_flat: bool
    words: str
    latency_ns: int


@dataclass(frozen=True, slots=True)
class VenueAccess:
    """What is needed to flatten from outside.

    Parameters
    ----------
    run_id
        Whose supervisor holds the keys, too, and whose embedded venue it may be.
    venue_url, environment, api_key_env, api_secret_env
        Where, and the names of the environment variables that hold the keys; an empty URL where nothing may be sent.

    """

    run_id: str
    venue_url: str
    environment: str
    api_key_env: str
    api_secret_env: str

    @property
    def account(self) -> tuple[str, ...]:
        """What tells one account from another."""
        return (self.venue_url, self.environment, self.api_key_env, self.api_secret_env)


@dataclass(frozen=True, slots=True)
class Outside:
    """How the venue is reached from here.

    Parameters
    ----------
    has_ended
        Whether it was embedded in the run and has ended: whoever has its port now is somebody else.
    is_silent
        Whether nobody listens there now.
    unavailable
        Why nothing can be sent there from here, or an empty text.
    flatten
        The flatten itself, given up as soon as what it is given says so; it tells what it does.

    """

    has_ended: Callable[[VenueAccess], bool]
    is_silent: Callable[[VenueAccess], bool]
    unavailable: Callable[[VenueAccess], str]
    flatten: Callable[[VenueAccess, Callable[[], bool], Callable[[str], None]], VenueFlatten]


@dataclass(frozen=True, slots=True)
class StoppedNode:
    """What was done about one node.

    Parameters
    ----------
    run_id, name, pid, process
        Which it is, and whether its process runs; a process of 0 is not known.
    by_socket, at_venue
        What the node was told, and what was done without it.
    is_confirmed
        Whether the node, the venue, or the absence of a process says that it is as asked.
    advice
        What a person should do next; empty when there is nothing.

    """

    run_id: str
    name: str
    pid: int
    process: ProcessState
    by_socket: PathTaken
    at_venue: PathTaken
    is_confirmed: bool
    advice: str


@dataclass(frozen=True, slots=True)
class Killed:
    """What an activation came to.

    Parameters
    ----------
    scope, mode
        What was asked.
    change, problem
        What became of the switch on disk, or why nothing did; ``latency_ns`` is how long that took.
    nodes
        What was done about each node that runs, or whose document is still there, and about each run that has none.
    notes
        Why other documents of nodes cannot be read.

    """

    scope: Scope
    mode: KillMode
    change: Change | None
    problem: str
    latency_ns: int
    nodes: tuple[StoppedNode, ...]
    notes: tuple[str, ...]

    @property
    def is_on_disk(self) -> bool:
        """Whether the switch holds on disk at least what was asked for."""
        return self.change is not None and self.change.outcome != "in_doubt"

    @property
    def is_confirmed(self) -> bool:
        """Whether every node is known to be as asked."""
        return all(node.is_confirmed for node in self.nodes) and not self.notes

    def to_dict(self) -> dict[str, object]:
        """Return the JSON object that ``--json`` shows."""
        return {
            "scope": self.scope.kind,
            "value": self.scope.value,
            "mode": self.mode,
            "change": None if self.change is None else self.change.to_dict(),
            "problem": self.problem,
            "latency_ns": self.latency_ns,
            "nodes": [asdict(node) for node in self.nodes],
            "notes": list(self.notes),
            "is_on_disk": self.is_on_disk,
            "is_confirmed": self.is_confirmed,
        }
