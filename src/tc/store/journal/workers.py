"""Chunks of a journal judged by processes of their own, each taking every n-th chunk; results arrive in order."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, cast

import msgspec

from tc.store.journal.judge import ChunkScan, judge_chunk

_MOST_WORKERS = 4
"""More would exceed the memory that a scan is allowed, for little gain: the results meet in one process."""

LENGTH_BYTES = 8
_decode = msgspec.msgpack.Decoder(ChunkScan).decode


@contextmanager
def judge_on_all_processors(descriptor: int, size: int, chunk_bytes: int) -> Iterator[Iterator[ChunkScan]]:
    """Yield the judgement of chunk after chunk of a file.

    The workers are plain child processes, not `multiprocessing`'s: nothing is forked from a process with threads, and the
    program that called us is not imported again. A worker that cannot start or is killed is replaced by this process.
    """
    count = min(_MOST_WORKERS, _processors())
    with ExitStack() as stack:
        workers = [stack.enter_context(_worker(descriptor, size, chunk_bytes, first, count)) for first in range(count)]
        yield _in_order(workers, descriptor, size, chunk_bytes)


def _in_order(workers: list[IO[bytes]], descriptor: int, size: int, chunk_bytes: int) -> Iterator[ChunkScan]:
    for number, start in enumerate(range(0, size, chunk_bytes)):
        chunk = _received(workers[number % len(workers)])
        yield chunk or judge_chunk(descriptor, start, min(start + chunk_bytes, size))


def _received(results: IO[bytes]) -> ChunkScan | None:
    length = results.read(LENGTH_BYTES)
    data = results.read(int.from_bytes(length, "little"))
    try:
        return _decode(data)
    except msgspec.DecodeError:
        return None


@contextmanager
def _worker(descriptor: int, size: int, chunk_bytes: int, first: int, step: int) -> Iterator[IO[bytes]]:
    numbers = [str(number) for number in (descriptor, size, chunk_bytes, first, step)]
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-P", "-m", "tc.store.journal.worker", *numbers],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=[descriptor],
    )
    with process:
        try:
            yield cast("IO[bytes]", process.stdout)
        finally:
            process.kill()


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
