"""Write the generated pages under docs/reference/, or with --check say which of them are out of date."""

import sys
from collections.abc import Callable
from pathlib import Path

from reference.artifacts import findings, metrics, observed_file, run_directory
from reference.commands import command_line, exit_codes
from reference.events import event_types
from reference.rules import rules
from reference.schemas import json_output, run_spec

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"

PAGES: dict[str, Callable[[], str]] = {
    "command-line.md": command_line,
    "exit-codes.md": exit_codes,
    "run-spec.md": run_spec,
    "run-directory.md": run_directory,
    "observed-file.md": observed_file,
    "events.md": event_types,
    "metrics.md": metrics,
    "findings.md": findings,
    "json-output.md": json_output,
    "rules.md": rules,
}


def main(arguments: list[str]) -> int:
    """Write the pages, or compare them; 1 when --check finds one out of date."""
    written = {name: (FOLDER / name).read_text(encoding="utf-8") if (FOLDER / name).is_file() else "" for name in PAGES}
    stale = {name: text for name, render in PAGES.items() if (text := render()) != written[name]}
    if "--check" in arguments:
        for name in stale:
            print(f"docs/reference/{name} is out of date: run `make docs`")
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in stale.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"wrote docs/reference/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
