"""Fixtures that every room's tests may use."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real market data; skips, saying so, where it is absent."""
    folder = Path(os.environ.get("TC_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "PROVENANCE.md").is_file():
        pytest.skip(f"the folder of real market data is absent: {folder}")
    return folder
