"""Claims about timeline.html: it stands alone, runs nothing, says everything in text, and nothing that others wrote is markup."""

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

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
)
from report_samples import HOSTILE
from tc.checks.drills.facts import DrillConcluded, Part
from tc.reports.drill.html import render_timeline
from tc.reports.drill.page import links_of
from tc.reports.page.environment import policy_source

VOID = {"meta", "line", "rect", "circle", "path", "use"}
RUN, BOOK = "artifacts/runs/disconnect-3/report.html", "http://127.0.0.1:8000/runbooks/disconnect"
LINKS = {"run_link": RUN, "runbook_link": BOOK}
CONTROL, BAD = control(), hostile()
PASSED = (disconnect_spec(), (*disconnect_facts(), disconnect_concluded()), disconnect_concluded())
PAGES = {
    "passed": render_timeline(*PASSED, market=market(), position=position(), **LINKS),
    "failed": render_timeline(failed_spec(), failed_facts(), failed_concluded(), market=market(), position=(), **LINKS),
    "control": render_timeline(*CONTROL, market=(), position=(), **LINKS),
    "empty": render_timeline(PASSED[0], (), PASSED[2], market=market(), position=position(), **LINKS),
    "hostile": render_timeline(*BAD, market=market(), position=position(), run_link=HOSTILE, runbook_link="javascript:alert(1)"),
}


class Page(HTMLParser):
    """Every element with its attributes, and the text; fails on elements that are not closed."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text, self.style = "", ""
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "style":
            self.style += data
        else:
            self.text += data


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest) -> Page:
    return Page(PAGES[request.param])


def test_nothing_is_loaded_and_nothing_runs(page: Page) -> None:
    tags = [tag for tag, _ in page.elements]
    assert not {"script", "img", "iframe", "object", "embed", "base", "link", "form", "image"} & {*tags}
    for _, attributes in page.elements:
        assert not {"src", "srcset", "style", "xlink:href"} & attributes.keys()
        assert not [name for name in attributes if name.startswith("on")]
    assert {attributes["href"] for tag, attributes in page.elements if tag == "use"} == {"#grid"}
    policy = next(each["content"] for _, each in page.elements if each.get("http-equiv") == "Content-Security-Policy")
    assert policy == f"default-src 'none'; style-src {policy_source(page.style)}; base-uri 'none'; form-action 'none'"


def test_links_lead_to_the_report_and_the_runbook_only(page: Page) -> None:
    assert {attributes["href"] for tag, attributes in page.elements if tag == "a"} <= {"#main", RUN, BOOK}


@pytest.mark.parametrize(
    ("link", "is_safe"),
    [
        (RUN, True),
        ("../artifacts/x", True),
        ("./x", True),
        ("/runs/x", True),
        ("report.html", True),
        ("https://ops.example/x?y=1#z", True),
        ("", False),
        ("javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        (" javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//evil.example/x", False),
        ("https://x/y z", False),
        ('x/"onclick=', False),
        ("x/<b>", False),
        ("x\\y", False),
    ],
)
def test_only_paths_and_addresses_of_the_web_are_links(link: str, is_safe: bool) -> None:
    assert bool(links_of(link, "")) is is_safe


def test_what_others_wrote_stays_text() -> None:
    html = PAGES["hostile"]
    assert "<script" not in html
    assert "<img" not in html
    assert "\u202e" not in html
    assert "\x00" not in html
    assert 'href="javascript' not in html
    assert Page(html).text.count("</script><script>alert('x')</script>") > 20


def test_headings_do_not_skip_a_level_ids_are_unique_and_cells_have_heads(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len({*ids})
    assert all(attributes.get("scope") for tag, attributes in page.elements if tag == "th")


def test_verdict_times_lanes_and_facts_stand_in_the_text() -> None:
    text = " ".join(Page(PAGES["passed"]).text.split())
    for said in (
        "The connection to the venue is lost passed disconnect-3 · 2026-11-21 15:34:07 UTC, took 14.43 s",
        "Detected0.89 sbudget 3 s",
        "Seconds since the first proven injection.",
        "down on venue proven injected \N{MINUS SIGN}0.18 s, proven 0.00 s, put back 3.73 s",
        "no data for 4.20 s",
        "\N{MINUS SIGN}0.01 to 0.02",
        "blocked as expected 1.20 s",
        "TcVenueDisconnected expected within 5 s fired 2.93 s, resolved 7.29 s",
        "Steady state after holds 7.83 s",
        "tc reconcile disconnect-3 exit 0 4.19 s",
        "passed alerts TcVenueDisconnected after 2.93 s",
        "2.93 s 2026-11-21 15:34:15.463 Alert fired TcVenueDisconnected: the data client is not connected",
    ):
        assert said in text, said


def test_what_never_came_is_told_as_never() -> None:
    text = " ".join(Page(PAGES["failed"]).text.split())
    assert "Mitigatedneverbudget 5 s" in text
    assert "TcKillSwitchActive expected within 9 s, never fired" in text
    assert "inconclusive injection kill_switch: the kill switch did not answer" in text
    assert "Position nothing was recorded" in text


def test_what_nobody_could_measure_is_not_told_as_never() -> None:
    spec, facts, _ = PASSED
    cut = at(9_000, DrillConcluded, verdict="inconclusive", parts=())
    text = " ".join(Page(render_timeline(spec, (*facts[:3], cut), cut, market=(), position=(), **LINKS)).text.split())
    for label in ("Detected", "Mitigated", "Recovered"):
        assert f"{label}—not measured" in text


def test_a_control_is_asked_for_no_detection() -> None:
    text = " ".join(Page(PAGES["control"]).text.split())
    assert "Detected—not asked for" in text
    assert "nothing is broken: this is a control" in text
    assert "Seconds since the steady state before." in text
    assert "shaded" not in text


def test_a_steady_state_that_was_back_before_anything_was_put_back_has_no_time_and_is_not_told_as_never() -> None:
    spec, facts, _ = CONTROL
    passed = at(9_200, DrillConcluded, verdict="passed", parts=(Part("recovery", "passed"),))
    text = " ".join(Page(render_timeline(spec, (*facts, passed), passed, market=(), position=(), **LINKS)).text.split())
    assert "Recovered—nothing was put back before" in text


def test_an_execution_without_its_detector_says_so() -> None:
    spec, _, concluded = PASSED
    html = render_timeline(spec, disconnect_facts(is_mutated=True), concluded, market=(), position=(), **LINKS)
    assert "The detector was switched off" in html
    assert "The detector was switched off" not in PAGES["passed"]


def test_the_same_drill_gives_the_same_bytes() -> None:
    assert render_timeline(*PASSED, market=market(), position=position(), **LINKS) == PAGES["passed"]
