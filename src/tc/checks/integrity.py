"""Whether a run directory is as it was sealed: comparisons of what was recorded with what was found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from tc.checks.finding import Finding

LINE_EXPECTATIONS: Mapping[str, tuple[str, str]] = {
    "torn_line": ("a whole line that ends with a newline", "a line that was cut off"),
    "not_json": ("a line of JSON", "bytes that are no JSON"),
    "not_a_line": ('{"digest":…,"entry":…}', "JSON of another form"),
    "unknown_event": ("an event of a type that this version of tc knows", "an event of another type"),
    "not_an_entry": ("a position and an event with its fields", "fields that are missing, unknown or of another type"),
    "not_canonical": ("the entry's canonical JSON", "the same values in other bytes"),
    "position_gap": ("the position after the line before", "another position"),
    "digest_mismatch": (
        "the digest that chains this line to the one before",
        "another digest: this line or the one before changed",
    ),
}
"""What is expected of a journal's line, and what was found, by the reason that a scan gives."""

CODES: Mapping[str, str] = {
    **{
        reason: f"a line of a journal is damaged: expected {expected}, found {actual}"
        for reason, (expected, actual) in LINE_EXPECTATIONS.items()
    },
    "unreadable": "a document of the run is missing, cannot be read, or is none",
    "seal_missing": "the run's metadata says that it ended, but there is no seal",
    "seal_mismatch": "the journal holds something else than the seal says",
    "root_mismatch": "the journal's Merkle root is not the one that was expected from elsewhere",
    "file_missing": "a file that was sealed, or that a fact in ops.jsonl names, is gone",
    "file_altered": "a file holds something else than was sealed",
    "file_extra": "a file lies in the run directory that was not sealed and that no fact names",
    "tape_mismatch": "a block of the tape is missing, or is not the one that the journal names",
    "configuration_mismatch": "two parts of the run name different configurations",
    "dataset_mismatch": "two parts of the run, or the run and the dataset, name different fingerprints",
    "run_id_mismatch": "two parts of the run name different run ids",
    "status_mismatch": "two parts of the run say differently how it ended",
    "state_mismatch": "folding the journal gives another State than was recorded",
    "decision_mismatch": "deciding the journal again gives another decision than decisions.jsonl holds, or one more or less",
    "invariant_violation": "an entry breaks a rule of the Core, and the run did not end there",
}
"""Every code that verifying or replaying a run can report, and what it means: the closed list."""


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as it was recorded or found: its SHA-256, hex, its size, and why it has none (empty when it has)."""

    sha256: str
    bytes: int
    problem: str = ""

    def __str__(self) -> str:
        return self.problem or f"{self.bytes} bytes with SHA-256 {self.sha256}"


@dataclass(frozen=True, slots=True)
class JournalState:
    """A journal as it was recorded or found: entries, positions, last digest and Merkle root, hex."""

    entries: int
    positions: int
    digest: str
    merkle_root: str


def line_finding(file: str, line: int, reason: str) -> Finding:
    """Return the finding for the first damaged line, counted from 1, of a journal."""
    expected, actual = LINE_EXPECTATIONS[reason]
    return Finding(reason, f"{file} line {line}", expected, actual)


def journal_findings(sealed: JournalState, found: JournalState) -> tuple[Finding, ...]:
    """Compare what the seal says of the journal with what is there, field by field."""
    return tuple(
        Finding("seal_mismatch", f"journal.jsonl {field.name}", str(expected), str(actual))
        for field in fields(JournalState)
        if (expected := getattr(sealed, field.name)) != (actual := getattr(found, field.name))
    )


def root_findings(expected_root: str | None, merkle_root: str) -> tuple[Finding, ...]:
    """Compare the Merkle root with one kept elsewhere, if there is one."""
    if expected_root is None or expected_root == merkle_root:
        return ()
    return (Finding("root_mismatch", "journal.jsonl merkle_root", expected_root, merkle_root),)


def file_findings(recorded: Mapping[str, FileState], found: Mapping[str, FileState]) -> tuple[Finding, ...]:
    """Compare the files that were recorded with those that are there, by name."""
    findings: list[Finding] = []
    for name in sorted(recorded.keys() | found.keys()):
        expected, actual = recorded.get(name), found.get(name)
        if actual is None:
            findings.append(Finding("file_missing", name, str(expected), "nothing"))
        elif expected is None:
            findings.append(Finding("file_extra", name, "nothing", str(actual)))
        elif expected != actual:
            findings.append(Finding("file_altered", name, str(expected), str(actual)))
    return tuple(findings)


def agreement_findings(code: str, named: Sequence[tuple[str, str]]) -> tuple[Finding, ...]:
    """Compare what several parts of a run name, in the order of trust: each later one with the first."""
    if not named:
        return ()
    (first, expected), *others = named
    return tuple(
        Finding(code, part, f"{expected or 'none'}, as in {first}", actual or "none")
        for part, actual in others
        if actual != expected
    )
