"""One run's metrics as text: what a scrape would say of it, read once."""

import math

from tc.errors import ArtifactError
from tc.store.layout import RunDirectory
from tc.telemetry.documents import DescribedRuns
from tc.telemetry.exposition.lines import END, RUN_FAMILIES, Format, block_of, header
from tc.telemetry.following import TallyOf
from tc.telemetry.run_facts import RunFacts
from tc.telemetry.samples import samples_of
from tc.telemetry.tracking import TrackedRun

_MOST_LOOKS = 3
"""What seems damaged is looked at twice."""


def facts_of(run: RunDirectory, tally_of: TallyOf, *, now_ns: int) -> RunFacts:
    """Return what a run directory says, its journal read to the end; ArtifactError when it cannot be read."""
    tracked = TrackedRun(str(run.path), tally_of, DescribedRuns())
    for _ in range(_MOST_LOOKS):
        tracked.look(now_ns, math.inf)
        if tracked.facts.is_read:
            break
    if tracked.facts.problem:
        raise ArtifactError(
            f"run {run.run_id!r} cannot be read: {tracked.facts.problem}", hint="`tc runs verify` says what else is altered."
        )
    return tracked.facts


def exported(facts: RunFacts, *, now_ns: int, written: Format) -> bytes:
    """Return a run's samples as Prometheus reads them, each family under its header."""
    block = block_of(samples_of(facts, now_ns))
    families = zip(RUN_FAMILIES, block, strict=True)
    return b"".join(header(family, written) + lines for family, lines in families if lines) + END[written]
