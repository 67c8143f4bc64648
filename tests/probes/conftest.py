"""Fixtures for tests of probes."""

from pathlib import Path

import pytest

from probed_servers import certificate


@pytest.fixture(scope="session")
def own(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a certificate of this machine, signed by itself, and its key."""
    return certificate(tmp_path_factory.mktemp("own"))
