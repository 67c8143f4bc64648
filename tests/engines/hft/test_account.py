from decimal import Decimal
from fractions import Fraction

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from hft_runs import INSTRUMENT
from tc.core.events import OrderFilled
from tc.engines.hft.account import Account
from tc.spec.library import load_instrument
from tc.spec.run_spec import VenueSpec

PERPETUAL = load_instrument(INSTRUMENT, search=())
SPOT = load_instrument("BTCUSDT.BINANCE", search=())


def account(account_type: str, *balances: str, multiplier: str = "1") -> Account:
    instrument = SPOT if account_type == "cash" else PERPETUAL
    venue = VenueSpec(name="BINANCE", account_type=account_type, oms_type="netting", starting_balances=balances)  # type: ignore[arg-type]
    return Account(venue, msgspec.structs.replace(instrument, multiplier=multiplier))


def fill(side: str, quantity: str, price: str, commission: str = "0") -> OrderFilled:
    return OrderFilled(
        1, 1, "A", "V", "BINANCE-001", "T", "P", "S", INSTRUMENT, side, Decimal(quantity), Decimal(price), "USDT",  # type: ignore[arg-type]
        Decimal(commission), "USDT", "TAKER",
    )  # fmt: skip


def totals(subject: Account) -> dict[str, Decimal]:
    return {balance.currency: balance.total for balance in subject.stated(1).balances}


def test_a_margin_account_gains_when_it_closes() -> None:
    subject = account("margin", "1000 USDT", multiplier="10")
    subject.fill(fill("BUY", "1", "100", "0.05"))
    assert totals(subject) == {"USDT": Decimal("999.95")}
    subject.fill(fill("BUY", "1", "102"))
    subject.fill(fill("SELL", "1", "105"))
    assert totals(subject) == {"USDT": Decimal("1039.95")}


def test_a_position_may_flip() -> None:
    subject = account("margin", "0 USDT")
    subject.fill(fill("SELL", "1", "100"))
    subject.fill(fill("BUY", "3", "90"))
    assert totals(subject) == {"USDT": Decimal(10)}
    subject.fill(fill("SELL", "2", "91"))
    assert totals(subject) == {"USDT": Decimal(12)}


def test_a_cash_account_pays_and_is_paid() -> None:
    subject = account("cash", "1000 USDT")
    subject.fill(fill("BUY", "2", "100.5", "0.1"))
    assert totals(subject) == {"BTC": Decimal(2), "USDT": Decimal("798.9")}


def test_only_what_cannot_be_written_out_is_rounded() -> None:
    subject = account("margin", "0 USDT")
    subject.fill(fill("BUY", "1", "100"))
    subject.fill(fill("BUY", "2", "101"))
    subject.fill(fill("SELL", "1", "101"))
    assert totals(subject) == {"USDT": Decimal("0.33333333")}
    subject.fill(fill("SELL", "2", "101"))
    assert totals(subject) == {"USDT": Decimal(1)}


_units = st.integers(1, 10_000).map(lambda units: Decimal(units).scaleb(-2))


_fills = st.lists(st.tuples(st.sampled_from(["BUY", "SELL"]), _units, _units, _units), max_size=12)


@given(_fills, _units)
def test_a_flat_margin_account_holds_what_was_paid_and_received(
    fills: list[tuple[str, Decimal, Decimal, Decimal]], last: Decimal
) -> None:
    subject = account("margin", "1000 USDT")
    cash, held = Fraction(1000), Fraction(0)
    for side, quantity, price, commission in fills:
        subject.fill(fill(side, str(quantity), str(price), str(commission)))
        signed = Fraction(quantity) if side == "BUY" else -Fraction(quantity)
        cash, held = cash - signed * Fraction(price) - Fraction(commission), held + signed
    if held:
        closing = Decimal(abs(held.numerator)) / Decimal(held.denominator)
        subject.fill(fill("SELL" if held > 0 else "BUY", str(closing), str(last)))
        cash += held * Fraction(last)
    assert Fraction(totals(subject)["USDT"]) == cash
