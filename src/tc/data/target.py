"""The instrument that rows are imported for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImportTarget:
    """What an import must know of an instrument: its id, its symbol in the venue's own spelling, its precisions."""

    instrument_id: str
    raw_symbol: str
    price_precision: int
    size_precision: int

    @property
    def precisions(self) -> tuple[int, int]:
        """The decimal places of prices and of sizes."""
        return self.price_precision, self.size_precision
