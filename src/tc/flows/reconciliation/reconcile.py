"""`tc reconcile`: what a run's journal adds up to beside what its venue says; every comparison is kept as a numbered artifact."""

import errno
import os
import stat
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

import msgspec

from tc.checks.reconcile import Holdings, Unknown, findings_of, settled
from tc.checks.reconcile.observed.convert import holdings_of, observed_document
from tc.checks.reconcile.observed.reading import parse_observed
from tc.errors import ArtifactError, DocumentError
from tc.flows.reconciliation.comparing import AskCache, Comparing, Source, nobody
from tc.flows.reconciliation.expected import Expected
from tc.flows.witness import Witness
from tc.reports.reconciliation import KeptReconciliation, ReconciliationDocument
from tc.store.facts import OpsArtifact, RunReconciled
from tc.store.files import MOST_BYTES, read_file
from tc.store.layout import RunDirectory
from tc.store.lock import is_active
from tc.store.ops import append_fact, read_facts, write_numbered_artifact

STEM, SUFFIX = "reconciliation", ".json"
MOST_LOOKS = 5
"""So often something that is not as expected is looked at while the run is being written, counted from when it was right."""

MOST_IN_ALL = 8
"""So many looks are taken at most, whatever else goes wrong meanwhile."""

MOST_PAUSES = 2
"""So often the journal is read once more in a look, in case the venue was ahead of it."""

PAUSE_S = 0.2


def reconcile_run(
    run: RunDirectory,
    source: Source,
    *,
    by: Witness,
    cached: AskCache = nobody,
    expected: Expected | None = None,
    heed: Callable[[ReconciliationDocument], None] = lambda _document: None,
    pause: Callable[[float], None] = time.sleep,
) -> tuple[str, ReconciliationDocument]:
    """Compare a run's journal, as far as it is whole, with a source; keep what came of it in `ops/`, and say so in ops.jsonl.

    A venue whose run is being written is asked again while something is wrong: `MOST_LOOKS` times since it was right. The journal
    is read before and after each answer: what equals anything that it said between is right. The node's cache is a third column
    where it is told; a node that does not answer once is not asked again. ``heed`` is told what it came to before that is kept:
    what was found counts also when no disk takes it. Where the run was compared before, ``expected`` is its journal as far as it
    was folded then, and is folded on.

    Returns the artifact's name in `ops/`, and what it holds.

    Raises
    ------
    ArtifactError
        The journal or the configuration cannot be read, a sealed journal is damaged, or the artifact cannot be written.

    """
    comparing = Comparing(expected or Expected(run), source, cached)
    _compare(run, source, comparing, pause)
    document = _document(run, source, comparing, by)
    heed(document)
    try:
        return _kept(run, document, by).name, document
    except ArtifactError as error:
        what = f"it came to {document.verdict!r}, with {len(document.findings)} findings, and is not kept"
        raise ArtifactError(f"{error.message}; {what}", hint=error.hint) from None


def file_source(path: Path) -> Source:
    """Return the source that a document is; it is read here, once.

    Raises
    ------
    DocumentError
        The file cannot be read, or is no such document.

    """
    try:
        with _opened(path) as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise DocumentError(f"{path} cannot be read: {error.strerror}", hint="Give the file of what was observed.") from None
    if len(data) > MOST_BYTES:
        raise DocumentError(f"{path} is larger than {MOST_BYTES >> 20} MiB: it is not read into memory")
    holdings = holdings_of(parse_observed(data, source=str(path)))
    return Source("file", str(path), lambda: holdings)


def _opened(path: Path) -> BinaryIO:
    """Open a file, or what a link names; a pipe or a device is an error, and never waited for."""
    file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))  # noqa: SIM115 - the caller closes it
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    raise OSError(errno.EINVAL, "it is no regular file")


def kept_reconciliations(run: RunDirectory) -> tuple[KeptReconciliation, ...]:
    """Return the reconciliations that a run's ops stream names, in order; what cannot be read of them is None."""
    names = (artifact.name for fact in read_facts(run) if isinstance(fact, RunReconciled) for artifact in fact.artifacts)
    return tuple(KeptReconciliation(name, _read(run.ops_folder / name)) for name in names)


def _compare(run: RunDirectory, source: Source, comparing: Comparing, pause: Callable[[float], None]) -> None:
    """Look until nothing is open, or often enough. A look at a run that has ended says everything by itself."""
    while True:
        is_moving = source.kind == "venue" and is_active(run)
        comparing.look()
        if not is_moving:
            comparing.forget()
            return
        for _ in range(MOST_PAUSES):
            if comparing.has_found:
                pause(PAUSE_S)
                comparing.listen()
        if comparing.looks == MOST_IN_ALL or not comparing.is_open(MOST_LOOKS):
            return


def _document(run: RunDirectory, source: Source, comparing: Comparing, by: Witness) -> ReconciliationDocument:
    found, in_flight = settled(comparing.found)
    expected, observed, cached = comparing.expected, comparing.observed, comparing.cached
    silent = (f"the node's cache is not compared: {cached.reason}",) if isinstance(cached, Unknown) else ()
    told = {
        "run_id": run.run_id,
        "tc": by.tc,
        "at_ns": by.at_ns,
        "source": source.kind,
        "source_name": source.name,
        "verdict": found.verdict,
        "position": expected.position,
        "entries": expected.entries,
        "journal_digest": expected.digest,
        "looks": comparing.looks,
        "in_flight": in_flight,
        "counts": found.counts,
        "not_compared": found.not_compared,
        "unknown": found.unknown,
        "findings": [each.to_dict() for each in findings_of(found)],
        "rows": [msgspec.structs.asdict(row) | {"differences": [asdict(each) for each in row.differences]} for row in found.told],
        "notes": (*expected.notes, *comparing.notes, *silent),
        "observed": None,
        "invented": found.invented,
        "cached_counts": found.cached_counts,
    }
    # What was said was judged when it was heard: it needs no second judgement.
    return msgspec.structs.replace(
        msgspec.convert(told, ReconciliationDocument),
        observed=None if isinstance(observed, Unknown) else observed_document(observed),
        cached=observed_document(cached) if isinstance(cached, Holdings) else None,
    )


def _kept(run: RunDirectory, document: ReconciliationDocument, by: Witness) -> OpsArtifact:
    data = msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"
    artifact = write_numbered_artifact(run, STEM, SUFFIX, data)
    fact = RunReconciled(
        at_ns=by.at_ns,
        tc=by.tc,
        user=by.user,
        artifacts=(artifact,),
        position=document.position,
        source=document.source,
        verdict=document.verdict,
        findings=len(document.findings),
    )
    append_fact(run, fact)
    return artifact


def _read(path: Path) -> ReconciliationDocument | None:
    try:
        return msgspec.json.decode(read_file(path), type=ReconciliationDocument)
    except (ArtifactError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
