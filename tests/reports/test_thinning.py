from hypothesis import given
from hypothesis import strategies as st

from tc.reports.thinning import Sampled, Thinning


def sampled(total: int, limit: int) -> Sampled[int]:
    series: Thinning[int] = Thinning(limit)
    for item in range(total):
        series.add(item)
    return series.sampled()


def test_a_series_within_the_limit_is_whole() -> None:
    assert sampled(4, 4) == Sampled((0, 1, 2, 3), 4, 1)
    assert sampled(4, 4).is_whole


def test_a_full_series_keeps_every_second_item_and_the_last() -> None:
    assert sampled(6, 4) == Sampled((0, 2, 4, 5), 6, 2)
    assert not sampled(6, 4).is_whole


def test_an_empty_series_is_whole() -> None:
    assert sampled(0, 4) == Sampled()
    assert sampled(0, 4).is_whole


@given(st.integers(0, 3_000), st.integers(2, 40))
def test_what_is_kept_is_bounded_even_and_knows_how_many_there_were(total: int, limit: int) -> None:
    found = sampled(total, limit)
    assert len(found.items) <= limit + 1
    assert found.total == total
    assert found.items[: -(-total // found.every)] == tuple(range(0, total, found.every))
    assert not total or found.items[-1] == total - 1
    assert found.is_whole == (found.every == 1)
