"""What a venue's HTTP answer means: a document, a refusal, a request to wait, or nothing that can be relied on."""

import msgspec
from aiohttp import ClientResponse

from tc.exchange.wire.errors import VenueBusyError, VenueRefusedError, VenueUnreachableError
from tc.exchange.wire.keys import Keys

MOST_BYTES = 32 << 20
"""No answer is larger: 1,000 orders take about 400 kB."""

_BUSY = frozenset({429, 418})
_DEFAULT_WAIT_S = {429: 1.0, 418: 60.0}
_LONGEST_WAIT_S = 3 * 86_400.0
_LONGEST_REASON = 200
_READ_BYTES = 1 << 16
_REDIRECTS = range(300, 400)
_CLIENT_ERRORS = range(400, 500)


class _Refusal(msgspec.Struct):
    code: int = 0
    msg: str = ""


async def read_answer(response: ClientResponse, said: str, keys: Keys) -> bytes:
    """Return the body of a good answer.

    Raises
    ------
    VenueRefusedError, VenueBusyError
        The venue did not carry the request out.
    VenueUnreachableError
        A server's error or more than `MOST_BYTES`: the request may have been carried out.

    """
    body = await _body(response, said)
    status = response.status
    if status in _REDIRECTS:
        raise VenueRefusedError(
            f"{said}: it was answered with a redirect ({status}), and none is ever followed",
            status=status,
            code=0,
            reason="a redirect",
            hint="Something stands before the venue that does not belong there.",
        )
    if status in _BUSY:
        wait_s = _retry_after_s(response)
        raise VenueBusyError(
            f"{said}: {status}, it asks us to wait {wait_s:g} s", status=status, reason="too many requests", retry_after_s=wait_s
        )
    if status in _CLIENT_ERRORS:
        refusal = _refusal(body)
        reason = _printable(keys.redacted(refusal.msg)) or "no reason given"
        raise VenueRefusedError(
            f"{said}: refused, {reason} (code {refusal.code}, status {status})", status=status, code=refusal.code, reason=reason
        )
    if status != 200:  # noqa: PLR2004 - the one status that means done
        raise VenueUnreachableError(
            f"{said}: answered with status {status}; whether it was carried out is unknown", is_unclear=True
        )
    return body


async def _body(response: ClientResponse, said: str) -> bytes:
    content = bytearray()
    async for block in response.content.iter_chunked(_READ_BYTES):
        content += block
        if len(content) > MOST_BYTES:
            raise VenueUnreachableError(f"{said}: the answer is larger than {MOST_BYTES >> 20} MiB", is_unclear=True)
    return bytes(content)


def _refusal(body: bytes) -> _Refusal:
    try:
        return msgspec.json.decode(body, type=_Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Refusal()


def _retry_after_s(response: ClientResponse) -> float:
    text = response.headers.get("Retry-After", "")
    if not (text.isascii() and text.isdigit()):
        return _DEFAULT_WAIT_S[response.status]
    return min(float(text[:12]), _LONGEST_WAIT_S)


def _printable(text: str) -> str:
    """Return a stranger's words on one line, as ASCII, cut to a length that fits a message."""
    return ascii(text[:_LONGEST_REASON])[1:-1]
