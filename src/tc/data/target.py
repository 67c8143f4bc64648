"""The instrument that rows are imported for."""

from dataclasses import dataclass

from tc.data.formats import Role


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

    def precision(self, role: Role) -> int:
        """Return the decimal places that a column of this role may have."""
        return self.price_precision if role == "price" else self.size_precision
