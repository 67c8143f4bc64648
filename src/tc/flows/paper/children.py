"""A process that works for this one: started, heard line by line, asked to stop, and always ended."""

import queue
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from tc.redaction import redacted

_LAST_WORDS = 2_000
_BEFORE_THEM = 2_000
"""So much more is read: what is to be hidden may begin before the words that are shown."""

_LONGEST_LINE = 1 << 20


class Child:
    """A child process that writes lines of JSON to its standard output.

    It ends by itself when its standard input is closed, which happens when this process is gone, however it ended. It leads a
    session of its own: an interrupt from the terminal is for this process to answer.

    Parameters
    ----------
    command, environment
        What is started, and what it is given as its environment.
    secrets
        What is never quoted of its words.

    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], secrets: Sequence[str] = ()) -> None:
        self._secrets = tuple(secrets)
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=dict(environment),
            start_new_session=True,
        )
        self._said = ""
        self._lines: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended, below zero by a signal; None while it runs."""
        return self._process.poll()

    def heard(self, within_s: float) -> dict[str, Any] | None:
        """Return the next line, or None when none came in time."""
        with suppress(queue.Empty):
            return self._lines.get(timeout=within_s)
        return None

    def rest(self) -> list[dict[str, Any]]:
        """Return every line that has not been heard; call it when the process has ended."""
        self._reader.join(1.0)  # A grandchild may hold the pipe open.
        lines = []
        with suppress(queue.Empty):
            while True:
                lines.append(self._lines.get_nowait())
        return lines

    def ask_to_stop(self) -> None:
        """Send it SIGTERM."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)

    def wait(self, within_s: float) -> bool:
        """Say whether it ended in time."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(within_s)
        return self._process.returncode is not None

    def end(self, *, within_s: float) -> bool:
        """End it, by force if it takes too long, and give back what it held; say whether it went by itself."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        went = self.wait(within_s)
        if not went:
            self.kill()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._said = self.last_words()
        self._errors.close()
        return went

    def kill(self) -> None:
        """End it at once, also when it is stopped or hangs."""
        self._process.kill()
        self._process.wait()

    def last_words(self) -> str:
        """Return the end of what it wrote to standard error, without its secrets and without signatures."""
        if self._errors.closed:
            return self._said
        self._errors.seek(0, 2)
        self._errors.seek(max(0, self._errors.tell() - _LAST_WORDS - _BEFORE_THEM))
        words = self._errors.read().decode(errors="backslashreplace").strip()
        return redacted(words, self._secrets)[-_LAST_WORDS:]

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        for line in iter(lambda: self._process.stdout.readline(_LONGEST_LINE), b""):  # type: ignore[union-attr]
            with suppress(msgspec.DecodeError):
                message = msgspec.json.decode(line)
                if isinstance(message, dict):
                    self._lines.put(message)
