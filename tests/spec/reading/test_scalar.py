import math

import pytest

from tc.spec.reading.scalar import classify, floating, integer


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("netting", "text"),
        ("BTCUSDT-PERP.BINANCE", "text"),
        ("100000 USDT", "text"),
        ("y", "text"),
        ("", "null"),
        ("~", "null"),
        ("null", "null"),
        ("NULL", "null"),
        ("true", "boolean"),
        ("FALSE", "boolean"),
        ("0", "integer"),
        ("-12", "integer"),
        ("+5", "integer"),
        ("0x1F", "integer"),
        ("00", "integer"),
        ("-07", "integer"),
        ("0.5", "float"),
        (".5", "float"),
        ("1.", "float"),
        ("1.5e+3", "float"),
        ("-.inf", "float"),
        (".NaN", "float"),
        ("2023-04-01", "timestamp"),
        ("2023-04-01T12:00:00Z", "timestamp"),
        ("2023-04-01 12:00:00", "timestamp"),
    ],
)
def test_a_plain_scalar_is_what_every_reader_takes_it_for(text: str, kind: str) -> None:
    assert classify(text)[0] == kind


@pytest.mark.parametrize(
    ("text", "difference"),
    [
        ("no", "YAML 1.1 reads it as false, YAML 1.2 as text"),
        ("off", "YAML 1.1 reads it as false, YAML 1.2 as text"),
        ("on", "YAML 1.1 reads it as true, YAML 1.2 as text"),
        ("Yes", "YAML 1.1 reads it as true, YAML 1.2 as text"),
        ("010", "YAML 1.1 reads it as 8 (octal), YAML 1.2 as 10"),
        ("-010", "YAML 1.1 reads it as -8 (octal), YAML 1.2 as -10"),
        ("08", "YAML 1.1 reads it as text, YAML 1.2 as a number"),
        ("0o10", "YAML 1.1 reads it as text, YAML 1.2 as a number"),
        ("0b11", "YAML 1.1 reads it as a number, YAML 1.2 as text"),
        ("1_000", "YAML 1.1 reads it as a number, YAML 1.2 as text"),
        ("1e3", "YAML 1.1 reads it as text, YAML 1.2 as a number"),
        ("1:30", "YAML 1.1 reads it as a number in base 60, YAML 1.2 as text"),
        ("1:30.5", "YAML 1.1 reads it as a number in base 60, YAML 1.2 as text"),
        ("<<", "YAML 1.1 reads it as a special key, YAML 1.2 as text"),
        ("=", "YAML 1.1 reads it as a special key, YAML 1.2 as text"),
    ],
)
def test_a_scalar_that_readers_differ_on_is_ambiguous_and_the_note_says_how(text: str, difference: str) -> None:
    kind, note = classify(text)
    assert kind == "ambiguous"
    assert note == f"{difference}: put it in quotes, or write it plainly"


@pytest.mark.parametrize("text", ["9" * 65, "0." + "1" * 70])
def test_a_number_of_more_digits_than_a_reader_keeps_is_ambiguous(text: str) -> None:
    assert classify(text) == ("ambiguous", "a number this long is not exact in every reader: put it in quotes")


def test_a_long_text_is_text() -> None:
    assert classify("a" * 1000) == ("text", "")


def test_values_are_those_of_yaml() -> None:
    assert integer("0x1F") == 31
    assert integer("-12") == -12
    assert floating("1.5e+3") == 1500.0
    assert floating("-.INF") == -math.inf
    assert math.isnan(floating(".NaN"))
