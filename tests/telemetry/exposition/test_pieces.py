import gzip
import subprocess
import zlib

from hypothesis import given
from hypothesis import strategies as st

from system_programs import program
from tc.telemetry.exposition.pieces import Body, Piece


@given(st.lists(st.binary(max_size=2000), max_size=8), st.binary(max_size=200))
def test_a_packed_body_is_one_gzip_member_of_the_same_text(texts: list[bytes], end: bytes) -> None:
    body = Body([Piece(text) for text in texts])
    packed = b"".join(body.packed_with_end(end))
    whole = b"".join(body.with_end(end))
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert unpacker.decompress(packed) == whole == b"".join(texts) + end
    assert (unpacker.eof, unpacker.unused_data) == (True, b"")


def test_pieces_go_into_any_body_in_any_order_and_each_is_packed_once() -> None:
    one, other = Piece(b"one\n" * 1000), Piece(b"other\n" * 1000)
    first = one.packed
    for pieces in ([one, other], [other, one], [one, one]):
        body = Body(pieces)
        assert not body.is_packed
        assert gzip.decompress(b"".join(body.packed_with_end(b"!"))) == b"".join(piece.text for piece in pieces) + b"!"
        assert body.is_packed
    assert one.packed is first


def test_other_programs_unpack_it_too() -> None:
    packed = b"".join(Body([Piece(b"a line\n" * 5000), Piece(b"another\n" * 5000)]).packed_with_end(b"the end\n"))
    done = subprocess.run([program("gzip"), "-dc"], input=packed, capture_output=True, timeout=30, check=True)
    assert done.stdout == b"a line\n" * 5000 + b"another\n" * 5000 + b"the end\n"
