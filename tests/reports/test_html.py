import hashlib
import json
import re
from base64 import b64encode
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise

import pytest

from report_samples import DOCUMENT, HOSTILE, hostile_report, small_report
from tc.reports.html import render_html
from tc.reports.report import ReportInput
from tc.reports.summary import summarize
from tc.reports.thinning import Sampled

VOID = {"meta", "br", "input", "path", "img", "link"}


class Page(HTMLParser):
    """Every element with its attributes, and the text of scripts, styles and everything else."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.inline: list[tuple[str, dict[str, str], str]] = []
        self.text = ""
        self.headings: list[int] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        if tag in VOID:
            return
        self._open.append(tag)
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag in {"script", "style"}:
            self.inline.append((tag, attributes, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in {"script", "style"}:
            tag, attributes, text = self.inline[-1]
            self.inline[-1] = (tag, attributes, text + data)
        else:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(render_html(small_report()))


@pytest.fixture(scope="module")
def hostile() -> Page:
    return Page(render_html(hostile_report()))


def policy_of(page: Page) -> str:
    return next(each["content"] for each in page.all("meta") if each.get("http-equiv") == "Content-Security-Policy")


def test_nothing_is_loaded_from_anywhere(page: Page) -> None:
    assert not {"img", "link", "iframe", "object", "embed", "audio", "video", "base", "form"} & {tag for tag, _ in page.elements}
    assert not [attributes for _, attributes in page.elements if {"src", "srcset", "action", "style"} & attributes.keys()]
    assert [each["href"] for each in page.all("a") if not each["href"].startswith("#")] == ["https://www.tradingview.com/"]
    assert "url(" not in next(text for tag, _, text in page.inline if tag == "style")


def test_the_policy_allows_exactly_the_scripts_and_the_style_that_are_there(page: Page) -> None:
    policy = policy_of(page)
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    shown = [text for _, attributes, text in page.inline if attributes.get("type") != "application/json"]
    sources = [f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in shown]
    assert sorted(re.findall(r"'sha256-[^']+'", policy)) == sorted(sources)


def test_no_attribute_is_a_script(hostile: Page) -> None:
    assert not [name for _, attributes in hostile.elements for name in attributes if name.startswith("on")]


def test_hostile_text_adds_no_element(page: Page, hostile: Page) -> None:
    assert len(page.all("script")) == len(hostile.all("script")) == 3
    assert {tag for tag, _ in hostile.elements} <= {tag for tag, _ in page.elements} | {"pre"}
    assert "</script><script>alert('x')</script>" in hostile.text


def test_hostile_characters_are_shown_as_escapes(hostile: Page) -> None:
    assert "\u202e" not in hostile.text
    assert "\\u202e\\u0000" in hostile.text


def test_the_charts_data_is_json_and_holds_hostile_text_harmlessly(hostile: Page) -> None:
    (data,) = [text for _, attributes, text in hostile.inline if attributes.get("type") == "application/json"]
    assert "<" not in data
    assert json.loads(data)["instrument"].startswith(HOSTILE[:20])


def test_the_same_input_gives_the_same_page() -> None:
    assert render_html(small_report()) == render_html(small_report())


def test_headings_do_not_skip_a_level_and_there_is_one_first(page: Page) -> None:
    assert page.headings.count(1) == 1
    assert page.headings[0] == 1
    assert all(below - above <= 1 for above, below in pairwise(page.headings))


def test_every_id_is_there_once_and_every_reference_leads_to_one(page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    targets = {each["href"][1:] for each in page.all("a") if each["href"].startswith("#")}
    targets |= {
        attributes[name]
        for _, attributes in page.elements
        for name in ("aria-labelledby", "aria-describedby")
        if name in attributes
    }
    assert targets <= set(ids)


def test_tables_say_what_their_headings_head(page: Page) -> None:
    assert page.all("th")
    assert {each.get("scope") for each in page.all("th")} == {"col", "row"}


def test_every_button_has_a_name(page: Page) -> None:
    assert all(each.get("aria-label") or each.get("data-zoom") == "all" for each in page.all("button"))


def test_digests_are_short_with_the_whole_one_to_hover_and_copy(page: Page) -> None:
    merkle = small_report().digests.merkle_root
    assert any(each.get("title") == merkle for each in page.all("code"))
    assert any(each.get("data-copy") == merkle for each in page.all("button"))
    assert f"{merkle[:12]}…" in page.text


def test_the_page_without_scripts_says_where_the_values_are(page: Page) -> None:
    assert page.all("noscript")
    assert "The values behind it are in the table below" in page.text
    assert any(each.get("id") == "values" for each in page.all("details"))
    assert [each for tag, each in page.elements if each.get("id") == "chart-part"] == [{"id": "chart-part", "hidden": ""}]


def test_the_attribution_that_the_library_asks_for_is_there(page: Page) -> None:
    notice = (files("tc.reports") / "static" / "lightweight-charts.NOTICE").read_text(encoding="utf-8")
    assert all(line.split(" https")[0] in page.text for line in notice.splitlines())


def test_a_run_without_a_price_has_no_chart_and_no_library() -> None:
    empty = Page(render_html(ReportInput("run", "created", {}, DOCUMENT, None, summarize([], document=DOCUMENT))))
    assert len(empty.all("script")) == 1
    assert not any(each.get("id") == "chart" for _, each in empty.elements)


def test_a_failed_run_shows_its_traceback_and_its_status() -> None:
    failed = Page(render_html(replace(small_report(), status="failed", error="Traceback:\n  boom")))
    assert "Traceback:\n  boom" in failed.text
    assert any(each.get("class") == "badge bad" for each in failed.all("span"))


def test_findings_are_shown_and_their_absence_is_said() -> None:
    assert "none for 3 seconds" in Page(render_html(small_report())).text
    assert "No findings and no anomalies." in Page(render_html(replace(small_report(), findings=()))).text


def test_a_sampled_series_says_how_many_of_how_many() -> None:
    report = small_report()
    summary = report.summary
    thin = replace(
        summary,
        fills=Sampled(summary.fills.items[:2], 9_000, 4_500),
        order_marks=Sampled(summary.order_marks.items[:3], 700, 350),
        net_quantities={"BTCUSDT.X": Sampled(summary.net_quantities["BTCUSDT.X"].items[:1], 20_000, 16_384)},
    )
    shown = Page(render_html(replace(report, summary=thin))).text
    assert "Showing 2 of 9,000 fills." in shown
    assert "Showing 3 of 700 order marks." in shown
    assert "The position is drawn from 1 of 20,000 changes." in shown


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("front", "back"),
    [
        ("text", "bg"),
        ("text", "panel"),
        ("muted", "bg"),
        ("muted", "panel"),
        ("muted", "hover"),
        ("link", "panel"),
        ("good", "bg"),
        ("good", "panel"),
        ("bad", "panel"),
        ("good", "good-bg"),
        ("bad", "bad-bg"),
        ("warn", "warn-bg"),
        ("text", "plain-bg"),
    ],
)
def test_text_has_enough_contrast(scheme: int, front: str, back: str) -> None:
    css = (files("tc.reports") / "static" / "report.css").read_text(encoding="utf-8")
    block = re.findall(r":root \{(.*?)\}", css, re.DOTALL)[scheme]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
    lighter, darker = sorted((luminance(colours[front]), luminance(colours[back])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def test_the_vendored_library_is_the_one_that_the_readme_names() -> None:
    static = files("tc.reports") / "static"
    readme = (static / "README.md").read_text(encoding="utf-8")
    name, version, digest = re.search(
        r"`(\S+\.js)` \| npm `lightweight-charts`, Apache-2.0 \| ([\d.]+) \| `(\w{64})`", readme
    ).groups()
    library = (static / name).read_bytes()
    assert hashlib.sha256(library).hexdigest() == digest
    assert f"Lightweight Charts™ v{version}".encode() in library[:300]
    assert "Apache License" in (static / "lightweight-charts.LICENSE").read_text(encoding="utf-8")
