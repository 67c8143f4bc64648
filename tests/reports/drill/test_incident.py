"""Claims about incident.md: every section is filled in, what failed is a follow-up, and what others wrote stays text."""

import re

from markdown_it import MarkdownIt

from drill_samples import (
    at,
    control,
    disconnect_concluded,
    disconnect_facts,
    disconnect_spec,
    failed_concluded,
    failed_facts,
    failed_spec,
    hostile,
    market,
    position,
    steady,
)
from report_samples import HOSTILE
from tc.checks.drills.facts import DrillConcluded, Observed, Part
from tc.reports.drill.incident import render_incident

LINKS = {"run_link": "artifacts/runs/disconnect-3/report.html", "runbook_link": "http://127.0.0.1:8000/runbooks/disconnect"}
HEADINGS = [
    *("Summary", "Impact", "Detection", "Response", "Recovery", "Timeline"),
    *("What went well", "What did not", "Follow-ups", "For people to answer", "Links"),
]
PASSED = render_incident(
    disconnect_spec(),
    (*disconnect_facts(), disconnect_concluded()),
    disconnect_concluded(),
    market=market(),
    position=position(),
    **LINKS,
)
FAILED = render_incident(failed_spec(), failed_facts(), failed_concluded(), **LINKS)


def section(text: str, heading: str) -> str:
    """Return what stands under a heading."""
    found = re.search(rf"^## {heading}\n\n(.*?)(?=\n## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, heading
    return found[1]


def test_every_section_is_there_and_filled_in() -> None:
    for text in (PASSED, FAILED):
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
        assert all(section(text, heading).strip() for heading in HEADINGS)


def test_the_timeline_has_every_fact_with_utc_and_seconds() -> None:
    rows = section(PASSED, "Timeline").strip().splitlines()[2:]
    assert len(rows) == len(disconnect_facts()) + 1
    assert rows[3] == "| 2026-11-21 15:34:12.533 | 0.00 s | Fault proven | down: its counter went from 0 to 4 |"
    assert rows[-1].startswith("| 2026-11-21 15:34:21.553 | 9.02 s | Verdict | passed")


def test_impact_detection_response_and_recovery_tell_what_happened() -> None:
    impact = section(PASSED, "Impact")
    assert "No market data came for 4.20 s at most." in impact
    assert "The position was 0.02 when it began, and 0.01 at last." in impact
    assert "In between it went from \N{MINUS SIGN}0.01 to 0.01." in impact
    assert "2.93 s: Alert fired: TcVenueDisconnected" in section(PASSED, "Detection")
    assert "1.20 s: Gate: blocked" in section(PASSED, "Response")
    assert "4.19 s: Command: exit 0: tc reconcile disconnect-3" in section(PASSED, "Response")
    assert "The steady state was back after 4.10 s." in section(PASSED, "Recovery")
    assert "| Detected | 0.89 s | 3 s |" in section(PASSED, "Summary")


def test_of_a_drill_that_passed_there_is_nothing_left_to_do() -> None:
    assert section(PASSED, "What did not").strip() == "Nothing: every part of the verdict passed."
    assert section(PASSED, "Follow-ups").strip() == "None."


def test_each_part_that_did_not_pass_is_a_follow_up() -> None:
    todo = section(FAILED, "Follow-ups").strip().splitlines()
    assert len(todo) == 6
    assert todo[0] == r"- [ ] Make it possible to judge injection: kill_switch: the kill switch did not answer"
    assert todo[3] == "- [ ] Mend gates: halted was never seen"
    assert todo[-1] == "- [ ] Carry it out again: tc drill run kill-while-hung"
    assert section(FAILED, "What went well").strip() == "- **steady state**"
    assert "The steady state never came back." in section(FAILED, "Recovery")


def test_a_control_says_that_nothing_was_broken_and_proves_nothing_without_alerting() -> None:
    text = render_incident(*control(), **LINKS)
    assert "Nothing was broken. The drill is inconclusive: nothing is proven." in text
    assert "No gate closed, and nobody typed anything." in text


def test_a_control_that_passed_says_that_the_steady_state_was_there_and_takes_no_end_of_the_run_for_a_detection() -> None:
    spec, (*facts, ended), _ = control()
    passed = at(9_200, DrillConcluded, verdict="passed", parts=(Part("recovery", "passed"),))
    text = render_incident(
        spec, (*facts, steady("after", 8_000), at(8_900, Observed, source="event", name="RunStopped"), ended), passed, **LINKS
    )
    assert section(text, "Detection").strip() == "- Nothing was seen."
    assert section(text, "Recovery").strip() == "- The steady state was there at 6.00 s; nothing was put back before."


def test_what_others_wrote_stays_text_and_leads_nowhere() -> None:
    text = render_incident(*hostile(), market=market(), position=position(), run_link=HOSTILE, runbook_link="javascript:alert(1)")
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    assert "<script" not in page
    assert "<img" not in page
    assert "\u202e" not in text
    assert re.findall(r'href="([^"]*)"', page) == ["timeline.html"]
    assert re.findall(r"<h2>(.+)</h2>", page) == HEADINGS
    cells = {row.count("<td") for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)[5:]}
    assert cells == {4}


def test_links_lead_to_the_report_the_runbook_and_the_timeline() -> None:
    page = MarkdownIt("commonmark").render(section(PASSED, "Links"))
    assert re.findall(r'href="([^"]*)"', page) == [LINKS["run_link"], LINKS["runbook_link"], "timeline.html"]
