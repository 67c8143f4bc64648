"""What the commands for market data really get."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tc.checks.finding import Finding
    from tc.data.catalog.publishing import Published
    from tc.reports.candles import Candles
    from tc.store.dataset import BrokenDataset, Dataset


def import_data(
    files: "Sequence[Path]",
    *,
    instrument_id: str,
    data_root: Path,
    dataset_id: str | None,
    format_name: str | None,
    progress: "Callable[[int, int], None]",
) -> "Published":
    """Import CSV files of an instrument as a dataset."""
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


def prepare_data(name: str, *, data_root: Path) -> "tuple[Published, ...]":
    """Make the datasets of a packaged sample, or find them in place."""
    from tc.data.sample import prepare_sample

    return prepare_sample(name, data_root)


def check_data(
    dataset_id: str, *, data_root: Path, max_gap_ns: int, progress: "Callable[[int, int], None]"
) -> "tuple[Dataset, tuple[Finding, ...]]":
    """Prove that a dataset is unaltered, and judge its rows."""
    from tc.data.inspecting import check_dataset
    from tc.store.dataset import load_dataset

    dataset = load_dataset(data_root, dataset_id)
    return dataset, check_dataset(dataset, max_tick_gap_ns=max_gap_ns, progress=progress)


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
