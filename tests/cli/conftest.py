"""Fixtures for tests of commands."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import Answer
from tc.cli.main import main


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Return what runs `tc …` in an empty folder, with its artifacts root in `artifacts` and its data root in `data`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TC_ARTIFACTS_ROOT", raising=False)
    monkeypatch.delenv("TC_DATA_ROOT", raising=False)

    def run(*arguments: str | Path) -> Answer:
        monkeypatch.setattr(sys, "argv", ["tc", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        captured = capsys.readouterr()
        code = caught.value.code
        return Answer(0 if code is None else int(code), captured.out, captured.err)

    return run
