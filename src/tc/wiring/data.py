"""What the commands for market data really get."""

from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tc.wiring.machine import witness_here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tc.checks.finding import Finding
    from tc.data.catalog.publishing import Published
    from tc.data.tape.importing import TapeImport
    from tc.reports.candles import Candles
    from tc.store.dataset import BrokenDataset, Dataset


def import_any(
    files: "Sequence[Path]",
    *,
    instrument_id: str | None,
    artifacts_root: Path,
    data_root: Path,
    dataset_id: str | None,
    format_name: str | None,
    progress: "Callable[[int, int], None]",
) -> "tuple[Published, tuple[str, ...]]":
    """Import files of an instrument, or the tape of a run, as a dataset; with what is to be known of it."""
    from tc.errors import DocumentError

    if format_name == "tape":
        if len(files) != 1:
            raise DocumentError(f"a tape is of one run, and {len(files)} are named", hint="Import them one by one.")
        made = _import_tape(
            str(files[0]),
            instrument_id=instrument_id,
            artifacts_root=artifacts_root,
            data_root=data_root,
            dataset_id=dataset_id,
            progress=progress,
        )
        return made.published, made.notes
    if instrument_id is None:
        raise DocumentError("--instrument is missing", hint="Name it; only a tape knows its own.")
    published = _import_files(
        files,
        instrument_id=instrument_id,
        data_root=data_root,
        dataset_id=dataset_id,
        format_name=format_name,
        progress=progress,
    )
    return published, ()


def _import_files(
    files: "Sequence[Path]",
    *,
    instrument_id: str,
    data_root: Path,
    dataset_id: str | None,
    format_name: str | None,
    progress: "Callable[[int, int], None]",
) -> "Published":
    """Import CSV files or captures."""
    from tc.data.importing import import_files
    from tc.data.target import ImportTarget
    from tc.spec.library import load_instrument

    instrument = load_instrument(instrument_id, search=(Path("specs") / "instruments",))
    target = ImportTarget(
        instrument_id=instrument.id,
        raw_symbol=instrument.raw_symbol,
        price_precision=instrument.price_precision,
        size_precision=instrument.size_precision,
    )
    return import_files(files, target, data_root=data_root, dataset_id=dataset_id, format_name=format_name, progress=progress)


def _import_tape(
    run: str,
    *,
    instrument_id: str | None,
    artifacts_root: Path,
    data_root: Path,
    dataset_id: str | None,
    progress: "Callable[[int, int], None]",
) -> "TapeImport":
    """Make a dataset of a run's tape; the instrument is the run's own, as the run describes it."""
    from tc.data.tape.importing import import_tape
    from tc.data.target import ImportTarget
    from tc.errors import DocumentError
    from tc.flows.configuration import read_effective_configuration
    from tc.store.layout import existing_run

    directory = existing_run(artifacts_root, run)
    instrument = read_effective_configuration(directory)[1].instrument
    if instrument_id not in (None, instrument.id):
        raise DocumentError(f"run {directory.run_id!r} traded {instrument.id}", hint="Leave --instrument out.")
    target = ImportTarget(instrument.id, instrument.raw_symbol, instrument.price_precision, instrument.size_precision)
    return import_tape(directory, target, data_root=data_root, dataset_id=dataset_id, progress=progress)


def prepare_data(name: str, *, data_root: Path) -> "tuple[Published, ...]":
    """Make the datasets of a packaged sample, or find them in place."""
    from tc.data.sample import prepare_sample

    return prepare_sample(name, data_root)


def check_data(
    dataset_id: str, *, data_root: Path, max_gap_ns: int, progress: "Callable[[int, int], None]"
) -> "tuple[Dataset, tuple[Finding, ...]]":
    """Prove that a dataset is unaltered, judge its rows, and keep beside it how many findings of each code there are."""
    from tc.checks.quality import FINDING_CODES
    from tc.data.inspecting import check_dataset
    from tc.errors import ArtifactError
    from tc.store.dataset import load_dataset
    from tc.store.quality import write_quality

    dataset = load_dataset(data_root, dataset_id)
    findings = check_dataset(dataset, max_tick_gap_ns=max_gap_ns, progress=progress)
    by, counts = witness_here(), Counter(each.code for each in findings)
    with suppress(ArtifactError):  # Where a data root may only be read, its datasets are judged all the same.
        write_quality(data_root, dataset, {code: counts[code] for code in FINDING_CODES}, at_ns=by.at_ns, tc=by.tc)
    return dataset, findings


def verified_data(dataset_id: str, *, data_root: Path, progress: "Callable[[int, int], None]") -> "Dataset":
    """Return a dataset whose rows were found to be those that its manifest names."""
    from tc.data.catalog.reading import verify_dataset
    from tc.store.dataset import load_dataset

    dataset = load_dataset(data_root, dataset_id)
    verify_dataset(dataset, progress)
    return dataset


def survey_data(data_root: Path) -> "tuple[tuple[Dataset, ...], tuple[BrokenDataset, ...]]":
    """Return the datasets under a data root, and what should be one but cannot be used."""
    from tc.store.dataset import survey_datasets

    return survey_datasets(data_root)


def proven_dataset(dataset_id: str, data_root: Path) -> "Dataset":
    """Return a dataset whose rows were read and are those that its manifest names: a fingerprint is worth what was compared."""
    from tc.data.catalog.reading import verify_dataset
    from tc.store.dataset import load_dataset

    dataset = load_dataset(data_root, dataset_id)
    verify_dataset(dataset)
    return dataset


def candles_of(dataset: "Dataset", start_ns: int | None, end_ns: int | None) -> "Candles | None":
    """Return the prices at which a report values what is held; None where the dataset has none."""
    from tc.data.candles import read_candles

    return read_candles(dataset, start_ns=start_ns, end_ns=end_ns)


def candles_of_tape(blocks: "Iterable[tuple[str, bytes]]", instrument_id: str, precision: int) -> "Candles | None":
    """Return the prices of an instrument that the blocks of a tape hold; None where they have none."""
    from tc.data.tape.prices import tape_candles

    return tape_candles(blocks, instrument_id=instrument_id, precision=precision)
