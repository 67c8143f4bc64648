"""How the connections between node and venue are broken, by the proxy between them."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from tc.spec.grammar import Fraction, NonNegativeDecimal, PositiveDecimal, Seconds

LARGEST_PIECE = 65_536
LARGEST_LIMIT = 1_000_000_000

Direction = Literal["upstream", "downstream", "both"]
Connections = Literal["all", "http", "market", "user"]


class Chosen(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which connections a fault bites on."""

    connections: Annotated[
        Connections,
        Meta(
            title="Connections",
            description="By what a connection asks for first: market is a WebSocket of /stream, user one of /ws, http the rest.",
        ),
    ] = "all"
    toxicity: Annotated[
        Fraction,
        Meta(title="Toxicity", description="The share of those connections that it bites on; the drill's seed says which."),
    ] = "1"


class Directed(Chosen, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which connections a fault bites on, and on which of their two directions."""

    direction: Annotated[
        Direction,
        Meta(title="Direction", description="upstream is from the node to the venue, downstream from the venue to the node."),
    ] = "both"


class Latency(Directed, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that passes arrives later, in its order."""

    latency_s: Annotated[Seconds, Meta(title="Latency", description="How much later, in seconds.", examples=["0.2"])]
    jitter_s: Annotated[
        NonNegativeDecimal,
        Meta(title="Jitter", description="How many seconds more or less than that at most, by chance.", examples=["0.05"]),
    ] = "0"


class Bandwidth(Directed, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """No more passes than so much a second, on each connection and in each direction."""

    kb_per_s: Annotated[PositiveDecimal, Meta(title="Rate", description="Thousands of bytes a second.", examples=["8"])]


class Down(Chosen, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Connections are closed, and new ones refused; of a choice of them, each is closed once it has said what it is."""


class BlackHole(Directed, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Connections stay open and nothing arrives; what was sent meanwhile arrives when it is put back, as when a network heals."""


class Reset(Directed, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Connections are reset (RST), those that come too: towards the venue if upstream, towards the node if downstream."""


class Slicer(Directed, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that passes arrives in small pieces."""

    size_bytes: Annotated[int, Meta(title="Size", description="How large a piece is.", ge=1, le=LARGEST_PIECE)] = 64
    variation_bytes: Annotated[
        int,
        Meta(title="Variation", description="How much larger or smaller at most, by chance.", ge=0, le=LARGEST_PIECE),
    ] = 0
    delay_s: Annotated[
        NonNegativeDecimal,
        Meta(title="Delay", description="How many seconds lie between two pieces.", examples=["0.001"]),
    ] = "0.001"


class LimitData(Directed, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A connection is closed once so much has passed in a direction."""

    limit_bytes: Annotated[int, Meta(title="Limit", description="How many bytes pass before.", ge=0, le=LARGEST_LIMIT)]


class SlowClose(Directed, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """That one side has closed, the other learns later."""

    delay_s: Annotated[Seconds, Meta(title="Delay", description="How many seconds later.", examples=["2"])]


type TransportParameters = Latency | Bandwidth | Down | BlackHole | Reset | Slicer | LimitData | SlowClose
"""The parameters of any fault of the proxy; which one it is says what is done."""
