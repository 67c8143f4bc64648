"""Writes the dashboards that compose/ provisions, or with --check says which of them are not as this code makes them."""

import argparse
import json
import sys
from pathlib import Path

from data_quality import data_quality
from fleet import fleet
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from one_run import one_run
from venue import venue

FOLDER = Path(__file__).resolve().parents[2] / "compose" / "grafana" / "dashboards"


def main() -> None:
    """Write the dashboards, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a file is not as made here")
    is_check = parser.parse_args().check
    made = {each["uid"]: each for each in map(_plain, (fleet(), one_run(), venue(), data_quality()))}
    stale = [uid for uid, content in made.items() if _is_stale(FOLDER / f"{uid}.json", _text(content))]
    stale += [path.stem for path in FOLDER.glob("*.json") if path.stem not in made]
    if is_check:
        sys.exit(f"not as scripts/dashboards makes them: {', '.join(stale)}; run `make dashboards`" if stale else 0)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for uid, content in made.items():
        (FOLDER / f"{uid}.json").write_text(_text(content))


def _plain(builder: object) -> dict[str, object]:
    return json.loads(json.dumps(builder.build(), cls=JSONEncoder))  # type: ignore[attr-defined, no-any-return]


def _text(content: dict[str, object]) -> str:
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def _is_stale(path: Path, text: str) -> bool:
    return not path.exists() or path.read_text() != text


if __name__ == "__main__":
    main()
