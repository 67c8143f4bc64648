import re
import time
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from report_samples import HOSTILE
from status_samples import FLEET, NOW_NS, fleet, hostile_brief, hostile_detail, hostile_fleet, in_trouble, live_detail
from tc.reports.page.environment import policy_source
from tc.reports.status.choice import Choice
from tc.reports.status.html import content_policy, render_overview, render_run

VOID = {"meta", "br", "input", "path", "link", "rect"}


class Page(HTMLParser):
    """Every element with its attributes, the text, and the ids; fails on elements that are not closed."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.inline: list[tuple[str, str]] = []
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
        if self._open and self._open[-1] in {"script", "style"}:
            self.inline.append((self._open[-1], data))
        else:
            self.text += data

    def all(self, *tags: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name in tags]


PAGES = {
    "overview": render_overview(fleet(120), FLEET, Choice(text="btc"), NOW_NS, runbooks="https://ops.example/runbooks"),
    "empty": render_overview([], hostile_fleet(), Choice(), NOW_NS),
    "run": render_run(live_detail(in_trouble()), NOW_NS),
    "hostile": render_overview([hostile_brief()] * 9, hostile_fleet(), Choice(state=HOSTILE, mode=HOSTILE, text=HOSTILE), NOW_NS),
    "hostile all": render_overview([hostile_brief()] * 9, hostile_fleet(), Choice(), NOW_NS, runbooks="javascript:alert(1)//"),
    "hostile run": render_run(hostile_detail(), NOW_NS, runbooks='https://x"><script>alert(1)</script>'),
}


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest) -> Page:
    return Page(PAGES[request.param])


def test_nothing_is_loaded_from_anywhere_and_nothing_runs_but_the_page_s_own_script(page: Page) -> None:
    tags = [tag for tag, _ in page.elements]
    assert not {"img", "iframe", "object", "embed", "base", "audio", "video"} & {*tags}
    assert tags.count("script") == tags.count("style") == 1
    for _, attributes in page.elements:
        assert not {"src", "srcset", "style"} & attributes.keys()
        assert not [name for name in attributes if name.startswith("on")]
    assert [each["href"][:5] for each in page.all("link")] == ["data:"]
    assert {each["action"] for each in page.all("form")} <= {"/"}
    policy = next(each["content"] for each in page.all("meta") if each.get("http-equiv") == "Content-Security-Policy")
    assert content_policy() == f"{policy}; frame-ancestors 'none'"
    for tag, text in page.inline:
        assert f"{tag}-src {policy_source(text)}" in policy


def test_links_lead_to_pages_and_to_runbooks_only(page: Page) -> None:
    for each in page.all("a"):
        assert re.match(r"/|#|https://(ops\.example/runbooks/[a-z-]+\.md|x\"><script>)", each["href"])
        assert not each["href"].startswith("//")


def test_what_others_wrote_stays_text() -> None:
    for name in ("hostile", "hostile all", "hostile run"):
        html = PAGES[name]
        assert "<script>alert" not in html
        assert "<img" not in html
        assert "\u202e" not in html
        assert "</script><script>alert('x')</script>" in Page(html).text
    assert 'href="javascript' not in PAGES["hostile all"]


def test_every_element_that_refreshes_by_its_id_has_one_of_its_own() -> None:
    for name in ("overview", "empty", "run"):
        ids = [attributes["id"] for _, attributes in Page(PAGES[name]).elements if "id" in attributes]
        assert len(ids) == len({*ids})


def test_headings_do_not_skip_a_level_and_fields_have_labels(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    labels = {each["for"] for each in page.all("label")}
    assert {each["id"] for each in page.all("input") if each.get("type") == "search"} <= labels
    assert page.all("html") == [{"lang": "en"}]
    assert all(each.get("scope") for each in page.all("th"))


def test_a_page_that_runs_no_script_is_loaded_again_by_the_browser() -> None:
    assert '<noscript><meta http-equiv="refresh" content="15"></noscript>' in PAGES["overview"]


def test_the_search_keeps_the_other_choices() -> None:
    html = render_overview(fleet(9), FLEET, Choice(state="failed", mode="paper", attention="TcRunCrashed", text="b<t"), NOW_NS)
    fields = {each["name"]: each["value"] for each in Page(html).all("input")}
    assert fields == {"state": "failed", "mode": "paper", "attention": "TcRunCrashed", "q": "b<t"}


def test_a_thousand_runs_are_rendered_in_less_than_fifty_milliseconds() -> None:
    runs = fleet(1_000)
    times = []
    for _ in range(5):
        began = time.process_time()
        html = render_overview(runs, FLEET, Choice(), NOW_NS)
        times.append(time.process_time() - began)
    assert min(times) < 0.05
    assert len(html) < 120_000
    assert html.count('<tr role="row" id="run-') == 50
