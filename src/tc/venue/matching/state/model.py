"""All that the exchange knows, and the account as it stands."""

from dataclasses import dataclass
from decimal import Decimal

from tc.venue.matching.book.market import Market
from tc.venue.matching.facts import AccountView, BalanceView, PositionView
from tc.venue.matching.refusals import bad_symbol
from tc.venue.matching.rules import Side
from tc.venue.matching.state.ledger import Ledger
from tc.venue.matching.state.margin import balance_view, is_covered, position_view
from tc.venue.matching.state.records import Records


@dataclass(slots=True)
class State:
    """Markets by symbol, the ledger, and the records."""

    markets: dict[str, Market]
    ledger: Ledger
    records: Records

    def market(self, symbol: str) -> Market:
        """Return a symbol's market, or refuse the symbol (-1121)."""
        if symbol not in self.markets:
            raise bad_symbol()
        return self.markets[symbol]

    def position(self, symbol: str) -> PositionView:
        """Value one position with its open orders."""
        return position_view(self.market(symbol), self.ledger.holdings[symbol], self.records.open_orders(symbol))

    def balance(self, asset: str) -> BalanceView:
        """Value one asset with its positions."""
        symbols = (symbol for symbol, market in self.markets.items() if market.rules.quote == asset)
        return balance_view(asset, self.ledger, [self.position(symbol) for symbol in symbols])

    def account(self) -> AccountView:
        """Value everything."""
        return AccountView(
            balances=tuple(self.balance(asset) for asset in self.ledger.wallet),
            positions=tuple(self.position(symbol) for symbol in self.markets),
        )

    def covers(self, symbol: str, side: Side, notional: Decimal) -> bool:
        """Whether the margin is enough for one more order."""
        position = self.position(symbol)
        return is_covered(position, self.balance(position.margin_asset), side, notional)
