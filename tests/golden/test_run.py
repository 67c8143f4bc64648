"""The committed sample run, byte for byte: the packaged scenario on the packaged data must come out the same on any machine."""

import os
import subprocess
from pathlib import Path

import pytest

from tc import wiring

pytestmark = pytest.mark.e2e
REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLE = REPOSITORY / "artifacts" / "sample" / "runs" / "sample"
FACTS = (
    "run_spec.yaml",
    "configuration.json",
    "journal.jsonl",
    "decisions.jsonl",
    "code/tc/engines/nautilus/scenarios/ops_smoke_demo.py",
)


def test_the_sample_run_comes_out_the_same_byte_for_byte(tmp_path: Path) -> None:
    if os.environ.get("TC_REWRITE_GOLDEN"):
        subprocess.run([REPOSITORY / "scripts" / "sample.sh"], check=True)
    wiring.prepare_data("btcusdt-1m-sample", data_root=tmp_path)
    finished = wiring.run_spec(
        REPOSITORY / "specs" / "ops_smoke_gated.yaml",
        overrides=(),
        artifacts_root=tmp_path,
        data_root=tmp_path,
        run_id="golden",
        is_durable=False,
        on_progress=lambda progress: None,
        should_stop=lambda: False,
    )
    for name in FACTS:
        assert (finished.run.path / name).read_bytes() == (SAMPLE / name).read_bytes(), name
