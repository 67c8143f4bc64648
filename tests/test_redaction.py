"""What is shown of words that others made has no signature and no key in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tc.errors import EngineError
from tc.redaction import redacted, without_signatures

SIGNATURE = "a9" * 32


@pytest.mark.parametrize(
    "text",
    [
        f"HttpError('error sending request for url (http://127.0.0.1:1/order?symbol=X&signature={SIGNATURE})')",
        f"a first line\n?timestamp=1&signature={SIGNATURE}",
        f"symbol%3DX%26signature%3D{SIGNATURE}",
        f"{{'timestamp': 1, 'signature': '{SIGNATURE}'}}",
        f'{{"timestamp":1,"signature":"{SIGNATURE}"}}',
        f"SIGNATURE={SIGNATURE.upper()}",
    ],
)
def test_a_signature_is_hidden_however_it_is_written_and_nothing_else_is(text: str) -> None:
    hidden = without_signatures(text)
    assert hidden == text.replace(SIGNATURE, "***").replace(SIGNATURE.upper(), "***")
    assert hidden != text


def test_a_signature_that_was_cut_off_is_hidden_too() -> None:
    assert without_signatures("…&signature=a9a") == "…&signature=***"


def test_an_error_never_repeats_one() -> None:
    error = EngineError(f"HttpError: ?signature={SIGNATURE}")
    assert (error.message, str(error)) == ("HttpError: ?signature=***", "HttpError: ?signature=***")


_words = st.text("ab1", max_size=9)


@given(_words.filter(bool), _words, _words)
def test_no_secret_is_left_wherever_it_stands(key: str, before: str, after: str) -> None:
    parts = redacted(f"{before}{key}{after}", [key]).split("***")
    assert len(parts) > 1
    assert all(key not in part for part in parts)


def test_a_secret_that_begins_with_another_is_hidden_whole_and_an_empty_one_hides_nothing() -> None:
    assert redacted("the-key-2 and the-key", ["the-key", "", "the-key-2"]) == "*** and ***"
