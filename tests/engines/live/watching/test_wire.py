"""What is wrong with a message is told by its kind, once, by the message before it and by how long others were on their way."""

import json
from typing import Any

import msgspec
import pytest

from tc.engines.nautilus.live.watching.wire import FORGOTTEN_AFTER_NS, LATE_NS, Delays, Diffs, Quotes, Stream, Trades

SECOND, MILLISECOND = 1_000_000_000, 1_000_000
NOW_MS = 1_700_000_000_000


class Wall:
    """A clock that may be set, and one that is not."""

    def __init__(self) -> None:
        self.now_ns = NOW_MS * MILLISECOND
        self.monotonic_ns = 5

    def wait(self, seconds: float) -> None:
        self.now_ns += int(seconds * SECOND)
        self.monotonic_ns += int(seconds * SECOND)

    def delays(self) -> Delays:
        return Delays(lambda: self.monotonic_ns)

    def now_ms(self, age_s: float = 0) -> int:
        return (self.now_ns - int(age_s * SECOND)) // MILLISECOND


def message(stream: str, **data: Any) -> bytes:
    return json.dumps({"stream": stream, "data": {"e": "…", "s": "BTCUSDT", "X": "NEW", **data}}).encode()


def quote(number: int, stamp_ms: int, **levels: str) -> bytes:
    return message("btcusdt@bookTicker", u=number, E=stamp_ms, **({"b": "9.5", "B": "1.0", "a": "10.0", "A": "2.0"} | levels))


def trade(number: int, stamp_ms: int) -> bytes:
    return message("btcusdt@aggTrade", a=number, E=stamp_ms, p="9.5", q="1")


def diff(number: int, stamp_ms: int, follows: int | None = None) -> bytes:
    return message(
        "btcusdt@depth@0ms", u=number, pu=number - 1 if follows is None else follows, E=stamp_ms, b=[["9.5", "0"]], a=[]
    )


def judged(stream: Stream, *messages: bytes, now_ms: int = NOW_MS) -> list[tuple[str, ...]]:
    return [stream.judge(each, now_ms * MILLISECOND) for each in messages]


def in_order(kind: type[Stream], make: Any, *numbers: int) -> list[tuple[str, ...]]:
    return judged(kind(Wall().delays()), *(make(number, NOW_MS) for number in numbers))


@pytest.mark.parametrize(("kind", "make"), [(Quotes, quote), (Trades, trade), (Diffs, diff)])
def test_a_number_once_more_is_a_duplicate_and_a_lower_one_is_backwards(kind: type[Stream], make: Any) -> None:
    assert in_order(kind, make, 1, 2, 2, 3) == [(), (), ("duplicate",), ()]
    assert in_order(kind, make, 1, 2, 3, 4)[-1] == ()
    found = in_order(kind, make, 5, 6, 4, 7)
    assert found == [(), (), ("backwards",), ()]


def test_a_change_of_the_book_that_follows_none_that_came_is_a_gap_and_the_first_follows_anything() -> None:
    stream = Diffs(Wall().delays())
    said = judged(
        stream, diff(10, NOW_MS, 3), diff(12, NOW_MS, 10), diff(15, NOW_MS, 13), diff(16, NOW_MS, 15), diff(20, NOW_MS, 18)
    )
    assert said == [(), (), ("gap",), (), ("gap",)]


def test_a_pair_that_is_swapped_is_one_gap_and_one_step_backwards() -> None:
    assert in_order(Diffs, diff, 1, 3, 2, 4) == [(), ("gap",), ("backwards",), ()]


def test_numbers_of_quotes_and_trades_may_leap() -> None:
    assert in_order(Quotes, quote, 1, 900) == in_order(Trades, trade, 1, 900) == [(), ()]


def test_a_stamp_that_goes_back_a_little_is_backwards_and_one_that_goes_back_a_lot_is_late_and_not_both() -> None:
    stream = Trades(Wall().delays())
    stamps = [NOW_MS, NOW_MS - 1, NOW_MS - 1, NOW_MS - 3_000, NOW_MS - 4_000, NOW_MS]
    assert judged(stream, *(trade(number, stamp) for number, stamp in enumerate(stamps))) == [
        (),
        ("backwards",),
        (),
        ("delayed",),
        ("delayed",),
        (),
    ]


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ({"b": "9.9", "a": "10.0"}, ()),
        ({"b": "10.0", "a": "10.0"}, ("crossed",)),
        ({"b": "10.0", "a": "9.9"}, ("crossed",)),
        ({"b": "0.0", "B": "0.000"}, ("empty",)),
        ({"A": "0.000"}, ("empty",)),
        ({"a": "0.0"}, ("empty",)),
    ],
)
def test_a_quote_is_crossed_or_empty_by_its_exact_prices(levels: dict[str, str], expected: tuple[str, ...]) -> None:
    assert judged(Quotes(Wall().delays()), quote(1, NOW_MS, **levels)) == [expected]


def test_a_quote_may_be_wrong_in_two_ways() -> None:
    stream = Quotes(Wall().delays())
    assert judged(stream, quote(1, NOW_MS), quote(1, NOW_MS, b="11")) == [(), ("duplicate", "crossed")]


def test_a_message_that_is_none_of_its_stream_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        Diffs(Wall().delays()).judge(b'{"stream":"btcusdt@depth@0ms","data":{"u":1}}', 1)


@pytest.mark.parametrize("venue_ahead_s", [-3600.0, 0.0, 3600.0])
def test_a_message_is_late_by_the_fastest_one_whatever_the_clocks_say(venue_ahead_s: float) -> None:
    wall = Wall()
    delays = wall.delays()
    late = []
    for age_s in (0.2, 0.01, 1.0, 1.02, 0.3, 0.005, 1.006):
        wall.wait(1)
        late.append(delays.is_late(wall.now_ms(age_s - venue_ahead_s), wall.now_ns))
    assert late == [False, False, False, True, False, False, True]


def test_the_fastest_one_is_forgotten_after_a_time_so_that_a_clock_that_was_set_at_the_venue_is_not_an_alarm_for_ever() -> None:
    wall = Wall()
    delays = wall.delays()
    delays.is_late(wall.now_ms(), wall.now_ns)
    late, waited_s = [], 0
    while waited_s < 2.1 * FORGOTTEN_AFTER_NS / SECOND:
        wall.wait(10)
        waited_s += 10
        late.append(delays.is_late(wall.now_ms(5), wall.now_ns))
    assert late[0]
    assert late[int(FORGOTTEN_AFTER_NS / SECOND / 10)]
    assert late[-3:] == [False] * 3
    assert delays.is_late(wall.now_ms(5 + 2 * LATE_NS / SECOND), wall.now_ns)


@pytest.mark.parametrize("set_by_s", [3.0, -3.0])
def test_a_clock_of_ours_that_is_set_makes_nothing_late_and_lateness_is_seen_afterwards(set_by_s: float) -> None:
    wall = Wall()
    delays = wall.delays()
    true_ms = wall.now_ms
    assert not delays.is_late(true_ms(), wall.now_ns)
    for ahead_s in (set_by_s, 0.0):
        wall.wait(1)
        at_ms = wall.now_ms()
        assert not delays.is_late(at_ms, wall.now_ns + int(ahead_s * SECOND))
        wall.wait(1)
        at_ms = wall.now_ms(1.5)
        assert delays.is_late(at_ms, wall.now_ns + int(ahead_s * SECOND))
