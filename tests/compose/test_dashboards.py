"""The committed dashboards: as the code makes them, as Grafana's models read them, and leading where something is."""

import json
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from conftest import REPOSITORY
from dashboards_read import FOLDER, dashboards, panels, queries, variables
from tc.telemetry.names import FAMILIES

GENERATE = REPOSITORY / "scripts" / "dashboards" / "generate.py"
RUNBOOKS = REPOSITORY / "runbooks"
WIDTH = 24
UNITS = {"bytes", "cps", "none", "percentunit", "s", "short"}
COLUMN_UNITS = {*UNITS, "dateTimeAsIso", "dateTimeFromNow", "dtdurations"}
COLOURS = {"blue", "green", "purple", "red", "text", "yellow"}
SHOWN_ELSEWHERE = {
    "tc_run_resumed_timestamp_seconds": "for the alert on overdue comparisons; Run shows how often a run went on",
}
UIDS = sorted(dashboards())


def as_read(content: dict[str, Any]) -> Any:
    """Return a dashboard as it is written when Grafana's models have read it: what they do not know is lost."""
    plugins.register_default_plugins()
    return json.loads(json.dumps(Dashboard.from_json(content), cls=JSONEncoder))


def found(content: Any, key: str) -> list[Any]:
    """Return every value that stands under a key, however deep."""
    match content:
        case dict():
            return [value for name, value in content.items() if name == key] + [
                x for v in content.values() for x in found(v, key)
            ]
        case list():
            return [each for item in content for each in found(item, key)]
    return []


def test_there_are_the_five_of_the_provisioned_folder() -> None:
    assert UIDS == ["tc-data", "tc-drills", "tc-fleet", "tc-run", "tc-venue"]


def test_the_committed_files_are_what_the_code_makes_and_others_can_be_made_with_other_addresses(tmp_path: Path) -> None:
    def generate(*options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, GENERATE, *map(str, options)], capture_output=True, text=True, check=False)

    assert generate("--check").returncode == 0, "run make dashboards"
    made = generate("--folder", tmp_path, "--page-url", "https://ops.example", "--runbooks-url", "https://ops.example/books")
    assert made.returncode == 0, made.stderr
    for uid in UIDS:
        text = (FOLDER / f"{uid}.json").read_text()
        elsewhere = text.replace("http://127.0.0.1:8000/runbooks", "https://ops.example/books")
        assert (tmp_path / f"{uid}.json").read_text() == elsewhere.replace("http://127.0.0.1:8000", "https://ops.example")
    (tmp_path / "tc-run.json").write_text("{}")
    checked = generate(
        "--check", "--folder", tmp_path, "--page-url", "https://ops.example", "--runbooks-url", "https://ops.example/books"
    )
    assert (checked.returncode, checked.stderr.split(";")[0]) == (1, "not as scripts/dashboards makes them: tc-run")


@pytest.mark.parametrize("uid", UIDS)
def test_grafanas_models_know_every_field(uid: str) -> None:
    content = json.loads((FOLDER / f"{uid}.json").read_text())
    for each in content["annotations"]["list"]:  # the models do not know those of Prometheus's annotations
        assert {each.pop(name) for name in ("titleFormat", "textFormat", "tagKeys")}
    assert as_read(content) == content
    content["panels"][0]["refreshh"] = "5s"
    assert as_read(content) != content


@pytest.mark.parametrize("uid", UIDS)
def test_ids_are_unique_and_panels_lie_beside_each_other(uid: str) -> None:
    content = dashboards()[uid]
    ids = [panel["id"] for panel in content["panels"]]
    assert len(set(ids)) == len(ids) > 5
    cells = [
        {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        for at in (panel["gridPos"] for panel in content["panels"])
    ]
    assert all(x < WIDTH for cell in cells for x, _ in cell)
    assert not [1 for one, other in combinations(cells, 2) if one & other]


@pytest.mark.parametrize("uid", UIDS)
def test_a_panel_says_what_it_shows_and_what_it_means_when_there_is_nothing(uid: str) -> None:
    for panel in panels(uid):
        defaults = panel["fieldConfig"]["defaults"]
        assert re.fullmatch(r"[A-Z0-9].+[.]", panel["description"]), panel["title"]
        assert defaults["noValue"], panel["title"]
        assert defaults["unit"] in UNITS, panel["title"]
        assert {step["color"] for step in defaults["thresholds"]["steps"]} <= COLOURS
        assert panel["targets"]
        columns = [each for override in panel["fieldConfig"]["overrides"] for each in override["properties"]]
        assert {each["value"] for each in columns if each["id"] == "unit"} <= COLUMN_UNITS
    assert {each for each in found(dashboards()[uid], "color") if isinstance(each, str)} <= COLOURS


@pytest.mark.parametrize("uid", UIDS)
def test_every_link_leads_somewhere_and_takes_its_addresses_from_variables(uid: str) -> None:
    pages = {
        "${page_url}/",
        "${page_url}/runs/${run}",
        "${page_url}/runs/${__value.raw}",
        "${page_url}/runs/${__field.labels.run}",
    }
    for url in {each for each in found(dashboards()[uid], "url") if each}:
        if inside := re.fullmatch(r"/d/([a-z-]+)\?var-(\w+)=.+", url):
            assert inside[2] in variables(inside[1]), url
        elif book := re.fullmatch(r"\$\{runbooks_url\}/([a-z-]+)", url):
            assert (RUNBOOKS / f"{book[1]}.md").is_file(), url
        else:
            assert url in {*pages, "${runbooks_url}"}
    for name in ("page_url", "runbooks_url"):
        assert variables(uid)[name]["type"] == "textbox"
        assert variables(uid)[name]["query"].startswith("http")


@pytest.mark.parametrize("uid", UIDS)
def test_every_variable_of_a_query_exists_and_every_data_source_is_chosen(uid: str) -> None:
    for each in queries(uid):
        named = set(re.findall(r"\$(?:\{)?([a-z]\w*)", each.expr))
        assert named <= variables(uid).keys(), each.expr
    assert {each["uid"] for each in found(dashboards()[uid], "datasource")} == {"${datasource}"}
    assert variables(uid)["datasource"]["current"]["value"] == "tc-prometheus"


def test_every_runbook_of_an_alert_is_linked_from_a_panel() -> None:
    rules = (REPOSITORY / "compose" / "prometheus" / "alerts" / "tc-alerts.yaml").read_text()
    linked = {url.rpartition("/")[2] for uid in UIDS for url in found(dashboards()[uid], "url") if url}
    assert set(re.findall(r"^ +runbook: (\S+)$", rules, re.MULTILINE)) - linked == set()


def test_every_family_is_in_a_panel_and_no_panel_asks_for_another() -> None:
    asked = {name for uid in UIDS for each in queries(uid) for name in re.findall(r"\btc_[a-z_]+", each.expr)} - {"tc_version"}
    names = {family.name for family in FAMILIES}
    assert names - asked == SHOWN_ELSEWHERE.keys()
    assert asked - names == set()


def test_every_drill_that_comes_with_tc_has_a_panel() -> None:
    shipped = {path.stem for path in (REPOSITORY / "specs" / "drills").glob("*.yaml")} - {"paper"}
    assert {panel["title"] for panel in panels("tc-drills")} & {path.stem for path in RUNBOOKS.glob("*.md")} == shipped


def test_every_recorded_series_that_is_asked_for_is_recorded() -> None:
    rules = (REPOSITORY / "compose" / "prometheus" / "rules" / "tc-recording.yaml").read_text()
    asked = {name for uid in UIDS for each in queries(uid) for name in re.findall(r"\btc:[a-z0-9_:]+", each.expr)}
    assert asked <= set(re.findall(r"- record: (\S+)", rules))
    assert len(asked) >= 3
