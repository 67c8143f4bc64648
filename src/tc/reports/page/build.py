"""A report's content from its input: what stands in the header, the tiles and the sections."""

import shlex
from collections.abc import Mapping

import msgspec

from tc.reports.page.activity import alerts, orders, throughput
from tc.reports.page.connected import connected
from tc.reports.page.content import Command, Named, Page, Table, Tile, Tone
from tc.reports.page.decided import decided
from tc.reports.page.document import dataset_of, instrument_of, said, strategy_of
from tc.reports.page.left import left
from tc.reports.page.reconciled import mismatches, reconciled
from tc.reports.page.results import fills, results
from tc.reports.page.words import NONE, brief, count, exact, money, percent, ratio, utc
from tc.reports.report import ReportInput

_TONES: dict[str, Tone] = {
    "completed": "good",
    "failed": "bad",
    "crashed": "bad",
    "killed": "bad",
    "blocked": "warn",
    "stopped": "warn",
    "recovered": "warn",
}


def page_of(report: ReportInput) -> Page:
    """Return everything that a report says, but for its chart."""
    found = (*alerts(report.summary, report.findings), *_mismatches(report))
    sections = (
        results(report.summary),
        orders(report.summary),
        *(() if report.summary.gate is None else (decided(report.summary.gate),)),
        fills(report.summary),
        left(report),
        reconciled(report.reconciliations, comparing=report.comparing),
        connected(report.connectivity),
        throughput(report.summary, report.process),
    )
    return Page(
        run_id=report.run_id,
        status=report.status,
        tone=_TONES.get(report.status, "plain"),
        subtitle=_subtitle(report),
        headline=_headline(report),
        tiles=_tiles(report),
        error=report.error,
        alerts=found,
        all_clear="" if found else "No findings and no anomalies.",
        sections=tuple(section for section in sections if section.tables or section.note),
        provenance=_provenance(report),
        versions=_versions(report.metadata),
        commands=_commands(report),
        configuration=msgspec.json.format(msgspec.json.encode(report.document, order="sorted"), indent=2).decode(),
    )


def _mismatches(report: ReportInput) -> tuple[Table, ...]:
    found = mismatches(report.reconciliations)
    return (found,) if found.rows else ()


def _subtitle(report: ReportInput) -> str:
    summary = report.summary
    if summary.first_ns is None or summary.last_ns is None:
        return "The journal has no entry."
    return f"{utc(summary.first_ns)} to {utc(summary.last_ns)} UTC"


def _headline(report: ReportInput) -> tuple[Named, ...]:
    digests = report.digests
    named = (
        Named("Spec", said(report.document, "run_spec", "name")),
        Named("Strategy", strategy_of(report).rpartition(".")[2]),
        Named("Instrument", instrument_of(report)),
        Named("Dataset", dataset_of(report)),
        Named("Configuration", report.summary.configuration, is_digest=True),
        Named("Dataset fingerprint", _fingerprint(report), is_digest=True),
        Named("Journal digest", "" if digests is None else digests.journal_digest, is_digest=True),
        Named("Merkle root", "" if digests is None else digests.merkle_root, is_digest=True),
    )
    return tuple(each for each in named if each.value)


def _fingerprint(report: ReportInput) -> str:
    """Return the fingerprint of the run's dataset; a run that has its own tape names that, which is none."""
    return next((each for each in report.summary.rows_by_dataset if each != "tape"), "")


def _tiles(report: ReportInput) -> tuple[Tile, ...]:
    summary = report.summary
    won = sum(profit.won for profit in summary.profits.values())
    closed = sum(profit.closed for profit in summary.profits.values())
    refused = summary.outcomes.denied + summary.outcomes.rejected
    return (
        *_equity_tiles(report),
        Tile("Fills", exact(summary.fills.total), note=f"{exact(won)} of {count(closed, 'position')} won"),
        Tile("Orders", exact(summary.outcomes.total), note=f"{exact(refused)} denied or rejected"),
        Tile(
            "Commissions",
            *_amounts({currency: brief(value) for currency, value in summary.commissions.items()}),
        ),
        Tile(
            "Events recorded",
            exact(summary.recorded_events),
            note=f"{exact(summary.rows)} rows played",
        ),
    )


def _equity_tiles(report: ReportInput) -> tuple[Tile, ...]:
    equity = report.summary.equity
    if equity is None:
        return ()
    profit, drawdown = equity.net_profit, equity.drawdown
    share = percent(ratio(profit, equity.starting), signed=True) if equity.starting > 0 else ""
    fall = NONE if drawdown.fraction is None else percent(drawdown.fraction)
    at_ns = drawdown.trough.at_ns
    return (
        Tile(
            "Net profit",
            brief(profit, signed=True),
            equity.currency,
            f"{share} of {money(equity.starting, '')}" if share else "",
            "good" if profit > 0 else "bad" if profit < 0 else "plain",
        ),
        Tile("Max drawdown", brief(drawdown.amount), equity.currency, f"{fall} until {utc(at_ns)[:10]}"),
    )


def _amounts(amounts: Mapping[str, str]) -> tuple[str, str]:
    """Return one amount and its currency, or all of them in one text."""
    if len(amounts) == 1:
        ((currency, amount),) = amounts.items()
        return amount, currency
    return " + ".join(f"{amount} {currency}" for currency, amount in amounts.items()) or "0", ""


def _provenance(report: ReportInput) -> tuple[Named, ...]:
    metadata, digests = report.metadata, report.digests
    started, ended = said(metadata, "started", "utc"), said(metadata, "ended", "utc")
    commit = said(metadata, "git", "commit")
    is_dirty = said(metadata, "git", "is_dirty") == "True"
    played = tuple(
        Named(f"Dataset ({count(rows, 'row')})", fingerprint, is_digest=True)
        for fingerprint, rows in report.summary.rows_by_dataset.items()
    )
    named = (
        Named("Run", report.run_id),
        Named("Reason", said(metadata, "reason")),
        Named("Strategy", strategy_of(report)),
        Named("Started", started),
        Named("Ended", ended),
        Named("Seed", said(report.document, "run_spec", "seed")),
        Named("Configuration", report.summary.configuration, is_digest=True),
        *played,
        Named("Journal digest", "" if digests is None else digests.journal_digest, is_digest=True),
        Named("Merkle root", "" if digests is None else digests.merkle_root, is_digest=True),
        Named("State digest", "" if digests is None else digests.state_digest, is_digest=True),
        Named("Git commit", commit, is_digest=True),
        Named("Working copy", "with changes that are in no commit" if is_dirty else ""),
    )
    return tuple(each for each in named if each.value)


def _versions(metadata: Mapping[str, object]) -> tuple[Named, ...]:
    versions = metadata.get("versions")
    if not isinstance(versions, Mapping):
        return ()
    return tuple(Named(str(name), str(version)) for name, version in sorted(versions.items()))


def _commands(report: ReportInput) -> tuple[Command, ...]:
    run = shlex.quote(report.run_id)
    explain = (Command(f"tc runs explain {run}", "What the gate decided, and why; with --order KEY the life of one order."),)
    reconcile = (
        Command(f"tc reconcile {run}", "Compares what the journal says that is held with what the venue says."),
        Command(f"tc runs report {run}", "This report again, with every comparison since: above all that at the run's end."),
    )
    root = "ROOT" if report.digests is None else report.digests.merkle_root
    return (
        Command(f"tc runs verify {run}", "Every file, every entry and every digest; says the first damaged line."),
        Command(
            f"tc runs verify {run} --expect-root {root}",
            "The same against a root that you kept elsewhere, which also finds a journal rewritten together with its seal.",
        ),
        Command(f"tc runs replay {run}", "Folds the journal without the engine and compares the State digest."),
        Command(f"tc runs reproduce {run}", "Runs the stored spec again in a new process and compares the journals."),
        *(() if report.summary.gate is None else explain),
        *(reconcile if report.reconciliations or report.comparing != "none" else ()),
    )
