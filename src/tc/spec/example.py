"""The commented RunSpec that `tc spec init` writes."""

from pathlib import Path

from tc.errors import DocumentError

EXAMPLE = Path(__file__).parent / "example.yaml"


def example_run_spec() -> str:
    """Return a commented RunSpec that is valid as it stands."""
    return EXAMPLE.read_text(encoding="utf-8")


def write_example(path: Path) -> None:
    """Write the example to a new file, with the folders that lead to it; raises DocumentError rather than overwrite anything."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(example_run_spec())
    except FileExistsError as error:
        raise DocumentError(f"{path} is there already and is not overwritten", hint="name another file") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DocumentError(
            f"{path} cannot be written: {reason}", hint="name a file in a folder that you may write to"
        ) from error
