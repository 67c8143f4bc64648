"""How much of its address's request weight a line has seen used, and how much of it is left alone, so that a kill has room."""

from dataclasses import dataclass

MINUTE_LIMIT = 2_400
"""What an address may use in a minute, as "Limits" in Binance's documentation of the USD-M futures API has it."""

USED_WEIGHT_HEADER = "X-MBX-USED-WEIGHT-1M"
_KEPT_FREE = 4  # One part in so many.
_MINUTE_NS = 60_000_000_000
_LONGEST = 12


@dataclass(slots=True)
class RequestWeight:
    """The weight of all programs at one address, as the venue's last answer told it; each minute of its clock begins anew.

    Times are ours; `skew_ns` is how far the venue's clock is ahead, as it is known by then.
    """

    limit: int = MINUTE_LIMIT
    _used: int = 0
    _told_ns: int = 0

    def limit_to(self, weight: int | None) -> None:
        """Take over the limit of a minute as the venue names it, 0 for none; where it names none, the documented one stays."""
        self.limit = self.limit if weight is None else weight

    def tell(self, text: str | None, now_ns: int) -> None:
        """Take over what an answer says; one that says nothing, or no number, changes nothing."""
        if text is not None and text.isascii() and text.isdigit() and len(text) < _LONGEST:
            self._used, self._told_ns = int(text), now_ns

    def used(self, now_ns: int, skew_ns: int) -> int:
        """Return what is used of this minute, as far as it was told."""
        return self._used if (now_ns + skew_ns) // _MINUTE_NS == (self._told_ns + skew_ns) // _MINUTE_NS else 0

    @property
    def is_told(self) -> bool:
        """Whether any answer has told it yet."""
        return self._told_ns > 0

    @property
    def reserve(self) -> int:
        """How much of a minute is left to who stops a run."""
        return self.limit // _KEPT_FREE

    def wait_s(self, weight: int, now_ns: int, skew_ns: int) -> float:
        """Return how long a question of this weight has to wait so that the reserve stays whole; 0 when it may be asked now."""
        if not self.limit or self.used(now_ns, skew_ns) + weight <= self.limit - self.reserve:
            return 0.0
        return (_MINUTE_NS - (now_ns + skew_ns) % _MINUTE_NS) / 1e9
