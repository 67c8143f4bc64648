"""HMAC-SHA256 over what was sent, as Binance signs: the query and the body as they are, one after the other, less the signature.

Source: "SIGNED (TRADE and USER_DATA) Endpoint Security" in Binance's documentation of the USD-M futures API.
"""

import hashlib
import hmac

_NAME = "signature="


def sign(secret: str, payload: str) -> str:
    """Return the signature of a payload in hexadecimal."""
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


def is_signed(secret: str, query: str, body: str) -> bool:
    """Tell whether a request's signature is the one of its raw query and body."""
    payload, signature = signed_part(query, body)
    return signature is not None and hmac.compare_digest(sign(secret, payload).encode(), signature.lower().encode())


def signed_part(query: str, body: str) -> tuple[str, str | None]:
    """Return what is signed of a request, and its signature, None when there is none."""
    query_rest, in_query = _without_signature(query)
    body_rest, in_body = _without_signature(body)
    return query_rest + body_rest, in_query if in_query is not None else in_body


def _without_signature(text: str) -> tuple[str, str | None]:
    pairs = text.split("&")
    found = [pair.removeprefix(_NAME) for pair in pairs if pair.startswith(_NAME)]
    rest = "&".join(pair for pair in pairs if not pair.startswith(_NAME))
    return rest, found[0] if found else None
