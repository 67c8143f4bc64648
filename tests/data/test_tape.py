"""Claims about the dataset that is made of a tape: the same rows in the same order, proven; what is missing is said."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taped_runs import BTC, level, quote, taped_run, trade
from tc.data.catalog.reading import verified_table
from tc.data.tape.encoding import block_batch, block_bytes
from tc.data.tape.importing import TapeImport, import_tape
from tc.data.target import ImportTarget
from tc.errors import ArtifactError, DocumentError, RefusedError
from tc.store.dataset import Dataset
from tc.store.layout import RunDirectory
from tc.store.seal import read_seal
from tc.store.tape import TAPE_COLUMNS, TapeRow

TARGET = ImportTarget(BTC, "BTCUSDT", 1, 3)
NS = 1_700_000_000_000_000_000
BAR_TYPE = f"{BTC}-1-MINUTE-LAST-EXTERNAL"


def imported(run: RunDirectory, tmp_path: Path, target: ImportTarget = TARGET) -> TapeImport:
    return import_tape(run, target, data_root=tmp_path / "data")


def merged(dataset: Dataset) -> list[tuple[str, int]]:
    """Return kind and ts_event of a dataset's rows in the order in which they are played."""
    rows = [
        (at_ns, number, part.kind, event_ns)
        for number, part in enumerate(dataset.parts)
        for at_ns, event_ns in zip(
            *(verified_table(dataset, part)[name].to_pylist() for name in ("ts_init", "ts_event")), strict=True
        )
    ]
    return [(kind, event_ns) for _, _, kind, event_ns in sorted(rows, key=lambda row: row[:2])]


@st.composite
def tape_rows(draw: st.DrawFn) -> list[TapeRow]:
    """Draw rows of every kind; stamps repeat, and go back at times. ``ts_event`` numbers them."""
    rows: list[TapeRow] = []
    at_ns = NS
    for number in range(draw(st.integers(1, 60))):
        at_ns += draw(st.sampled_from((0, 0, 0, 1, 2, 1_000, -1, -3)))
        raw = draw(st.integers(0, 2**60)) * 10**15
        make = draw(st.sampled_from(("quotes", "trades", "bars", "book")))
        values: tuple[int | str, ...]
        if make == "quotes":
            values = (raw, raw, 10**13, 0)
        elif make == "trades":
            values = (raw, 10**13, draw(st.integers(0, 2)), draw(st.text("0123abc-é", min_size=1, max_size=36)))
        elif make == "bars":
            values = (raw, raw, 0, raw, 10**16)
        else:
            values = (draw(st.integers(1, 4)), draw(st.integers(0, 2)), raw, 10**13, 2**64 - 1, draw(st.integers(0, 255)), number)
        rows.append(TapeRow(make, BAR_TYPE if make == "bars" else BTC, (*values, number, at_ns)))  # type: ignore[arg-type]
    return rows


@given(tape_rows())
def test_a_block_holds_the_rows_exactly_and_in_their_order(rows: list[TapeRow]) -> None:
    read = block_batch(block_bytes(rows), name="it").to_pylist()
    assert len(read) == len(rows)
    for row, found in zip(rows, read, strict=True):
        values = {
            name: int.from_bytes(value, "little", signed=True) if isinstance(value, bytes) else value
            for name, value in found.items()
            if value is not None
        }
        names = TAPE_COLUMNS[row.kind]
        assert values == {"kind": row.kind, "identifier": row.identifier, **dict(zip(names, row.values, strict=True))}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(rows=tape_rows())
def test_a_dataset_is_played_in_the_order_of_the_tape(tmp_path: Path, rows: list[TapeRow]) -> None:
    shutil.rmtree(tmp_path)
    run = taped_run(tmp_path, rows, block_rows=7)
    assert merged(imported(run, tmp_path).published.dataset) == [(row.kind, row.values[-2]) for row in rows]


def test_stamps_that_rise_are_kept_and_others_are_moved_on_and_counted(tmp_path: Path) -> None:
    rows = [quote(NS), quote(NS), trade(NS + 5), quote(NS + 5), quote(NS + 2), level(NS + 9)]
    made = imported(taped_run(tmp_path, rows), tmp_path)
    parts = {
        part.kind: verified_table(made.published.dataset, part)["ts_init"].to_pylist() for part in made.published.dataset.parts
    }
    assert parts == {"book": [NS + 9], "quotes": [NS, NS, NS + 6, NS + 6], "trades": [NS + 5]}
    assert made.notes == ("2 rows were stamped before their place in the tape: their ts_init was moved on to it",)


def test_a_dataset_names_the_run_and_the_digest_of_its_journal(tmp_path: Path) -> None:
    run = taped_run(tmp_path, [quote(NS + n) for n in range(25)])
    published = imported(run, tmp_path).published
    (source,) = published.dataset.sources
    assert (source.name, source.sha256, source.rows, source.format) == (run.run_id, read_seal(run).journal.digest, 25, "tape")
    assert (published.created, published.dataset.id) == (True, "taped-run-tape")
    assert not imported(run, tmp_path).published.created


def test_of_a_crashed_run_the_proven_blocks_are_taken_and_what_is_missing_is_said(tmp_path: Path) -> None:
    run = taped_run(tmp_path, [quote(NS + n) for n in range(20)], unwritten=6, seal=False)
    (run.tape / "00000003.arrows").write_bytes(block_bytes([quote(NS + 20)]))
    with run.journal.open("ab") as journal:
        journal.write(b'{"digest":"torn')
    made = imported(run, tmp_path)
    assert made.published.dataset.rows == 20
    assert made.notes == (
        "rows 20 to 25 were seen, and are in no block",
        "00000003.arrows is there, and no entry names it: left out",
    )


def test_a_tape_that_stopped_says_where_and_why(tmp_path: Path) -> None:
    rows = [quote(NS + n, n) for n in range(30)]
    made = imported(taped_run(tmp_path, rows, max_bytes=2 * len(block_bytes(rows[:10])) + 99), tmp_path)
    assert made.published.dataset.rows == 20
    stopped, missing = made.notes
    assert stopped.startswith("the tape stopped before row 20: budget (")
    assert missing == "rows 20 to 29 were seen, and are in no block"


def test_rows_of_other_instruments_are_left_out_and_counted(tmp_path: Path) -> None:
    made = imported(taped_run(tmp_path, [quote(NS), quote(NS + 1, 2, "ETHUSDT-PERP.BINANCE")]), tmp_path)
    assert (made.published.dataset.rows, made.notes) == (1, (f"1 rows are of other instruments than {BTC}: left out",))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda run: (run.tape / "00000001.arrows").unlink(), "is missing"),
        (lambda run: (run.tape / "00000002.arrows").write_bytes(b""), "is altered"),
        (
            lambda run: run.journal.write_bytes(run.journal.read_bytes().replace(b'"block":2', b'"block":3')),
            "line 4: digest_mismatch",
        ),
        (lambda run: run.journal.write_bytes(b"".join(run.journal.read_bytes().splitlines(True)[:3])), "the seal says"),
    ],
)
def test_nothing_is_made_of_a_tape_that_is_not_as_it_was_recorded(tmp_path: Path, damage: object, message: str) -> None:
    run = taped_run(tmp_path, [quote(NS + n) for n in range(20)])
    damage(run)  # type: ignore[operator]
    with pytest.raises(ArtifactError, match=message):
        imported(run, tmp_path)
    assert not (tmp_path / "data" / "taped-run-tape").exists()


def test_what_cannot_be_a_dataset_is_refused(tmp_path: Path) -> None:
    run = taped_run(tmp_path, [quote(NS)])
    with pytest.raises(DocumentError, match="has no row of"):
        imported(run, tmp_path, ImportTarget("ETHUSDT-PERP.BINANCE", "ETHUSDT", 1, 3))
    fine = taped_run(tmp_path, [TapeRow("quotes", BTC, (10**14, 10**16, 0, 0, NS, NS))], run_id="fine")
    with pytest.raises(DocumentError, match="bid_price does not fit"):
        imported(fine, tmp_path)
    empty = taped_run(tmp_path, [], run_id="empty", unwritten=3)
    with pytest.raises(DocumentError, match="has no tape"):
        imported(empty, tmp_path)
    imported(run, tmp_path)
    with pytest.raises(RefusedError, match="exists with fingerprint"):
        import_tape(
            taped_run(tmp_path, [quote(NS, 3)], run_id="other"), TARGET, data_root=tmp_path / "data", dataset_id="taped-run-tape"
        )
