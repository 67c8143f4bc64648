"""What is derived from a finished journal: metrics.json, report.md and report.html; and the same again, at any time later."""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import msgspec

from tc.checks.finding import Finding
from tc.core import CoreConfiguration, fold_event_stream_entries, state_digest
from tc.errors import ArtifactError, InvariantViolation
from tc.flows.configuration import read_effective_configuration
from tc.flows.connectivity import kept_connectivity
from tc.flows.reconciliation.reconcile import kept_reconciliations
from tc.flows.recording.record import Recording
from tc.flows.runs.taped_prices import DrawTape, taped_prices
from tc.flows.witness import Witness
from tc.reports.candles import Candles
from tc.reports.html import render_html
from tc.reports.markdown import render_markdown
from tc.reports.metrics import run_metrics
from tc.reports.reconciliation import compared_metrics
from tc.reports.report import Digests, ProcessUsage, ReportInput
from tc.reports.summary import summarize
from tc.spec.run_spec import RunSpec
from tc.store.dataset import Dataset, load_dataset
from tc.store.facts import ReportWritten
from tc.store.files import read_file, write_atomic
from tc.store.journal import read_entries, scan_journal
from tc.store.layout import RunDirectory
from tc.store.metadata import Metadata, read_metadata
from tc.store.ops import append_fact, write_ops_artifact
from tc.store.seal import read_seal
from tc.store.status import run_status

CandleReader = Callable[[Dataset, int | None, int | None], Candles | None]
"""Reads the prices of a dataset from one time (inclusive) to another (exclusive), both in nanoseconds since the epoch."""


def report_run(
    run: RunDirectory,
    metadata: Metadata,
    recording: Recording,
    document: Mapping[str, Any],
    *,
    read_candles: Callable[[], Candles | None] = lambda: None,
    draw_tape: DrawTape | None = None,
) -> None:
    """Write metrics.json and both reports of a run whose journal is finished and that is not sealed yet.

    Its prices are those of its dataset, or where ``draw_tape`` is given those of its own tape.
    """
    findings = () if recording.error is None else (_failure(recording.reason),)
    usage = _usage(recording, is_durable=metadata.is_durable)
    report = _gathered(
        run,
        metadata,
        document,
        lambda entries: read_candles() if draw_tape is None else taped_prices(run, document, draw_tape, entries=entries),
        status=recording.status,
        state_digest=recording.state_digest,
        process=usage,
        findings=findings,
        error=recording.trace or None,
        comparing=_comparing(document, has_ended=recording.status == "blocked"),
    )
    counters = dict(recording.outcome.strategy_counters) if recording.outcome else {}
    metrics = run_metrics(report.summary, usage, strategy_counters=counters, compared=compared(report))
    write_atomic(run.metrics, msgspec.json.format(msgspec.json.encode(metrics), indent=2) + b"\n")
    write_atomic(run.report_md, render_markdown(report).encode())
    write_atomic(run.report_html, render_html(report).encode())


def report_again(
    run: RunDirectory, *, data_root: Path, read_candles: CandleReader, draw_tape: DrawTape = lambda *_: None
) -> ReportInput:
    """Gather a run's report from its directory as it stands, sealed or crashed.

    Prices are drawn where the dataset is present; of a run that has none, from its own tape.

    Raises
    ------
    ArtifactError
        Metadata, configuration or journal cannot be read.

    """
    metadata = read_metadata(run)
    stored, _ = read_effective_configuration(run)
    document = stored.document
    status = run_status(run)
    digest = read_seal(run).state_digest if run.seal.exists() else _digest_now(run, stored.core)
    return _gathered(
        run,
        metadata,
        document,
        lambda entries: (
            _present_candles(document, data_root, read_candles)
            if document["dataset"]["id"]
            else taped_prices(run, document, draw_tape, entries=entries)
        ),
        status=status,
        state_digest=digest,
        process=_stored_usage(run),
        findings=() if status != "failed" else (_failure(metadata.reason),),
        error=read_file(run.error).decode(errors="replace") if run.error.exists() else None,
        comparing=_comparing(document, has_ended=True),
    )


def compared(report: ReportInput) -> dict[str, object] | None:
    """Return what metrics.json says of the run's comparisons with its venue; None for a run that traded on none."""
    return None if report.comparing == "none" else compared_metrics(report.reconciliations, is_over=report.comparing == "over")


def record_report(run: RunDirectory, text: str, *, suffix: str, by: Witness) -> Path:
    """Keep a report made later in the run's `ops/`, and say so in its ops stream; ArtifactError when they cannot be written."""
    artifact = write_ops_artifact(run, f"report-{by.at_ns}{suffix}", text.encode())
    append_fact(run, ReportWritten(at_ns=by.at_ns, tc=by.tc, user=by.user, artifacts=(artifact,)))
    return run.ops_folder / artifact.name


def _gathered(
    run: RunDirectory,
    metadata: Metadata,
    document: Mapping[str, Any],
    prices: Callable[[int], Candles | None],
    *,
    status: str,
    state_digest: str,
    process: ProcessUsage | None,
    findings: Sequence[Finding],
    error: str | None,
    comparing: Literal["none", "open", "over"],
) -> ReportInput:
    scan = scan_journal(run.journal)
    candles = prices(scan.entries)
    if scan.damage is not None:
        damaged = Finding(scan.damage.reason, f"journal.jsonl line {scan.damage.line}", "a whole journal", scan.damage.reason)
        findings = (*findings, damaged)
    return ReportInput(
        run_id=run.run_id,
        status=status,
        metadata=msgspec.to_builtins(metadata),
        document=document,
        digests=Digests(scan.digest, scan.merkle_root, state_digest),
        summary=summarize(islice(read_entries(run.journal), scan.entries), document=document, candles=candles),
        candles=candles,
        findings=findings,
        process=process,
        error=error,
        reconciliations=kept_reconciliations(run),
        comparing=comparing,
        connectivity=kept_connectivity(run),
    )


def _comparing(document: Mapping[str, Any], *, has_ended: bool) -> Literal["none", "open", "over"]:
    """Say whether the run's comparisons with its venue are all made: who supervises a paper run makes the last after the seal."""
    mode = document["run_spec"].get("mode")
    if mode == "paper":
        return "over" if has_ended else "open"
    return "over" if mode == "attached" else "none"


def _window(document: Mapping[str, Any]) -> tuple[int | None, int | None]:
    data = msgspec.convert(document["run_spec"], RunSpec).data
    return (None, None) if data is None else (data.start_ns, data.end_ns)


def _digest_now(run: RunDirectory, configuration: CoreConfiguration) -> str:
    try:
        whole = islice(read_entries(run.journal), scan_journal(run.journal).entries)
        return state_digest(fold_event_stream_entries(whole, configuration=configuration))
    except InvariantViolation:
        return ""


def _present_candles(document: Mapping[str, Any], data_root: Path, read_candles: CandleReader) -> Candles | None:
    try:
        dataset = load_dataset(data_root, document["dataset"]["id"])
    except ArtifactError:
        return None
    if dataset.fingerprint != document["dataset"]["fingerprint"]:
        return None
    return read_candles(dataset, *_window(document))


class _StoredMetrics(msgspec.Struct):
    process: ProcessUsage | None = None


def _stored_usage(run: RunDirectory) -> ProcessUsage | None:
    try:
        return msgspec.json.decode(read_file(run.metrics), type=_StoredMetrics).process
    except (ArtifactError, msgspec.DecodeError):
        return None


def _failure(reason: str) -> Finding:
    return Finding("run_failed", "the run", "a run to the end of its data", reason)


def _usage(recording: Recording, *, is_durable: bool) -> ProcessUsage:
    before, after = recording.before, recording.after or recording.before

    def moved(first: int | None, last: int | None) -> int | None:
        return None if first is None or last is None else last - first

    return ProcessUsage(
        wall_s=(recording.ended_ns - recording.started_ns) / 1e9,
        cpu_s=after.cpu_s - before.cpu_s,
        peak_rss_bytes=after.peak_rss_bytes,
        read_bytes=moved(before.read_bytes, after.read_bytes),
        written_bytes=moved(before.written_bytes, after.written_bytes),
        recording="durable" if is_durable else "buffered",
    )
