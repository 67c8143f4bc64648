"""The one error tree: what stops a command before it could do its work.

TcError
├── DocumentError       2  a document, a data file or an argument is wrong
├── RefusedError        3  refused or stopped for safety
├── EngineError         4  the trading engine failed
├── InvariantViolation  4  the Event Stream broke a rule of the Core
├── UnreachableError    5  something outside does not answer, or its state is unknown
├── ArtifactError       6  a run directory or a dataset is altered, missing or unreadable
└── InconclusiveError   7  the check ran but cannot decide

A check that ran and *found* something is no error: it returns findings, and its command exits 1.
"""

from enum import IntEnum
from typing import ClassVar

from tc.redaction import without_signatures


class ExitCode(IntEnum):
    """What a command's exit code means, for scripts; the table in the docs is generated from these comments."""

    OK = 0
    FOUND = 1
    USAGE = 2
    REFUSED = 3
    ENGINE = 4
    UNREACHABLE = 5
    ARTIFACT = 6
    INCONCLUSIVE = 7

    @property
    def meaning(self) -> str:
        """One line for the table of exit codes."""
        return _MEANINGS[self]


_MEANINGS = {
    ExitCode.OK: "the command did its work and found nothing wrong",
    ExitCode.FOUND: "a check ran and found something: data findings, two runs differ, a run was not reproduced",
    ExitCode.USAGE: "bad usage, or a document or data file that is wrong",
    ExitCode.REFUSED: "refused or stopped for safety",
    ExitCode.ENGINE: "the engine or the strategy failed",
    ExitCode.UNREACHABLE: "something did not answer, or its state is unknown",
    ExitCode.ARTIFACT: "artifacts are altered, missing or unreadable",
    ExitCode.INCONCLUSIVE: "the check ran but cannot decide",
}


class TcError(Exception):
    """Base of the tree: a message that says what is wrong, and a hint that says what to do next.

    Parameters
    ----------
    message
        What is wrong: the file, the place in it, the value, what was expected.
    hint
        What the reader can do next, as a full sentence; empty when the message already says it.

    """

    exit_code: ClassVar[ExitCode] = ExitCode.FOUND

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.message = without_signatures(message)  # It may quote what others raised over a signed request.
        super().__init__(self.message)
        self.hint = hint


class DocumentError(TcError):
    """A document that a person wrote, a data file or a command's argument is wrong."""

    exit_code = ExitCode.USAGE


class RefusedError(TcError):
    """The request is understood and refused for safety, or was stopped for it."""

    exit_code = ExitCode.REFUSED


class EngineError(TcError):
    """The trading engine, or the strategy inside it, failed."""

    exit_code = ExitCode.ENGINE


class InvariantViolation(TcError):  # noqa: N818 - the Core's rules name it so
    """An entry of the Event Stream breaks a rule of the Core; State is unchanged by it."""

    exit_code = ExitCode.ENGINE


class UnreachableError(TcError):
    """Something outside this process does not answer, or answers with a state we cannot know."""

    exit_code = ExitCode.UNREACHABLE


class ArtifactError(TcError):
    """A run directory, a dataset or one of their files is altered, missing or unreadable."""

    exit_code = ExitCode.ARTIFACT


class InconclusiveError(TcError):
    """The check ran, but what it needed to decide was not there."""

    exit_code = ExitCode.INCONCLUSIVE
