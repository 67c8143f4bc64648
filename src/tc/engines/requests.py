"""What must hold between a spec, its dataset and its instrument, whichever engine plays them."""

from tc.errors import DocumentError
from tc.ports import BacktestRequest


def check_dataset(request: BacktestRequest) -> None:
    """Refuse a dataset or a venue that is not the instrument's, with DocumentError."""
    instrument, dataset = request.instrument, request.dataset
    if dataset.instrument_id != instrument.id:
        raise DocumentError(
            f"data.dataset: {dataset.id} holds {dataset.instrument_id}, but the spec trades {instrument.id}",
            hint="Name the dataset's own instrument, or import data of the other.",
        )
    stored = (dataset.price_precision, dataset.size_precision)
    stated = (instrument.price_precision, instrument.size_precision)
    if stored != stated:
        raise DocumentError(
            f"data.dataset: {dataset.id} was imported with precisions {stored} (price, size), "
            f"but the instrument document says {stated}",
            hint="Import the data again under another dataset id, or correct the instrument document.",
        )
    if instrument.venue != request.spec.stated_venue.name:
        raise DocumentError(
            f"venue.name: {request.spec.stated_venue.name!r}, but the instrument {instrument.id} trades on {instrument.venue!r}",
            hint=f"Set venue.name to {instrument.venue}.",
        )


def no_rows(request: BacktestRequest) -> DocumentError:
    """Return what is wrong with a window that holds no row."""
    data = request.spec.played
    return DocumentError(
        f"data: no row of dataset {request.dataset.id} lies between start {data.start} and end {data.end}",
        hint="`tc data list` shows what each dataset covers; end is exclusive.",
    )
