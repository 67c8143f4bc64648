"""Claims about several looks at what moves: what stays wrong is found, and what was on its way or cannot be told is not."""

from collections.abc import Sequence

import pytest

from tc.checks.reconcile import Reconciliation, Row, Verdict, is_open, settled

WRONG = Row("balances", "USDT", "differs", "5 USDT", "6 USDT")
RIGHT = Row("balances", "USDT", "matched")
MOVING = frozenset({("balances", "USDT")})


def fill(name: str, verdict: Verdict = "unexpected") -> Row:
    return Row("fills", name, verdict, "", "BUY 1")


def look(*rows: Row, is_moving: bool = False) -> Reconciliation:
    return Reconciliation(rows, {}, {}, moving=MOVING if is_moving else frozenset())


WRONG_LOOK, RIGHT_LOOK, DOUBTFUL_LOOK = look(WRONG), look(RIGHT), look(RIGHT, is_moving=True)


def found(looks: Sequence[Reconciliation]) -> list[str]:
    return [row.subject for row in settled(looks)[0].told]


def test_one_look_is_found_as_it_is() -> None:
    assert settled([WRONG_LOOK]) == (WRONG_LOOK, 0)
    assert settled([RIGHT_LOOK]) == (RIGHT_LOOK, 0)


@pytest.mark.parametrize(
    ("looks", "stands"),
    [
        ([WRONG_LOOK] * 5, True),
        ([WRONG_LOOK] * 4 + [RIGHT_LOOK], False),
        ([RIGHT_LOOK] + [WRONG_LOOK] * 4, True),
        ([WRONG_LOOK, RIGHT_LOOK] + [WRONG_LOOK] * 3, True),
        ([RIGHT_LOOK] * 3 + [WRONG_LOOK] * 2, False),
        ([RIGHT_LOOK, WRONG_LOOK, DOUBTFUL_LOOK, DOUBTFUL_LOOK, WRONG_LOOK], False),
        ([WRONG_LOOK, DOUBTFUL_LOOK, WRONG_LOOK, DOUBTFUL_LOOK, WRONG_LOOK], True),
        ([WRONG_LOOK, WRONG_LOOK, WRONG_LOOK, DOUBTFUL_LOOK, DOUBTFUL_LOOK], True),
        ([WRONG_LOOK, DOUBTFUL_LOOK, DOUBTFUL_LOOK, DOUBTFUL_LOOK, WRONG_LOOK], False),
        ([DOUBTFUL_LOOK] * 5, False),
    ],
)
def test_what_was_wrong_in_most_looks_since_it_was_right_stands(looks: list[Reconciliation], stands: bool) -> None:
    assert found(looks) == (["USDT"] if stands else [])


def test_what_stands_is_told_as_it_was_last_wrong() -> None:
    reconciliation, in_flight = settled([WRONG_LOOK, WRONG_LOOK, DOUBTFUL_LOOK])
    assert (reconciliation.rows, in_flight) == ((WRONG,), 0)
    gone = Reconciliation((), {}, {}, moving=MOVING)
    assert settled([WRONG_LOOK, WRONG_LOOK, gone])[0].rows == (WRONG,)


def test_what_does_not_stand_was_in_flight_and_is_left_out() -> None:
    reconciliation, in_flight = settled([look(fill("1"), RIGHT), look(fill("1", "matched"), fill("2"), RIGHT)])
    assert (reconciliation.rows, in_flight) == ((fill("1", "matched"), RIGHT), 1)


def test_a_look_at_which_the_journal_was_behind_says_nothing_about_amounts() -> None:
    behind = [look(fill(str(number)), WRONG) for number in range(5)]
    assert found(behind) == []
    assert found([*behind[:2], *[WRONG_LOOK] * 3]) == ["USDT"]


def test_a_fill_that_never_comes_is_lost_and_hides_no_amount() -> None:
    assert found([look(fill("1"), WRONG)] * 5) == ["1", "USDT"]
    assert found([RIGHT_LOOK, *[look(fill("1"), WRONG)] * 3]) == ["1", "USDT"]
    assert found([look(fill("1", "missing"), WRONG)] * 5) == ["1", "USDT"]


def test_it_is_worth_another_look_while_something_is_wrong_that_was_looked_at_too_seldom_since_it_was_right() -> None:
    assert is_open([WRONG_LOOK], 5)
    assert is_open([WRONG_LOOK, DOUBTFUL_LOOK], 5)
    assert is_open([look(fill("1"), WRONG), WRONG_LOOK], 5)
    assert is_open([RIGHT_LOOK] + [WRONG_LOOK] * 4, 5)
    assert not is_open([WRONG_LOOK] * 5, 5)
    assert not is_open([WRONG_LOOK, RIGHT_LOOK], 5)
    assert not is_open([DOUBTFUL_LOOK], 5)
