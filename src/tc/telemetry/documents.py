"""The documents of a run directory, as far as metrics and pages need them.

Paths are texts here, and calls of the system bare: there are thousands of runs, and a `Path` costs more than reading a file
that the system has in memory.
"""

import errno
import hashlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

import msgspec

from tc.errors import ArtifactError
from tc.spec.paper_spec import NodeSpec
from tc.store.files import unreadable
from tc.store.free_space import MB
from tc.store.metadata import METADATA_SCHEMA, RunStatus
from tc.telemetry.figures import Figures, Stamp, decode_figures
from tc.telemetry.newest import keep
from tc.telemetry.run_facts import Identity

_MALFORMED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, ArithmeticError)
_MOST_AT_ONCE = 64 << 10
_MOST_BYTES = 4 << 20
_MOST_KNOWN = 10_000
_MOST_MB = 10**12
LONGEST_LABEL = 200


class _Moment(msgspec.Struct):
    ns: Stamp


class _Versions(msgspec.Struct):
    tc: str = ""


class Head(msgspec.Struct, kw_only=True):
    """What metadata.json says."""

    schema: int
    name: str
    mode: str
    status: RunStatus
    created: _Moment
    started: _Moment | None = None
    ended: _Moment | None = None
    resumed: list[_Moment] = []
    versions: _Versions = msgspec.field(default_factory=_Versions)
    configuration: str = ""
    host: str = ""
    reason: str = ""

    @property
    def is_of_this_machine(self) -> bool:
        """Whether the run's process is, or was, one of this machine's."""
        return self.host == socket.gethostname()


class _Venue(msgspec.Struct):
    name: str = ""


class _Reconciliation(msgspec.Struct):
    every_s: str | float | None = None


class _Node(msgspec.Struct):
    reconciliation: _Reconciliation = msgspec.field(default_factory=_Reconciliation)
    min_free_mb: int | None = None


class _Spec(msgspec.Struct):
    mode: str = ""
    venue: _Venue | None = None
    node: _Node | None = None


class _Named(msgspec.Struct):
    name: str = ""


class _Instrument(msgspec.Struct):
    id: str = ""


class _Configuration(msgspec.Struct):
    run_spec: _Spec = msgspec.field(default_factory=_Spec)
    engine: _Named = msgspec.field(default_factory=_Named)
    strategy: _Named = msgspec.field(default_factory=_Named)
    instrument: _Instrument = msgspec.field(default_factory=_Instrument)


class _Journal(msgspec.Struct):
    digest: str
    entries: int


class _File(msgspec.Struct):
    bytes: int


class SealHead(msgspec.Struct):
    """What seal.json says, as far as it is believed without being proved: how the run ended, and how long its files are."""

    run_id: str
    status: RunStatus
    journal: _Journal
    files: dict[str, _File]


class Described(msgspec.Struct, frozen=True):
    """What the effective configuration says that labels and alerts need."""

    engine: str = ""
    strategy: str = ""
    instrument: str = ""
    venue: str = ""
    reconcile_every_s: float | None = None
    min_free_bytes: int | None = None


_decode_head = msgspec.json.Decoder(Head).decode
_decode_configuration = msgspec.json.Decoder(_Configuration).decode
_decode_seal = msgspec.json.Decoder(SealHead).decode


def read_head(folder: str) -> Head:
    """Return what metadata.json says; ArtifactError when it is missing, unreadable or of another version."""
    head = _read(f"{folder}/metadata.json", _decode_head, "metadata of a run")
    if head.schema != METADATA_SCHEMA:
        raise ArtifactError(f"{folder}/metadata.json has schema {head.schema}, this version of tc reads schema {METADATA_SCHEMA}")
    return head


def read_seal_head(folder: str) -> SealHead | None:
    """Return what seal.json says, or None when there is none; ArtifactError when it is unreadable, or another run's."""
    seal = _found(f"{folder}/seal.json", _decode_seal, "a seal")
    if seal is None:
        return None
    if not folder.endswith(f"/{seal.run_id}"):
        raise ArtifactError(f"{folder}/seal.json is the seal of another run")
    return seal


class DescribedRuns:
    """What configurations say, by their fingerprints: many runs have the same one."""

    def __init__(self) -> None:
        self._known: dict[str, Described] = {}

    def of(self, folder: str, fingerprint: str) -> Described | None:
        """Return what configuration.json says, or None when there is none; ArtifactError when it is unreadable."""
        known = self._known.get(fingerprint)
        return self._read(f"{folder}/configuration.json", fingerprint) if known is None else known

    def _read(self, path: str, fingerprint: str) -> Described | None:
        digest = ""

        def decode(data: bytes) -> _Configuration:
            nonlocal digest
            digest = hashlib.sha256(data).hexdigest()
            return _decode_configuration(data)

        found = _found(path, decode, "a configuration")
        if found is None:
            return None
        described = _described(found)
        if digest == fingerprint:
            keep(self._known, fingerprint, described, most=_MOST_KNOWN)
        return described


def _described(found: _Configuration) -> Described:
    spec = found.run_spec
    every = None if spec.node is None or spec.mode == "backtest" else spec.node.reconciliation.every_s
    try:
        every_s = None if every is None else float(every)
    except ValueError:
        every_s = None
    venue = "" if spec.venue is None else spec.venue.name
    return Described(found.engine.name, found.strategy.name, found.instrument.id, venue, every_s, _min_free_bytes(spec))


def _min_free_bytes(spec: _Spec) -> int | None:
    """Return with less than how much free a run stops itself; one that is attached without a word of it does so, too."""
    if spec.mode == "attached" and spec.node is None:
        return NodeSpec().min_free_mb * MB
    least_mb = None if spec.node is None or spec.mode == "backtest" else spec.node.min_free_mb
    return least_mb * MB if least_mb is not None and 0 <= least_mb <= _MOST_MB else None


def identity_of(head: Head, described: Described) -> Identity:
    """Return a run's labels, each as long as a label may be."""
    most = LONGEST_LABEL
    return Identity(
        name=head.name[:most],
        mode=head.mode[:most],
        engine=described.engine[:most],
        strategy=described.strategy[:most],
        instrument=described.instrument[:most],
        venue=described.venue[:most],
        tc_version=head.versions.tc[:most],
    )


def read_figures(folder: str) -> Figures | None:
    """Return what metrics.json says, or None when there is no such file; ArtifactError when it is unreadable."""
    return _found(f"{folder}/metrics.json", decode_figures, "a run's metrics")


def _read[T](path: str, decode: Callable[[bytes], T], what: str) -> T:
    found = _found(path, decode, what)
    if found is None:
        raise unreadable(Path(path), FileNotFoundError())
    return found


def _found[T](path: str, decode: Callable[[bytes], T], what: str) -> T | None:
    try:
        return decode(_content(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unreadable(Path(path), error) from None
    except _MALFORMED as error:
        raise ArtifactError(f"{path} is not {what}: {error}") from None


def _content(path: str) -> bytes:
    """Return a document; bare calls of the system, for this is most of what reading a run costs."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        data = os.read(descriptor, _MOST_AT_ONCE)
        if len(data) == _MOST_AT_ONCE:  # There may be more; but for a device there is always more.
            data += os.read(descriptor, _MOST_BYTES)
    finally:
        os.close(descriptor)
    if len(data) > _MOST_BYTES:
        raise OSError(errno.EFBIG, "it is larger than any that tc writes")
    return data
