"""What hftbacktest is told beside the data: its models of latency, of the queue at a price, and of the exchange."""

from dataclasses import dataclass
from typing import Any, Literal

from tc.errors import DocumentError

QueueModel = Literal["risk_adverse", "power_prob", "power_prob_2", "power_prob_3"]
QUEUE_MODELS: tuple[QueueModel, ...] = ("risk_adverse", "power_prob", "power_prob_2", "power_prob_3")
LONGEST_LATENCY_NS = 3_600_000_000_000


@dataclass(frozen=True, slots=True)
class HftSettings:
    """The models of one run. Logarithmic queue models are left out: what they say depends on the unit of a quantity.

    Parameters
    ----------
    order_entry_ns, order_response_ns
        How long a command takes to the venue, and its answer back: constant, in nanoseconds.
    feed_ns
        The shortest way of market data from the venue to us. Where local stamps are not that far behind the venue's,
        the two clocks disagree, and all of the venue's stamps are moved back by what is missing.
    queue_model
        How an order that rests moves up as trades and cancels happen at its price.
    queue_exponent
        Of the power models.

    """

    order_entry_ns: int = 10_000_000
    order_response_ns: int = 10_000_000
    feed_ns: int = 0
    queue_model: QueueModel = "risk_adverse"
    queue_exponent: float = 3.0

    def __post_init__(self) -> None:
        for name in ("order_entry_ns", "order_response_ns", "feed_ns"):
            value = getattr(self, name)
            if not 0 <= value <= LONGEST_LATENCY_NS:
                raise DocumentError(f"{name}: {value} is no latency; expected 0 to {LONGEST_LATENCY_NS} nanoseconds")
        if self.queue_model not in QUEUE_MODELS:
            raise DocumentError(f"queue_model: {self.queue_model!r} is unknown", hint=f"The models: {', '.join(QUEUE_MODELS)}.")
        if not 0 < self.queue_exponent <= 100:  # noqa: PLR2004 - beyond this a power of a share is 0 or 1
            raise DocumentError(f"queue_exponent: {self.queue_exponent} is not between 0 and 100")

    def document(self) -> dict[str, Any]:
        """Return every setting with its effective value, as a part of the effective configuration."""
        return {
            "latency": {
                "model": "constant",
                "order_entry_ns": self.order_entry_ns,
                "order_response_ns": self.order_response_ns,
                "feed_ns": self.feed_ns,
            },
            "queue": {"model": self.queue_model, "exponent": repr(self.queue_exponent)},
            "exchange": "no_partial_fill",
            "unit": "ticks and lots",
        }
