"""The Merkle tree hash of RFC 6962, section 2.1, over leaves that arrive in order; memory grows with their logarithm."""

import hashlib
import struct

_sha256 = hashlib.sha256
NODE_BYTES = 32
_PAIR = struct.Struct(f"{2 * NODE_BYTES}s")


class MerkleTree:
    """The hash of the tree over all leaves so far."""

    __slots__ = ("_carried", "leaves")

    def __init__(self) -> None:
        self.leaves = 0
        self._carried: list[bytes] = []

    def extend(self, leaves: bytes) -> None:
        """Append leaf hashes, 32 bytes each, joined."""
        self.leaves += len(leaves) // NODE_BYTES
        carried, sha256 = self._carried, _sha256
        level = 0
        while leaves:
            if level == len(carried):
                carried.append(b"")
            leaves = carried[level] + leaves
            whole = len(leaves) - len(leaves) % _PAIR.size
            carried[level] = leaves[whole:]
            leaves = b"".join([sha256(b"\1" + pair).digest() for (pair,) in _PAIR.iter_unpack(leaves[:whole])])
            level += 1

    def root(self) -> bytes:
        """Return the hash of the tree; of no leaves, the SHA-256 of nothing."""
        root = b""
        for node in self._carried:
            if node:
                root = _sha256(b"\1" + node + root).digest() if root else node
        return root or _sha256(b"").digest()
