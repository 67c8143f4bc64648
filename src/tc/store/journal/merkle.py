"""The Merkle tree hash of RFC 6962, section 2.1, over leaves that arrive in order; memory grows with their logarithm."""

import hashlib

_sha256 = hashlib.sha256
NODE_BYTES = 32


def leaf_hash(body: bytes) -> bytes:
    """Return the hash of a leaf: ``SHA-256(0x00 || body)``."""
    return _sha256(b"\0" + body).digest()


class MerkleTree:
    """The hash of the tree over all leaves so far."""

    __slots__ = ("_carried", "leaves")

    def __init__(self) -> None:
        self.leaves = 0
        self._carried: list[bytes] = []

    def extend(self, leaves: bytes) -> None:
        """Append leaf hashes, 32 bytes each, joined."""
        self.leaves += len(leaves) // NODE_BYTES
        carried, sha256, pair = self._carried, _sha256, 2 * NODE_BYTES
        level = 0
        while leaves:
            if level == len(carried):
                carried.append(b"")
            leaves = carried[level] + leaves
            whole = len(leaves) - len(leaves) % pair
            carried[level] = leaves[whole:]
            leaves = b"".join([sha256(b"\1" + leaves[at : at + pair]).digest() for at in range(0, whole, pair)])
            level += 1

    def root(self) -> bytes:
        """Return the hash of the tree; of no leaves, the SHA-256 of nothing."""
        root = b""
        for node in self._carried:
            if node:
                root = _sha256(b"\1" + node + root).digest() if root else node
        return root or _sha256(b"").digest()
