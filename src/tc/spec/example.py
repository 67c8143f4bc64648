"""The commented RunSpecs that `tc spec init` writes: a backtest's, a paper run's, and that of a node attached to."""

from pathlib import Path
from typing import Literal

from tc.errors import DocumentError

_FOLDER = Path(__file__).parent

ExampleMode = Literal["backtest", "paper", "attached"]
_FILES: dict[ExampleMode, str] = {
    "backtest": "example.yaml",
    "paper": "paper_example.yaml",
    "attached": "attached_example.yaml",
}


def example_run_spec(mode: ExampleMode = "backtest") -> str:
    """Return a commented RunSpec that is valid as it stands."""
    return (_FOLDER / _FILES[mode]).read_text(encoding="utf-8")


def write_example(path: Path, mode: ExampleMode = "backtest") -> None:
    """Write the example to a new file, with the folders that lead to it; raises DocumentError rather than overwrite anything."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(example_run_spec(mode))
    except FileExistsError as error:
        raise DocumentError(f"{path} is there already and is not overwritten", hint="name another file") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DocumentError(
            f"{path} cannot be written: {reason}", hint="name a file in a folder that you may write to"
        ) from error
