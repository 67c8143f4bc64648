"""A reading is tolerated as its probe says, and never where there is nothing to read."""

from decimal import Decimal

import pytest

from tc.checks.drills.facts import Reading
from tc.checks.drills.steady import reading_of, tolerated
from tc.spec.drills.drill_spec import ProbeSpec


@pytest.mark.parametrize(
    ("bounds", "value", "holds"),
    [
        ({"equals": "trading"}, "trading", True),
        ({"equals": "trading"}, "halted", False),
        ({"equals": "0"}, Decimal("0.0"), True),
        ({"equals": "none"}, Decimal(0), False),
        ({"at_least": "1"}, Decimal(1), True),
        ({"at_least": "1"}, Decimal("0.9"), False),
        ({"at_most": "0.25"}, Decimal("0.25"), True),
        ({"at_most": "0.25"}, Decimal("0.3"), False),
        ({"at_least": "1", "at_most": "2"}, Decimal(3), False),
        ({"at_least": "1"}, "many", False),
        ({}, "anything", True),
        ({"at_least": "0"}, None, False),
        ({"equals": "up"}, None, False),
    ],
)
def test_a_reading_is_tolerated_as_its_probe_says(bounds: dict[str, str], value: str | Decimal | None, holds: bool) -> None:
    assert reading_of(ProbeSpec(probe="feed", **bounds), value).holds is holds


def test_a_reading_says_what_was_read_and_what_is_tolerated() -> None:
    probe = ProbeSpec(probe="open_orders", at_least="1", at_most="4")
    assert reading_of(probe, Decimal(2)) == Reading("open_orders", "2", "at least 1, at most 4", holds=True)
    assert reading_of(probe, None).value == ""
    assert tolerated(ProbeSpec(probe="feed", equals="live")) == "live"
