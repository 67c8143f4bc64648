"""Our own signed line to a venue: read the account, flatten it; without the trading engine, which may hang or be dead."""

from tc.exchange.flattening.flatten import Flattened, FlattenStep, flatten
from tc.exchange.reading.account import VenueBalance, VenueOrder, VenuePosition, VenueReading, VenueTrade, read_account
from tc.exchange.wire.errors import VenueBusyError, VenueRefusedError, VenueUnreachableError
from tc.exchange.wire.keys import Keys, missing_keys, read_keys
from tc.exchange.wire.line import VenueLine

__all__ = [
    "FlattenStep",
    "Flattened",
    "Keys",
    "VenueBalance",
    "VenueBusyError",
    "VenueLine",
    "VenueOrder",
    "VenuePosition",
    "VenueReading",
    "VenueRefusedError",
    "VenueTrade",
    "VenueUnreachableError",
    "flatten",
    "missing_keys",
    "read_account",
    "read_keys",
]
