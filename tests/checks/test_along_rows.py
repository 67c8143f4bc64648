"""Claims about comparing a paper run with a back-test row by row: each difference is named by what was known otherwise."""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from gated import INSTRUMENT, SECOND, START_NS, GatedStream
from tc.checks.along_rows import AlongRows, compare_along_rows
from tc.core.events import MarketDataRows, MarketObserved, OrderFilled, OrderRejected

MS = SECOND // 1000


class Run:
    """A stream that sees rows; ``latency`` is how long its venue takes to answer, ``early`` shifts all its positions."""

    def __init__(self, *, latency: int = 0, early: int = 0, **gate: object) -> None:
        self.stream = GatedStream(**gate)
        for _ in range(early):
            self.stream.market()
        self.latency = latency
        self._row = -1
        self._at_ns = START_NS

    def row(self, after: int = 100 * MS) -> None:
        self._row += 1
        self._at_ns += after
        now = self.stream.now = max(self.stream.now, self._at_ns)
        self.stream.emit(MarketObserved(now, now, INSTRUMENT, Decimal(99), Decimal(1), Decimal(101), Decimal(1), row=self._row))

    def open(self, key: str, price: str = "100", side: str = "BUY") -> None:
        self.stream.new(key, side, "1", price)
        self.stream.submitted(key)
        self.stream.now += self.latency
        self.stream.accepted(key)

    def filled(self, key: str, price: str = "100", liquidity: str = "MAKER") -> None:
        stream = self.stream
        terms = stream.context.terms(key)
        assert terms is not None
        named = (f"V-{key}", "A-1", f"T-{key}", "P-1", "S-1", INSTRUMENT)
        stream.emit(
            OrderFilled(
                stream.now,
                stream.now,
                key,
                *named,
                terms.side,
                terms.quantity,
                Decimal(price),
                "USDT",
                Decimal(0),
                "USDT",
                liquidity,  # type: ignore[arg-type]
            )
        )


def compared(
    play: Callable[[Run], None], other: Callable[[Run], None], left: Run | None = None, right: Run | None = None
) -> AlongRows:
    left, right = left or Run(latency=5 * MS, early=3), right or Run()
    play(left)
    other(right)
    return compare_along_rows(*((run.stream.entries, run.stream.configuration) for run in (left, right)))


def test_positions_stamps_and_names_of_orders_are_no_difference() -> None:
    def play(run: Run, prefix: str) -> None:
        run.row()
        run.open(f"{prefix}-{run.stream.context.position}")
        run.row()
        run.stream.cancel(next(run.stream.context.open_orders()).terms.client_order_id)

    along = compared(lambda run: play(run, "L"), lambda run: play(run, "R"))
    assert (along.decided, along.same, along.causes, along.differences) == (2, 2, {}, ())
    assert (along.left.acknowledged_median_ns, along.right.acknowledged_median_ns) == (5 * MS, 0)


def test_a_command_under_way_is_latency() -> None:
    def slow(run: Run) -> None:
        run.row()
        run.stream.new("A")
        run.stream.submitted("A")
        run.row()
        run.stream.now += 5 * MS
        run.stream.accepted("A")
        run.row()

    def fast(run: Run) -> None:
        run.row()
        run.open("A")
        run.row()
        run.stream.replace("A", price="98")
        run.row()

    along = compared(slow, fast)
    assert along.causes == {"acknowledgement_latency": 1}
    (difference,) = along.differences
    assert (difference.row, difference.left) == (1, ("nothing",))
    assert difference.right == ("REPLACE BUY allowed", "REPLACE BUY 98 sent")
    assert difference.why == "these were sent and not yet answered: NEW BUY; and nothing"


def fill_at(row: int, *, delay: int = 0, liquidity: str = "MAKER", price: str = "100") -> Callable[[Run], None]:
    """Return a play in which an order is filled after a row, and the next is sent as soon as that is known."""

    def play(run: Run) -> None:
        run.row()
        run.open("A")
        for number in range(1, 5):
            run.row(after=5 * MS)
            if number == row:
                run.stream.now += delay
                run.filled("A", price, liquidity)
                run.open("B", "97")

    return play


def test_an_order_at_rest_that_one_venue_fills_and_the_other_does_not_is_queue_position() -> None:
    along = compared(fill_at(9), fill_at(2))
    assert along.causes == {"queue_position": 1}
    assert along.differences[0].why == "an order at rest was filled otherwise: nothing and BUY 1 at 100 as maker after row 2"
    assert (along.left.maker_fills, along.right.maker_fills) == (0, 1)


def test_the_same_fill_known_as_late_as_answers_are_is_latency() -> None:
    along = compared(fill_at(3), fill_at(2), Run(latency=5 * MS))
    assert along.causes == {"acknowledgement_latency": 2}
    along = compared(fill_at(3, delay=SECOND), fill_at(2), Run(latency=5 * MS))
    assert along.causes == {"queue_position": 2}


def test_another_fill_of_an_order_that_takes_is_the_fill_model() -> None:
    along = compared(fill_at(2, liquidity="TAKER"), fill_at(9))
    assert along.causes == {"venue_fill_model": 1}
    assert "BUY 1 at 100 as taker after row 2 and nothing" in along.differences[0].why


def test_an_order_that_one_venue_refuses_is_the_fill_model_and_what_follows_is_said_to_follow() -> None:
    def refused(run: Run) -> None:
        run.row()
        run.stream.new("A")
        run.stream.submitted("A")
        run.stream.emit(OrderRejected(run.stream.now, run.stream.now, "A", "A-1", "would take"))
        run.row()
        run.open("B", "97")
        run.row()

    def accepted(run: Run) -> None:
        run.row()
        run.open("A")
        run.row()
        run.row()
        run.stream.cancel("A")

    along = compared(refused, accepted, Run(), Run())
    assert along.causes == {"venue_fill_model": 2}
    assert along.differences[0].why == "what was refused differs: OrderRejected BUY; and nothing"


def test_a_command_that_waits_for_the_rate_in_one_of_them_is_the_rate_window() -> None:
    def play(run: Run, rows: int) -> None:
        run.row()
        run.open("A")
        for _ in range(rows):
            run.row(after=600 * MS)
        run.stream.new("B", price="97")

    def steady(run: Run) -> None:
        play(run, 2)

    def hasty(run: Run) -> None:
        run.row()
        run.open("A")
        run.row(after=100 * MS)
        run.row(after=100 * MS)
        run.stream.new("B", price="97")

    one_a_second = (1, SECOND, 1)
    along = compared(steady, hasty, Run(rate=one_a_second), Run(rate=one_a_second))
    assert along.causes == {"rate_window": 1}
    assert along.differences[0].right[-1] == "NEW BUY 1 at 97 held rate_capacity"


def test_a_kill_switch_in_one_of_them_is_no_matter_of_the_venue() -> None:
    def killed(run: Run) -> None:
        run.row()
        run.stream.kill("halt")
        run.row()
        run.stream.new("A")

    def not_killed(run: Run) -> None:
        run.row()
        run.row()
        run.stream.new("A")

    along = compared(killed, not_killed)
    assert along.causes == {"other": 1}
    assert along.differences[0].why == "one of the runs is ending: the kill switch is halt and none"


def test_rows_that_one_of_them_takes_in_one_entry_are_the_same_rows() -> None:
    def play(run: Run) -> None:
        run.row()
        run.open("A")
        run.row()
        run.row()
        run.open("B", "99")

    left, right = Run(), Run()
    play(left)
    play(right)
    entries = [each for each in right.stream.entries if not (isinstance(each.event, MarketObserved) and each.event.row == 1)]
    entries = [msgspec.structs.replace(each, position=number) for number, each in enumerate(entries, 1)]
    along = compare_along_rows((left.stream.entries, left.stream.configuration), (entries, right.stream.configuration))
    assert (along.decided, along.same) == (2, 2)


def answering(*, is_answered: bool) -> Callable[[Run], None]:
    """Return a play in which a second order is sent as soon as the first is acknowledged, by the next row or after it."""

    def play(run: Run) -> None:
        run.row()
        run.stream.new("A")
        run.stream.submitted("A")
        if is_answered:
            run.stream.accepted("A")
            run.stream.new("B", price="97")
        run.row()

    return play


def test_an_answer_that_only_one_of_them_has_before_the_next_row_is_latency() -> None:
    along = compared(answering(is_answered=True), answering(is_answered=False))
    assert along.causes == {"acknowledgement_latency": 1}
    assert along.differences[0].why == "until the next row came back: OrderAccepted BUY; and nothing"


def test_the_first_fill_that_differs_is_named_whatever_was_filled_alike_before() -> None:
    def play(run: Run, *, fills_again: bool) -> None:
        run.row()
        run.open("A")
        run.open("B", "97")
        run.row()
        run.filled("A")
        run.row()
        if fills_again:
            run.filled("B", "97")
        run.row()
        if fills_again:
            run.open("C", "96")

    along = compared(lambda run: play(run, fills_again=True), lambda run: play(run, fills_again=False))
    assert along.causes == {"queue_position": 1}
    assert along.differences[0].why == "an order at rest was filled otherwise: BUY 1 at 97 as maker after row 2 and nothing"


def test_other_commands_by_the_same_knowledge_are_explained_by_nothing() -> None:
    def play(run: Run, price: str) -> None:
        run.row()
        run.stream.new("A", price=price)

    along = compared(lambda run: play(run, "100"), lambda run: play(run, "99"))
    assert along.causes == {"other": 1}
    assert along.differences[0].why == "nothing that is recorded differs before"


def test_while_commands_wait_in_both_the_rate_explains_what_differs() -> None:
    def play(run: Run, price: str) -> None:
        run.row()
        run.open("A")
        run.stream.new("B", price="97")
        run.row(after=100 * MS)
        run.stream.new("C", price=price)

    one_a_second = (1, SECOND, 1)
    along = compared(lambda run: play(run, "96"), lambda run: play(run, "95"), Run(rate=one_a_second), Run(rate=one_a_second))
    assert along.causes == {"rate_window": 1}
    assert along.differences[0].why == "commands waited in both: the rate limit counts by when each was sent"


def test_a_row_that_one_of_them_sees_twice_is_no_difference() -> None:
    def twice(run: Run) -> None:
        run.row()
        now = run.stream.now
        run.stream.emit(MarketObserved(now, now, INSTRUMENT, Decimal(99), Decimal(1), Decimal(101), Decimal(1), row=0))
        run.row()
        run.open("A")

    def once(run: Run) -> None:
        run.row()
        run.row()
        run.open("A")

    along = compared(twice, once)
    assert (along.decided, along.same, along.causes) == (1, 1, {})


def test_rows_told_as_a_span_are_the_rows_up_to_its_last_one() -> None:
    def play(run: Run, *, is_span: bool) -> None:
        if is_span:
            run.stream.emit(MarketDataRows(run.stream.now, "d" * 64, 0, 1))
        else:
            run.row()
            run.row()
        run.stream.market()
        run.open("A")

    along = compared(lambda run: play(run, is_span=True), lambda run: play(run, is_span=False))
    assert (along.decided, along.same) == (1, 1)


def test_an_order_that_was_met_and_never_sent_has_no_time_to_its_acknowledgement() -> None:
    def play(run: Run) -> None:
        run.row()
        run.stream.initialize("E-1")
        run.stream.accepted("E-1")

    along = compared(play, play)
    assert (along.left.acknowledged_median_ns, along.right.acknowledged_median_ns) == (None, None)
