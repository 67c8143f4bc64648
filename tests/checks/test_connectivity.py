from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tc.checks.connectivity import (
    PROBE_STATES,
    READINESS_STATES,
    ProbeState,
    ReadinessState,
    Sought,
    loss_ratio,
    percentile,
    readiness_of,
    worst,
)
from tc.spec.connectivity_spec import ConnectivityReadinessSpec
from tc.store.facts import ReadinessChecked, VenueProbed

BLOCK = ConnectivityReadinessSpec(venue="BINANCE", required=("KEY", "SECRET"), optional=("PROXY",))
OFF = ConnectivityReadinessSpec(venue="BINANCE", required=("KEY",), enabled=False)
NONE = ConnectivityReadinessSpec(venue="BINANCE")


@pytest.mark.parametrize(
    ("block", "names", "state"),
    [
        (None, {"KEY"}, "disabled"),
        (OFF, {"KEY"}, "disabled"),
        (NONE, set(), "configured"),
        (BLOCK, {"KEY", "SECRET"}, "configured"),
        (BLOCK, {"KEY", "SECRET", "PROXY", "OTHER"}, "configured"),
        (BLOCK, {"KEY", "PROXY"}, "missing_credentials"),
        (BLOCK, set(), "missing_credentials"),
    ],
)
def test_a_spec_is_ready_when_every_required_name_is_set(
    block: ConnectivityReadinessSpec | None, names: set[str], state: str
) -> None:
    assert readiness_of(block, is_valid=True, names_set=names).state == state


def test_a_block_that_is_wrong_is_neither_ready_nor_looked_for() -> None:
    found = readiness_of(None, is_valid=False, names_set={"KEY", "SECRET"})
    assert (found.state, found.required, found.optional) == ("invalid_config", (), ())


def test_each_name_is_told_with_whether_it_is_set_and_no_other_name_of_the_environment_is() -> None:
    found = readiness_of(BLOCK, is_valid=True, names_set={"KEY", "HOME"})
    assert found.required == (Sought("KEY", is_set=True), Sought("SECRET", is_set=False))
    assert found.optional == (Sought("PROXY", is_set=False),)


def test_states_are_those_that_facts_can_say() -> None:
    assert READINESS_STATES == get_args(ReadinessState) == get_args(ReadinessChecked.__annotations__["state"])
    assert PROBE_STATES == get_args(ProbeState) == get_args(VenueProbed.__annotations__["state"])


def test_several_attempts_come_to_the_worst_of_theirs() -> None:
    assert worst(["ok", "timeout", "http_error", "ok"]) == "timeout"
    assert worst(["ok"]) == "ok"
    assert worst([]) == "unknown"


@pytest.mark.parametrize(("failed", "attempts", "ratio"), [(0, 7, "0"), (7, 7, "1"), (1, 4, "0.25"), (1, 3, "0.333333")])
def test_the_loss_is_what_failed_of_all(failed: int, attempts: int, ratio: str) -> None:
    assert loss_ratio(failed, attempts) == ratio


def test_percentiles_are_values_that_were_measured() -> None:
    hundred = list(range(100, 0, -1))
    assert [percentile(hundred, each) for each in (1, 50, 90, 99, 100)] == [1, 50, 90, 99, 100]
    assert [percentile([7], each) for each in (1, 50, 99)] == [7, 7, 7]
    assert [percentile([3, 9], each) for each in (50, 51)] == [3, 9]


@given(st.lists(st.integers(), min_size=1, max_size=50), st.integers(1, 100))
def test_at_least_so_many_percent_are_no_larger_than_their_percentile(values: list[int], percent: int) -> None:
    found = percentile(values, percent)
    assert found in values
    assert sum(each <= found for each in values) * 100 >= percent * len(values)
    assert sum(each < found for each in values) * 100 < percent * len(values)
