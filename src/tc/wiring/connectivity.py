"""What `tc connectivity` really gets: the environment's names, and a prober that speaks to sockets."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tc.wiring.machine import witness_here

if TYPE_CHECKING:
    from tc.flows.connectivity import Keep
    from tc.reports.connectivity import ProbeDocument, ReadinessDocument


def connectivity_keeper(run: str | None, *, artifacts_root: Path) -> "Keep":
    """Return where what comes of it is kept: with the run that is meant, or under the artifacts root."""
    from tc.store.layout import existing_run

    return artifacts_root if run is None else existing_run(artifacts_root, run)


def check_readiness(spec: Path | None, *, keep: "Keep") -> "tuple[Path, ReadinessDocument]":
    """Judge whether the environment has what a spec needs to connect; only the names that are set leave this function."""
    from tc.flows.connectivity import check_readiness
    from tc.spec.connectivity_rules import load_connectivity

    names = frozenset(name for name, value in os.environ.items() if value.strip())
    return check_readiness(load_connectivity(_spec_of(spec, keep)), names_set=names, keep=keep, by=witness_here())


def probe_venue(
    spec: Path | None,
    url: str,
    *,
    timeout_ms: int,
    count: int,
    interval_ms: int,
    allows_external: bool,
    ca_file: Path | None,
    keep: "Keep",
) -> "tuple[Path, ProbeDocument]":
    """Reach out to a target that may be probed, and look at what answers."""
    from tc.flows.connectivity import probe_venue
    from tc.probes.probe import probe
    from tc.spec.connectivity_rules import load_connectivity
    from tc.spec.probe_url import judge_target

    target = judge_target(url, allows_external=allows_external)
    return probe_venue(
        load_connectivity(_spec_of(spec, keep)),
        target,
        timeout_ms=timeout_ms,
        interval_ms=interval_ms,
        attempts=lambda: probe(target, timeout_ms=timeout_ms, count=count, interval_ms=interval_ms, ca_file=ca_file),
        keep=keep,
        by=witness_here(),
    )


def _spec_of(spec: Path | None, keep: "Keep") -> Path:
    """Return the document that is meant: the one that was given, or else the one that the run was made with."""
    from tc.errors import DocumentError

    if spec is not None:
        return spec
    if isinstance(keep, Path):
        raise DocumentError("there is no spec to go by", hint="Give --spec PATH, or --run RUN for the spec of a run.")
    return keep.spec
