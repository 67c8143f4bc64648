"""The sample run in the repository is what this version of tc says it is; `make sample` makes it again."""

import subprocess
import sys
from pathlib import Path

import pytest

from documentation import REPOSITORY

TC = Path(sys.executable).with_name("tc")
SAMPLE = REPOSITORY / "artifacts" / "sample"


@pytest.mark.parametrize("judgement", ["verify", "replay"])
def test_the_committed_sample_run_verifies_and_replays(judgement: str) -> None:
    judged = subprocess.run(
        [TC, "runs", judgement, "sample", "--artifacts-root", SAMPLE], capture_output=True, text=True, check=False
    )
    assert judged.returncode == 0, judged.stdout + judged.stderr


def test_the_committed_sample_run_is_complete_and_names_no_lock_holder() -> None:
    files = {path.name for path in (SAMPLE / "runs" / "sample").iterdir()}
    assert {"run_spec.yaml", "journal.jsonl", "metrics.json", "report.md", "report.html", "seal.json"} <= files
    assert "journal.lock" not in files
