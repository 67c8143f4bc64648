"""What can be broken on purpose, what is broken now, and how often each fault has really bitten."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from tc.venue.feed_faults import FeedFaults
from tc.venue.lasting_faults import Lasting

type Kinds = frozenset[str]

ORDERS = "orders"
ALL = "all"


@dataclass(slots=True)
class Armed:
    """A fault that waits for requests: what it bites on, how often still, and how."""

    name: str
    remaining: int
    requests: str = ORDERS
    code: int = 0
    message: str = ""
    seconds: float = 0
    is_handled_first: bool = False
    retry_after_s: int | None = None
    """How long a 429 asks to be left alone; None: to the end of the minute."""

    def fits(self, method: str, path: str, *, is_order: bool) -> bool:
        """Tell whether a request is one that it bites on."""
        return self.requests == ALL or (self.requests == ORDERS and is_order) or self.requests == f"{method} {path}"


@dataclass(slots=True)
class Updates:
    """A fault of the user data stream: how many updates it still bites on, and of which kinds (none named: of all).

    `is_of_fills` leaves an order's updates out that tell of no fill.
    """

    remaining: int = 0
    kinds: Kinds = frozenset()
    is_of_fills: bool = False

    def bites(self, kind: str, *, is_fill: bool) -> bool:
        """Tell whether it bites on an update, and count it off."""
        if self.remaining <= 0 or (self.kinds and kind not in self.kinds) or (self.is_of_fills and not is_fill):
            return False
        self.remaining -= 1
        return True


@dataclass(slots=True)
class Faults:
    """All faults of one venue; at first none."""

    is_frozen: bool = False
    stops_market: bool = False
    refuses_websockets: bool = False
    skew_ns: int = 0
    dropped: Updates = field(default_factory=Updates)
    duplicated: Updates = field(default_factory=Updates)
    armed: list[Armed] = field(default_factory=list)
    lasting: Lasting = field(default_factory=Lasting)
    feed: FeedFaults = field(default_factory=FeedFaults)
    counters: Counter[str] = field(default_factory=Counter)

    def bite(self, name: str) -> None:
        """Count that a fault has bitten."""
        self.counters[name] += 1

    def arm(self, fault: Armed) -> None:
        """Let a fault wait for requests; one that waits for none takes those of its name back."""
        if not fault.remaining:
            self.armed = [each for each in self.armed if each.name != fault.name]
            return
        self.armed.append(fault)

    def take(self, names: Collection[str], method: str, path: str, *, is_order: bool) -> Armed | None:
        """Return the first fault of these names that bites on a request, and count it."""
        for fault in self.armed:
            if fault.name in names and fault.remaining > 0 and fault.fits(method, path, is_order=is_order):
                fault.remaining -= 1
                self.armed = [each for each in self.armed if each.remaining > 0]
                self.bite(fault.name)
                return fault
        return None

    def copies(self, kind: str, *, is_fill: bool) -> int:
        """Return how often an update of the user data stream is sent: 0, 1 or 2 times."""
        if self.dropped.bites(kind, is_fill=is_fill):
            self.bite("drop_user_updates")
            return 0
        if self.duplicated.bites(kind, is_fill=is_fill):
            self.bite("duplicate_user_updates")
            return 2
        return 1
