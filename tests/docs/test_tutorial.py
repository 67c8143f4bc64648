"""The tutorial's commands run, in its order, in an empty folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from documentation import DOCS, blocks, commands


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which every command of the tutorial was run, each with exit code 0."""
    folder = tmp_path_factory.mktemp("tutorial")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TC_")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    for command in commands((DOCS / "tutorial.md").read_text(encoding="utf-8")):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"$ {command}\n{done.stdout}{done.stderr}"
    return folder


@pytest.mark.e2e
def test_the_tutorial_runs_from_top_to_bottom(walked: Path) -> None:
    assert (walked / "artifacts" / "runs" / "first" / "seal.json").is_file()


@pytest.mark.e2e
def test_the_verifier_on_the_journal_page_agrees_with_the_journal_and_finds_damage(walked: Path, tmp_path: Path) -> None:
    (program,) = blocks((DOCS / "concepts" / "journal.md").read_text(encoding="utf-8"), "python")
    journal = walked / "artifacts" / "runs" / "first" / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    whole = subprocess.run([sys.executable, "-c", program, journal], capture_output=True, text=True, check=False)
    assert whole.stdout.strip().encode() == lines[-1][11:75]

    damaged = tmp_path / "journal.jsonl"
    damaged.write_bytes(b"".join([*lines[:4], lines[4].replace(b'"at_ns":', b'"at_ns":1'), *lines[5:]]))
    found = subprocess.run([sys.executable, "-c", program, damaged], capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "line 5 is damaged" in found.stderr
