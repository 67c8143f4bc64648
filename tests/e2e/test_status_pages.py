"""The status pages as `tc metrics serve` serves them, in a real browser: on a phone and a desktop, with and without scripts."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from browsers import CONTRAST, chromium_running
from conftest import REPOSITORY
from drill_records import carried_out
from fakes import make_run
from gated import GatedStream
from report_samples import HOSTILE
from status_samples import FLEET, NOW_NS, fleet, hostile_brief, hostile_detail, hostile_fleet, in_trouble, live_detail
from tc.reports.status.choice import Choice
from tc.reports.status.html import render_overview, render_run
from tracked_runs import GrowingRun, growing, killed, paper_configuration, traded

SHOTS = Path(os.environ.get("TC_TEST_ARTIFACTS", REPOSITORY / "test-artifacts")) / "status"
PHONE, TABLET, DESKTOP = 390, 1024, 1280
RUNS = 60
FOCUS_IS_SEEN = (
    "() => document.activeElement === document.body || getComputedStyle(document.activeElement).outlineStyle !== 'none'"
)

pytestmark = pytest.mark.e2e


@dataclass
class Served:
    """A server over some ended runs and one that goes on."""

    address: str
    root: Path
    live: GrowingRun


@dataclass
class Opened:
    """A page that is open, and everything that it complained of or asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@contextmanager
def serving(root: Path, port: str = "0") -> Iterator[tuple[str, subprocess.Popen[str]]]:
    places = ["--artifacts-root", str(root), "--runtime-root", str(root / "runtime"), "--data-root", str(root / "data")]
    command = [
        sys.executable,
        "-m",
        "tc",
        "metrics",
        "serve",
        *places,
        "--port",
        port,
        "--runbooks-url",
        "https://ops.example/runbooks",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("serving http://"), line + process.stdout.read()
            yield line.split()[1], process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("served")
    states = ("completed", "completed", "failed", "stopped")
    for at in range(RUNS):
        make_run(root, f"ended-{at:03d}", status=states[at % 4], rounds=2, created_ns=time.time_ns() - at * 3_600 * 10**9)  # type: ignore[arg-type]
    for drill in ("disconnect", "kill-while-hung", "quiet-market"):
        carried_out(root, drill, ended_ns=time.time_ns())
    stream = traded(GatedStream(paper_configuration()))
    with growing(root, "live", stream, created_ns=time.time_ns()) as live, serving(root) as (address, _):
        live.say()
        yield Served(address, root, live)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_running() as browser:
        yield browser


@pytest.fixture
def context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    made: list[BrowserContext] = []

    def make(**options: object) -> BrowserContext:
        made.append(browser.new_context(**{"viewport": {"width": DESKTOP, "height": 900}, **options}))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close()


def opened(context: BrowserContext, address: str) -> Opened:
    found = Opened(context.new_page())
    found.page.on("console", lambda message: found.complaints.append(message.text))
    found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
    found.page.on("request", lambda request: found.requests.append(request.url))
    found.page.goto(address)
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_the_pages_fit_can_be_read_complain_of_nothing_and_ask_nobody_else(
    context: Callable[..., BrowserContext], served: Served, theme: str, width: int
) -> None:
    within = context(viewport={"width": width, "height": 900}, color_scheme=theme)
    SHOTS.mkdir(parents=True, exist_ok=True)
    for name, path in (("overview", ""), ("run", "runs/live"), ("ended", "runs/ended-002"), ("filtered", "?state=failed&q=00")):
        served.live.say()
        found = opened(within, served.address + path)
        found.page.screenshot(path=SHOTS / f"{name}-{width}-{theme}.png", full_page=True)
        assert found.page.evaluate("document.documentElement.scrollWidth") == width
        assert found.page.evaluate(CONTRAST) == []
        assert found.complaints == []
        assert {each.startswith(("data:", served.address)) for each in found.requests} == {True}
        found.page.close()


@pytest.mark.parametrize("width", [PHONE, TABLET, DESKTOP])
def test_pages_full_of_trouble_and_of_hostile_texts_fit_and_run_none_of_it(
    context: Callable[..., BrowserContext], tmp_path: Path, width: int
) -> None:
    pages = {
        "overview": render_overview([hostile_brief()] * 9, hostile_fleet(), Choice(text=HOSTILE, state=HOSTILE), NOW_NS),
        "run": render_run(hostile_detail(), NOW_NS),
        "many": render_overview(fleet(80), FLEET, Choice(), NOW_NS),
        "trouble": render_run(live_detail(in_trouble()), NOW_NS),
    }
    for name, html in pages.items():
        path = tmp_path / f"{name}.html"
        path.write_text(html, encoding="utf-8")
        found = opened(context(viewport={"width": width, "height": 900}), path.as_uri())
        assert found.page.evaluate("document.documentElement.scrollWidth") == width
        assert found.requests == [path.as_uri()]
        assert found.complaints == []


def test_poor_contrast_would_be_found(context: Callable[..., BrowserContext], served: Served) -> None:
    page = opened(context(bypass_csp=True), served.address).page
    page.add_style_tag(content=".note { color: #b0b0b0 !important; }")
    assert any("note" in each for each in page.evaluate(CONTRAST))


def test_a_page_follows_the_run_by_itself_and_keeps_the_focus(context: Callable[..., BrowserContext], served: Served) -> None:
    served.live.say()
    page = opened(context(), f"{served.address}?q=live").page
    page.locator("#run-live a").focus()
    page.evaluate("window.mark = document.querySelector('#run-live a')")
    before = page.locator("time").first.inner_text()
    killed(served.live.stream)
    served.live.write()
    served.live.say()
    page.get_by_text("TcKillSwitchActive").wait_for(timeout=8_000)
    assert page.locator("time").first.inner_text() != before
    assert page.evaluate("document.activeElement === window.mark && window.mark.isConnected")
    assert page.title().endswith("· tc")
    assert page.locator("#run-live .kill").inner_text() == "halt"


def test_a_paused_page_stays_as_it_is_until_it_is_asked_to_go_on(context: Callable[..., BrowserContext], served: Served) -> None:
    found = opened(context(), served.address)
    pause = found.page.get_by_role("button", name="Pause")
    pause.click()
    assert found.page.locator("#pause").get_attribute("aria-pressed") == "true"
    asked, stamp = len(found.requests), found.page.locator("time").first.inner_text()
    found.page.wait_for_timeout(2_500)
    assert (len(found.requests), found.page.locator("time").first.inner_text()) == (asked, stamp)
    with found.page.expect_response(served.address):
        found.page.get_by_role("button", name="Resume").click()


def test_what_a_reader_types_or_marks_is_not_taken_away(context: Callable[..., BrowserContext], served: Served) -> None:
    page = opened(context(), served.address).page
    page.locator("#q").fill("half a wo")
    with page.expect_response(served.address):
        pass
    page.wait_for_timeout(100)
    assert page.locator("#q").input_value() == "half a wo"
    assert page.evaluate("document.activeElement.id") == "q"
    page.locator("#q").fill("")
    page.locator("h1").select_text()
    stamp = page.locator("time").first.inner_text()
    page.wait_for_timeout(2_500)
    assert page.evaluate("String(getSelection())") == "All runs"
    assert page.locator("time").first.inner_text() == stamp


def test_without_scripts_filters_search_and_pages_work(context: Callable[..., BrowserContext], served: Served) -> None:
    page = opened(context(java_script_enabled=False), served.address).page
    assert page.locator("#pause").is_hidden()
    assert page.locator("#runs tbody tr").count() == 50
    page.get_by_role("link", name="Older", exact=True).click()
    assert page.locator("#runs tbody tr").count() == RUNS + 1 - 50
    page.get_by_role("navigation", name="State").get_by_role("link", name="failed").click()
    assert page.locator("#runs tbody tr").count() == RUNS // 4
    assert page.locator("[aria-current]").first.inner_text() == f"failed {RUNS // 4}"
    page.get_by_role("searchbox", name="Run, name or strategy").fill("ended-00")
    page.get_by_role("button", name="Find").click()
    assert page.url.endswith("/?state=failed&q=ended-00")
    assert page.locator("#runs tbody tr").count() == 2
    page.locator("tbody a").first.click()
    assert page.url == f"{served.address}runs/ended-002"
    assert page.get_by_role("heading", name="Timeline").is_visible()
    page.get_by_role("link", name="Report").click()
    assert page.title() == "A report"


def test_a_keyboard_reaches_everything_and_shows_where_it_is(context: Callable[..., BrowserContext], served: Served) -> None:
    page = opened(context(java_script_enabled=True), f"{served.address}?q=ended-00").page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.textContent.trim() || document.activeElement.id"))
        assert (
            page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            or page.evaluate("document.activeElement.nodeName") == "BODY"
        )
    assert {"Pause", "q", "Find", "made-up", "/metrics"} <= reached


def test_a_reader_of_a_server_that_is_gone_is_told_and_told_when_it_is_back(
    context: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    make_run(tmp_path, "one", rounds=2)
    with serving(tmp_path) as (address, _):
        page = opened(context(), f"{address}runs/one").page
        assert page.locator("#connection").is_hidden()
    page.get_by_role("status").get_by_text("Not up to date: the server does not answer").wait_for(timeout=8_000)
    with serving(tmp_path, address.rstrip("/").rpartition(":")[2]):
        page.locator("#connection").wait_for(state="hidden", timeout=15_000)


def test_the_policy_stops_what_a_page_does_not_name(context: Callable[..., BrowserContext], served: Served) -> None:
    found = opened(context(), served.address)
    found.page.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "window.hit = true";
        const image = new Image();
        image.src = "https://evil.example/pixel";
        document.body.append(script, image);
        fetch("https://evil.example/").catch(() => {});
    }""")
    found.page.wait_for_timeout(200)
    assert found.page.evaluate("window.hit") is None
    assert len([each for each in found.complaints if "Content Security Policy" in each]) >= 3
