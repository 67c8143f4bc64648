"""Limits count by the minute of the clock, refuse with 429, ban who goes on with 418, and forgive in the next minute."""

import pytest

from tc.venue.clock import SECOND_NS
from tc.venue.protocol.limits import MINUTE_NS, Limits, LimitSettings
from tc.venue.protocol.problems import ApiError

NOON = 29_000_000 * MINUTE_NS


def refused(limits: Limits, weight: int, now_ns: int) -> ApiError:
    with pytest.raises(ApiError) as caught:
        limits.take_weight(weight, now_ns)
    return caught.value


def test_a_minute_takes_its_weight_and_no_more() -> None:
    limits = Limits(LimitSettings(weight=10))
    limits.take_weight(10, NOON)
    assert limits.headers(NOON, with_orders=False) == {"X-MBX-USED-WEIGHT-1M": "10"}
    error = refused(limits, 1, NOON + 20 * SECOND_NS)
    assert (error.status, error.code, error.headers) == (429, -1003, {"Retry-After": "41"})


def test_the_next_minute_begins_at_nothing() -> None:
    limits = Limits(LimitSettings(weight=10))
    limits.take_weight(10, NOON)
    limits.take_weight(10, NOON + MINUTE_NS)


def test_who_goes_on_is_banned_for_longer_each_time() -> None:
    limits = Limits(LimitSettings(weight=1, refusals=2))
    limits.take_weight(1, NOON)
    assert [refused(limits, 1, NOON).status for _ in range(4)] == [429, 429, 418, 418]
    assert refused(limits, 1, NOON + 119 * SECOND_NS).headers == {"Retry-After": "2"}
    again = NOON + 120 * SECOND_NS
    limits.take_weight(1, again)
    assert [refused(limits, 1, again).status for _ in range(3)] == [429, 429, 418]
    assert refused(limits, 1, again + 239 * SECOND_NS).status == 418


def test_orders_are_counted_in_ten_seconds_and_in_a_minute() -> None:
    limits = Limits(LimitSettings(orders=8))
    limits.take_orders(2, NOON)
    with pytest.raises(ApiError, match=r"-1015: Too many new orders; current limit is 2 orders per 10 SECOND") as caught:
        limits.take_orders(1, NOON + 9 * SECOND_NS)
    assert (caught.value.status, caught.value.headers) == (429, {"Retry-After": "2"})
    assert limits.headers(NOON + 9 * SECOND_NS, with_orders=True)["X-MBX-ORDER-COUNT-10S"] == "3"
    for turn in (1, 2, 3):
        limits.take_orders(2, NOON + turn * 10 * SECOND_NS)
    with pytest.raises(ApiError, match=r"8 orders per 60 SECOND"):
        limits.take_orders(2, NOON + 40 * SECOND_NS)


def test_a_limit_of_nothing_is_no_limit() -> None:
    limits = Limits(LimitSettings(weight=0, orders=0))
    for _ in range(10_000):
        limits.take_weight(50, NOON)
        limits.take_orders(5, NOON)
