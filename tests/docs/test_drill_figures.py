"""What repeated drills came to is stored once, and shown from there in the reference and in the README."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from documentation import REPOSITORY
from drill_records import ENDED_NS, S, carried_out

SCRIPTS = REPOSITORY / "scripts"
DISCONNECT = "| [disconnect]({}disconnect.md) |"


BEGUN = ("injected 1 down", "proven 1")
AFTER_THE_ALERT = (*BEGUN, "alert TcVenueDisconnected", "alert TcVenueUnreachable", "gate blocked", "restored 1")
BEFORE_THE_ALERT = (*BEGUN, "restored 1", "alert TcVenueDisconnected", "alert TcVenueDisconnected", "gate blocked")


def stored(root: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Store what came of the drills of a root, in its figures.json."""
    command = [sys.executable, str(SCRIPTS / "drill_figures.py"), str(root), "--output", str(root / "figures.json"), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("reference.drill_figures")


@pytest.fixture
def figures(tmp_path: Path) -> Path:
    carried_out(tmp_path, "node-crash", verdict="failed", mitigate_ns=None)
    carried_out(tmp_path, "disconnect", detect_ns=1_000_400_000, sequence=AFTER_THE_ALERT)
    carried_out(tmp_path, "disconnect", verdict="failed", detect_ns=3_000_000_000, sequence=BEFORE_THE_ALERT)
    carried_out(tmp_path, "disconnect", weight=3, detect_ns=None, sequence=AFTER_THE_ALERT)
    carried_out(tmp_path, "disconnect", is_mutated=True, verdict="failed", detect_ns=9_000_000_000)
    carried_out(tmp_path, "a-drill-of-somebody")
    done = stored(tmp_path, "--jobs", "2")
    assert done.returncode == 0, done.stderr
    return tmp_path / "figures.json"


def test_executions_of_shipped_drills_are_counted_but_for_those_without_their_detector(figures: Path) -> None:
    document = json.loads(figures.read_bytes())
    assert list(document["drills"]) == ["disconnect", "node-crash"]
    disconnect = document["drills"]["disconnect"]
    assert (disconnect["executions"], disconnect["passed"], disconnect["failed"], disconnect["last"]) == (3, 2, 1, "passed")
    assert disconnect["detect_ms"] == {"median": 2000, "max": 3000}
    assert disconnect["same_order"] == {"all": 2, "each": 3, "of": 3}
    assert document["drills"]["node-crash"]["mitigate_ms"] is None
    assert document["resilience"] == "75.00 %"
    assert document["measured"]["newest_ns"] == ENDED_NS + 3 * S
    assert document["measured"]["jobs"] == 2


def test_the_same_executions_are_stored_in_the_same_bytes_one_line_for_each_drill(figures: Path) -> None:
    first = figures.read_bytes()
    assert stored(figures.parent, "--jobs", "2").returncode == 0
    assert figures.read_bytes() == first
    assert sum(line.startswith(b'  "') for line in first.splitlines()) == 2


def test_a_root_without_drills_leaves_the_figures_alone(figures: Path, tmp_path: Path) -> None:
    first = figures.read_bytes()
    (tmp_path / "drills").rename(tmp_path / "gone")
    done = stored(tmp_path)
    assert done.returncode == 2
    assert "no shipped drill was carried out" in done.stderr
    assert figures.read_bytes() == first


def test_the_page_and_the_readme_show_every_drill_and_say_how_it_was_measured(
    pages: ModuleType, figures: Path, tmp_path: Path
) -> None:
    (tmp_path / "README.md").write_text(f"# A\n\n{pages.BEGIN}\nold\n{pages.END}\n\nafter\n")
    page, readme = pages.figures_page(figures), pages.readme(tmp_path / "README.md", figures)
    row = (
        DISCONNECT.format("")
        + " passed | 2 of 3 | 1 | 0 | 2.00 / 3.00 | 1.20 / 1.20 | 6.10 / 6.10 | 14.00 / 15.00 | 3 / 2 of 3 |"
    )
    assert row in page
    assert DISCONNECT.format("docs/reference/drills/") + " 2 of 3 | 2.00 / 3.00 | 1.20 / 1.20 | 6.10 / 6.10 |" in readme
    shipped = len(pages.drill_names(pages.DRILLS))
    passed = f"1 of {shipped} drills passed last, {shipped - 2} not carried out yet; 2 of 4 executions passed."
    for text in (page, readme):
        assert f"**Resilience score 75.00 %**: {passed}" in text
        assert "[no-fault](" in text
        assert "2 at once, last on 2026-11-21" in text
    assert "Of 4 executions, 4 have the faults" in page
    assert "In 3 all of it" in page
    assert "old" not in readme
    assert readme.startswith("# A\n\n")
    assert readme.endswith(f"{pages.END}\n\nafter\n")


def test_figures_that_were_stored_before_the_order_was_looked_at_are_shown_without_it(pages: ModuleType, figures: Path) -> None:
    document = json.loads(figures.read_bytes())
    for drill in document["drills"].values():
        del drill["same_order"]
    figures.write_text(json.dumps(document))
    page = pages.figures_page(figures)
    assert DISCONNECT.format("") in page
    assert "| 14.00 / 15.00 | \N{EM DASH} |" in page
    assert "executions, 4 have the faults" not in page


def test_both_say_so_where_nothing_is_stored(pages: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(f"# A\n\n{pages.BEGIN}\n{pages.END}\n")
    nowhere = tmp_path / "figures.json"
    assert "There are no stored figures" in pages.figures_page(nowhere)
    assert "There are no stored figures" in pages.readme(tmp_path / "README.md", nowhere)


@pytest.mark.parametrize("marks", ["", "{0}", "{1}", "{1}{0}", "{0}{1}{0}", "{0}{1}{1}"])
def test_a_readme_without_its_two_marks_is_refused(pages: ModuleType, tmp_path: Path, marks: str) -> None:
    (tmp_path / "README.md").write_text(marks.format(pages.BEGIN, pages.END))
    with pytest.raises(ValueError, match="once each"):
        pages.readme(tmp_path / "README.md")
