"""What accounts hold: a hypothesis strategy for any, and a small one."""

from decimal import Decimal

from hypothesis import strategies as st

from tc.checks.reconcile import HeldBalance, HeldFill, HeldOrder, HeldPosition, Holdings

INSTRUMENTS = ("BTCUSDT-PERP.BINANCE", "ETHUSDT-PERP.BINANCE", "ADABTC.BINANCE")
STATUSES = ("SUBMITTED", "ACCEPTED", "TRIGGERED", "PARTIALLY_FILLED", "FILLED", "CANCELED", "EXPIRED")
OPEN = frozenset(STATUSES[:4])

amounts = st.decimals(Decimal("0.000001"), Decimal(10**9), places=6)
signed = amounts.flatmap(lambda amount: st.sampled_from((amount, -amount)))
sides = st.sampled_from(("BUY", "SELL"))
ids = st.integers(0, 10**6)


@st.composite
def orders(draw: st.DrawFn) -> HeldOrder:
    """Draw an order whose ids are its own."""
    number, status = draw(ids), draw(st.sampled_from(STATUSES))
    return HeldOrder(
        f"O-{number}",
        draw(st.sampled_from(INSTRUMENTS)),
        draw(sides),
        draw(amounts),
        draw(amounts),
        status,
        draw(st.none() | amounts),
        draw(st.none() | amounts),
        None if status == "SUBMITTED" else f"V-{number}",
    )


@st.composite
def fills(draw: st.DrawFn) -> HeldFill:
    """Draw a fill whose id is its own."""
    order = draw(ids)
    return HeldFill(
        f"T-{draw(ids)}",
        draw(st.sampled_from(INSTRUMENTS)),
        draw(sides),
        draw(amounts),
        draw(amounts),
        draw(signed),
        draw(st.sampled_from(("USDT", "BNB"))),
        f"O-{order}",
        f"V-{order}",
        draw(st.integers(0, 1000)),
    )


positions = st.builds(HeldPosition, st.sampled_from(INSTRUMENTS), signed)
balances = st.builds(HeldBalance, st.sampled_from(("USDT", "BNB", "BTC")), signed)


def holdings(*, least: int = 0) -> st.SearchStrategy[Holdings]:
    """Return a strategy for whole holdings, each part with at least so many."""

    def part(of: st.SearchStrategy[object], *names: str) -> st.SearchStrategy[tuple[object, ...]]:
        unique = tuple((lambda each, name=name: getattr(each, name)) for name in names)
        return st.lists(of, min_size=least, max_size=6 if "trade_id" in names or "key" in names else 3, unique_by=unique).map(
            tuple
        )

    return st.builds(
        Holdings, part(orders(), "key"), part(fills(), "trade_id"), part(positions, "instrument_id"), part(balances, "currency")
    )


def small() -> Holdings:
    """Return one of each, and a closed order."""
    instrument = INSTRUMENTS[0]
    one = Decimal(1)
    return Holdings(
        (
            HeldOrder("O-1", instrument, "BUY", Decimal(2), one, "PARTIALLY_FILLED", Decimal("100.5"), None, "V-1"),
            HeldOrder("O-2", instrument, "SELL", one, Decimal(0), "CANCELED", Decimal(120), None, "V-2"),
        ),
        (HeldFill("T-1", instrument, "BUY", one, Decimal("100.5"), Decimal("0.02"), "USDT", "O-1", "V-1", 5),),
        (HeldPosition(instrument, one),),
        (HeldBalance("USDT", Decimal("99999.98")),),
    )
