"""The run directory: its files, and what stands in those that are read by machines."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from reference.markdown import as_markdown, code, page, summary, table
from reference.structs import struct_fields
from tc.checks import cause, integrity, quality
from tc.reports.metrics import METRICS, METRICS_SCHEMA
from tc.store import facts
from tc.store.layout import RunDirectory
from tc.store.metadata import GitCommit, Metadata, WallTime
from tc.store.seal import Checkpoint, Seal, SealedFile, SealedJournal

_INTRODUCTION = """
A run is one directory, `<artifacts root>/runs/<run id>/`. What it goes through: [Run model](../run-model.md).
"""

_OPS = """
Facts that come after the seal, or from other processes.
A line has the form of a journal's line, with `fact` in the place of `event`.
"""

_METRICS = """
`metrics.json` holds a run's figures. Dots lead into objects, `[]` is each element of a list, and `*` stands for a key that the
run decides. Counts are integers; amounts are exact decimal strings.
"""

_FINDINGS = """
A finding has four texts: `code` (one of those below), `subject` (what it is about), `expected` and `actual`.
"""

_CAUSES = """
`tc evidence compare` names the first difference of two runs by its cause.
"""


def run_directory() -> str:
    """Return the page of a run directory's files."""
    blocks = [_INTRODUCTION, _files()]
    blocks += ["## metadata.json", *_structs(Metadata, WallTime, GitCommit)]
    blocks += ["## seal.json", *_structs(Seal, SealedFile, SealedJournal, Checkpoint)]
    blocks += ["## ops.jsonl", _OPS, *_structs(*get_args(facts.Fact.__value__), facts.OpsArtifact)]
    return page("Run directory", *blocks)


def metrics() -> str:
    """Return the page of every name in metrics.json."""
    rows = [(code(each.name), each.unit, each.meaning) for each in METRICS]
    return page("Metrics", _METRICS, f"The schema is {METRICS_SCHEMA}.", table(["name", "unit", "meaning"], rows))


def findings() -> str:
    """Return the page of every code that a finding can have."""
    blocks = [_FINDINGS]
    for command, codes in (("tc data check", quality.FINDING_CODES), ("tc runs verify` and `tc runs replay", integrity.CODES)):
        blocks += [f"## `{command}`", table(["code", "meaning"], [(code(each), text) for each, text in codes.items()])]
    rows = [(code(each), text) for each, text in cause.CAUSES.items()]
    blocks += ["## Why two runs part", _CAUSES, table(["kind", "meaning"], rows)]
    return page("Finding codes", *blocks)


def _structs(*kinds: type) -> Iterator[str]:
    for kind in kinds:
        yield from (f"### {kind.__name__}", summary(kind), struct_fields(kind))


def _files() -> str:
    run = RunDirectory(Path("run"))
    rows = []
    for attribute, member in vars(RunDirectory).items():
        path = getattr(run, attribute) if isinstance(member, property) else None
        if isinstance(path, Path) and path != run.path:
            name = path.name if path.suffix else f"{path.name}/"
            rows.append((code(name), as_markdown(member.__doc__ or "")))
    return table(["name", "what it is"], rows)
