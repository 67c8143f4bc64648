"""Control events: the life of the run itself, and of the engine's components."""

from tc.core.events.fact import EngineFact, Fact

STREAM_SCHEMA = 1
"""The version of the events' schema; a stream of another version is refused, never guessed at."""


class RunStarted(Fact, frozen=True):
    """The first entry of every stream: names the configuration that the stream is processed under.

    Parameters
    ----------
    at_ns
        Local stamp, in nanoseconds since the epoch: the start of the data in a backtest.
    schema
        Version of the events' schema, `STREAM_SCHEMA`.
    configuration
        Fingerprint of the CoreConfiguration, hex.

    """

    schema: int
    configuration: str


class RunResumed(Fact, frozen=True):
    """A run that had crashed goes on from here, in a process of its own.

    Up to the next `SnapshotTaken` nothing trades: the order events between the two are recovered, from what the venue says became
    meanwhile of what was open or in doubt.

    Parameters
    ----------
    at_ns
        Local stamp, in nanoseconds since the epoch.
    segment
        Which part of the run begins, from 2: the first needs no such event.
    reason
        How the part before it ended, as far as that is known.

    """

    segment: int
    reason: str


class RunCompleted(Fact, frozen=True):
    """The run reached the end of its data."""


class RunStopped(Fact, frozen=True):
    """The run was asked to stop before the end of its data, and did."""

    reason: str


class RunFailed(Fact, frozen=True):
    """The engine or the strategy raised; ``error`` is the exception's type, its text stays outside the hashed body."""

    error: str


class TradingStateChanged(EngineFact, frozen=True):
    """The engine's trading state changed: ``ACTIVE``, ``REDUCING`` or ``HALTED``."""

    trading_state: str


class ComponentStateChanged(EngineFact, frozen=True):
    """A component of the engine (a strategy, an engine, a client) moved to another state of its life."""

    component_id: str
    component_type: str
    component_state: str
