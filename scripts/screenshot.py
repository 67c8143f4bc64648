"""Write pictures of a report.html: one PNG for each width and colour scheme.

python scripts/screenshot.py artifacts/runs/RUN/report.html docs/images --widths 1440 --themes light --height 1000
"""

import argparse
from pathlib import Path

from playwright.sync_api import sync_playwright

CHROMIUM = "/usr/bin/chromium"


def main() -> None:
    """Read the arguments and write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path, help="the report.html")
    parser.add_argument("folder", type=Path, help="where the pictures go, named <page>-<width>-<theme>.png")
    parser.add_argument("--widths", type=int, nargs="+", default=[390, 1440], metavar="PX")
    parser.add_argument("--themes", nargs="+", choices=["light", "dark"], default=["light", "dark"])
    parser.add_argument("--height", type=int, help="cut the picture at this height; else the whole page")
    parser.add_argument("--scale", type=float, default=1.0, help="device pixels for each CSS pixel")
    parser.add_argument("--name", help="the file's name instead, for a single picture")
    parser.add_argument("--chromium", default=CHROMIUM, help=f"the browser's executable (default {CHROMIUM})")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox", "--disable-gpu"])
        for width in options.widths:
            for theme in options.themes:
                context = browser.new_context(
                    viewport={"width": width, "height": options.height or 900},
                    color_scheme=theme,
                    device_scale_factor=options.scale,
                )
                page = context.new_page()
                page.goto(options.page.resolve().as_uri())
                if page.locator("#chart").count():
                    page.wait_for_selector("#chart[data-ready]")
                path = options.folder / (options.name or f"{options.page.stem}-{width}-{theme}.png")
                page.screenshot(path=path, full_page=options.height is None)
                context.close()
                print(path)
        browser.close()


if __name__ == "__main__":
    main()
