"""The parts of a RunSpec that only a paper run has: the node, the venue it trades on, and how it ends."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from tc.spec.grammar import EnvironmentName, RelativeFile, Seconds, Speed, TraderId

MOST_BLOCK_ROWS = 1_000_000

OnStop = Literal["leave", "cancel", "flatten"]


class MarketDataSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the market of the embedded venue is made of."""

    source: Annotated[
        Literal["generator", "recording"],
        Meta(title="Source", description="generator makes a market of the run's seed; recording plays a recorded raw stream."),
    ] = "generator"
    recording: Annotated[
        RelativeFile | None,
        Meta(
            title="Recording",
            description="The file of the recorded raw stream, relative to the folder of this document.",
            examples=["usdm_btcusdt_20240808.gz"],
        ),
    ] = None
    speed: Annotated[Speed, Meta(title="Speed", description="How many times as fast as real time.", examples=["10"])] = "1"
    at_end: Annotated[
        Literal["loop", "stop"],
        Meta(title="At the end", description="What the venue does at the end of a recording: play it again, or fall silent."),
    ] = "loop"


class ReconciliationSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the journal is compared with the venue while the run goes on."""

    every_s: Annotated[
        Seconds | None,
        Meta(title="Every", description="Time between two comparisons, in seconds; null compares at the end only."),
    ] = "30"
    on_mismatch: Annotated[
        Literal["block", "report"],
        Meta(title="On a mismatch", description="block denies every new risk until a person clears it; report only tells."),
    ] = "block"


class TapeSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The market data that the node sees, kept in the run directory; when it stops, the run goes on without it."""

    keep: Annotated[
        bool,
        Meta(title="Keep", description="Whether rows are kept; they are numbered in the Event Stream either way."),
    ] = True
    block_rows: Annotated[
        int,
        Meta(title="Block rows", description="A block is written when it has so many rows.", ge=1, le=MOST_BLOCK_ROWS),
    ] = 4096
    block_s: Annotated[
        Seconds,
        Meta(title="Block seconds", description="… or is so old. A node that is killed loses its unfinished block."),
    ] = "10"
    max_mb: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(title="Budget", description="The tape stops before it is larger than so many million bytes; null: no limit."),
    ] = 2000
    min_free_mb: Annotated[
        int,
        Meta(title="Free space", description="The tape stops before less than so many million bytes of the disk are free.", ge=0),
    ] = 500


class NodeSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The trading node of a paper run: its venue, its keys by the names of environment variables, and its deadlines.

    Orders and signed requests go to loopback only; a testnet needs ``environment: testnet`` here and consent at the command.
    """

    venue: Annotated[
        Literal["embedded"] | None,
        Meta(title="Venue", description="embedded starts the loopback exchange for the run; null when venue_url names one."),
    ] = None
    venue_url: Annotated[
        str | None,
        Meta(
            title="Venue URL",
            description="The exchange to trade on, when it is not embedded; of an attached node, the one that it must trade on.",
            examples=["http://127.0.0.1:18080"],
        ),
    ] = None
    environment: Annotated[
        Literal["loopback", "testnet"],
        Meta(title="Environment", description="Where orders may go. There is no live environment."),
    ] = "loopback"
    api_key: Annotated[
        EnvironmentName,
        Meta(title="API key", description="The name of the environment variable that holds the key; never the key itself."),
    ] = "TC_VENUE_API_KEY"
    api_secret: Annotated[
        EnvironmentName,
        Meta(title="API secret", description="The name of the environment variable that holds the secret."),
    ] = "TC_VENUE_API_SECRET"  # noqa: S105 - where it is, not what it is
    trader_id: Annotated[
        TraderId,
        Meta(title="Trader id", description="The node's trader id; client order ids begin with its tag.", examples=["TC-001"]),
    ] = "TC-001"
    start_deadline_s: Annotated[
        Seconds,
        Meta(title="Start deadline", description="A node that does not trade after so many seconds is ended and reported."),
    ] = "30"
    stop_deadline_s: Annotated[
        Seconds,
        Meta(title="Stop deadline", description="A node that has not ended so long after it was asked to is ended by force."),
    ] = "15"
    min_free_mb: Annotated[
        int,
        Meta(
            title="Free space",
            description="The run is stopped before less than so many million bytes of its disk are free; 0: it never is.",
            ge=0,
        ),
    ] = 200
    market_data: Annotated[
        MarketDataSpec,
        Meta(title="Market data", description="What the market of the embedded venue is made of."),
    ] = MarketDataSpec()
    reconciliation: Annotated[
        ReconciliationSpec,
        Meta(title="Reconciliation", description="How the journal is compared with the venue."),
    ] = ReconciliationSpec()
    tape: Annotated[
        TapeSpec,
        Meta(title="Tape", description="How the market data that the node sees is kept."),
    ] = TapeSpec()


class StopSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a paper run ends by itself, and what becomes of its orders and positions then, however it ends."""

    duration_s: Annotated[
        Seconds | None,
        Meta(title="Duration", description="The run completes after so many seconds of trading; null runs until it is stopped."),
    ] = None
    on_stop: Annotated[
        OnStop,
        Meta(
            title="On stop",
            description="cancel ends the open orders; flatten closes positions as well; leave touches nothing.",
        ),
    ] = "cancel"
