"""The process that judges every n-th chunk of a journal; started by `workers` with an open file's descriptor."""

import gc
import sys

import msgspec

from tc.store.journal.judge import judge_chunk
from tc.store.journal.workers import LENGTH_BYTES


def main(arguments: list[str]) -> None:
    """Write one judgement a chunk to standard output: its length, then its MessagePack."""
    gc.disable()
    descriptor, size, chunk_bytes, first, step = map(int, arguments)
    out = sys.stdout.buffer
    for start in range(first * chunk_bytes, size, step * chunk_bytes):
        data = msgspec.msgpack.encode(judge_chunk(descriptor, start, min(start + chunk_bytes, size)))
        out.write(len(data).to_bytes(LENGTH_BYTES, "little") + data)
        out.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
