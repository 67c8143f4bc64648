"""One byte sequence for one document, and its fingerprint: key order and spacing do not matter, every value does."""

import hashlib

import msgspec


def canonical_json(document: object) -> bytes:
    """Return a document (Structs, dicts, lists and scalars) as UTF-8 JSON with sorted keys and no spaces."""
    return msgspec.json.encode(document, order="sorted")


def fingerprint(document: object) -> str:
    """Return the SHA-256 of a document's canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical_json(document)).hexdigest()
