"""RunSpec, version 1: the document that says what a run is."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from tc.errors import DocumentError
from tc.spec.connectivity_spec import ConnectivityReadinessSpec
from tc.spec.gate_spec import ExecutionSpec, GateMode, OperationSpec, RiskSpec, TimingSpec
from tc.spec.grammar import (
    ClassPath,
    CurrencyCode,
    DatasetId,
    Instant,
    InstrumentId,
    Leverage,
    Money,
    Rate,
    RunName,
    Seconds,
    Sha256,
    VenueName,
    instant_ns,
)
from tc.spec.paper_spec import NodeSpec, StopSpec

SPEC_VERSION = 1
LARGEST_INTEGER = 2**63 - 1
MOST_SAMPLES = 100_000


class FeesSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the venue charges, as fractions of the traded value; a negative rate is a rebate."""

    maker: Annotated[Rate, Meta(title="Maker fee", description="Charged when the order rested in the book.", examples=["0.0002"])]
    taker: Annotated[Rate, Meta(title="Taker fee", description="Charged when the order took liquidity.", examples=["0.0004"])]


class VenueSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The simulated venue and the account on it."""

    name: Annotated[
        VenueName,
        Meta(title="Venue", description="The part of the instrument's id after the dot.", examples=["BINANCE"]),
    ]
    account_type: Annotated[
        Literal["cash", "margin"],
        Meta(title="Account type", description="A cash account trades what it owns; derivatives need a margin account."),
    ]
    oms_type: Annotated[
        Literal["netting", "hedging"],
        Meta(
            title="Position keeping",
            description="One position per instrument (netting), or one per opening order (hedging, with gate: off).",
        ),
    ]
    starting_balances: Annotated[
        tuple[Money, ...],
        Meta(
            title="Starting balances",
            description="What the account holds at the start: one amount for each currency.",
            examples=[["100000 USDT"]],
            min_length=1,
        ),
    ]
    base_currency: Annotated[
        CurrencyCode | None,
        Meta(title="Base currency", description="Set for an account that holds this one currency only; null holds many."),
    ] = None
    default_leverage: Annotated[
        Leverage,
        Meta(
            title="Leverage",
            description="Leverage of a margin account, at least 1; the embedded venue of a paper run takes a whole one to 125. "
            "A venue that venue_url names is not told it: the account there keeps its own.",
            examples=["10"],
        ),
    ] = "1"
    fees: Annotated[
        FeesSpec | None,
        Meta(title="Fees", description="Replaces the instrument's fees; null keeps them."),
    ] = None


class StrategySpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What trades: a packaged scenario, the path of a NautilusTrader strategy, or a Core-native strategy. Exactly one of them."""

    scenario: Annotated[
        Literal["ops_smoke_demo"] | None,
        Meta(title="Scenario", description="The name of a packaged scenario."),
    ] = None
    parameters: Annotated[
        dict[str, Any],
        Meta(title="Parameters", description="Parameters of the scenario or of the core strategy."),
    ] = field(default_factory=dict)
    path: Annotated[
        ClassPath | None,
        Meta(
            title="Strategy class",
            description="An unmodified NautilusTrader strategy, as module:Class.",
            examples=["nautilus_trader.examples.strategies.ema_cross:EMACross"],
        ),
    ] = None
    config_path: Annotated[
        ClassPath | None,
        Meta(
            title="Config class",
            description="The strategy's config, as module:Class; null creates the strategy without one.",
            examples=["nautilus_trader.examples.strategies.ema_cross:EMACrossConfig"],
        ),
    ] = None
    config: Annotated[
        dict[str, Any],
        Meta(title="Config", description="The fields of the config class."),
    ] = field(default_factory=dict)
    python_path: Annotated[
        tuple[Annotated[str, Meta(min_length=1)], ...],
        Meta(
            title="Python path",
            description="Folders to import the strategy from, relative to the folder of this document.",
            examples=[["."]],
        ),
    ] = ()
    core: Annotated[
        ClassPath | None,
        Meta(
            title="Core strategy",
            description="A Core-native strategy, as module:Class; it runs on every engine.",
            examples=["my_strategies.quoter:Quoter"],
        ),
    ] = None


class DataSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which rows of which dataset are played."""

    dataset: Annotated[
        DatasetId,
        Meta(title="Dataset", description="The id of a dataset; `tc data list` shows them.", examples=["btcusdt-1m-sample"]),
    ]
    fingerprint: Annotated[
        Sha256 | None,
        Meta(title="Fingerprint", description="When given, the run is refused unless the dataset has this fingerprint."),
    ] = None
    start: Annotated[
        Instant | None,
        Meta(title="Start", description="First instant played, inclusive, in UTC; null starts with the first row."),
    ] = None
    end: Annotated[
        Instant | None,
        Meta(title="End", description="End of what is played, exclusive, in UTC; null ends with the last row."),
    ] = None

    @property
    def start_ns(self) -> int | None:
        """The first instant played, in nanoseconds since the epoch."""
        return None if self.start is None else instant_ns(self.start)

    @property
    def end_ns(self) -> int | None:
        """The first instant no longer played, in nanoseconds since the epoch."""
        return None if self.end is None else instant_ns(self.end)


class PriceHistorySpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Past prices of each instrument that a Core-native strategy can read."""

    samples: Annotated[
        int,
        Meta(title="Samples", description="How many past prices are kept; 0 keeps none.", ge=0, le=MOST_SAMPLES),
    ] = 0
    every_s: Annotated[
        Seconds,
        Meta(title="Every", description="Least time between two of them, in seconds.", examples=["60"]),
    ] = "1"


class CoreSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Bounds on what the fold of the Event Stream keeps in memory."""

    closed_orders_kept: Annotated[
        int,
        Meta(
            title="Closed orders kept",
            description="How many closed orders the State remembers; an older fill still counts and is reported as an anomaly.",
            ge=1,
            le=LARGEST_INTEGER,
        ),
    ] = 4096
    price_history: Annotated[
        PriceHistorySpec,
        Meta(title="Price history", description="Past prices that are kept for Core-native strategies."),
    ] = PriceHistorySpec()


class RunSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One run: what is traded, where, by what, on which data. Decimals are text in quotes, so that they stay exact."""

    spec_version: Annotated[Literal[1], Meta(title="Spec version", description="The version of this format.")]
    name: Annotated[
        RunName,
        Meta(title="Name", description="The name of the run; its run ids begin with it.", examples=["filusdt-ema-cross"]),
    ]
    mode: Annotated[
        Literal["backtest", "paper", "attached"],
        Meta(
            title="Mode",
            description="backtest plays a dataset; paper trades on an exchange of our own, or on a testnet; attached records a "
            "node of yours, which `attach(node, SPEC)` in its own script says.",
        ),
    ]
    engine: Annotated[
        Literal["nautilus", "hftbacktest"],
        Meta(
            title="Engine",
            description="The trading engine that runs the strategy; hftbacktest runs Core-native strategies on order book data.",
        ),
    ]
    venue: Annotated[
        VenueSpec | None,
        Meta(title="Venue", description="The simulated venue and the account on it; an attached node has its own."),
    ] = None
    instrument: Annotated[
        InstrumentId,
        Meta(
            title="Instrument",
            description="The id of an instrument document: packaged, or in the folder instruments/ beside this document.",
            examples=["BTCUSDT-PERP.BINANCE"],
        ),
    ]
    strategy: Annotated[
        StrategySpec | None,
        Meta(
            title="Strategy",
            description="What trades: a scenario, a path, or a core strategy; an attached node has its own, any number of them.",
        ),
    ] = None
    data: Annotated[
        DataSpec | None,
        Meta(title="Data", description="Which rows of which dataset a backtest plays; a paper run has none."),
    ] = None
    seed: Annotated[
        int,
        Meta(
            title="Seed",
            description="The seed of everything random in the run; an attached node takes none.",
            ge=0,
            le=LARGEST_INTEGER,
        ),
    ] = 0
    gate: Annotated[
        GateMode,
        Meta(
            title="Gate",
            description="on judges, queues and sends each command by the blocks below; observe records what it would decide and "
            "changes nothing; off looks at no command, and the blocks have no effect. Left out, an attached run observes.",
        ),
    ] = "off"
    risk: Annotated[
        RiskSpec | None,
        Meta(
            title="Risk",
            description="Pre-trade limits; required where gate is on or observe.",
            examples=[{"profile": "cautious"}],
        ),
    ] = None
    execution: Annotated[
        ExecutionSpec,
        Meta(title="Execution", description="How fast and in which order admitted commands are sent."),
    ] = ExecutionSpec()
    timing: Annotated[TimingSpec, Meta(title="Timing", description="Deadlines that are watched.")] = TimingSpec()
    operations: Annotated[
        tuple[OperationSpec, ...],
        Meta(title="Operations", description="What an operator does during a backtest, in the order of time."),
    ] = ()
    node: Annotated[
        NodeSpec | None,
        Meta(
            title="Node", description="The trading node of a paper run, or the one attached to.", examples=[{"venue": "embedded"}]
        ),
    ] = None
    stop: Annotated[
        StopSpec | None,
        Meta(title="Stop", description="When a paper run ends, and what becomes of its orders.", examples=[{"duration_s": "60"}]),
    ] = None
    connectivity_readiness: Annotated[
        ConnectivityReadinessSpec | None,
        Meta(
            title="Connectivity readiness",
            description="Which environment variables, by their names, `tc connectivity readiness` looks for; null: nothing.",
            examples=[{"venue": "BINANCE", "required": ["TC_VENUE_API_KEY", "TC_VENUE_API_SECRET"]}],
        ),
    ] = None
    core: Annotated[CoreSpec, Meta(title="Core", description="Bounds on what the fold keeps in memory.")] = CoreSpec()

    @property
    def stated_venue(self) -> VenueSpec:
        """The venue of a run that states one; DocumentError where its node has it."""
        if self.venue is None:
            raise self._has_its_own("venue")
        return self.venue

    @property
    def stated_strategy(self) -> StrategySpec:
        """The strategy of a run that states one; DocumentError where its node has them."""
        if self.strategy is None:
            raise self._has_its_own("strategy")
        return self.strategy

    def _has_its_own(self, what: str) -> DocumentError:
        return DocumentError(
            f"{self.name} states no {what}: it is meant for a node that has its own",
            hint="Give it to `attach(node, SPEC)` in the node's script.",
        )

    @property
    def played(self) -> DataSpec:
        """What a backtest plays.

        Raises
        ------
        DocumentError
            It trades, and plays no dataset.

        """
        if self.data is None:
            raise DocumentError(
                f"{self.name} trades, and plays no dataset",
                hint="Turn its tape into a dataset, and name that in a backtest's spec.",
            )
        return self.data
