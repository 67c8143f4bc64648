"""Market events: data enters the Event Stream by reference, never row by row."""

from tc.core.events.fact import Fact


class MarketDataRows(Fact, frozen=True):
    """A run of consecutive dataset rows that only carry market data, stored as one record (run-length).

    The stream stays logical: each row has its own position, so the entry spans
    ``last_row - first_row + 1`` positions, and splitting it changes no State.

    Parameters
    ----------
    at_ns
        Local stamp of the last row, in nanoseconds since the epoch; the rows rise to it.
    dataset
        Logical fingerprint of the dataset, hex.
    first_row, last_row
        Row numbers in the dataset's merged order, from 0, both inclusive.

    """

    dataset: str
    first_row: int
    last_row: int
