from pathlib import Path
from typing import get_args

import pytest
from msgspec import UNSET

from tc.errors import DocumentError
from tc.spec.gate_spec import LIMITS, ProfileName, RiskSpec
from tc.spec.profile import PACKAGED, packaged_profile, read_profile, unsuited_limits, written_out

NAMES = get_args(ProfileName)
CAUTIOUS = PACKAGED / "cautious.yaml"


def edited_profile(folder: Path, old: str, new: str) -> Path:
    text = CAUTIOUS.read_text(encoding="utf-8")
    assert old in text
    path = folder / "mine.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_the_names_are_those_of_the_packaged_documents() -> None:
    assert sorted(NAMES) == sorted(path.stem for path in PACKAGED.iterdir())
    assert {"cautious", "standard", "research"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_R15_a_profile_states_every_limit_and_stands_on_no_other(name: str) -> None:
    limits = packaged_profile(name).limits
    assert limits.profile is None
    assert UNSET not in [getattr(limits, limit) for limit in LIMITS]


@pytest.mark.parametrize("limit", ["max_order_quantity", "max_position"])
@pytest.mark.parametrize("name", NAMES)
def test_no_profile_claims_to_know_the_units_of_an_instrument(name: str, limit: str) -> None:
    assert getattr(packaged_profile(name).limits, limit) is None


def test_R15_what_is_written_replaces_the_profile_also_where_it_is_null() -> None:
    risk = written_out(RiskSpec(profile="cautious", max_position="3", price_collar=None))
    assert (risk.profile, risk.max_position, risk.price_collar, risk.max_order_notional) == (None, "3", None, "10000")
    assert written_out(risk) is risk


def test_R39_limits_that_are_not_all_stated_are_refused() -> None:
    with pytest.raises(DocumentError, match="risk: every limit is written, null for one that is knowingly off; missing: max"):
        written_out(RiskSpec(max_position="3"))


def test_a_profile_that_leaves_a_limit_out_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"mine\.yaml: every limit is written.*; missing: session$"):
        read_profile(edited_profile(tmp_path, "  session: null\n", ""))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"0.02"', "0.02", r"mine\.yaml:10: limits\.price_collar: value 0\.02: expected a decimal in quotes"),
        ("session:", "sesion:", r"mine\.yaml:15: limits\.sesion: unknown key.*did you mean 'session'"),
    ],
)
def test_a_broken_profile_is_told_like_any_document(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(DocumentError, match=told):
        read_profile(edited_profile(tmp_path, old, new))


def test_values_are_unsuited_where_they_come_from_a_profile_in_another_currency() -> None:
    both = ("max_order_notional", "max_gross_exposure")
    assert unsuited_limits(RiskSpec(profile="cautious"), "USDT") == ()
    assert unsuited_limits(RiskSpec(profile="cautious"), "BTC") == both
    assert unsuited_limits(RiskSpec(profile="cautious", max_order_notional=None), "BTC") == both[1:]
    assert unsuited_limits(RiskSpec(max_order_notional="1"), "BTC") == ()
