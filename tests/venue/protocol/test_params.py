"""Parameters are read once, by their types; whatever is sent gives a value or Binance's error, never anything else."""

from contextlib import suppress
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tc.venue.protocol.params import Params
from tc.venue.protocol.problems import ApiError


def code_of(call: object) -> int:
    with pytest.raises(ApiError) as caught:
        call()  # type: ignore[operator]
    return caught.value.code


def test_query_and_body_are_read_together() -> None:
    params = Params.read("symbol=BTCUSDT&price=1.50", "quantity=2")
    assert (params.text("symbol"), params.decimal("price"), params.integer("quantity")) == ("BTCUSDT", Decimal("1.50"), 2)
    assert params.text("side") is None


def test_a_name_that_is_there_twice_is_refused() -> None:
    assert code_of(lambda: Params.read("symbol=A&symbol=B", "")) == -1101
    assert code_of(lambda: Params.read("symbol=A", "symbol=A")) == -1101


def test_a_mandatory_one_that_is_missing_or_empty_is_named() -> None:
    with pytest.raises(ApiError, match=r"-1102: Mandatory parameter 'side'"):
        Params.read("symbol=A&side=", "").require(("symbol", "side"), ())


def test_one_that_nobody_reads_is_refused_and_time_and_signature_are_always_read() -> None:
    Params.read("symbol=A&timestamp=1&recvWindow=2&signature=x", "").require(("symbol",), ())
    assert code_of(lambda: Params.read("symbol=A&what=1", "").require(("symbol",), ())) == -1104


@pytest.mark.parametrize(
    "value", ["1e", "--1", "NaN", "Infinity", "0x10", "1" * 41, "1,5", "\N{ARABIC-INDIC DIGIT ONE}\N{ARABIC-INDIC DIGIT TWO}x"]
)
def test_what_is_no_number_is_refused(value: str) -> None:
    params = Params.read(urlencode({"n": value}), "")
    assert code_of(lambda: params.decimal("n")) == -1130
    assert code_of(lambda: params.integer("n")) == -1130


def test_booleans_are_taken_in_any_spelling_of_their_letters() -> None:
    params = Params.read("a=True&b=false&c=1", "")
    assert params.flag("a")
    assert not params.flag("b")
    assert not params.flag("absent")
    assert code_of(lambda: params.flag("c")) == -1130


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_query_gives_values_or_an_error_of_the_venue(query: str, body: str) -> None:
    with suppress(ApiError):
        params = Params.read(query, body)
        for name in params.values:
            for read in (params.text, params.integer, params.decimal, params.flag):
                with suppress(ApiError):
                    read(name)
