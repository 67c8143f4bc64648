"""A run's ops stream, read on as it grows, and what its facts add up to."""

import os
import re
from io import BytesIO
from pathlib import Path

import msgspec

from tc.reports.connectivity import ProbeDocument, decode_connectivity
from tc.store.facts import Fact, OpsArtifact, OpsEntry, ReadinessChecked, RunReconciled, RunVerified, VenueProbed
from tc.store.files import open_regular, unreadable
from tc.store.journal.lines import GENESIS, MAX_LINE_BYTES, claimed_digest
from tc.store.layout import RunDirectory
from tc.store.ops import judged_line
from tc.telemetry.newest import keep
from tc.telemetry.run_facts import Compared, Probed, Readiness

MOST_NAMES = 100
"""So many specs and targets of a run are told apart; who probes more is told of the newest."""

LONGEST_NAME = 200
"""No spec or target that tc names is longer; a fact of a longer one is told to nobody."""

MOST_ARTIFACT_BYTES = 32 << 20
_BLOCK_BYTES = 2 * MAX_LINE_BYTES
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
CRITICAL = ("order_", "fill_", "position_")
"""How the codes of the findings begin that are critical: what the rest is about can be read again."""


class OpsFacts:
    """Keeps the last of each kind; `read` takes what was appended since.

    ``is_refuted`` says whether the last recorded verification of the run found something, or a line of the stream itself is
    damaged: then no verification that was recorded behind it is known.
    """

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
        self._begin()

    def _begin(self) -> None:
        self._seen: tuple[int, int] = (0, 0)
        self._size = 0
        self._entries = 0
        self._digest = GENESIS
        self._verdicts = {"clean": 0, "found": 0, "unknown": 0}
        self._readiness: dict[str, Readiness] = {}
        self._probes: dict[tuple[str, str], Probed] = {}
        self._reconciled: RunReconciled | None = None
        self._probed: dict[tuple[str, str], VenueProbed] = {}
        self.compared: Compared | None = None
        self._is_verified_wrong = self._is_damaged = False

    @property
    def readiness(self) -> tuple[Readiness, ...]:
        """The last readiness of each spec."""
        return tuple(self._readiness.values())

    @property
    def probes(self) -> tuple[Probed, ...]:
        """The last probe of each target."""
        return tuple(self._probes.values())

    @property
    def is_refuted(self) -> bool:
        """Whether the run's record is known to be wrong."""
        return self._is_verified_wrong or self._is_damaged

    def read(self) -> None:
        """Take what was appended; a stream that was replaced or cut is read anew, and a damaged line ends it.

        Raises
        ------
        ArtifactError
            The stream is there and cannot be read.

        """
        try:
            with open_regular(self._run.ops) as file:
                found = os.fstat(file.fileno())
                if found.st_ino != self._seen[0] or found.st_size < self._seen[1]:
                    self._begin()
                self._seen = found.st_ino, found.st_size
                while self._took_some(os.pread(file.fileno(), _BLOCK_BYTES, self._size)):
                    pass
        except FileNotFoundError:
            return
        except OSError as error:
            raise unreadable(self._run.ops, error) from None
        self._read_artifacts()

    def _took_some(self, block: bytes) -> bool:
        """Take the whole lines of a block; say whether there was one, and none of those that were whole is damaged."""
        before = self._entries
        return all(self._took(line) for line in BytesIO(block) if line.endswith(b"\n")) and self._entries > before

    def _read_artifacts(self) -> None:
        """Read what the newest facts name: of a long stream the older artifacts are of no use."""
        fact = self._reconciled
        if fact is not None:
            found, name = severities(self._artifact(fact.artifacts)), _plain_name(fact.artifacts)
            self.compared = Compared(**self._verdicts, verdict=fact.verdict, at_ns=fact.at_ns, severities=found, artifact=name)
            self._reconciled = None
        for key, probe in self._probed.items():
            keep(self._probes, key, self._as_probed(probe), most=MOST_NAMES)
        self._probed.clear()

    def _took(self, line: bytes) -> bool:
        entry = judged_line(line, self._digest, self._entries + 1)
        self._is_damaged = not isinstance(entry, OpsEntry)
        if not isinstance(entry, OpsEntry):
            return False  # It is read again when the stream changes.
        self._digest = claimed_digest(line) or self._digest
        self._entries += 1
        self._size += len(line)
        self._take(entry.fact)
        return True

    def _take(self, fact: Fact) -> None:
        match fact:
            case RunReconciled():
                self._verdicts[fact.verdict] += 1
                self._reconciled = fact
            case RunVerified():
                self._is_verified_wrong = fact.findings > 0
            case ReadinessChecked() if is_short(fact.spec):
                keep(self._readiness, fact.spec, Readiness(fact.spec, fact.state, fact.at_ns), most=MOST_NAMES)
            case VenueProbed() if is_short(fact.spec, fact.target):
                keep(self._probed, (fact.spec, fact.target), fact, most=MOST_NAMES)
            case _:
                pass

    def _as_probed(self, fact: VenueProbed) -> Probed:
        document = decode_connectivity(self._artifact(fact.artifacts) or b"")
        if isinstance(document, ProbeDocument):
            return probed(document)
        loss = fact.failed / fact.attempts if fact.attempts else 0.0
        return Probed(fact.spec, fact.target, fact.state, fact.at_ns, (), None, loss)

    def _artifact(self, artifacts: tuple[OpsArtifact, ...]) -> bytes | None:
        name = _plain_name(artifacts)
        return read_small(self._run.ops_folder / name) if name else None


def _plain_name(artifacts: tuple[OpsArtifact, ...]) -> str:
    """Return the first artifact's name; empty where there is none, or it is none that tc gives: it may lead anywhere."""
    return artifacts[0].name if artifacts and _PLAIN_NAME.fullmatch(artifacts[0].name) else ""


class _Coded(msgspec.Struct):
    code: str


class _Findings(msgspec.Struct):
    findings: tuple[_Coded, ...]


def severities(document: bytes | None) -> tuple[int, int] | None:
    """Return how many findings of a reconciliation's document are critical, and how many are not; None when it is none."""
    if document is None:
        return None
    try:
        codes = [each.code for each in msgspec.json.decode(document, type=_Findings).findings]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    critical = sum(code.startswith(CRITICAL) for code in codes)
    return critical, len(codes) - critical


def probed(document: ProbeDocument) -> Probed:
    """Return what a probe's document says, as far as it is shown; the phases are those of its last attempt."""
    phases: tuple[tuple[str, float], ...] = ()
    if document.results:
        timings = msgspec.structs.asdict(document.results[-1].timings)
        phases = tuple((name.removesuffix("_ns"), ns / 1e9) for name, ns in timings.items() if ns is not None)
    loss = document.failed / document.attempts if document.attempts else 0.0
    return Probed(document.spec, document.target, document.state, document.at_ns, phases, document.http_status, loss)


def is_short(*names: str) -> bool:
    """Say whether names are such that labels and pages can take them."""
    return all(len(name) <= LONGEST_NAME for name in names)


def read_small(path: Path) -> bytes | None:
    """Return a file's content; None when it cannot be read or is too large to be one that tc writes."""
    try:
        with open_regular(path) as file:
            data = file.read(MOST_ARTIFACT_BYTES + 1)
    except OSError:
        return None
    return data if data is not None and len(data) <= MOST_ARTIFACT_BYTES else None  # None: nothing to read at once
