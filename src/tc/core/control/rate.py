"""The rate as a token bucket, kept as one integer: the theoretical arrival time of the generic cell rate algorithm.

The algorithm is that of ITU-T Recommendation I.371 (virtual scheduling). A message costs ``period_ns`` units and a nanosecond
of stream time earns ``messages`` units, so nothing is rounded but the deadline, up to the next whole nanosecond.
"""

from tc.core.gate import RateLimit


def earliest(arrival: int, rate: RateLimit, count: int, now_ns: int) -> int:
    """Return the first stamp, from ``now_ns`` on, at which ``count`` messages may have been sent, the last of them then.

    Up to ``burst`` messages may go at once at that stamp; of more than that the first go before it.
    """
    behind = max(arrival, now_ns * rate.messages) + (count - rate.burst) * rate.period_ns
    return max(now_ns, -(-behind // rate.messages))


def charge(arrival: int, rate: RateLimit, count: int, now_ns: int) -> int:
    """Return the arrival time after ``count`` messages at ``now_ns``, allowed or not: it may go into debt."""
    return max(arrival, now_ns * rate.messages) + count * rate.period_ns
