"""The journal's format as its page describes it, in the standard library and an encoder: what `tc.store` is compared with."""

import hashlib
from collections.abc import Iterable, Sequence

import msgspec


def lines_as_documented(entries: Iterable[object]) -> tuple[bytes, str]:
    """Return the lines of entries, and the last digest, hex."""
    digest, lines = bytes(32), b""
    for entry in entries:
        body = msgspec.json.encode(entry)
        digest = hashlib.sha256(digest + hashlib.sha256(b"\0" + body).digest()).digest()
        lines += b'{"digest":"' + digest.hex().encode() + b'","entry":' + body + b"}\n"
    return lines, digest.hex()


def merkle_tree_hash(bodies: Sequence[bytes]) -> bytes:
    """Return the Merkle tree hash as RFC 6962, section 2.1, defines it: recursively."""
    if not bodies:
        return hashlib.sha256(b"").digest()
    if len(bodies) == 1:
        return hashlib.sha256(b"\0" + bodies[0]).digest()
    half = 1
    while half * 2 < len(bodies):
        half *= 2
    return hashlib.sha256(b"\1" + merkle_tree_hash(bodies[:half]) + merkle_tree_hash(bodies[half:])).digest()
