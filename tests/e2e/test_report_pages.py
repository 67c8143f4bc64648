"""report.html in a real browser: what a reader sees on a phone and on a desktop, in light and dark, with and without scripts."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from browsers import chromium, chromium_running
from conftest import REPOSITORY
from ema_cross import DOCUMENT, EmaCross, filusdt_candles
from report_samples import hostile_report, small_report
from tc.reports.figures import Oddity
from tc.reports.html import render_html
from tc.reports.report import ReportInput
from tc.reports.summary import summarize

PHONE, DESKTOP = 390, 1440

pytestmark = pytest.mark.e2e


@dataclass
class Opened:
    """A page that is open, and everything it did that a report must not do."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_running() as browser:
        yield browser


@pytest.fixture(scope="module")
def real_report(real_data: Path) -> ReportInput:
    """Return the report of a run with many fills on a month of real minutes."""
    candles = filusdt_candles(real_data)
    strategy = EmaCross(candles, fast=8, slow=24)
    summary = summarize(strategy.entries(), document=DOCUMENT, candles=candles)
    return replace(small_report(), document=DOCUMENT, candles=candles, summary=summary, findings=())


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    reports = {
        "small": small_report(),
        "hostile": hostile_report(),
        "failed": replace(small_report(), status="failed", candles=None, error="Traceback:\n" + "  a long line " * 40),
    }
    for name, report in reports.items():
        (folder / f"{name}.html").write_text(render_html(report), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in reports}


def opened(context: BrowserContext, path: Path) -> Opened:
    found = Opened(context.new_page())
    found.page.on("console", lambda message: found.complaints.append(message.text))
    found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
    found.page.on("dialog", lambda dialog: (found.complaints.append("a dialog"), dialog.dismiss()))
    found.page.on("request", lambda request: found.requests.append(request.url))
    found.page.on("requestfailed", lambda request: found.refused.append(request.url if request.failure == "csp" else "?"))
    found.page.goto(path.as_uri())
    return found


def ready(context: BrowserContext, path: Path) -> Opened:
    found = opened(context, path)
    found.page.wait_for_selector("#chart[data-ready]")
    return found


def colours_drawn(page: Page) -> int:
    """Return how many colours the chart's canvases show."""
    return page.evaluate("""() => {
        const seen = new Set();
        for (const canvas of document.querySelectorAll("#chart canvas")) {
            const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            for (let at = 0; at < pixels.length; at += 4) seen.add((pixels[at] << 16) | (pixels[at + 1] << 8) | pixels[at + 2]);
        }
        return seen.size;
    }""")


def picture(page: Page) -> bytes:
    return page.locator("#chart").screenshot()


@pytest.mark.parametrize("name", ["small", "hostile", "failed"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_a_report_fits_complains_of_nothing_and_asks_nobody(
    browser: Browser, pages: dict[str, Path], name: str, theme: str, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    found = ready(context, pages[name])
    assert found.page.evaluate("document.documentElement.scrollWidth") == width
    found.page.locator("details").evaluate_all("all => all.forEach(each => { each.open = true })")
    assert found.page.evaluate("document.documentElement.scrollWidth") == width
    assert colours_drawn(found.page) > 10
    assert found.complaints == []
    assert found.requests == [pages[name].as_uri()]
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_nothing_of_a_table_of_sentences_is_beyond_the_edge(browser: Browser, tmp_path: Path, theme: str) -> None:
    report = small_report()
    key = "O-20261121-091500-001-000-12"
    oddities = tuple(Oddity(code, 12, 1204, key) for code in ("repeated_event", "duplicate_key"))
    path = tmp_path / "odd.html"
    path.write_text(render_html(replace(report, summary=replace(report.summary, oddities=oddities))), encoding="utf-8")
    context = browser.new_context(viewport={"width": PHONE, "height": 900}, color_scheme=theme)
    page = opened(context, path).page
    assert page.locator(".sentences").count() >= 3
    beyond = "all => all.filter(each => each.parentElement.scrollWidth > each.parentElement.clientWidth).length"
    assert page.locator(".sentences").evaluate_all(beyond) == 0
    for cell in page.locator("#anomalies td").all():
        box = cell.bounding_box()
        assert box is not None
        assert 0 <= box["x"] < box["x"] + box["width"] <= PHONE
    named = page.locator("#anomalies td").last.evaluate("each => getComputedStyle(each, '::before').content")
    assert named == '"Meaning"'
    context.close()


def test_a_month_of_minutes_with_thousands_of_fills_is_below_a_megabyte_and_drawn(
    browser: Browser, tmp_path: Path, real_report: ReportInput
) -> None:
    assert len(real_report.candles or ()) == 43_200
    assert real_report.summary.fills.total >= 2_000
    path = tmp_path / "real.html"
    path.write_text(render_html(real_report), encoding="utf-8")
    assert path.stat().st_size < 1_000_000
    context = browser.new_context(viewport={"width": PHONE, "height": 900})
    found = ready(context, path)
    assert found.page.evaluate("document.documentElement.scrollWidth") == PHONE
    assert found.complaints == []
    context.close()


def test_the_chart_follows_the_colour_scheme_while_the_page_is_open(browser: Browser, pages: dict[str, Path]) -> None:
    context = browser.new_context(viewport={"width": DESKTOP, "height": 900}, color_scheme="light")
    page = ready(context, pages["small"]).page
    background = "getComputedStyle(document.body).backgroundColor"
    corner = """() => [...document.querySelector("#chart canvas").getContext("2d").getImageData(1, 200, 1, 1).data].slice(0, 3)"""
    light = page.evaluate(background), page.evaluate(corner)
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(200)
    dark = page.evaluate(background), page.evaluate(corner)
    assert sum(light[1]) > 600
    assert sum(dark[1]) < 200
    assert light[0] != dark[0]
    context.close()


def test_pointing_at_the_chart_says_what_is_there(browser: Browser, pages: dict[str, Path]) -> None:
    context = browser.new_context(viewport={"width": DESKTOP, "height": 1200})
    page = ready(context, pages["small"]).page
    box = page.locator("#chart").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + (box["width"] - 70) * 0.625, box["y"] + 200)
    page.wait_for_timeout(200)
    said = page.locator(".legend").all_inner_texts()
    assert "BTCUSDT.X" in said[0]
    assert "bought 1.5 at 101.0" in said[0]
    assert said[1].split() == ["Equity", "USDT", "1,004.23"]
    assert said[2].split() == ["Position", "2"]
    page.mouse.move(0, 0)
    page.wait_for_timeout(200)
    assert "sold 2.25 at 103.1 (2 fills)" in page.locator(".legend").first.inner_text()
    context.close()


def test_keys_and_buttons_zoom_and_show_all_again(browser: Browser, tmp_path: Path, real_report: ReportInput) -> None:
    path = tmp_path / "real.html"
    path.write_text(render_html(real_report), encoding="utf-8")
    context = browser.new_context(viewport={"width": DESKTOP, "height": 1200})
    page = ready(context, path).page
    page.mouse.move(0, 0)
    page.locator("#chart").focus()
    page.keyboard.press("Home")
    page.wait_for_timeout(150)
    whole = picture(page)
    page.keyboard.press("+")
    page.wait_for_timeout(150)
    closer = picture(page)
    assert closer != whole
    page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(150)
    assert picture(page) not in (closer, whole)
    page.keyboard.press("Home")
    page.wait_for_timeout(150)
    assert picture(page) == whole
    page.click("[data-zoom=in]")
    page.wait_for_timeout(150)
    assert picture(page) != whole
    page.click("[data-zoom=all]")
    page.locator("#chart").press("Home")
    page.mouse.move(0, 0)
    page.wait_for_timeout(150)
    assert picture(page) == whole
    context.close()


def test_markers_are_shown_as_their_boxes_say(browser: Browser, pages: dict[str, Path]) -> None:
    context = browser.new_context(viewport={"width": DESKTOP, "height": 1200})
    page = ready(context, pages["small"]).page
    with_fills = picture(page)
    page.uncheck("#show-fills")
    page.wait_for_timeout(150)
    without = picture(page)
    page.check("#show-orders")
    page.wait_for_timeout(150)
    assert len({with_fills, without, picture(page)}) == 3
    context.close()


def test_a_digest_is_copied_whole(browser: Browser, pages: dict[str, Path]) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = ready(context, pages["small"]).page
    page.get_by_role("button", name="Copy Merkle root").first.click()
    page.wait_for_selector(".copy.done")
    digests = small_report().digests
    assert digests is not None
    assert page.evaluate("navigator.clipboard.readText()") == digests.merkle_root
    context.close()


def test_without_scripts_the_tables_are_there_and_the_page_says_so(browser: Browser, pages: dict[str, Path]) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": PHONE, "height": 900})
    page = opened(context, pages["small"]).page
    assert page.locator("noscript p").is_visible()
    assert not page.locator("#chart").is_visible()
    assert page.get_by_role("row", name="Partly filled, then ended").is_visible()
    page.locator("#values summary").click()
    assert page.get_by_role("cell", name="1,004.085").first.is_visible()
    assert page.locator(".copy").first.is_hidden()
    context.close()


def test_the_policy_stops_what_the_page_does_not_name(browser: Browser, pages: dict[str, Path]) -> None:
    context = browser.new_context()
    found = ready(context, pages["small"])
    found.page.evaluate("""() => {
        const image = new Image();
        image.src = "https://evil.example/pixel";
        const script = document.createElement("script");
        script.textContent = "window.hit = true";
        document.body.append(image, script);
    }""")
    found.page.wait_for_timeout(100)
    assert found.page.evaluate("window.hit") is None
    assert found.refused == ["https://evil.example/pixel"]
    assert len(found.complaints) == 2
    context.close()


def test_the_screenshot_script_writes_what_it_is_asked_for(browser: Browser, pages: dict[str, Path], tmp_path: Path) -> None:
    assert browser.is_connected()
    script = [sys.executable, "scripts/screenshot.py", str(pages["small"]), str(tmp_path), "--widths", "390", "--themes", "dark"]
    done = subprocess.run([*script, "--chromium", chromium()], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(tmp_path / "small-390-dark.png")
    assert (tmp_path / "small-390-dark.png").read_bytes().startswith(b"\x89PNG")
