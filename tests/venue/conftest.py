"""One venue process for each module of tests, and a caller who leaves no fault behind."""

from collections.abc import Iterator

import pytest

from venue_process import Caller, VenueProcess, calling, venue_process


@pytest.fixture(scope="module")
def venue() -> Iterator[VenueProcess]:
    with venue_process("--faults", "--rate", "100", "--seed", "7") as started:
        yield started


@pytest.fixture
def caller(venue: VenueProcess) -> Iterator[Caller]:
    with calling(venue.url) as caller:
        yield caller
        caller.fault("reset")
