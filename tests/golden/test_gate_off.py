"""Without a gate a run records what it did before there was one: `gate_off.json` is of that version; nothing rewrites it."""

from pathlib import Path

import pytest

from recorded_runs import Workshop, before_the_gate, body_digest
from tc import wiring

pytestmark = pytest.mark.e2e


def test_without_a_gate_the_smoke_run_records_what_it_did_before_there_was_one(tmp_path: Path) -> None:
    wiring.prepare_data("btcusdt-1m-sample", data_root=tmp_path)
    run = Workshop(tmp_path).make("ops_smoke_demo", "off")
    assert body_digest(run) == before_the_gate("ops_smoke_demo")
    assert not run.decisions.exists()
