"""From our instrument documents to Nautilus's instruments."""

from decimal import Decimal

from nautilus_trader.model.identifiers import InstrumentId, Symbol
from nautilus_trader.model.instruments import CryptoPerpetual, CurrencyPair, Instrument
from nautilus_trader.model.objects import Currency, Money, Price, Quantity

from tc.spec.instrument import InstrumentSpec
from tc.spec.run_spec import FeesSpec


def _quantity(text: str | None) -> Quantity | None:
    return None if text is None else Quantity.from_str(text)


def _price(text: str | None) -> Price | None:
    return None if text is None else Price.from_str(text)


def _with_places(text: str, places: int) -> str:
    return f"{Decimal(text):.{places}f}"


def nautilus_instrument(spec: InstrumentSpec, fees: FeesSpec | None) -> Instrument:
    """Return the instrument; ``fees`` replace the document's own."""
    quote = Currency.from_str(spec.quote_currency)
    common = {
        "instrument_id": InstrumentId.from_str(spec.id),
        "raw_symbol": Symbol(spec.raw_symbol),
        "base_currency": Currency.from_str(spec.base_currency),
        "quote_currency": quote,
        "price_precision": spec.price_precision,
        "size_precision": spec.size_precision,
        "price_increment": Price.from_str(_with_places(spec.price_increment, spec.price_precision)),
        "size_increment": Quantity.from_str(_with_places(spec.size_increment, spec.size_precision)),
        "multiplier": Quantity.from_str(spec.multiplier),
        "lot_size": _quantity(spec.lot_size),
        "max_quantity": _quantity(spec.max_quantity),
        "min_quantity": _quantity(spec.min_quantity),
        "max_notional": None if spec.max_notional is None else Money(spec.max_notional, quote),
        "min_notional": None if spec.min_notional is None else Money(spec.min_notional, quote),
        "max_price": _price(spec.max_price),
        "min_price": _price(spec.min_price),
        "margin_init": Decimal(spec.margin_init),
        "margin_maint": Decimal(spec.margin_maint),
        "maker_fee": Decimal(spec.maker_fee if fees is None else fees.maker),
        "taker_fee": Decimal(spec.taker_fee if fees is None else fees.taker),
        "ts_event": 0,
        "ts_init": 0,
    }
    if spec.kind == "currency_pair":
        return CurrencyPair(**common)
    settlement = Currency.from_str(spec.settlement_currency or spec.quote_currency)
    return CryptoPerpetual(settlement_currency=settlement, is_inverse=spec.is_inverse, **common)
