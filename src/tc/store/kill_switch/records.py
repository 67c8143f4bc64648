"""records.jsonl: every change of a kill switch that was asked for, in order, chained as the journal's lines are."""

import hashlib
import os
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

import msgspec

from tc.core.events import KillMode
from tc.store.files import open_regular, sync_folder, write_all, write_atomic
from tc.store.journal.judge import MALFORMED
from tc.store.journal.lines import GENESIS, body, chain, claimed_digest, format_lines, leaf_hashes, leaf_preimages
from tc.store.kill_switch.scope import Scope

RECORDS = "records.jsonl"

type Outcome = Literal["activated", "unchanged", "kept_stricter", "in_doubt", "cleared", "was_not_active"]
"""What a request came to: a switch set; one that was already so, or stricter; one set to doubt; one cleared, or none to clear."""


class KillRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One request, at its position from 1: what was asked of which scope, by whom and why, what held before, what came of it."""

    position: int
    at_ns: int
    scope: Literal["run", "name", "all"]
    value: str
    asked: KillMode
    before: KillMode
    outcome: Outcome
    actor: str
    reason: str
    torn_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class KillRecords:
    """The records in order, up to the first damaged line, which ``damaged_line`` numbers; a torn last line is no damage."""

    records: tuple[KillRecord, ...]
    damaged_line: int | None

    def is_recorded_active(self, scope: Scope) -> bool:
        """Say whether a scope's switch is active by the last request that set or cleared it."""
        for record in reversed(self.records):
            if (record.scope, record.value) == (scope.kind, scope.value):
                return record.outcome not in {"cleared", "was_not_active"}
        return False


def read_records(root: Path) -> KillRecords:
    """Return the records of a kill switch; none when there are none; OSError when they cannot be read."""
    try:
        with open_regular(root / RECORDS) as file:
            data = file.read()
    except FileNotFoundError:
        return KillRecords((), None)
    records: list[KillRecord] = []
    digest = GENESIS
    for number, line in enumerate(BytesIO(data), 1):
        if not line.endswith(b"\n"):
            break
        record = _judged(line, digest, number)
        if record is None:
            return KillRecords(tuple(records), number)
        records.append(record)
        [digest] = chain(leaf_hashes(leaf_preimages([record])), digest)
    return KillRecords(tuple(records), None)


def append_record(root: Path, record: KillRecord) -> KillRecord:
    """Append a record at the next position, on disk on return; who calls holds the lock.

    What a killed writer left of a line is kept in a file of its own, and the record names it.

    Raises
    ------
    OSError
        It cannot be written; what stood there still does.
    ArtifactError
        The torn line cannot be kept.

    """
    path = root / RECORDS
    is_new = not os.path.lexists(path)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    try:
        data = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        size = data.rfind(b"\n") + 1
        if torn := data[size:]:
            sha256 = hashlib.sha256(torn).hexdigest()
            write_atomic(root / f"torn-{sha256[:16]}.bin", torn)
            record = msgspec.structs.replace(record, torn_sha256=sha256)
        last = data[data.rfind(b"\n", 0, size - 1) + 1 : size] if size else b""
        record = msgspec.structs.replace(record, position=data.count(b"\n") + 1)
        preimages = leaf_preimages([record])
        line = format_lines(preimages, chain(leaf_hashes(preimages), claimed_digest(last) or GENESIS))
        _write(descriptor, line, size)
    finally:
        os.close(descriptor)
    if is_new:
        sync_folder(root)
    return record


def _write(descriptor: int, line: bytes, size: int) -> None:
    try:
        os.ftruncate(descriptor, size)
        write_all(descriptor, line, size)
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, size)
        raise


def _judged(line: bytes, digest: bytes, number: int) -> KillRecord | None:
    if claimed_digest(line) is None:
        return None
    try:
        record = msgspec.json.decode(body(line), type=KillRecord)
    except MALFORMED:
        return None
    preimages = leaf_preimages([record])
    is_as_written = format_lines(preimages, chain(leaf_hashes(preimages), digest)) == line
    return record if record.position == number and is_as_written else None
