"""The Merkle tree hash."""

import hashlib
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from journal_lines import merkle_tree_hash
from tc.store.journal.merkle import MerkleTree

# The leaves and roots of the reference implementation of RFC 6962 (google/certificate-transparency, merkle_tree_test.cc).
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def leaf_hash(body: bytes) -> bytes:
    return hashlib.sha256(b"\0" + body).digest()


def root_of(bodies: list[bytes]) -> bytes:
    tree = MerkleTree()
    tree.extend(b"".join(map(leaf_hash, bodies)))
    return tree.root()


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert MerkleTree().root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_roots_are_those_of_the_reference_implementation() -> None:
    assert [root_of(LEAVES[:count]).hex() for count in range(1, 9)] == ROOTS


@given(bodies=st.lists(st.binary(max_size=4), max_size=70), cuts=st.lists(st.integers(0, 70)))
@settings(deadline=None)
def test_the_root_is_that_of_the_recursive_definition_however_the_leaves_arrive(bodies: list[bytes], cuts: list[int]) -> None:
    tree = MerkleTree()
    bounds = [0, *sorted(cut for cut in cuts if cut <= len(bodies)), len(bodies)]
    for start, end in pairwise(bounds):
        tree.extend(b"".join(map(leaf_hash, bodies[start:end])))
    assert tree.root() == merkle_tree_hash(bodies)
    assert tree.leaves == len(bodies)


@given(bodies=st.lists(st.binary(max_size=4), min_size=1, max_size=40), data=st.data())
@settings(deadline=None)
def test_another_leaf_gives_another_root(bodies: list[bytes], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(bodies) - 1))
    other = [*bodies[:at], bodies[at] + b"x", *bodies[at + 1 :]]
    assert root_of(other) != root_of(bodies)
