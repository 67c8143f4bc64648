"""The wallet and the net positions, exact: what a closing fill wins or loses goes into the wallet, less the fee."""

from dataclasses import dataclass
from decimal import Decimal

from tc.venue.matching.amounts import ZERO, divided


@dataclass(slots=True)
class Holding:
    """A net position: signed quantity and signed cost (what the quantity was bought or sold for), and what it won so far."""

    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    realised: Decimal = ZERO
    updated_ns: int = 0

    @property
    def entry_price(self) -> Decimal:
        """The average price of what is held, rounded to eight places; 0 when flat."""
        return divided(self.cost, self.quantity)

    def trade(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Add a signed quantity at a price; return what its closing part wins or loses.

        A partial close releases its share of the cost, rounded to eight places; the rest stays in the position, so that a
        round trip wins exactly what it sold for less what it bought for.
        """
        if self.quantity * quantity >= 0:
            self.quantity += quantity
            self.cost += quantity * price
            return ZERO
        closing = quantity if abs(quantity) <= abs(self.quantity) else -self.quantity
        released = self.cost if closing == -self.quantity else divided(self.cost * -closing, self.quantity)
        won = -closing * price - released
        self.quantity += quantity
        self.cost = self.cost - released + (quantity - closing) * price
        self.realised += won
        return won

    def can_reduce(self, sign: int) -> Decimal:
        """How much an order with this sign could close; 0 when it would open."""
        return abs(self.quantity) if self.quantity * sign < 0 else ZERO


class Ledger:
    """The wallet by asset and the holdings by symbol."""

    __slots__ = ("holdings", "wallet", "wallet_ns")

    def __init__(self, wallet: dict[str, Decimal], holdings: dict[str, Holding], wallet_ns: int = 0) -> None:
        self.wallet = wallet
        self.holdings = holdings
        self.wallet_ns = wallet_ns

    def fill(self, symbol: str, asset: str, quantity: Decimal, price: Decimal, commission: Decimal, now_ns: int) -> Decimal:
        """Book one fill (signed quantity) and its fee; return the realised profit or loss."""
        holding = self.holdings[symbol]
        won = holding.trade(quantity, price)
        holding.updated_ns = now_ns
        self.book(asset, won - commission, now_ns)
        return won

    def book(self, asset: str, amount: Decimal, now_ns: int) -> None:
        """Add an amount to an asset of the wallet."""
        self.wallet[asset] = self.wallet.get(asset, ZERO) + amount
        self.wallet_ns = now_ns
