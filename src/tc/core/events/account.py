"""Execution events about what the account holds: positions and balances.

Position events state side and quantity alone: amounts are recomputed exactly from the fills in State,
because the engine's own position events carry averages as floats. State compares the stated quantity with its own.
"""

from decimal import Decimal

import msgspec

from tc.core.events.fact import EngineFact


class PositionOpened(EngineFact, frozen=True):
    """The engine opened a position; ``signed_quantity`` is above zero when long."""

    position_id: str
    strategy_id: str
    instrument_id: str
    signed_quantity: Decimal


class PositionChanged(EngineFact, frozen=True):
    """The engine changed a position's quantity, and it is not flat."""

    position_id: str
    strategy_id: str
    instrument_id: str
    signed_quantity: Decimal


class PositionClosed(EngineFact, frozen=True):
    """The engine closed a position: it is flat."""

    position_id: str
    strategy_id: str
    instrument_id: str


class Balance(msgspec.Struct, frozen=True, gc=False):
    """What an account holds of one currency; ``total = locked + free``."""

    currency: str
    total: Decimal
    locked: Decimal
    free: Decimal


class Margin(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What an instrument (or the whole account, when none is named) binds as margin."""

    currency: str
    initial: Decimal
    maintenance: Decimal
    instrument_id: str | None = None


class AccountUpdated(EngineFact, frozen=True):
    """An account's balances and margins; ``reported`` when the venue stated them, else calculated by the engine."""

    account_id: str
    account_type: str
    reported: bool
    balances: tuple[Balance, ...]
    margins: tuple[Margin, ...] = ()
    base_currency: str | None = None
