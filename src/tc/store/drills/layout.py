"""Where a drill's files lie: ``drills/<name>-<n>/`` of the artifacts root, numbered for each drill from 1."""

import re
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tc.errors import ArtifactError, DocumentError
from tc.spec.drills.words import KEPT_AS
from tc.store.files import is_real_folder, sync_folder

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
# The number is what stands behind the last hyphen: `a-2-1` is the first `a-2`, and never a drill of `a`.
_FOLDER = re.compile(r"(?P<drill>[a-z0-9][a-z0-9-]{0,62})-(?P<number>[1-9][0-9]{0,8})")
_LAST = 999_999_999
_HINT = "`tc drill run NAME` makes one; --artifacts-root says where to look."
_HINT_UNWRITABLE = "Check the permissions and the free space of the artifacts root, or choose another with --artifacts-root."


@dataclass(frozen=True, slots=True)
class DrillDirectory:
    """One execution of a drill: the paths of everything of it, whether it is there yet or not."""

    path: Path

    @property
    def drill(self) -> str:
        """The drill's name."""
        return self.path.name.rpartition("-")[0]

    @property
    def number(self) -> int:
        """Which execution of it this is, from 1."""
        return int(self.path.name.rpartition("-")[2])

    @property
    def spec(self) -> Path:
        """The DrillSpec, as it was carried out."""
        return self.path / KEPT_AS

    @property
    def run_spec(self) -> Path:
        """The RunSpec of the paper run that was broken."""
        return self.path / "paper.yaml"

    @property
    def journal(self) -> Path:
        """The drill's own facts, chained."""
        return self.path / "journal.jsonl"

    @property
    def verdict(self) -> Path:
        """What came of it; written last but for what is drawn from it."""
        return self.path / "verdict.json"

    @property
    def timeline(self) -> Path:
        """Fault, detection, gates, alerts and recovery on one axis."""
        return self.path / "timeline.html"

    @property
    def incident(self) -> Path:
        """The incident report."""
        return self.path / "incident.md"

    @property
    def artifacts(self) -> Path:
        """The artifacts root of its paper run."""
        return self.path / "artifacts"

    @property
    def runtime(self) -> Path:
        """The runtime root of its paper run, with the kill switch."""
        return self.path / "runtime"

    @property
    def alerting(self) -> Path:
        """What Prometheus and Alertmanager are configured with, and what they write."""
        return self.path / "alerting"


def drills_root(artifacts_root: Path) -> Path:
    """Return the folder that holds the folders of drills."""
    return artifacts_root / "drills"


def create_drill(artifacts_root: Path, name: str) -> DrillDirectory:
    """Make the folder of a drill's next execution, durably; no two writers get the same, and none that was there.

    Raises
    ------
    DocumentError
        The name is not written as those of drills are.
    ArtifactError
        The folder cannot be made.

    """
    if _NAME.fullmatch(name) is None:
        raise DocumentError(f"{name!r} is not the name of a drill", hint="It has lower-case letters, digits and hyphens.")
    root = drills_root(artifacts_root)
    try:
        root.mkdir(parents=True, exist_ok=True)
        taken = (found for path in root.iterdir() if (found := _FOLDER.fullmatch(path.name)))
        highest = max((int(found["number"]) for found in taken if found["drill"] == name), default=0)
        path = _made(root, name, highest)
        sync_folder(root)
    except OSError as error:
        raise ArtifactError(f"{root} cannot be written: {error.strerror}", hint=_HINT_UNWRITABLE) from None
    return DrillDirectory(path)


def existing_drill(artifacts_root: Path, text: str) -> DrillDirectory:
    """Return the execution that is meant: by its folder's name, or the newest of a drill by the drill's name.

    Raises
    ------
    ArtifactError
        There is none.

    """
    drills = list_drills(artifacts_root)
    exact = [drill for drill in drills if drill.path.name == text]
    found = exact or [drill for drill in drills if drill.drill == text]
    if not found:
        raise ArtifactError(f"there is no drill {text!r} in {drills_root(artifacts_root)}", hint=_HINT)
    return found[-1]


def list_drills(artifacts_root: Path) -> tuple[DrillDirectory, ...]:
    """Return all executions, by the drill's name and then by number.

    A symbolic link, a file, and a name that no drill's folder has, are none.

    Raises
    ------
    ArtifactError
        The folder of drills is there and cannot be read.

    """
    root = drills_root(artifacts_root)
    try:
        paths = list(root.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        raise ArtifactError(f"{root} cannot be read: {error.strerror}", hint=_HINT) from None
    drills = [DrillDirectory(path) for path in paths if _FOLDER.fullmatch(path.name) and is_real_folder(path)]
    return tuple(sorted(drills, key=lambda drill: (drill.drill, drill.number)))


def _made(root: Path, name: str, highest: int) -> Path:
    """Make the folder of the first number above the highest that nobody else makes meanwhile."""
    for number in count(highest + 1):  # pragma: no branch - it ends by returning
        path = root / f"{name}-{number}"
        if number > _LAST:
            raise ArtifactError(f"{path} would have a number above {_LAST}, the last", hint=f"Who made {name}-{highest}?")
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path
    raise AssertionError  # pragma: no cover - numbers do not end
