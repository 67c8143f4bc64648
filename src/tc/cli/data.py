"""`tc data`: bring market data in, look at it, check it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tc import wiring
from tc.cli.options import ARTIFACTS_ROOT, DATA_ROOT, ArtifactsRoot, AsJson, DataRoot
from tc.cli.progress import progress_bar
from tc.cli.show import at, printable, show_fields, show_findings, show_json, show_table
from tc.cli.units import parse_duration
from tc.errors import ExitCode

if TYPE_CHECKING:
    from tc.store.dataset import Dataset

app = typer.Typer(help="Bring market data in, look at it, check it.", no_args_is_help=True)

Files = Annotated[
    list[Path],
    typer.Argument(metavar="FILE…", help="CSV files or captures: plain, .gz or (CSV) .zip; or one RUN.", show_default=False),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="What every FILE is: binance-klines, binance-aggtrades, tardis-trades, tardis-quotes, tardis-l2 or binance-raw. "
        "Left out, the beginning of each file tells. tape: it is a run.",
        show_default=False,
    ),
]
InstrumentOption = Annotated[
    str | None,
    typer.Option(
        "--instrument",
        metavar="ID",
        help="The instrument, e.g. BTCUSDT-PERP.BINANCE; its document is packaged, or lies in specs/instruments. "
        "A tape needs none.",
        show_default=False,
    ),
]
DatasetOption = Annotated[
    str | None,
    typer.Option("--dataset", metavar="ID", help="The id of the dataset. Left out, it is made of instrument, kinds and days."),
]
DatasetId = Annotated[str, typer.Argument(metavar="DATASET", help="The id of a dataset; `tc data list` shows them.")]
Sample = Annotated[
    str,
    typer.Argument(
        metavar="[SAMPLE]",
        help="btcusdt-sample (bars and ticks), btcusdt-1m-sample, btcusdt-ticks-sample or btcusdt-book-sample.",
    ),
]
MaxGap = Annotated[
    str,
    typer.Option("--max-gap", metavar="DURATION", help="How long no trade, quote or book update may come, e.g. 30s, 10m, 1h."),
]


@app.command("import")
def import_(
    files: Files,
    *,
    instrument: InstrumentOption = None,
    csv_format: Format = None,
    dataset: DatasetOption = None,
    artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT,
    data_root: DataRoot = DATA_ROOT,
    as_json: AsJson = False,
) -> None:
    """Import files of one instrument as one immutable dataset.

    Several files of one kind are put in order of time and must not overlap. Files of several kinds make one dataset with a part
    for each: `tc data import trades.csv.gz quotes.csv.gz --instrument BTCUSDT-PERP.BINANCE --dataset btcusdt-ticks`.

    A file may have a header or none, and times in milliseconds or microseconds, but not both. Bars are stamped at their close.
    Trades and quotes of Tardis are played by their local_timestamp. Nothing is rounded or repaired: a value that does not fit the
    instrument's precision, or a row out of order, is an error that names file, line and column.

    binance-raw is a recording of Binance's own messages, each after a local stamp in nanoseconds: depth updates and the REST
    snapshot that they are put together with become a book, and the trades among them a part beside it.

    tape is what a paper run saw: FILE is then a run's id, the start of one, or latest. Each block is proven by the digest that
    the run's journal states; of a run that crashed, the rows that are proven are taken, and what is missing is said.

    The same rows under the same id are found to be there already; other rows under an existing id are refused.
    """
    with progress_bar("importing") as progress:
        published, notes = wiring.import_any(
            files,
            instrument_id=instrument,
            artifacts_root=artifacts_root,
            data_root=data_root,
            dataset_id=dataset,
            format_name=csv_format,
            progress=progress,
        )
    if as_json:
        show_json({"created": published.created, "dataset": _document(published.dataset), "notes": list(notes)})
        return
    _show_published(published.dataset, created=published.created)
    for note in notes:
        typer.echo(printable(f"note: {note}"))


@app.command()
def prepare(name: Sample = "btcusdt-sample", data_root: DataRoot = DATA_ROOT, as_json: AsJson = False) -> None:
    """Make the packaged sample: a day of 1-minute bars, and two hours of trades and quotes. Nothing is downloaded.

    btcusdt-book-sample is ten minutes of an order book, level by level, with its trades.
    """
    made = wiring.prepare_data(name, data_root=data_root)
    if as_json:
        show_json({"datasets": [{"created": each.created, **_document(each.dataset)} for each in made]})
    else:
        for each in made:
            _show_published(each.dataset, created=each.created)


@app.command()
def check(
    dataset: DatasetId,
    max_gap: MaxGap = "10m",
    data_root: DataRoot = DATA_ROOT,
    as_json: AsJson = False,
) -> None:
    """Judge the rows of a dataset: gaps, duplicates, order, prices, sizes, crossed books; exit 1 when something is found.

    Before that, the files are compared with the fingerprint in the manifest; altered files are an error (exit 6).
    How many findings of each code there are is kept in .quality/ under the data root, for `tc metrics serve`.
    """
    max_gap_ns = parse_duration(max_gap)
    with progress_bar("checking") as progress:
        judged, findings = wiring.check_data(dataset, data_root=data_root, max_gap_ns=max_gap_ns, progress=progress)
    if as_json:
        listed = [each.to_dict() for each in findings]
        show_json({"dataset": judged.id, "fingerprint": judged.fingerprint, "rows": judged.rows, "findings": listed})
    else:
        show_findings([each.to_dict() for each in findings])
        typer.echo(f"{judged.id}: {judged.rows:,} rows, {_count(len(findings), 'finding')}")
    raise typer.Exit(ExitCode.FOUND if findings else ExitCode.OK)


@app.command()
def fingerprint(dataset: DatasetId, data_root: DataRoot = DATA_ROOT, as_json: AsJson = False) -> None:
    """Print the fingerprint of a dataset, computed from its rows and found equal to the manifest's."""
    with progress_bar("reading") as progress:
        proven = wiring.verified_data(dataset, data_root=data_root, progress=progress)
    if as_json:
        document = _document(proven)
        show_json({"dataset": proven.id, "fingerprint": proven.fingerprint, "parts": document["parts"]})
    else:
        typer.echo(proven.fingerprint)


@app.command("list")
def list_(data_root: DataRoot = DATA_ROOT, as_json: AsJson = False) -> None:
    """List the datasets, and folders under the data root that should be one and cannot be used."""
    datasets, broken = wiring.survey_data(data_root)
    if as_json:
        problems = [{"id": each.id, "problem": each.problem} for each in broken]
        show_json({"data_root": str(data_root), "datasets": [_document(each) for each in datasets], "broken": problems})
        return
    if datasets:
        rows = [
            (
                each.id,
                each.instrument_id,
                _kinds(each),
                f"{each.rows:,}",
                at(each.first_ns),
                at(each.last_ns),
                each.fingerprint[:12],
            )
            for each in datasets
        ]
        show_table(("dataset", "instrument", "kinds", "rows", "first (UTC)", "last (UTC)", "fingerprint"), rows)
    else:
        typer.echo(printable(f"there are no datasets under {data_root}; `tc data prepare` makes a sample"))
    for each in broken:
        typer.echo(printable(f"unusable: {each.problem}"), err=True)


def _show_published(dataset: "Dataset", *, created: bool) -> None:
    typer.echo(f"{dataset.id}: {'created' if created else 'already there, unchanged'}")
    show_fields({
        "  instrument": dataset.instrument_id,
        **{f"  {part.kind}": f"{part.rows:,} rows, {part.identifier}" for part in dataset.parts},
        "  first": f"{at(dataset.first_ns)} UTC",
        "  last": f"{at(dataset.last_ns)} UTC",
        "  fingerprint": dataset.fingerprint,
        "  folder": dataset.root,
    })  # fmt: skip


def _document(dataset: "Dataset") -> Mapping[str, object]:
    """Return a dataset as JSON; stamps are nanoseconds since 1970 UTC."""
    return {
        "id": dataset.id,
        "instrument_id": dataset.instrument_id,
        "price_precision": dataset.price_precision,
        "size_precision": dataset.size_precision,
        "rows": dataset.rows,
        "first_ns": dataset.first_ns,
        "last_ns": dataset.last_ns,
        "fingerprint": dataset.fingerprint,
        "parts": [
            {
                "kind": part.kind,
                "identifier": part.identifier,
                "rows": part.rows,
                "first_ns": part.first_ns,
                "last_ns": part.last_ns,
                "fingerprint": part.fingerprint,
            }
            for part in dataset.parts
        ],
        "sources": [
            {"name": source.name, "sha256": source.sha256, "rows": source.rows, "format": source.format}
            for source in dataset.sources
        ],
        "folder": str(dataset.root),
    }


def _kinds(dataset: "Dataset") -> str:
    return ", ".join(part.kind for part in dataset.parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
