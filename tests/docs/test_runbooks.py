"""Every drill and alert has its runbook with the headings that an operator looks for; every alert is drilled, or says why not."""

import re
from pathlib import Path

import pytest
import yaml

from documentation import DOCS, HANDWRITTEN, REPOSITORY, RUNBOOKS, commands, name_of
from tc.spec.drills.drill_spec import DrillSpec
from tc.spec.drills.parse import drill_names, load_drill

HEADINGS = ["Meaning", "Impact", "Diagnosis", "Mitigation", "Practise it"]
SPECS = REPOSITORY / "specs" / "drills"
ALERTS = {
    rule["alert"]: rule["annotations"]["runbook"]
    for group in yaml.safe_load((REPOSITORY / "compose/prometheus/alerts/tc-alerts.yaml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
}
PROMTOOL_TESTS = "\n".join(path.read_text(encoding="utf-8") for path in (REPOSITORY / "compose/prometheus/tests").glob("*.yaml"))
WITHOUT_A_DRILL = re.findall(
    r"^\| `(Tc\w+)` \| (.+) \|$",
    (DOCS / "concepts/drills.md").read_text(encoding="utf-8").partition("## Alerts without a drill")[2].partition("\n## ")[0],
    re.MULTILINE,
)
DRILL_RUN = "tc drill run "


def drills() -> dict[str, DrillSpec]:
    return {name: load_drill(SPECS / f"{name}.yaml", alerts=set(ALERTS)) for name in drill_names(SPECS)}


def words(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def practised(path: Path) -> set[str]:
    return {line.removeprefix(DRILL_RUN) for line in commands(words(path)) if line.startswith(DRILL_RUN)}


@pytest.mark.parametrize("path", RUNBOOKS, ids=name_of)
def test_every_runbook_has_its_five_headings(path: Path) -> None:
    assert re.findall(r"^## (.*)$", words(path), re.MULTILINE) == HEADINGS


@pytest.mark.parametrize("path", RUNBOOKS, ids=name_of)
def test_every_runbook_is_practised_by_drills_that_there_are_or_says_why_none_does(path: Path) -> None:
    section = words(path).partition("## Practise it\n")[2]
    assert practised(path) or "No drill practises it" in section
    assert practised(path) <= set(drill_names(SPECS))


@pytest.mark.parametrize("name", drill_names(SPECS))
def test_every_drill_has_its_runbook_which_says_how_to_carry_it_out(name: str) -> None:
    drill = load_drill(SPECS / f"{name}.yaml")
    runbook = REPOSITORY / "runbooks" / f"{drill.runbook or drill.name}.md"
    assert name in practised(runbook)


@pytest.mark.parametrize("name", drill_names(SPECS))
def test_the_runbook_of_a_drill_names_every_alert_that_must_fire(name: str) -> None:
    drill = load_drill(SPECS / f"{name}.yaml")
    text = words(REPOSITORY / "runbooks" / f"{drill.runbook or drill.name}.md")
    assert {each.name for each in drill.expect.alerts if f"`{each.name}`" not in text} == set()


@pytest.mark.parametrize("path", RUNBOOKS, ids=name_of)
def test_every_alert_that_a_runbook_names_exists(path: Path) -> None:
    assert set(re.findall(r"`(Tc[A-Z]\w+)`", words(path))) <= set(ALERTS)


@pytest.mark.parametrize(("alert", "runbook"), ALERTS.items(), ids=ALERTS)
def test_every_alert_is_named_and_drilled_by_its_own_runbook(alert: str, runbook: str) -> None:
    path = REPOSITORY / "runbooks" / f"{runbook}.md"
    expecting = {drill.name for drill in drills().values() if alert in {each.name for each in drill.expect.alerts}}
    assert f"`{alert}`" in words(path)
    assert not expecting or practised(path) & expecting


def test_every_alert_is_expected_by_a_drill_or_told_why_by_none_and_then_proven_by_promtool() -> None:
    expected = {each.name for drill in drills().values() for each in drill.expect.alerts}
    assert {name for name, _ in WITHOUT_A_DRILL} == set(ALERTS) - expected
    assert [name for name, _ in WITHOUT_A_DRILL if f"alertname: {name}\n" not in PROMTOOL_TESTS] == []


def test_every_alert_that_a_reason_names_a_drill_for_is_at_least_allowed_by_it() -> None:
    known = drills()
    named = {name: {each for each in re.findall(r"`([a-z-]+)`", reason) if each in known} for name, reason in WITHOUT_A_DRILL}
    allows = "allow it"
    assert {
        f"{drill} does not allow {alert}"
        for alert, reason in WITHOUT_A_DRILL
        if allows in reason
        for drill in named[alert]
        if alert not in known[drill].expect.also
    } == set()


def test_every_runbook_is_read_by_the_tests_of_all_pages() -> None:
    assert RUNBOOKS
    assert set(RUNBOOKS) <= set(HANDWRITTEN)
