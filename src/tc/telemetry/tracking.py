"""One run directory, looked at again and again: read anew only where something changed."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import msgspec

from tc.errors import ArtifactError, TcError
from tc.store.free_space import Measure, free_bytes
from tc.store.heartbeat import (
    AsWritten,
    NodeHeartbeat,
    SupervisorHeartbeat,
    corrected,
    node_heartbeat_as_written,
    supervisor_heartbeat_as_written,
)
from tc.store.layout import RunDirectory
from tc.store.lock import is_active, lock_owner
from tc.store.metadata import RunStatus
from tc.telemetry.disk_space import disk_space
from tc.telemetry.documents import Described, DescribedRuns, Head, SealHead, identity_of, read_figures, read_head, read_seal_head
from tc.telemetry.figures import Figures, packed
from tc.telemetry.following import Follower, TallyOf
from tc.telemetry.ops_facts import OpsFacts
from tc.telemetry.process_usage import usage_of
from tc.telemetry.run_facts import RunFacts, Usage

BEING_MADE_S = 5.0
"""So long after a run directory was changed may its metadata be missing: it is being made."""

RETRY_S = 5.0
"""So often a run that cannot be read is tried again."""

LONGEST_TOLD = 2_000
"""So much of why a run ended, or cannot be read, is kept of each."""

LONGEST_NAME = 200
"""No channel, client or queue that a heartbeat names is longer."""

RACY_NS = 50_000_000
"""A file system's clock ticks some hundred times a second: what changes twice within a tick has one time."""

LONGEST_LOOK_NS = 60_000_000_000
"""So long after a look began may a file that it sees have changed; one whose time is later still has a wrong one."""

_NS = 1_000_000_000
_FOLDER, _JOURNAL, _OPS, _LIVE = range(4)

type Stat = tuple[int, int, int] | None
type Signature = tuple[Stat, ...]


class TrackedRun:
    """What is known of a run directory, and how far it was read; ``facts`` are those of the last look."""

    __slots__ = (
        "_describe",
        "_described",
        "_folder",
        "_follower",
        "_head",
        "_looked_ns",
        "_measure",
        "_ops",
        "_packed",
        "_run_id",
        "_seen",
        "_tally_of",
        "created_ns",
        "facts",
    )

    def __init__(self, folder: str, tally_of: TallyOf, described: DescribedRuns, measure: Measure = free_bytes) -> None:
        self._folder = folder
        self._run_id = folder.rpartition("/")[2]
        self._tally_of = tally_of
        self._measure = measure
        self._seen: Signature | None = None
        self._head: Head | None = None
        self._describe = described
        self._described = Described()
        self._follower: Follower | None = None
        self._ops: OpsFacts | None = None
        self._packed: tuple[Figures | None, bytes] = (None, b"")
        self._looked_ns = 0
        self.created_ns = 0
        self.facts = RunFacts(run_id=self._run_id)

    @property
    def directory(self) -> RunDirectory:
        """Where it lies; made anew each time, for of thousands of runs few are asked."""
        return RunDirectory(Path(self._folder))

    @property
    def is_settled(self) -> bool:
        """Whether nothing is expected to change: everything is read, and no process is at work on it."""
        return self._seen is not None and self.facts.is_read and not self.facts.is_active

    def look(self, now_ns: int, until_s: float) -> bool:
        """Look whether something changed, and read that, a journal until the monotonic clock says so; say whether facts changed.

        Nothing that lies in the directory makes it raise: what cannot be read is the facts' problem.
        """
        seen = self._signature()
        folder = seen[_FOLDER]
        if folder is None or (seen == self._seen and self.is_settled and not self._is_due(now_ns)):
            return False
        before, self._looked_ns = self.facts, now_ns
        self.created_ns = self.created_ns or folder[2]  # Until its metadata says so.
        try:
            facts = self._read(seen, now_ns, until_s)
            # The ages of a run that goes on grow, whatever else is as it was.
            self.facts = facts if facts.is_active or facts != before else before
        except Exception as error:  # noqa: BLE001 - whatever lies in one directory, the others are looked at
            self._head, self._follower, self._ops = None, None, None
            problem = error.message if isinstance(error, TcError) else f"{type(error).__name__}: {error}"
            self._became_unreadable(problem[:LONGEST_TOLD])
        # What was changed just now may change again without a file's time telling.
        is_racy = any(-LONGEST_LOOK_NS < now_ns - each[2] < RACY_NS for each in seen if each is not None)
        self._seen = None if is_racy else self._as_compared(seen)
        return self.facts is not before

    def _became_unreadable(self, problem: str) -> None:
        if problem == self.facts.problem or _stat(self._folder) is None:  # The run was removed while it was read.
            return
        self.facts = RunFacts(run_id=self._run_id, problem=problem, last_write_ns=self.facts.last_write_ns)

    def _is_due(self, now_ns: int) -> bool:
        """Say whether to look although no file's time changed: locks and permissions leave no trace there."""
        if self.facts.problem:
            return now_ns - self._looked_ns > RETRY_S * _NS
        return not self.facts.is_sealed and is_active(self.directory)

    def _signature(self) -> Signature:
        folder = self._folder
        seen = _stat(folder), _stat(f"{folder}/journal.jsonl"), _stat(f"{folder}/ops.jsonl")
        return seen if self.facts.is_sealed else (*seen, _stat(f"{folder}/live"))

    def _as_compared(self, seen: Signature) -> Signature:
        """Return what is compared at the next look: nobody says anything in ``live/`` of a run that is sealed by now."""
        return seen[:_LIVE] if self.facts.is_sealed else seen

    def _read(self, seen: Signature, now_ns: int, until_s: float) -> RunFacts:
        self._read_ops(seen)
        seal = read_seal_head(self._folder)
        if seal is not None:
            return self._sealed(seen, seal, until_s)
        active = is_active(self.directory)
        # Who writes a run seals it before it lets go of the lock: a run that nobody is at work on may be sealed by now.
        seal = None if active else read_seal_head(self._folder)
        return self._unsealed(seen, now_ns, until_s, active=active) if seal is None else self._sealed(seen, seal, until_s)

    def _read_ops(self, seen: Signature) -> None:
        stream = seen[_OPS]
        if stream is None:
            self._ops = None
        elif self._seen is None or stream != self._seen[_OPS] or self._ops is None:
            self._ops = self._ops or OpsFacts(self.directory)
            self._ops.read()

    def _sealed(self, seen: Signature, seal: SealHead, until_s: float) -> RunFacts:
        head = read_head(self._folder)
        described = self._describe.of(self._folder, head.configuration) or Described()
        self.created_ns = head.created.ns
        figures, is_read, is_intact = read_figures(self._folder), True, True
        if figures is None:
            figures, is_read, is_intact = self._counted(until_s)
            if is_read and is_intact and self._follower is not None:
                self._follower.end()
        sealed_bytes = seal.files["journal.jsonl"].bytes if "journal.jsonl" in seal.files else None
        journal = seen[_JOURNAL]
        is_whole = is_intact and not _is_broken(figures) and journal is not None and journal[1] == sealed_bytes
        facts = self._facts(
            seen, head, described, figures, status=seal.status, is_sealed=True, is_read=is_read, is_intact=is_whole
        )
        self._packed = (None, b"")  # The facts keep it.
        return facts

    def _unsealed(self, seen: Signature, now_ns: int, until_s: float, *, active: bool) -> RunFacts:
        try:
            head = self._refreshed(seen)
        except TcError:
            if not active and not _is_fresh(seen, now_ns):
                raise
            return RunFacts(run_id=self._run_id, is_active=active, is_read=False)
        self.created_ns = head.created.ns
        figures, is_read, is_intact = self._counted(until_s)
        return self._facts(
            seen,
            head,
            self._described,
            figures,
            status=head.status if active else "crashed",
            is_active=active,
            is_read=is_read,
            is_intact=is_intact and not _is_broken(figures),
        )

    def _refreshed(self, seen: Signature) -> Head:
        """Return what the run's own documents say; they are read again when something in the directory was replaced."""
        if self._head is None or self._seen is None or seen[_FOLDER] != self._seen[_FOLDER]:
            before, self._head = self._head, read_head(self._folder)
            if before is not None and before.created != self._head.created:  # Another run took the place of one that was removed.
                self._follower, self._ops = None, None
            self._described = self._describe.of(self._folder, self._head.configuration) or Described()
        return self._head

    def _counted(self, until_s: float) -> tuple[Figures | None, bool, bool]:
        if self._follower is None:
            if not os.path.lexists(f"{self._folder}/configuration.json"):
                return None, True, True
            self._follower = Follower(self.directory, self._tally_of)
        follower = self._follower
        follower.read(until_s)
        return follower.figures, follower.is_read, follower.is_intact

    def _facts(
        self,
        seen: Signature,
        head: Head,
        described: Described,
        figures: Figures | None,
        *,
        status: RunStatus,
        is_sealed: bool = False,
        is_active: bool = False,
        is_read: bool,
        is_intact: bool,
    ) -> RunFacts:
        ops, journal = self._ops, seen[_JOURNAL]
        last_write_ns = None if journal is None else journal[2]
        node = None if is_sealed else _heard(node_heartbeat_as_written, self.directory)
        supervisor = None if is_sealed else _heard(supervisor_heartbeat_as_written, self.directory)
        return RunFacts(
            run_id=self._run_id,
            identity=identity_of(head, described),
            status=status,
            is_active=is_active,
            is_sealed=is_sealed,
            created_ns=head.created.ns,
            started_ns=None if head.started is None else head.started.ns,
            resumed_ns=head.resumed[-1].ns if head.resumed else None,
            ended_ns=None if head.ended is None else head.ended.ns,
            last_write_ns=last_write_ns,
            reason=head.reason[:LONGEST_TOLD],
            resumes=len(head.resumed),
            is_intact=None if figures is None else is_intact and not (ops is not None and ops.is_refuted),
            is_read=is_read,
            packed=self._kept(figures),
            reconcile_every_s=described.reconcile_every_s,
            compared=None if ops is None else ops.compared,
            node=None if node is None else corrected(node),
            supervisor=None if supervisor is None else corrected(supervisor),
            node_offset_ns=0 if node is None else node.offset_ns,
            supervisor_offset_ns=0 if supervisor is None else supervisor.offset_ns,
            usage=self._usage(head) if is_active else None,
            disk=disk_space(self.directory.path, self.facts.disk, self._looked_ns, self._measure) if is_active else None,
            min_free_bytes=described.min_free_bytes,
            readiness=() if ops is None else ops.readiness,
            probes=() if ops is None else ops.probes,
        )

    def _kept(self, figures: Figures | None) -> bytes:
        if figures is None:
            return b""
        if figures is not self._packed[0]:
            self._packed = figures, packed(figures)
        return self._packed[1]

    def _usage(self, head: Head) -> Usage | None:
        owner = lock_owner(self.directory) if head.is_of_this_machine else None
        return None if owner is None else usage_of(owner)


def _heard[T: (NodeHeartbeat, SupervisorHeartbeat)](
    read: Callable[[RunDirectory], AsWritten[T] | None], run: RunDirectory
) -> AsWritten[T] | None:
    """Return a heartbeat; one that is none, or holds what no number of a metric can be, is as if it were not there."""
    try:
        heartbeat = read(run)
    except ArtifactError:
        return None
    return heartbeat if heartbeat is not None and _is_sane(heartbeat.said) else None


def _is_sane(said: object) -> bool:
    match said:
        case int() | float():
            return abs(said) < 2**63
        case str():
            return len(said) <= LONGEST_NAME
        case dict():
            return all(map(_is_sane, (*said, *said.values())))
        case tuple():
            return all(map(_is_sane, said))
        case msgspec.Struct():
            return all(map(_is_sane, msgspec.structs.astuple(said)))
        case _:
            return True


def _stat(path: str) -> Stat:
    try:
        found = os.stat(path, follow_symlinks=False)  # noqa: PTH116 - a Path costs more than the call
    except OSError:
        return None
    return found.st_ino, found.st_size, max(found.st_mtime_ns, found.st_ctime_ns if stat.S_ISDIR(found.st_mode) else 0)


def _is_fresh(seen: Signature, now_ns: int) -> bool:
    folder = seen[_FOLDER]
    return folder is not None and abs(now_ns - folder[2]) < BEING_MADE_S * _NS  # A time to come says nothing.


def _is_broken(figures: Figures | None) -> bool:
    return figures is not None and any(each.code == "rule_broken" for each in figures.oddities)
