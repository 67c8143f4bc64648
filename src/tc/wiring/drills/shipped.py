"""The drills that come with this package."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tc.spec.drills.drill_spec import DrillSpec


def shipped_folder() -> Path:
    """Return the folder of the drills that come with this package: a wheel has them inside, a clone beside it."""
    from importlib.resources import files

    inside = Path(str(files("tc"))) / "drills"
    return inside if inside.is_dir() else Path(__file__).resolve().parents[4] / "specs" / "drills"


def shipped_drills() -> "tuple[DrillSpec, ...]":
    """Return the shipped drills in the order of their names."""
    from tc.spec.drills.parse import drill_names, load_drill

    folder, alerts = shipped_folder(), known_alerts()
    return tuple(load_drill(folder / f"{name}.yaml", alerts=alerts) for name in drill_names(folder))


def known_alerts() -> frozenset[str]:
    """Return the names of the alerts that a drill may expect."""
    from tc.lab.alerting import shipped_alerts

    return frozenset(shipped_alerts())


__all__ = ["known_alerts", "shipped_drills", "shipped_folder"]
