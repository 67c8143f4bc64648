"""The section about what a run left at its venue: as the venue said after the run's end, or else as the journal ends."""

from decimal import Decimal

from tc.checks.reconcile.observed.document import Observed
from tc.core.state.model import FINAL
from tc.reports.figures import OpenOrder
from tc.reports.page.content import Column, Section, Table
from tc.reports.page.words import count, exact, utc, written
from tc.reports.report import ReportInput

ROWS_KEPT = 50
"""So many orders and positions are named; the rest are counted."""

_NOTHING = ": no order was open, and nothing was held"
_GOES_ON = frozenset({"created", "running"})
_TO_THE_SECOND = len("2026-11-21 09:22:45")

type _Row = tuple[str, str, str]


def left(report: ReportInput) -> Section:
    """Return what is left of a run that traded on a venue and has ended; nothing of any other, and of one that sent nothing."""
    if report.comparing == "none" or report.status in _GOES_ON:
        return Section("left", "", ())
    rows, source, more_of_it = _of_venue(report) or _of_journal(report)
    if not rows and not report.summary.outcomes.total:
        return Section("left", "", ())
    note = f"{source}, {'this' if rows else 'nothing'} was left{'' if rows else _NOTHING}{more_of_it}."
    shown, hidden = rows[:ROWS_KEPT], len(rows) - ROWS_KEPT
    columns = (Column("What"), Column("Which", "code"), Column("How much"))
    more = f"The first {ROWS_KEPT}; {count(hidden, 'order or position', 'orders and positions')} more." if hidden > 0 else ""
    table = Table("left-at-venue", "Open orders and positions", columns, tuple(shown), more, is_wide=True, has_sentences=True)
    return Section("left", "Left at the venue", (table,) if rows else (), note)


def _of_venue(report: ReportInput) -> tuple[list[_Row], str, str] | None:
    """Return what the venue last said once the journal was as it is; None when it has not said all of it since."""
    digest = "" if report.digests is None else report.digests.journal_digest
    for document in (each.document for each in reversed(report.reconciliations)):
        if document is None or document.source != "venue" or document.journal_digest != digest:
            continue
        said = document.observed
        if said is not None and said.orders is not None and said.positions is not None:
            at = utc(document.at_ns)[:_TO_THE_SECOND]
            return _observed(said), f"By its venue, asked at {at} UTC, after the last entry of the journal", ""
    return None


def _observed(said: Observed) -> list[_Row]:
    held = [(each.instrument_id, Decimal(each.signed_quantity)) for each in said.positions or ()]
    rows = [("Position", instrument_id, exact(quantity)) for instrument_id, quantity in held if quantity]
    for each in said.orders or ():
        if each.status not in FINAL:
            price = None if each.price is None else Decimal(each.price)
            terms = _terms(each.side, Decimal(each.quantity), Decimal(each.filled), each.instrument_id, price)
            rows.append(("Order", each.key, terms))
    return rows


def _of_journal(report: ReportInput) -> tuple[list[_Row], str, str]:
    summary = report.summary
    rows = [("Position", each.instrument_id, exact(each.signed_quantity)) for each in summary.open_positions]
    rows += [("Order", each.key, _order(each)) for each in summary.open_orders]
    if report.comparing == "open":
        return rows, "By the journal", "; its venue is asked after this report is sealed, and tc runs report shows what it says"
    return rows, "By the journal", "; what its venue says since is not known"


def _order(order: OpenOrder) -> str:
    words = _terms(order.side, order.quantity, order.filled, order.instrument_id, order.price)
    return words if order.is_answered else f"{words}; the last command was not answered"


def _terms(side: str, quantity: Decimal, filled: Decimal, instrument_id: str, price: Decimal | None) -> str:
    at = "" if price is None else f" at {written(price)}"
    return f"{side} {written(quantity)} {instrument_id}{at}" + (f", {written(filled)} of it filled" if filled else "")
