import pytest

from tc.reports.status.ages import ago, latency, length, took

S = 1_000_000_000


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (599, "9 min 59 s"),
        (600, "10 min"),
        (3_599, "59 min"),
        (3_600, "1 h"),
        (3_912, "1 h 5 min"),
        (36_000, "10 h"),
        (90_000, "1 d 1 h"),
        (864_000 * 200, "2,000 d"),
    ],
)
def test_a_length_has_at_most_two_units(seconds: float, text: str) -> None:
    assert length(int(seconds * S)) == text


def test_what_lies_ahead_by_another_clock_is_now() -> None:
    assert ago(S, 0) == "now"
    assert ago(0, S - 1) == "now"
    assert ago(0, 2 * S) == "2 s ago"


def test_a_short_run_took_tenths_of_seconds() -> None:
    assert took(312_000_000) == "0.3 s"
    assert took(-1) == "0.0 s"
    assert took(10 * S) == "10 s"


def test_a_latency_is_in_milliseconds_below_a_second() -> None:
    assert latency(1_204_000) == "1.2 ms"
    assert latency(1_310_000_000) == "1.31 s"
