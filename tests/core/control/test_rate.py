"""Rules R29 and R53: the rate is a function of stream time and of what was sent, and it is exact."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from tc.core.control import charge, earliest
from tc.core.gate import RateLimit

RATES = st.builds(RateLimit, st.integers(1, 50), st.integers(1, 10_000), st.integers(1, 20))


class Bucket:
    """A token bucket in fractions: slow, and obviously right."""

    def __init__(self, rate: RateLimit) -> None:
        self.rate = rate
        self.tokens = Fraction(rate.burst)
        self.at_ns = 0

    def take(self, count: int, now_ns: int) -> bool:
        """Take tokens if there are so many."""
        earned = Fraction((now_ns - self.at_ns) * self.rate.messages, self.rate.period_ns)
        self.tokens, self.at_ns = min(Fraction(self.rate.burst), self.tokens + earned), now_ns
        if self.tokens < count:
            return False
        self.tokens -= count
        return True


@given(RATES, st.lists(st.tuples(st.integers(0, 5_000), st.integers(1, 5)), max_size=60))
def test_R29_R53_the_rate_allows_exactly_what_a_token_bucket_allows(rate: RateLimit, steps: list[tuple[int, int]]) -> None:
    bucket, arrival, now_ns = Bucket(rate), 0, 0
    for wait_ns, asked in steps:
        now_ns += wait_ns
        count = min(asked, rate.burst)
        is_allowed = earliest(arrival, rate, count, now_ns) == now_ns
        assert is_allowed == bucket.take(count, now_ns)
        if is_allowed:
            arrival = charge(arrival, rate, count, now_ns)


@given(RATES, st.integers(0, 10**12), st.integers(0, 10**9), st.integers(1, 20))
def test_R53_the_deadline_is_the_first_stamp_at_which_the_rate_allows_it(
    rate: RateLimit, arrival: int, now_ns: int, asked: int
) -> None:
    count = min(asked, rate.burst)
    deadline_ns = earliest(arrival, rate, count, now_ns)
    assert earliest(arrival, rate, count, deadline_ns) == deadline_ns
    if deadline_ns > now_ns:
        assert earliest(arrival, rate, count, deadline_ns - 1) == deadline_ns


@given(RATES, st.integers(0, 10**6), st.integers(1, 100))
def test_R53_more_than_a_burst_goes_one_by_one(rate: RateLimit, now_ns: int, count: int) -> None:
    arrival, at_ns = 0, now_ns
    for _ in range(count):
        at_ns = earliest(arrival, rate, 1, at_ns)
        arrival = charge(arrival, rate, 1, at_ns)
    # Every message after a full burst waits for a whole nanosecond, which is at most one nanosecond each.
    assert 0 <= at_ns - earliest(0, rate, count, now_ns) <= count


def test_R29_a_rate_that_was_not_asked_may_go_into_debt_and_pays_it_back() -> None:
    rate = RateLimit(messages=2, period_ns=10, burst=1)
    arrival = charge(0, rate, 5, 100)
    assert earliest(arrival, rate, 1, 100) == 125
    assert earliest(arrival, rate, 1, 500) == 500
