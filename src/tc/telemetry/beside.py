"""What lies beside the runs: kill switches, datasets, drills, and connectivity checks that belong to no run."""

import logging
import os
from collections.abc import Mapping  # noqa: TC003 - annotates what is set in __init__
from pathlib import Path

from tc.errors import TcError
from tc.reports.connectivity import ProbeDocument, decode_connectivity
from tc.reports.drill.figures import DrillFigures
from tc.store.connectivity import connectivity_files, connectivity_folder
from tc.store.dataset import survey_datasets
from tc.store.kill_switch import FOLDER, Active, KillSwitch, Scope
from tc.store.quality import read_quality
from tc.telemetry.drills import Drills
from tc.telemetry.newest import keep
from tc.telemetry.ops_facts import MOST_NAMES, is_short, probed, read_small
from tc.telemetry.run_facts import Probed, Readiness, RunFacts

MOST_SCOPES = 200
MOST_DATASETS = 500
DATASETS_EVERY_S = 5.0
UNUSABLE = "unusable"
"""What stands for a code where a dataset's manifest, or the record of its quality, cannot be read."""

_NS = 1_000_000_000
_log = logging.getLogger(__name__)


class Beside:
    """Looks at all four; each is read again only when it may have changed."""

    def __init__(self, artifacts_root: Path, *, runtime_root: Path, data_root: Path) -> None:
        self._artifacts_root = artifacts_root
        self._kill_root = runtime_root / FOLDER
        self._switch = KillSwitch(self._kill_root)
        self._data_root = data_root
        self._drills = Drills(artifacts_root)
        self._datasets_ns = 0
        self._connectivity_seen: tuple[int, int] | None = None
        self._checked: set[str] = set()
        self._readiness: dict[str, Readiness] = {}
        self._probes: dict[tuple[str, str], Probed] = {}
        self.scopes: Mapping[str, str] = {}
        self.switches: tuple[Active, ...] = ()
        self.findings: Mapping[tuple[str, str], int] = {}
        self.connectivity = RunFacts(run_id="")

    @property
    def drills(self) -> tuple[DrillFigures, ...]:
        """Each drill's executions, as of the last look; another object only when something changed."""
        return self._drills.drilled

    def look(self, now_ns: int) -> bool:
        """Look at what may have changed; say whether connectivity did."""
        self.scopes = self._scopes()
        self._drills.look(now_ns)
        if now_ns - self._datasets_ns >= DATASETS_EVERY_S * _NS or now_ns < self._datasets_ns:
            self._datasets_ns = now_ns
            self.findings = _findings(self._data_root)
        return self._look_at_connectivity()

    def _scopes(self) -> dict[str, str]:
        """Return the mode of each scope that has a state file, is active or in doubt, and of all runs."""
        try:
            names = [path.name for path in self._kill_root.iterdir()]
        except OSError:
            names = []
        scopes = {scope for name in names if (scope := Scope.from_file_name(name)) is not None}
        modes = dict.fromkeys(sorted(map(_scope_label, scopes)), "none")
        self.switches = self._switch.all()[:MOST_SCOPES]
        active = {_scope_label(each.scope): str(each.mode) for each in self.switches}
        found = {"all": "none", **active, **{label: mode for label, mode in modes.items() if label not in active}}
        return dict(list(found.items())[:MOST_SCOPES])

    def _look_at_connectivity(self) -> bool:
        try:
            found = connectivity_folder(self._artifacts_root).stat(follow_symlinks=False)
        except OSError:
            return False
        if (found.st_ino, found.st_mtime_ns) == self._connectivity_seen:
            return False
        self._connectivity_seen = found.st_ino, found.st_mtime_ns
        new = [path for path in connectivity_files(self._artifacts_root) if path.name not in self._checked]
        for path in new:
            self._checked.add(path.name)
            self._take(path)
        probes = tuple(self._probes.values())
        self.connectivity = RunFacts(run_id="", readiness=tuple(self._readiness.values()), probes=probes)
        return bool(new)

    def _take(self, path: Path) -> None:
        document = decode_connectivity(read_small(path) or b"")
        if document is None or not is_short(document.spec, getattr(document, "target", "")):
            _log.warning("%s cannot be read: it is passed over", path)
        elif isinstance(document, ProbeDocument):
            before = self._probes.get((document.spec, document.target))
            if before is None or before.at_ns <= document.at_ns:
                keep(self._probes, (document.spec, document.target), probed(document), most=MOST_NAMES)
        else:
            known = self._readiness.get(document.spec)
            if known is None or known.at_ns <= document.at_ns:
                keep(self._readiness, document.spec, Readiness(document.spec, document.state, document.at_ns), most=MOST_NAMES)


def _scope_label(scope: Scope) -> str:
    return f"{scope.kind}:{scope.value}" if scope.value else scope.kind


def _findings(data_root: Path) -> dict[tuple[str, str], int]:
    """Return how many findings each dataset that was judged has, by code; one that cannot be used counts as a finding."""
    found: dict[tuple[str, str], int] = {}
    try:
        datasets, broken = survey_datasets(data_root)
    except OSError:
        return found
    for dataset in datasets[:MOST_DATASETS]:
        try:
            record = read_quality(data_root, dataset)
        except TcError:
            found[dataset.id, UNUSABLE] = 1
            continue
        found |= {} if record is None else {(dataset.id, code): count for code, count in record.findings.items()}
    for each in broken[:MOST_DATASETS]:
        found[os.fsencode(each.id).decode(errors="backslashreplace"), UNUSABLE] = 1
    return found
