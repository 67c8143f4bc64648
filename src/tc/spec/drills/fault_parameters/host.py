"""The parameters of what is done to processes, files, disk, clock and strategy, and to the ops plane."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from tc.spec.grammar import AnyDecimal, PositiveDecimal, Seconds

MOST_MB = 65_536


class Sigterm(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The process is asked to end; proven when it is gone. What is no part of the run is started again to put it back."""


class Sigkill(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The process is ended at once; proven when it is gone. What is no part of the run is started again to put it back."""


class Sigstop(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The process is stopped, and does nothing until it is continued; proven when the kernel says that it is stopped."""


class MemoryGrowth(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The strategy takes memory, under a cap of its process; proven by what it counts, or by the end of the process."""

    mb: Annotated[int, Meta(title="Memory", description="So many MiB the strategy asks for.", ge=1, le=MOST_MB)] = 512
    cap_mb: Annotated[
        int,
        Meta(
            title="Cap", description="So many MiB more than it has may the process take before it is refused.", ge=1, le=MOST_MB
        ),
    ] = 256


class DiskFull(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The small disk under the run's artifacts is filled; proven by what the system says is left."""

    free_kb: Annotated[int, Meta(title="Left", description="So many KiB are left free.", ge=0, le=1 << 30)] = 0


class JournalTruncated(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The end of the journal is cut off; proven by bytes that differ from those that were there."""

    bytes: Annotated[int, Meta(title="Bytes", description="So many bytes are cut off its end.", ge=1, le=1 << 20)] = 200


class JournalBitFlipped(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One bit of the journal is flipped; proven by the byte that differs."""

    line: Annotated[
        Annotated[int, Meta(ge=2, le=1_000_000)] | None,
        Meta(
            title="Line",
            description="In which line, counted from the end: 2 is the last that another follows; null: by the drill's seed.",
        ),
    ] = None


class ClockJump(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The wall clock of supervisor and node jumps, by libfaketime; proven by the clock that the node itself tells.

    A clock that never goes back, as NautilusTrader's, stands still after a jump back until time has caught up with it.
    """

    seconds: Annotated[
        AnyDecimal,
        Meta(title="Seconds", description="How far it jumps; below zero, back. No jump is 0.", examples=["3", "-30"]),
    ]


class EventLoopBlock(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A handler of the strategy sleeps, so that nothing else in its node goes on; proven by what it counts."""

    seconds: Annotated[Seconds, Meta(title="Seconds", description="How long it sleeps each time.")] = "0.5"
    count: Annotated[int, Meta(title="Count", description="So many times.", ge=1, le=10_000)] = 10
    every_s: Annotated[Seconds, Meta(title="Every", description="Time from one sleep to the next, in seconds.")] = "1"


class RunawayOrders(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The strategy asks for orders as fast as it can, one way; proven by what it counts."""

    count: Annotated[int, Meta(title="Count", description="So many orders.", ge=1, le=10_000)] = 50
    quantity: Annotated[PositiveDecimal, Meta(title="Quantity", description="Of each order, in the base currency.")] = "0.05"


class KillSwitch(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The operator kills the run: `tc kill activate`. Put back with `tc kill clear`."""

    mode: Annotated[
        Literal["reduce", "halt", "halt_all", "flatten"], Meta(title="Mode", description="What may still be done.")
    ] = "flatten"
    reason: Annotated[str, Meta(title="Reason", description="Why; it is recorded.", min_length=1)] = "a drill"
    flattens_at_venue: Annotated[
        bool, Meta(title="At the venue", description="Cancel and close at the venue from outside as well.")
    ] = False


class Probe(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The venue is probed: `tc connectivity probe`."""

    count: Annotated[int, Meta(title="Count", description="So many attempts.", ge=1, le=1_000)] = 3
    timeout_ms: Annotated[int, Meta(title="Timeout", description="How long each may take.", ge=1, le=60_000)] = 500
    interval_ms: Annotated[int, Meta(title="Interval", description="Time between two attempts.", ge=0, le=60_000)] = 100


class ChangedCode(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One line is added to the strategy's code as the run recorded it; proven by bytes that differ."""


class ChangedConfiguration(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One bit of the configuration that the run recorded is flipped; proven by the byte that differs."""
