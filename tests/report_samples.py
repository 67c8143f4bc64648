"""Reports to render: a small one, and one whose every text is hostile."""

import hashlib
from dataclasses import replace
from decimal import Decimal

from core_documents import core_part
from streams import Venue, configuration
from tc.checks.finding import Finding
from tc.core.events import AccountUpdated, Balance, OrderDenied, RunCompleted
from tc.reports.candles import Candles
from tc.reports.report import Digests, ProcessUsage, ReportInput
from tc.reports.summary import RunSummary, summarize

INSTRUMENT: dict[str, object] = {
    "id": "BTCUSDT.X",
    "base_currency": "BTC",
    "quote_currency": "USDT",
    "multiplier": "1",
    "is_inverse": False,
}
RUN_SPEC: dict[str, object] = {
    "name": "small",
    "instrument": "BTCUSDT.X",
    "strategy": {"scenario": "ops_smoke_demo", "parameters": {"trade_size": "1.0"}},
    "data": {"dataset": "btcusdt-1m-sample"},
    "seed": 42,
}
DOCUMENT: dict[str, object] = {
    "configuration_version": 2,
    "core": core_part(),
    "instrument": INSTRUMENT,
    "run_spec": RUN_SPEC,
}
SECOND_NS = 1_000_000_000
HOSTILE = (
    "</script><script>alert('x')</script><img src=https://evil.example/x onerror=alert(1)>"
    "|`*_[a](https://b.c)\u202e\x00 www.d.e\n# f"
)


def digest(text: str) -> str:
    """Return a digest that looks like a real one."""
    return hashlib.sha256(text.encode()).hexdigest()


def small_venue(*, is_ended: bool = True, **instrument: object) -> Venue:
    """Play a short run: one order filled in two parts, one sold, one cancelled after a part, one denied, one open."""
    document = {**DOCUMENT, "instrument": {**INSTRUMENT, **instrument}}
    venue = Venue(
        configuration(**{key: value for key, value in document.items() if key not in {"configuration_version", "core"}})
    )
    _account(venue, "1000")
    venue.rows(10)
    bought = venue.accepted("BUY", "2.0")
    venue.fill(bought, "0.5", "100.5")
    venue.now += SECOND_NS
    venue.fill(bought, "1.5", "101")
    venue.now += SECOND_NS
    venue.rows(5)
    sold = venue.accepted("SELL", "2.0")
    venue.fill(sold, None, "103")
    _account(venue, "1004.22")
    partly = venue.accepted("SELL", "1.0")
    venue.fill(partly, "0.25", "104")
    venue.end(partly, "CANCELED")
    denied = venue.initialize("BUY", "900")
    venue.emit(OrderDenied(venue.now, venue.now, denied, "NOTIONAL_EXCEEDS_FREE_BALANCE: free=1004.22 USDT"))
    venue.accepted("BUY", "0.1")
    venue.now += SECOND_NS
    venue.rows(3)
    if is_ended:
        venue.emit(RunCompleted(venue.now))
    return venue


def _account(venue: Venue, total: str) -> None:
    balance = Balance("USDT", Decimal(total), Decimal(0), Decimal(total))
    venue.emit(AccountUpdated(venue.now, venue.now, "A-1", "MARGIN", False, (balance,)))


def small_candles(venue: Venue) -> Candles:
    """Return four one-second candles over the run."""
    first = -(-venue.entries[0].event.at_ns // SECOND_NS) * SECOND_NS
    ends = tuple(first + SECOND_NS * step for step in range(4))
    closes = (1005, 1010, 1030, 1045)
    return Candles("candles", "bars of BTCUSDT.X-1-SECOND-LAST-EXTERNAL", 4, 1, SECOND_NS, ends, closes, closes, closes, closes)


def small_summary() -> RunSummary:
    """Return what the short run adds up to."""
    venue = small_venue()
    return summarize(venue.entries, document=DOCUMENT, candles=small_candles(venue))


def small_report() -> ReportInput:
    """Return the short run's report."""
    return ReportInput(
        run_id="small-20260302T101530123456Z-0b9310e6",
        status="completed",
        metadata={
            "started": {"ns": 1, "utc": "2026-03-02T10:15:30.123456789Z"},
            "ended": {"ns": 2, "utc": "2026-03-02T10:15:33.987654321Z"},
            "versions": {"tc": "0.1.0", "python": "3.13.0", "nautilus_trader": "1.231.0"},
            "git": {"commit": "e6aad81" * 5, "is_dirty": True},
        },
        document=DOCUMENT,
        digests=Digests(digest("journal"), digest("root"), digest("state")),
        summary=small_summary(),
        candles=small_candles(small_venue()),
        findings=(Finding("gap", "row 3", "a bar every second", "none for 3 seconds"),),
        process=ProcessUsage(3.21, 3.05, 412 << 20, 1_830_000, None, "buffered"),
    )


def hostile_report() -> ReportInput:
    """Return the same with every text that others can choose made hostile."""
    report = small_report()
    summary = report.summary
    return replace(
        report,
        run_id=HOSTILE,
        status=HOSTILE,
        metadata={"versions": {HOSTILE: HOSTILE}, "reason": HOSTILE, "started": {"utc": HOSTILE}, "git": {"commit": HOSTILE}},
        document={
            **DOCUMENT,
            "instrument": {**INSTRUMENT, "id": HOSTILE},
            "run_spec": {"name": HOSTILE, "strategy": {"path": HOSTILE}, "data": {"dataset": HOSTILE}, "seed": HOSTILE},
        },
        digests=Digests(HOSTILE, HOSTILE, HOSTILE),
        summary=replace(
            summary,
            rows_by_dataset={HOSTILE: 1},
            refusals=tuple(replace(refusal, reason=HOSTILE, example=HOSTILE) for refusal in summary.refusals),
            first_fills=tuple(
                replace(fill, client_order_id=HOSTILE, commission_currency=HOSTILE) for fill in summary.first_fills
            ),
            turnover={HOSTILE: Decimal(1)},
            balances=tuple(replace(balance, account_id=HOSTILE, currency=HOSTILE) for balance in summary.balances),
            open_positions=tuple(replace(each, position_id=HOSTILE, instrument_id=HOSTILE) for each in summary.open_positions),
        ),
        findings=(Finding(HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
        error=f"Traceback:\n```\n{HOSTILE}",
    )
