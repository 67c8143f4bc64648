"""What a closed list in the code names, the documentation explains."""

import re
from typing import get_args

import pytest

from documentation import DOCS
from tc.core.events import EVENT_TYPES
from tc.core.state.model import AnomalyCode
from tc.errors import ExitCode, TcError


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def test_every_anomaly_is_explained() -> None:
    named = set(re.findall(r"^\| `(\w+)` \|", page("concepts/facts-and-fold.md"), re.MULTILINE))
    assert named == set(get_args(AnomalyCode))


def test_every_event_type_has_a_heading() -> None:
    headings = set(re.findall(r"^### (\w+)$", page("reference/events.md"), re.MULTILINE))
    assert set(EVENT_TYPES) <= headings


def test_every_exit_code_and_every_error_has_its_row() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", page("reference/exit-codes.md"), re.MULTILINE))
    assert rows == {str(int(code)) for code in ExitCode} | {error.__name__ for error in TcError.__subclasses__()}


def test_fields_of_runspecs_and_instruments_have_their_rows() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", page("reference/run-spec.md"), re.MULTILINE)
    assert {"spec_version", "starting_balances", "python_path", "fingerprint", "closed_orders_kept", "price_increment"} <= set(
        rows
    )


RULES = re.findall(r"^\| (R\d\d) \| .* \| (.+) \|$", page("reference/rules.md"), re.MULTILINE)


def test_every_rule_is_listed() -> None:
    assert [rule for rule, _ in RULES] == [f"R{number:02}" for number in range(1, 91)]


@pytest.mark.parametrize(("rule", "tests"), RULES, ids=[rule for rule, _ in RULES])
def test_every_rule_has_a_test_that_carries_its_id(rule: str, tests: str) -> None:
    assert rule in tests
