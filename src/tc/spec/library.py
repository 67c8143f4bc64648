"""Where instrument documents are found: beside a RunSpec, in the working directory's specs, or packaged here."""

from collections.abc import Sequence
from pathlib import Path

from tc.spec.instrument import InstrumentSpec
from tc.spec.parse import Parsed, parsed_instrument
from tc.spec.reading.compose import compose_file
from tc.spec.reading.problem import Place, Problems, document_error
from tc.spec.reading.reader import Reading

PACKAGED = Path(__file__).parent / "instruments"
EXAMPLE = "BTCUSDT-PERP.BINANCE"


def instrument_folders(run_spec: Path) -> tuple[Path, ...]:
    """Return the folders that are searched, in order, for the instrument of a RunSpec's file."""
    return run_spec.parent / "instruments", Path("specs") / "instruments"


def load_instrument(instrument_id: str, *, search: Sequence[Path]) -> InstrumentSpec:
    """Return the instrument of an id, from the first folder that has its document; the packaged ones come last.

    Raises DocumentError when its document has problems, or when there is none: then with the known ids and an example.
    """
    path = find_instrument(instrument_id, search=search)
    if path is None:
        problems = Problems()
        add_unknown_instrument(problems, Place("instrument"), "", instrument_id, search=search)
        raise document_error(problems.found, hint=how_to_write(instrument_id, search=search))
    return read_instrument_file(path).value(hint="")


def find_instrument(instrument_id: str, *, search: Sequence[Path]) -> Path | None:
    """Return the document of an instrument, or None when no folder has one."""
    name = file_name(instrument_id)
    return next((folder / name for folder in (*search, PACKAGED) if name in _documents(folder)), None)


def _documents(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.yaml")}


def read_instrument_file(path: Path) -> Parsed[InstrumentSpec]:
    """Return the instrument in a file, which must be named after its id, together with its problems."""
    reading = Reading()
    root = compose_file(path, problems=reading.problems)
    return parsed_instrument(root, reading, named=path.name)


def file_name(instrument_id: str) -> str:
    """Return the name of the file that holds an instrument; a slash in the id, as in EUR/USD.SIM, is left out."""
    return f"{instrument_id.replace('/', '')}.yaml"


def known_instruments(*, search: Sequence[Path] = ()) -> tuple[str, ...]:
    """Return the names of the instrument documents in the folders and among the packaged ones, sorted."""
    names = set[str]().union(*(_documents(folder) for folder in (*search, PACKAGED)))
    return tuple(sorted(name.removesuffix(".yaml") for name in names))


def add_unknown_instrument(problems: Problems, place: Place, path: str, instrument_id: str, *, search: Sequence[Path]) -> None:
    """Add that an instrument has no document, with the known ids and the nearest of them."""
    known = known_instruments(search=search)
    message = f"there is no document of this instrument; known are {', '.join(known)}"
    problems.add(place, path, message, value=repr(instrument_id), word=instrument_id, choices=known)


def how_to_write(instrument_id: str, *, search: Sequence[Path]) -> str:
    """Return where the document of an instrument belongs, and a complete one to start from."""
    folder = search[0] if search else Path("specs") / "instruments"
    example = (PACKAGED / file_name(EXAMPLE)).read_text(encoding="utf-8")
    lines = "".join(f"    {line}\n" for line in example.splitlines())
    return f"write {folder / file_name(instrument_id)} like this one, with the venue's own values:\n\n{lines}"
