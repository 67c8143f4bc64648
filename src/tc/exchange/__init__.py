"""Our own signed line to a venue: read the account, flatten it; without the trading engine, which may hang or be dead."""

from tc.exchange.account import VenueBalance, VenueOrder, VenuePosition, VenueReading, VenueTrade, read_account
from tc.exchange.errors import VenueBusyError, VenueRefusedError, VenueUnreachableError
from tc.exchange.flatten import Flattened, FlattenStep, flatten
from tc.exchange.keys import Keys, missing_keys, read_keys
from tc.exchange.line import VenueLine

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
