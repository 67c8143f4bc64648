"""The run directory: its files, and what stands in those that are read by machines."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from reference.markdown import as_markdown, code, page, summary, table
from reference.structs import struct_fields
from tc.checks import cause, integrity, quality
from tc.checks.reconcile import CODES as RECONCILE_CODES
from tc.checks.reconcile.observed import document as observed
from tc.reports.connectivity import Percentiles, ProbeAttempt, ProbeDocument, ReadinessDocument, SoughtName, Timings
from tc.reports.metrics import METRICS, METRICS_SCHEMA
from tc.reports.reconciliation import FieldDifference, ReconciliationDocument, ToldFinding, ToldRow
from tc.store import facts
from tc.store.heartbeat import Channel, NodeHeartbeat, SupervisorHeartbeat, Witness
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

_RECONCILIATION = """
What `tc reconcile` found, one file for each time, never written over. `observed` is an [observed file](observed-file.md).
"""

_READINESS = """
What `tc connectivity readiness` came to, one file for each time, never written over. Without `--run` it lies in
`<artifacts root>/connectivity/` instead. Its `kind` is `readiness`. What it means: [Connectivity](../concepts/connectivity.md).
"""

_PROBE = """
What `tc connectivity probe` came to, in the same places. Its `kind` is `probe`.
"""

_LIVE = """
`live/node.json` is what a run's node says of itself, twice a second while it lives; `live/supervisor.json` what its supervisor
says, once a second and when something changes. Each is replaced whole. No seal covers them, and no archive holds them: what they
say is true of a moment, and what happened is in the journal. One that is not replaced any more says that its writer hangs or is
dead. An attached node has no supervisor. What follows for market data:
[Paper trading](../concepts/paper-trading.md#is-the-market-data-alive).
"""

_OBSERVED = """
What a venue was seen to hold, for `tc reconcile --observed FILE`: one JSON object. A list that is left out, or null, is
*unknown*; an empty one says that there is none. A decimal string is a number in quotes, so that it stays exact: digits,
perhaps a point, no exponent. An unknown field, a field that stands twice, and the same thing stated twice are errors.
"""

OBSERVED_EXAMPLE = """
{
  "observed_version": 1,
  "closed_orders": "some",
  "orders": [
    {
      "key": "O-20261121-091500-001-000-7",
      "venue_order_id": "8389765542",
      "instrument_id": "BTCUSDT-PERP.BINANCE",
      "side": "SELL",
      "status": "PARTIALLY_FILLED",
      "quantity": "0.020",
      "filled": "0.005",
      "price": "98750.0"
    }
  ],
  "fills": [
    {
      "trade_id": "5120394417",
      "key": "O-20261121-091500-001-000-7",
      "venue_order_id": "8389765542",
      "instrument_id": "BTCUSDT-PERP.BINANCE",
      "side": "SELL",
      "quantity": "0.005",
      "price": "98750.0",
      "fee": "0.09875",
      "fee_currency": "USDT"
    }
  ],
  "positions": [{ "instrument_id": "BTCUSDT-PERP.BINANCE", "signed_quantity": "-0.005" }],
  "balances": [{ "currency": "USDT", "total": "99999.90125" }]
}
""".strip()

_CODES = (
    ("tc data check", quality.FINDING_CODES),
    ("tc runs verify` and `tc runs replay", integrity.CODES),
    ("tc reconcile", RECONCILE_CODES),
)

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
    blocks += ["## ops/reconciliation-NNNN.json", _RECONCILIATION]
    blocks += _structs(ReconciliationDocument, ToldFinding, ToldRow, FieldDifference)
    blocks += ["## ops/readiness-NNNN.json", _READINESS, *_structs(ReadinessDocument, SoughtName)]
    blocks += ["## ops/probe-NNNN.json", _PROBE, *_structs(ProbeDocument, ProbeAttempt, Timings, Percentiles)]
    blocks += ["## live/", _LIVE, *_structs(NodeHeartbeat, Channel, SupervisorHeartbeat, Witness)]
    return page("Run directory", *blocks)


def observed_file() -> str:
    """Return the page of the document that states what was observed."""
    parts = (observed.ObservedOrder, observed.ObservedFill, observed.ObservedPosition, observed.ObservedBalance)
    blocks = [_OBSERVED, struct_fields(observed.Observed)]
    for part in parts:
        blocks += [f"## {part.__name__}", summary(part), struct_fields(part)]
    return page("Observed file", *blocks, "## Example", f"```json\n{OBSERVED_EXAMPLE}\n```")


def metrics() -> str:
    """Return the page of every name in metrics.json."""
    rows = [(code(each.name), each.unit, each.meaning) for each in METRICS]
    return page("Metrics", _METRICS, f"The schema is {METRICS_SCHEMA}.", table(["name", "unit", "meaning"], rows))


def findings() -> str:
    """Return the page of every code that a finding can have."""
    blocks = [_FINDINGS]
    for command, codes in _CODES:
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
            inside = path.relative_to(run.path).as_posix()
            name = inside if path.suffix else f"{inside}/"
            rows.append((code(name), as_markdown(member.__doc__ or "")))
    return table(["name", "what it is"], rows)
