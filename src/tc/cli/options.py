"""Options that many commands share."""

from pathlib import Path
from typing import Annotated

import typer

ArtifactsRoot = Annotated[
    Path,
    typer.Option("--artifacts-root", envvar="TC_ARTIFACTS_ROOT", help="Where run directories are kept (under runs/)."),
]
DataRoot = Annotated[
    Path,
    typer.Option("--data-root", envvar="TC_DATA_ROOT", help="Where datasets are kept."),
]
RuntimeRoot = Annotated[
    Path,
    typer.Option("--runtime-root", envvar="TC_RUNTIME_ROOT", help="Where nodes and the kill switch are found."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]

ARTIFACTS_ROOT = Path("artifacts")
DATA_ROOT = Path("data")
RUNTIME_ROOT = Path("runtime")
