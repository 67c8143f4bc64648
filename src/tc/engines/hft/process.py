"""The process that hftbacktest runs in, seen from the run: started, asked, and always ended."""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress

import msgspec

from tc.engines.hft.messages import Advance, Begin, Request, Seen, read_message, write_message
from tc.errors import EngineError

ENDS_WITHIN_S = 10.0
_LAST_WORDS = 500
_COMMAND = ("-m", "tc.engines.hft.child")


class HftProcess:
    """hftbacktest in a process of its own: what aborts it ends this run and nothing else.

    It reads requests from a pipe, so it ends by itself when the process that holds the other end is gone, however that ended.
    It is the leader of a session of its own: an interrupt from the terminal is for the run to answer.
    """

    def __init__(self, popen: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._process = popen(
            (sys.executable, *_COMMAND),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
        )
        self._decoder = msgspec.msgpack.Decoder(Seen)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def begin(self, message: Begin) -> None:
        """Give it settings and data."""
        self._write(message)

    def advance(self, message: Advance) -> Seen:
        """Let it play on, and return what it saw; EngineError when it died."""
        self._write(message)
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        seen = read_message(self._process.stdout, self._decoder)
        if seen is None:
            raise self._death()
        return seen

    def close(self, *, within_s: float = ENDS_WITHIN_S) -> None:
        """End it, by force if it takes too long, and wait until it has ended."""
        process = self._process
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        try:
            process.wait(within_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._errors.close()

    def _write(self, message: Request) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        try:
            write_message(self._process.stdin, message)
        except OSError as error:
            raise self._death() from error

    def _death(self) -> EngineError:
        """Return how it ended, with its last words."""
        code = self._process.wait()
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        self._errors.seek(0)
        words = self._errors.read().decode(errors="backslashreplace").strip()
        said = f": {words.splitlines()[-1][:_LAST_WORDS]}" if words else ""
        error = EngineError(
            f"the process of hftbacktest {how}{said}",
            hint="A full memory ends it with signal 9; what aborts it by itself is a bug of ours or of hftbacktest's.",
        )
        if words:
            error.add_note(words)
        return error
