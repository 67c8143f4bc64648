"""`tc connectivity`: what a spec needs to connect, and what answers at a target; each time is kept as a numbered artifact."""

from collections.abc import Callable, Collection
from pathlib import Path

import msgspec

from tc.checks.connectivity import readiness_of
from tc.errors import ArtifactError
from tc.flows.witness import Witness
from tc.reports.connectivity import (
    ConnectivityDocument,
    KeptConnectivity,
    ProbeAttempt,
    ProbeDocument,
    ReadinessDocument,
    SoughtName,
    decode_connectivity,
    outcome_of,
)
from tc.spec.connectivity_rules import StatedConnectivity
from tc.spec.probe_url import ProbeTarget
from tc.store.connectivity import write_connectivity
from tc.store.facts import OpsArtifact, ReadinessChecked, VenueProbed
from tc.store.files import read_file
from tc.store.layout import RunDirectory
from tc.store.ops import append_fact, read_facts, write_numbered_artifact

type Keep = RunDirectory | Path
"""Where what came of it is kept: with a run, or under an artifacts root."""


def check_readiness(
    stated: StatedConnectivity, *, names_set: Collection[str], keep: Keep, by: Witness
) -> tuple[Path, ReadinessDocument]:
    """Judge whether what a spec needs to connect is configured, and keep what came of it; nothing is connected to.

    Raises
    ------
    ArtifactError
        It cannot be kept.

    """
    found = readiness_of(stated.block, is_valid=not stated.problems, names_set=names_set)
    required, optional = (
        tuple(SoughtName(each.name, each.is_set) for each in group) for group in (found.required, found.optional)
    )
    document = ReadinessDocument(
        at_ns=by.at_ns,
        tc=by.tc,
        run=_run_id(keep),
        spec=stated.name,
        venue=stated.venue,
        state=found.state,
        required=required,
        optional=optional,
        problems=stated.told,
    )
    return _kept(keep, "readiness", document, lambda artifact: _checked(document, artifact, by)), document


def probe_venue(
    stated: StatedConnectivity,
    target: ProbeTarget,
    *,
    timeout_ms: int,
    interval_ms: int,
    attempts: Callable[[], tuple[ProbeAttempt, ...]],
    keep: Keep,
    by: Witness,
) -> tuple[Path, ProbeDocument]:
    """Reach out to a target so often as ``attempts`` does, and keep what came of it.

    Raises
    ------
    RefusedError
        The target's name stands for an address that it may not; nothing is kept.
    ArtifactError
        It cannot be kept.

    """
    results = attempts()
    document = ProbeDocument(
        at_ns=by.at_ns,
        tc=by.tc,
        run=_run_id(keep),
        spec=stated.name,
        venue=stated.venue,
        target=target.origin,
        is_external=target.is_external,
        timeout_ms=timeout_ms,
        interval_ms=interval_ms,
        results=results,
        **msgspec.structs.asdict(outcome_of(results)),
    )
    return _kept(keep, "probe", document, lambda artifact: _probed(document, artifact, by)), document


def kept_connectivity(run: RunDirectory) -> tuple[KeptConnectivity, ...]:
    """Return the checks and probes that a run's ops stream names, in order; what cannot be read of them is None."""
    facts = (fact for fact in read_facts(run) if isinstance(fact, ReadinessChecked | VenueProbed))
    return tuple(KeptConnectivity(each.name, _read(run.ops_folder / each.name)) for fact in facts for each in fact.artifacts)


def _checked(document: ReadinessDocument, artifact: OpsArtifact, by: Witness) -> ReadinessChecked:
    return ReadinessChecked(
        at_ns=by.at_ns, tc=by.tc, user=by.user, artifacts=(artifact,), state=document.state, spec=document.spec
    )


def _probed(document: ProbeDocument, artifact: OpsArtifact, by: Witness) -> VenueProbed:
    return VenueProbed(
        at_ns=by.at_ns,
        tc=by.tc,
        user=by.user,
        artifacts=(artifact,),
        state=document.state,
        spec=document.spec,
        target=document.target,
        attempts=document.attempts,
        failed=document.failed,
    )


def _kept(
    keep: Keep,
    stem: str,
    document: ConnectivityDocument,
    fact_of: Callable[[OpsArtifact], ReadinessChecked | VenueProbed],
) -> Path:
    data = msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"
    if isinstance(keep, Path):
        return write_connectivity(keep, stem, data)
    artifact = write_numbered_artifact(keep, stem, ".json", data)
    append_fact(keep, fact_of(artifact))
    return keep.ops_folder / artifact.name


def _run_id(keep: Keep) -> str | None:
    return None if isinstance(keep, Path) else keep.run_id


def _read(path: Path) -> ConnectivityDocument | None:
    try:
        return decode_connectivity(read_file(path))
    except ArtifactError:
        return None
