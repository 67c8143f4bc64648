"""Write the generated pages under docs/reference/, the alert rules and the README's table; --check says what is out of date."""

import sys
from collections.abc import Callable
from pathlib import Path

from generate_alerts import REPOSITORY, RULES, alerts
from generate_alerts import rules as alert_rules
from reference.artifacts import findings, metrics, observed_file, run_directory
from reference.commands import command_line, exit_codes
from reference.dashboards import dashboards
from reference.drill_figures import README, figures_page, readme
from reference.drills import drill_pages
from reference.events import event_types
from reference.families import families
from reference.rules import rules
from reference.schemas import json_output, run_spec

FOLDER = REPOSITORY / "docs" / "reference"

PAGES: dict[str, Callable[[], str]] = {
    "command-line.md": command_line,
    "exit-codes.md": exit_codes,
    "run-spec.md": run_spec,
    "run-directory.md": run_directory,
    "observed-file.md": observed_file,
    "events.md": event_types,
    "metrics.md": metrics,
    "prometheus-metrics.md": families,
    "findings.md": findings,
    "json-output.md": json_output,
    "rules.md": rules,
    "alerts.md": alerts,
    "dashboards.md": dashboards,
    **drill_pages(),
    "drills/figures.md": figures_page,
}
FILES: dict[Path, Callable[[], str]] = {
    **{FOLDER / name: render for name, render in PAGES.items()},
    RULES: alert_rules,
    README: readme,
}


def main(arguments: list[str]) -> int:
    """Write the files, or compare them; 1 when --check finds one out of date."""
    written = {path: path.read_text(encoding="utf-8") if path.is_file() else "" for path in FILES}
    stale = {path: text for path, render in FILES.items() if (text := render()) != written[path]}
    if "--check" in arguments:
        for path in stale:
            print(f"{path.relative_to(REPOSITORY)} is out of date: run `make docs`")
        return 1 if stale else 0
    for path, text in stale.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(REPOSITORY)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
