"""The parts of a RunSpec that the gate obeys: limits, rate and order of sending, deadlines, and what an operator does."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from tc.spec.grammar import EndOfDay, Fraction, Instant, PositiveDecimal, Seconds, TimeOfDay, instant_ns

MOST_MESSAGES = 1_000_000_000

GateMode = Literal["on", "observe", "off"]
ProfileName = Literal["cautious", "research", "standard"]
KillSwitch = Literal["none", "reduce", "halt", "halt_all", "flatten"]
CommandKind = Literal["CANCEL", "REPLACE", "NEW"]


class ThrottleSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """After so many executed orders within a window the strategy is off, until a person resets the throttle."""

    executions: Annotated[
        int,
        Meta(title="Executions", description="Executed orders that switch the strategy off.", ge=1, le=MOST_MESSAGES),
    ]
    window_s: Annotated[Seconds, Meta(title="Window", description="The window they are counted in, in seconds.")]


class SessionSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When orders may be opened or changed, every day, in UTC; a start behind the end goes over midnight."""

    start: Annotated[TimeOfDay, Meta(title="Start", description="First moment of the session.", examples=["08:00"])]
    end: Annotated[EndOfDay, Meta(title="End", description="Its end, exclusive; 24:00 is midnight.", examples=["16:30"])]


class RiskSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Pre-trade limits: a packaged profile, limits written out, or both; what is written replaces what the profile has.

    A limit that is left out is the profile's, and null says that it is knowingly off. Without a profile every limit is written.
    """

    profile: Annotated[
        ProfileName | None,
        Meta(title="Profile", description="The packaged limits that those written here replace; null: all are written here."),
    ] = None
    max_order_quantity: Annotated[
        PositiveDecimal | UnsetType | None,
        Meta(
            title="Largest order quantity",
            description="Largest quantity of one order, in the instrument's units.",
            examples=["1"],
        ),
    ] = UNSET
    max_order_notional: Annotated[
        PositiveDecimal | UnsetType | None,
        Meta(
            title="Largest order value",
            description="Largest value of one order, in the instrument's quote currency.",
            examples=["10000"],
        ),
    ] = UNSET
    max_position: Annotated[
        PositiveDecimal | UnsetType | None,
        Meta(
            title="Largest position",
            description="Largest position of either side, if all that is open, in flight and queued were filled.",
            examples=["5"],
        ),
    ] = UNSET
    max_gross_exposure: Annotated[
        PositiveDecimal | UnsetType | None,
        Meta(
            title="Largest gross exposure",
            description="Largest sum of the values of those positions over instruments, in the quote currency.",
            examples=["50000"],
        ),
    ] = UNSET
    price_collar: Annotated[
        Fraction | UnsetType | None,
        Meta(
            title="Price collar",
            description="Largest distance of a price from the reference price, as a fraction of it.",
            examples=["0.05"],
        ),
    ] = UNSET
    reference_max_age_s: Annotated[
        Seconds | UnsetType | None,
        Meta(
            title="Age of the reference",
            description="A reference price older than this is stale, and what needs one is denied; in seconds.",
            examples=["60"],
        ),
    ] = UNSET
    duplicate_window_s: Annotated[
        Seconds | UnsetType | None,
        Meta(
            title="Duplicate window",
            description="An order equal in all its terms to one admitted within this time is denied; in seconds.",
            examples=["1"],
        ),
    ] = UNSET
    throttle: Annotated[
        ThrottleSpec | UnsetType | None,
        Meta(title="Throttle", description="Switches a strategy off that executes too often, until a person resets it."),
    ] = UNSET
    max_daily_messages: Annotated[
        Annotated[int, Meta(ge=1, le=MOST_MESSAGES)] | UnsetType | None,
        Meta(
            title="Daily messages",
            description="Most commands admitted in one UTC day; a CANCEL counts, and is never denied by it.",
            examples=[50000],
        ),
    ] = UNSET
    session: Annotated[
        SessionSpec | UnsetType | None,
        Meta(title="Session", description="When orders may be opened or changed; a CANCEL may be sent at any time."),
    ] = UNSET


LIMITS = tuple(name for name in RiskSpec.__struct_fields__ if name != "profile")


class RateSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How fast commands are sent: messages are earned evenly over the period, and saved up to the burst."""

    messages: Annotated[
        int,
        Meta(title="Messages", description="Messages that may be sent in each period.", ge=1, le=MOST_MESSAGES),
    ]
    period_s: Annotated[Seconds, Meta(title="Period", description="The period, in seconds.", examples=["1"])]
    burst: Annotated[
        int,
        Meta(title="Burst", description="Messages that may be sent at once after a pause.", ge=1, le=MOST_MESSAGES),
    ]


class ExecutionSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How fast, and in which order, admitted commands are sent. What waits is never denied for waiting."""

    rate: Annotated[
        RateSpec | None,
        Meta(title="Rate", description="The venue's message rate; null sends at once."),
    ] = None
    priority: Annotated[
        tuple[CommandKind, ...],
        Meta(
            title="Priority",
            description="Which kind of command goes first when several wait; equal kinds go in the order they were admitted.",
            min_length=3,
            max_length=3,
        ),
    ] = ("CANCEL", "REPLACE", "NEW")


class TimingSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Deadlines that are watched; null turns one off."""

    acknowledgement_timeout_s: Annotated[
        Seconds | None,
        Meta(title="Acknowledgement time-out", description="A command unanswered for so many seconds is in doubt."),
    ] = None
    stale_feed_s: Annotated[
        Seconds | None,
        Meta(title="Stale feed", description="An instrument without market data for so many seconds is noted as stale."),
    ] = None
    heartbeat_s: Annotated[
        Seconds | None,
        Meta(title="Heartbeat", description="A sign of life is recorded every so many seconds."),
    ] = None
    kill_switch_review_s: Annotated[
        Seconds | None,
        Meta(title="Kill switch review", description="While the kill switch is set, a reminder every so many seconds."),
    ] = None


class OperationSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that an operator does during the run: sets the kill switch, or resets the throttle."""

    at: Annotated[
        Instant,
        Meta(title="At", description="When, in UTC.", examples=["2024-01-01T10:00:00Z"]),
    ]
    kill_switch: Annotated[
        KillSwitch | None,
        Meta(title="Kill switch", description="The mode that the kill switch is set to; none releases it.", examples=["reduce"]),
    ] = None
    reset_throttle: Annotated[
        bool,
        Meta(title="Reset throttle", description="True re-enables a strategy that the throttle has switched off."),
    ] = False
    reason: Annotated[
        str,
        Meta(title="Reason", description="Why, for those who read the run.", examples=["end of the test"], min_length=1),
    ]

    @property
    def at_ns(self) -> int:
        """When it is done, in nanoseconds since the epoch."""
        return instant_ns(self.at)
