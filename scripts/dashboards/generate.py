"""Writes the dashboards that compose/ provisions, or with --check says which of them are not as this code makes them."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from data_quality import data_quality
from drills import drills
from fleet import fleet
from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from links import DEFAULTS, PAGE_URL, RUNBOOKS_URL
from one_run import one_run

from venue import venue

FOLDER = Path(__file__).resolve().parents[2] / "compose" / "grafana" / "dashboards"
ANNOTATION = {"titleFormat": "{{alertname}}", "textFormat": "{{run}} {{instrument}} {{channel}}", "tagKeys": "severity"}
"""What Prometheus's annotations have beside what the SDK's model of them knows."""


def main() -> None:
    """Write the dashboards, or compare them."""
    asked = _arguments()
    DEFAULTS.update({PAGE_URL: asked.page_url, RUNBOOKS_URL: asked.runbooks_url})
    made = {each["uid"]: each for each in map(_plain, (fleet(), one_run(), venue(), data_quality(), drills()))}
    stale = [uid for uid, content in made.items() if _is_stale(asked.folder / f"{uid}.json", _text(content))]
    stale += [path.stem for path in asked.folder.glob("*.json") if path.stem not in made]
    if asked.check:
        sys.exit(f"not as scripts/dashboards makes them: {', '.join(stale)}; run `make dashboards`" if stale else 0)
    asked.folder.mkdir(parents=True, exist_ok=True)
    for uid, content in made.items():
        (asked.folder / f"{uid}.json").write_text(_text(content))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a file is not as made here")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the dashboards are")
    parser.add_argument("--page-url", default=DEFAULTS[PAGE_URL], help="where a browser finds `tc metrics serve`")
    parser.add_argument("--runbooks-url", default=DEFAULTS[RUNBOOKS_URL], help="where a browser finds the runbooks")
    return parser.parse_args()


def _plain(builder: dashboard.Dashboard) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(json.dumps(builder.build(), cls=JSONEncoder))
    for each in content["annotations"]["list"]:
        each.update(ANNOTATION)
    return content


def _text(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def _is_stale(path: Path, text: str) -> bool:
    return not path.exists() or path.read_text() != text


if __name__ == "__main__":
    main()
