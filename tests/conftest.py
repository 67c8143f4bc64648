"""Fixtures that every room's tests may use."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from warm import end_templates

# How long an example takes says more about what else this machine does than about the code.
settings.register_profile("tc", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tc")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real market data; skips, saying so, where it is absent."""
    folder = Path(os.environ.get("TC_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "PROVENANCE.md").is_file():
        pytest.skip(f"the folder of real market data is absent: {folder}")
    return folder


@pytest.fixture(scope="session", autouse=True)
def templates() -> Iterator[None]:
    """End what warm processes were forked from."""
    yield
    end_templates()
