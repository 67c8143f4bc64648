"""The form of a line, and the chain of digests through the lines; of the journal and of the ops stream.

A line is ``{"digest":"<64 hex>","entry":<body>}`` and a newline; the body is the canonical JSON of its entry.
``leaf = SHA-256(0x00 || body)``; ``digest = SHA-256(digest of the line before || leaf)``, from 32 zero bytes on.

A leaf's *preimage*, ``0x00 || body``, is what goes from function to function here: JSON holds neither raw zero bytes nor raw
newlines, so that a whole block is cut into preimages, and put together to lines again, by a few calls over all of its bytes.
"""

import hashlib
from binascii import hexlify
from collections.abc import Iterable, Sequence
from io import BytesIO

import msgspec

GENESIS = bytes(32)
"""What stands for the digest of the line before the first."""

MAX_LINE_BYTES = 16 << 20
"""No line is longer; a reader that finds a longer one finds damage, and does not read on into memory."""

MAX_BODY_BYTES = MAX_LINE_BYTES - 128
"""No writer writes a longer body."""

HEAD = b'{"digest":"'
_MIDDLE = b'","entry":'
_TAIL = b"}\n"
_DIGEST = slice(len(HEAD), len(HEAD) + 64)
_BODY = slice(_DIGEST.stop + len(_MIDDLE), -len(_TAIL))

_sha256 = hashlib.sha256
_encode_lines = msgspec.json.Encoder().encode_lines


def leaf_preimages(entries: Sequence[object]) -> list[bytes]:
    """Return ``0x00 || body`` for each entry.

    Raises
    ------
    TypeError, ValueError, OverflowError
        An entry has no JSON form.

    """
    text = _encode_lines(entries).replace(b"\n", b"\n\0")
    # Iterating lines costs a quarter of `split`, which looks at byte after byte.
    preimages = [line[:-1] for line in BytesIO(b"\0" + text)]
    preimages.pop()
    return preimages


def leaf_hashes(preimages: Iterable[bytes]) -> list[bytes]:
    """Return the hash of each leaf."""
    sha256 = _sha256
    return [sha256(preimage).digest() for preimage in preimages]


def chain(leaves: Iterable[bytes], digest: bytes) -> list[bytes]:
    """Return the digests of the lines with these leaf hashes that follow a line with this digest."""
    sha256 = _sha256
    digests: list[bytes] = []
    append = digests.append
    for leaf in leaves:
        digest = sha256(digest + leaf).digest()
        append(digest)
    return digests


def format_lines(preimages: Sequence[bytes], digests: Sequence[bytes]) -> bytes:
    """Return the lines of leaves and their digests."""
    if not preimages:
        return b""
    # One join over a list with the constant parts in place costs a fifth of formatting line after line.
    parts = [_TAIL + HEAD, b"", _MIDDLE, b""] * len(preimages)
    parts[0] = HEAD
    parts[1::4] = hexlify(b"".join(digests), b"\n", 32).split(b"\n")
    parts[3::4] = preimages
    parts.append(_TAIL)
    return b"".join(parts).replace(b"\0", b"")


def claimed_digest(line: bytes) -> bytes | None:
    """Return the digest that a line (with its newline) states, or None when the line has not the form of one."""
    if not (line.startswith(HEAD) and line.startswith(_MIDDLE, _DIGEST.stop) and line.endswith(_TAIL)):
        return None
    digits = line[_DIGEST]
    return None if digits.strip(b"0123456789abcdef") else bytes.fromhex(digits.decode())


def body(line: bytes) -> bytes:
    """Return the body of a line (with its newline) that has the form of one."""
    return line[_BODY]
