"""Market events: data enters the Event Stream by reference, or as a compact observation of what it says."""

from decimal import Decimal

from tc.core.events.fact import EngineFact, Fact


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


class MarketObserved(EngineFact, frozen=True):
    """What the market of one instrument looks like: best bid and ask, and the last trade, as far as they are known.

    A Core-native strategy sees every row of data as one of these. For any other strategy one is recorded just before a command,
    so that a decision's reference price and its age are part of the stream.

    Parameters
    ----------
    at_ns
        Local stamp at which it was looked at, in nanoseconds since the epoch.
    event_ns
        Local stamp of the latest datum in it: the reference's age is stream time less this.
    instrument_id
        The instrument.
    bid, bid_quantity, ask, ask_quantity
        Best bid and ask and what is offered there; None when not known.
    last, last_quantity
        Price and quantity of the last trade, or of the last bar's close; None when not known.
    row
        Number of the dataset's row that this is, when it stands for the row; it then takes the row's place in the stream.

    """

    instrument_id: str
    bid: Decimal | None = None
    bid_quantity: Decimal | None = None
    ask: Decimal | None = None
    ask_quantity: Decimal | None = None
    last: Decimal | None = None
    last_quantity: Decimal | None = None
    row: int | None = None


class FeedDegraded(EngineFact, frozen=True):
    """The market data of an instrument has a gap, or is no market: it is in doubt until a newer observation."""

    instrument_id: str
    reason: str
