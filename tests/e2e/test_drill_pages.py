"""Timelines of drills in a real browser: on a phone and a desktop, light and dark, all without scripts."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from browsers import CONTRAST, chromium_running
from conftest import REPOSITORY
from drill_samples import (
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
from tc.reports.drill.html import render_timeline

SHOTS = Path(os.environ.get("TC_TEST_ARTIFACTS", REPOSITORY / "test-artifacts")) / "drills"
PHONE, TABLET, DESKTOP = 390, 820, 1280
LINKS = {"run_link": "artifacts/runs/disconnect-3/report.html", "runbook_link": "https://ops.example/disconnect"}
PLACES = """(id) => [...document.querySelectorAll(`#${id} .drawn > *`)].map((each) => {
  const [at, of] = [each.getBoundingClientRect(), each.closest(".track").getBoundingClientRect()];
  return [(at.left - of.left) / of.width, (at.right - of.left) / of.width, at.height];
})"""
LINES = """() => document.querySelector("#faults .grid-lines use").getBoundingClientRect().width"""

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_running() as browser:
        yield browser


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("pages")
    drawn = {"market": market(), "position": position()}
    facts = (*disconnect_facts(), disconnect_concluded())
    made = {
        "passed": render_timeline(disconnect_spec(), facts, disconnect_concluded(), **drawn, **LINKS),
        "failed": render_timeline(failed_spec(), failed_facts(), failed_concluded(), market=market(), position=(), **LINKS),
        "control": render_timeline(*control(), market=(), position=(), **LINKS),
        "hostile": render_timeline(*hostile(), **drawn, run_link="javascript:alert(1)", runbook_link=""),
    }
    for name, html in made.items():
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in made}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, TABLET, DESKTOP])
def test_timelines_fit_can_be_read_and_ask_nobody(browser: Browser, pages: dict[str, str], theme: str, width: int) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    with browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, java_script_enabled=False) as context:  # type: ignore[arg-type]
        for name, address in pages.items():
            page, asked, complaints = context.new_page(), [], []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.on("console", lambda message, complaints=complaints: complaints.append(message.text))
            page.goto(address)
            page.screenshot(path=SHOTS / f"{name}-{width}-{theme}.png", full_page=True)
            assert (page.evaluate("document.documentElement.scrollWidth"), asked, complaints) == (width, [address], []), name
            assert page.evaluate(CONTRAST) == [], name
            page.close()


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_what_is_drawn_stands_where_its_seconds_say(browser: Browser, pages: dict[str, str], width: int) -> None:
    with browser.new_context(viewport={"width": width, "height": 900}) as context:
        page = context.new_page()
        page.goto(pages["passed"])
        down, fill = page.evaluate(PLACES, "faults")[1], page.evaluate(PLACES, "faults")[3]
        [gate] = page.evaluate(PLACES, "gates")
        deadline, alert = page.evaluate(PLACES, "alerts")[1:]
        assert 0 < down[0] < fill[0] < sum(gate[:2]) / 2 < fill[1] < down[1] < alert[1] < 1
        assert alert[0] < deadline[0] < alert[1]
        seconds = (down[1] - down[0]) / 3.73
        assert (fill[0] - down[0]) / seconds == pytest.approx(0.85, abs=0.02)
        assert (alert[1] - down[0]) / seconds == pytest.approx(7.29, abs=0.05)
        gap, line = page.evaluate(PLACES, "market")
        assert (gap[1] - gap[0]) / seconds == pytest.approx(4.2, abs=0.05)
        assert (line[1] - down[0]) / seconds == pytest.approx(8.59, abs=0.05)
        assert page.evaluate(LINES) > 0.8 * page.evaluate("document.querySelector('#faults .track').clientWidth")
        sections = page.locator(".lane h3").all_inner_texts()
        assert sections[:3] == ["Faults", "Market", "Position"]
