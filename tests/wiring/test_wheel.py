"""What a wheel has inside besides the package is found there: drills, their alerting and runbooks need no clone."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from documentation import REPOSITORY
from tc.spec.drills.parse import drill_names

FOUND = """
import json
from tc.lab.alerting import shipped, shipped_alerts
from tc.telemetry.pages.runbooks import packaged_runbooks
from tc.wiring.drills.shipped import shipped_drills, shipped_folder
places = shipped_folder(), shipped("prometheus"), shipped("alertmanager"), packaged_runbooks()
print(json.dumps({"places": [str(each) for each in places], "alerts": len(shipped_alerts()), "drills": len(shipped_drills())}))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lay out a folder as an installer does with the wheel that pyproject.toml describes."""
    folder = tmp_path_factory.mktemp("deep") / "lib" / "site-packages"
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    caches = shutil.ignore_patterns("__pycache__")
    for package in wheel["packages"]:
        shutil.copytree(REPOSITORY / package, folder / Path(package).name, ignore=caches)
    for source, target in wheel["force-include"].items():
        shutil.copytree(REPOSITORY / source, folder / target, ignore=caches)
    return folder


def python(site: Path, *words: str) -> str:
    """Run Python with that folder before the clone, somewhere else, and return what it says."""
    elsewhere = site.parent
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}  # It is a copy.
    environment = {**unmeasured, "PYTHONPATH": str(site)}
    command = [sys.executable, *words]
    done = subprocess.run(command, cwd=elsewhere, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_installed_wheel_has_its_drills_rules_and_runbooks_inside(site: Path) -> None:
    found = json.loads(python(site, "-c", FOUND))
    inside = site / "tc"
    assert found["places"] == [
        str(inside / each) for each in ("drills", "compose/prometheus", "compose/alertmanager", "runbooks")
    ]
    assert found["alerts"] > 0
    assert found["drills"] == len(drill_names(REPOSITORY / "specs" / "drills"))


def test_an_installed_wheel_lists_its_drills_and_has_the_run_that_they_break(site: Path) -> None:
    drills = json.loads(python(site, "-m", "tc", "drill", "list", "--json"))["drills"]
    assert tuple(each["name"] for each in drills) == drill_names(REPOSITORY / "specs" / "drills")
    for each in ("paper.yaml", "drill_trader.py"):
        assert (site / "tc" / "drills" / each).read_bytes() == (REPOSITORY / "specs" / "drills" / each).read_bytes()
    assert all((site / "tc" / "runbooks" / f"{each['runbook']}.md").is_file() for each in drills)
