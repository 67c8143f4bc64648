"""Instruments are documents too: what one holds."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from tc.spec.grammar import CurrencyCode, InstrumentId, NonNegativeDecimal, PositiveDecimal, Rate

LARGEST_PRECISION = 16  # what NautilusTrader's fixed-point prices and quantities can hold


class InstrumentSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One instrument of one venue. Decimals are text in quotes, so that they stay exact."""

    id: Annotated[
        InstrumentId,
        Meta(title="Id", description="SYMBOL.VENUE; the document's file is named after it.", examples=["BTCUSDT-PERP.BINANCE"]),
    ]
    kind: Annotated[
        Literal["currency_pair", "crypto_perpetual"],
        Meta(title="Kind", description="A spot pair of two currencies, or a perpetual future on crypto."),
    ]
    raw_symbol: Annotated[
        str,
        Meta(title="Raw symbol", description="The symbol in the venue's own spelling.", examples=["BTCUSDT"], min_length=1),
    ]
    base_currency: Annotated[CurrencyCode, Meta(title="Base currency", description="What is bought and sold.", examples=["BTC"])]
    quote_currency: Annotated[CurrencyCode, Meta(title="Quote currency", description="What prices are in.", examples=["USDT"])]
    settlement_currency: Annotated[
        CurrencyCode | None,
        Meta(
            title="Settlement currency",
            description="What profits are paid in; null is the quote currency, or the base currency of an inverse one.",
            examples=["USDT"],
        ),
    ] = None
    is_inverse: Annotated[
        bool,
        Meta(title="Inverse", description="True when quantities are in the quote currency and profits in the base currency."),
    ] = False
    price_precision: Annotated[
        int,
        Meta(title="Price precision", description="Decimal places of a price.", ge=0, le=LARGEST_PRECISION),
    ]
    size_precision: Annotated[
        int,
        Meta(title="Size precision", description="Decimal places of a quantity.", ge=0, le=LARGEST_PRECISION),
    ]
    price_increment: Annotated[
        PositiveDecimal,
        Meta(title="Price increment", description="The tick: the smallest step of a price.", examples=["0.1"]),
    ]
    size_increment: Annotated[
        PositiveDecimal,
        Meta(title="Size increment", description="The smallest step of a quantity.", examples=["0.001"]),
    ]
    multiplier: Annotated[
        PositiveDecimal,
        Meta(title="Multiplier", description="Units of the base currency in one contract."),
    ] = "1"
    lot_size: Annotated[
        PositiveDecimal | None,
        Meta(title="Lot size", description="The venue's rounded lot; null when it has none."),
    ] = None
    min_quantity: Annotated[
        NonNegativeDecimal | None,
        Meta(title="Minimum quantity", description="The smallest order; null for no limit."),
    ] = None
    max_quantity: Annotated[
        PositiveDecimal | None,
        Meta(title="Maximum quantity", description="The largest order; null for no limit."),
    ] = None
    min_notional: Annotated[
        NonNegativeDecimal | None,
        Meta(title="Minimum notional", description="The smallest order value, in the quote currency; null for no limit."),
    ] = None
    max_notional: Annotated[
        PositiveDecimal | None,
        Meta(title="Maximum notional", description="The largest order value, in the quote currency; null for no limit."),
    ] = None
    min_price: Annotated[
        PositiveDecimal | None,
        Meta(title="Minimum price", description="The lowest price of an order; null for no limit."),
    ] = None
    max_price: Annotated[
        PositiveDecimal | None,
        Meta(title="Maximum price", description="The highest price of an order; null for no limit."),
    ] = None
    margin_init: Annotated[
        NonNegativeDecimal,
        Meta(title="Initial margin", description="Margin of an order, as a fraction of its value before leverage."),
    ] = "0"
    margin_maint: Annotated[
        NonNegativeDecimal,
        Meta(title="Maintenance margin", description="Margin of a position, as a fraction of its value before leverage."),
    ] = "0"
    maker_fee: Annotated[
        Rate,
        Meta(title="Maker fee", description="Fraction of the traded value for adding liquidity; negative is a rebate."),
    ]
    taker_fee: Annotated[
        Rate,
        Meta(title="Taker fee", description="Fraction of the traded value for taking liquidity."),
    ]

    @property
    def venue(self) -> str:
        """The venue: the part of the id after its last dot."""
        return self.id.rpartition(".")[2]
