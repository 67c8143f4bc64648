"""What a run's journal adds up to: one pass over its entries."""

from collections.abc import Iterable, Mapping

from tc.core import CoreConfiguration, EventStreamEntry
from tc.reports.candles import Candles
from tc.reports.figures import RunSummary
from tc.reports.tally.equity import traded_in
from tc.reports.tally.journal import JournalTally

__all__ = ["RunSummary", "summarize"]


def summarize(
    entries: Iterable[EventStreamEntry], *, document: Mapping[str, object], candles: Candles | None = None
) -> RunSummary:
    """Summarize a journal in one pass, in memory that does not grow with its length.

    The entries are folded as the Core folds them, so that fills, positions and oddities are those of State.
    An entry that breaks a rule (the last one of some failed runs) ends the folding and is reported; entries are still counted.

    Parameters
    ----------
    entries
        The journal's entries, in order.
    document
        The run's effective configuration, as `configuration.json` holds it.
    candles
        Prices at which open positions are valued over time; without them they are valued at each fill.

    Raises
    ------
    DocumentError
        The document is no effective configuration of a version that this Core reads.

    """
    configuration = CoreConfiguration.from_document(document)
    tally = JournalTally(configuration, traded_in(document), candles, dataset=_dataset_in(document))
    for entry in entries:
        tally.take(entry)
    return tally.summary()


def _dataset_in(document: Mapping[str, object]) -> str:
    said = document.get("dataset")
    return str(said.get("fingerprint", "")) if isinstance(said, Mapping) else ""
