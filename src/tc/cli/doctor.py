"""`tc doctor`: whether this machine is ready, and what to do about what is not."""

from dataclasses import asdict

import typer

from tc import wiring
from tc.cli.options import ARTIFACTS_ROOT, DATA_ROOT, ArtifactsRoot, AsJson, DataRoot
from tc.cli.show import show_json, show_table
from tc.errors import ExitCode


def doctor(artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT, data_root: DataRoot = DATA_ROOT, as_json: AsJson = False) -> None:
    """Look at this machine: Python, packages, disk, roots, ports, optional tools, with what to do about each."""
    conditions = wiring.examine_machine(artifacts_root=artifacts_root, data_root=data_root)
    is_ready = all(each.is_met for each in conditions if each.is_required)
    if as_json:
        show_json({"ready": is_ready, "conditions": [asdict(each) for each in conditions]})
    else:
        marks = {(True, True): "ok", (True, False): "ok", (False, True): "MISSING", (False, False): "optional"}
        show_table(
            ("", "what", "found", "needed"),
            [(marks[each.is_met, each.is_required], each.name, each.found, each.needed) for each in conditions],
        )
        for each in conditions:
            if each.advice:
                typer.echo(f"{each.name}: {each.advice}")
    raise typer.Exit(ExitCode.OK if is_ready else ExitCode.FOUND)
