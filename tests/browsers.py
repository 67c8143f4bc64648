"""A real headless Chromium, for tests that look at pages: where it is missing, CI fails and other machines skip."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from system_programs import program


def chromium() -> str:
    """Return its path: what TC_CHROMIUM names, or the system's."""
    return program(os.environ.get("TC_CHROMIUM", "chromium"))


@contextmanager
def chromium_running() -> Iterator[Browser]:
    """Run it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()
