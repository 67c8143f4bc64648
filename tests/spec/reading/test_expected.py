from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, inspect

from tc.spec.grammar import Money
from tc.spec.reading.expected import expected
from tc.spec.run_spec import FeesSpec


@pytest.mark.parametrize(
    ("type_", "words"),
    [
        (str, "text"),
        (bool, "true or false"),
        (Annotated[int, Meta(ge=1, le=9)], "a whole number from 1 to 9"),
        (Literal["a", "b"], "'a' or 'b'"),
        (Literal[1], "1"),
        (str | None, "text, or null"),
        (tuple[str, ...], "a list, each item text"),
        (Money, '"AMOUNT CURRENCY", such as "100000 USDT"'),
        (Annotated[str, Meta(description="a name")], "text"),
        (dict[str, Any], "a mapping"),
        (FeesSpec, "a mapping with the keys maker, taker"),
        (Any, "text, a number, true, false or null"),
    ],
)
def test_every_type_of_a_field_is_described_in_words(type_: Any, words: str) -> None:
    assert expected(inspect.type_info(type_)) == words
