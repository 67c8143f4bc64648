"""Fixtures of the tests of the proxy."""

from collections.abc import Iterator

import pytest

from proxied import Bench, bench


@pytest.fixture
def line() -> Iterator[Bench]:
    """Return a proxy in front of an upstream."""
    with bench() as made:
        yield made


@pytest.fixture(autouse=True)
def _nothing_is_lost(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail when an event loop complains: of a task that was left, or a failure that nobody looked at."""
    yield
    assert [each.getMessage() for each in caplog.get_records("call") if each.name == "asyncio"] == []
