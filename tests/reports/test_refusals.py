import pytest

from tc.reports.tally.refusals import EXAMPLE_LENGTH, KINDS_KEPT, OTHER, Refusals, without_numbers


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("free=9878.859 USDT, notional=-11,444.000 USDT", "free=# USDT, notional=# USDT"),
        ("price 5 at 2023-04-01T00:00:00Z", "price # at #"),
        ("L2_MBP book of BTC2 is E-7", "L2_MBP book of BTC2 is E-#"),
        ("no numbers", "no numbers"),
    ],
)
def test_numbers_are_left_out_and_names_stay(reason: str, expected: str) -> None:
    assert without_numbers(reason) == expected


def test_beyond_a_number_of_kinds_the_rest_is_one() -> None:
    refusals = Refusals()
    for index in range(KINDS_KEPT + 5):
        refusals.add("OrderDenied", f"reason {'x' * index}", index)
    found = refusals.sorted()
    assert len(found) == KINDS_KEPT + 1
    assert (found[0].reason, found[0].count, found[0].position) == (OTHER, 5, KINDS_KEPT)


def test_a_long_reason_is_cut_and_says_so() -> None:
    refusals = Refusals()
    refusals.add("OrderDenied", "x" * 10_000, 1)
    assert len(refusals.sorted()[0].example) == EXAMPLE_LENGTH
    assert refusals.sorted()[0].example.endswith("…")
