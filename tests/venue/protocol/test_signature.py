"""The signature is Binance's own, and any changed byte breaks it."""

from hypothesis import given
from hypothesis import strategies as st

from tc.venue.protocol.signature import is_signed, sign, signed_part

# The example of Binance's documentation ("SIGNED Endpoint Example for POST /fapi/v1/order").
SECRET = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"  # noqa: S105 - published
QUERY = "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000&timestamp=1591702613943"
SIGNATURE = "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"
TEXTS = st.text("abcdefgh=&%0123456789", min_size=1, max_size=60).filter(lambda text: "signature=" not in text)


def test_the_documented_example_has_the_documented_signature() -> None:
    assert sign(SECRET, QUERY) == SIGNATURE
    assert is_signed(SECRET, f"{QUERY}&signature={SIGNATURE}", "")


def test_query_and_body_are_signed_one_after_the_other() -> None:
    in_query, _, in_body = QUERY.partition("&quantity")
    signature = sign(SECRET, f"{in_query}quantity{in_body}")
    assert is_signed(SECRET, in_query, f"quantity{in_body}&signature={signature}")


def test_a_request_without_signature_has_none() -> None:
    assert signed_part(QUERY, "") == (QUERY, None)
    assert not is_signed(SECRET, QUERY, "")


@given(TEXTS, TEXTS, st.integers(0, 59))
def test_a_changed_character_breaks_the_signature(query: str, secret: str, place: int) -> None:
    signed = f"{query}&signature={sign(secret, query)}"
    place %= len(query)
    other = query[:place] + ("x" if query[place] != "x" else "y") + query[place + 1 :]
    assert is_signed(secret, signed, "")
    assert not is_signed(secret, signed.replace(query, other, 1), "")
    assert not is_signed(f"{secret}x", signed, "")
