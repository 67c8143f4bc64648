"""An import makes one immutable dataset of its files, or nothing at all."""

import hashlib
import json
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from pyarrow import parquet as pq

from market_csv import (
    AGGTRADES_HEADER,
    BTC,
    FIL,
    KLINES_HEADER,
    MINUTE_MS,
    QUOTES_HEADER,
    START_MS,
    TRADES_HEADER,
    aggtrade,
    kline,
    kline_us,
    quote,
    trade,
    write_csv,
    write_gzip,
    write_zip,
)
from tc.data.catalog.reading import verify_dataset
from tc.data.importing import import_files
from tc.data.inspecting import check_dataset
from tc.data.target import ImportTarget
from tc.errors import ArtifactError, DocumentError, RefusedError
from tc.store.dataset import DatasetSource, list_datasets, load_dataset, survey_datasets


def klines(path: Path, minutes: range = range(3), header: str | None = KLINES_HEADER) -> Path:
    return write_csv(path, *([header] if header else []), *map(kline, minutes))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_dataset_says_what_it_holds_and_where_it_came_from(tmp_path: Path) -> None:
    file = klines(tmp_path / "a.csv")
    published = import_files([file], FIL, data_root=tmp_path / "data", dataset_id="fil")
    dataset = published.dataset
    assert published.created
    assert dataset == load_dataset(tmp_path / "data", "fil")
    assert (dataset.instrument_id, dataset.price_precision, dataset.size_precision) == ("FILUSDT-PERP.BINANCE", 3, 1)
    (part,) = dataset.parts
    assert (part.kind, part.identifier, part.rows) == ("bars", "FILUSDT-PERP.BINANCE-1-MINUTE-LAST-EXTERNAL", 3)
    assert (part.first_ns, part.last_ns) == ((START_MS + MINUTE_MS) * 10**6, (START_MS + 3 * MINUTE_MS) * 10**6)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    assert dataset.sources == (DatasetSource("a.csv", sha256, 3, "binance-klines"),)
    verify_dataset(dataset)


def test_how_a_file_is_packed_and_headed_makes_no_difference(tmp_path: Path) -> None:
    lines = list(map(kline, range(3)))
    files = [
        klines(tmp_path / "a.csv"),
        klines(tmp_path / "b.csv", header=None),
        write_gzip(tmp_path / "c.csv.gz", KLINES_HEADER, *lines),
        write_zip(tmp_path / "d.zip", FILUSDT__csv="\n".join([KLINES_HEADER, *lines])),
        write_csv(tmp_path / "e.csv", KLINES_HEADER, *lines, end="\r\n"),
        write_csv(tmp_path / "f.csv", "\ufeff" + KLINES_HEADER, *lines, ""),
        write_csv(tmp_path / "g.csv", "\ufeff" + lines[0], *lines[1:], "", ""),
        write_csv(tmp_path / "h.csv", "", KLINES_HEADER, "", lines[0], "", *lines[1:]),
    ]
    fingerprints = {import_files([file], FIL, data_root=tmp_path / "data" / file.name).dataset.fingerprint for file in files}
    assert len(fingerprints) == 1


def test_columns_are_found_by_their_names(tmp_path: Path) -> None:
    plain = klines(tmp_path / "a.csv")
    rows = [line.split(",") for line in plain.read_text().splitlines()]
    turned = write_csv(tmp_path / "b.csv", *(",".join([*reversed(row), "more"]) for row in rows))
    first = import_files([plain], FIL, data_root=tmp_path / "a").dataset
    assert import_files([turned], FIL, data_root=tmp_path / "b").dataset.fingerprint == first.fingerprint


def test_several_days_make_one_part_whatever_their_order(tmp_path: Path) -> None:
    whole = klines(tmp_path / "whole.csv", range(20_000))
    cuts = [0, 1, 4_999, 5_000, 13_777, 20_000]
    days = [klines(tmp_path / f"{start}.csv", range(start, end)) for start, end in pairwise(cuts)]
    expected = import_files([whole], FIL, data_root=tmp_path / "a").dataset
    dataset = import_files(days[::-1], FIL, data_root=tmp_path / "b").dataset
    assert dataset.fingerprint == expected.fingerprint
    assert dataset.part_path(dataset.parts[0]).read_bytes() == expected.part_path(expected.parts[0]).read_bytes()
    assert [source.name for source in dataset.sources] == [f"{start}.csv" for start in cuts[:-1]]
    assert check_dataset(dataset) == ()


def test_a_large_file_is_written_as_if_at_once(tmp_path: Path) -> None:
    dataset = import_files([klines(tmp_path / "a.csv", range(123_456))], FIL, data_root=tmp_path / "data").dataset
    path = dataset.part_path(dataset.parts[0])
    pq.write_table(pq.read_table(path), tmp_path / "once.parquet", row_group_size=5_000)
    assert path.read_bytes() == (tmp_path / "once.parquet").read_bytes()


def test_files_of_several_kinds_make_one_dataset(tmp_path: Path) -> None:
    files = [
        write_csv(tmp_path / "trades.csv", TRADES_HEADER, *map(trade, range(3))),
        write_csv(tmp_path / "quotes.csv", QUOTES_HEADER, *map(quote, range(4))),
        write_csv(tmp_path / "headless.csv", *map(trade, range(5, 7))),
        write_csv(tmp_path / "headless-quotes.csv", *map(quote, range(5, 7))),
    ]
    dataset = import_files(files, BTC, data_root=tmp_path / "data").dataset
    assert [(part.kind, part.rows) for part in dataset.parts] == [("quotes", 6), ("trades", 5)]
    assert dataset.rows == 11


@pytest.mark.parametrize(
    ("files", "target", "expected"),
    [
        ([("a.csv", [kline(0)])], FIL, "filusdt-perp.binance-1m-20230401"),
        ([("a.csv", [kline(0), kline(1_439)])], FIL, "filusdt-perp.binance-1m-20230401"),
        ([("a.csv", [kline(0), kline(1_440)])], FIL, "filusdt-perp.binance-1m-20230401-20230402"),
        (
            [("a.csv", [TRADES_HEADER, trade(0)]), ("b.csv", [QUOTES_HEADER, quote(0)])],
            BTC,
            "btcusdt-perp.binance-quotes-trades-20240808",
        ),
        ([("a.csv", [kline(0)])], ImportTarget("FIL/USDT.BINANCE", "FILUSDT", 3, 1), "fil-usdt.binance-1m-20230401"),
    ],
)
def test_a_dataset_without_an_id_is_called_after_instrument_kinds_and_days(
    tmp_path: Path, files: list[tuple[str, list[str]]], target: ImportTarget, expected: str
) -> None:
    written = [write_csv(tmp_path / name, *lines) for name, lines in files]
    dataset = import_files(written, target, data_root=tmp_path / "data").dataset
    assert dataset.id == expected
    verify_dataset(dataset)


def test_the_same_rows_under_the_same_id_are_there_already(tmp_path: Path) -> None:
    first = import_files([klines(tmp_path / "a.csv")], FIL, data_root=tmp_path / "data")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "data").rglob("*")}
    again = import_files([klines(tmp_path / "b.csv", header=None)], FIL, data_root=tmp_path / "data")
    assert not again.created
    assert again.dataset == first.dataset
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "data").rglob("*")} == before


def test_other_rows_under_the_same_id_are_refused_with_both_fingerprints(tmp_path: Path) -> None:
    first = import_files([klines(tmp_path / "a.csv")], FIL, data_root=tmp_path / "data", dataset_id="x").dataset
    other = import_files([klines(tmp_path / "b.csv", range(4))], FIL, data_root=tmp_path / "other").dataset
    with pytest.raises(RefusedError) as caught:
        import_files([tmp_path / "b.csv"], FIL, data_root=tmp_path / "data", dataset_id="x")
    assert first.fingerprint in caught.value.message
    assert other.fingerprint in caught.value.message
    assert load_dataset(tmp_path / "data", "x") == first
    assert names(tmp_path / "data") == ["x"]


def test_the_same_digits_for_another_precision_are_another_dataset(tmp_path: Path) -> None:
    file = klines(tmp_path / "a.csv")
    import_files([file], FIL, data_root=tmp_path / "data", dataset_id="x")
    with pytest.raises(RefusedError):
        import_files([file], ImportTarget(FIL.instrument_id, "FILUSDT", 4, 1), data_root=tmp_path / "data", dataset_id="x")


def test_a_folder_that_is_no_dataset_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "data" / "x").mkdir(parents=True)
    (tmp_path / "data" / "x" / "mine.txt").write_text("precious")
    with pytest.raises(ArtifactError, match="is no dataset"):
        import_files([klines(tmp_path / "a.csv")], FIL, data_root=tmp_path / "data", dataset_id="x")
    assert names(tmp_path / "data" / "x") == ["mine.txt"]
    assert names(tmp_path / "data") == ["x"]


def test_a_refused_import_leaves_nothing(tmp_path: Path) -> None:
    good = klines(tmp_path / "a.csv", range(20_000))
    bad = write_csv(tmp_path / "b.csv", *map(kline, range(30_000, 50_000)), kline(50_000, volume="x"))
    with pytest.raises(DocumentError, match=r"b\.csv, line 20001, column volume: 'x' is no number"):
        import_files([good, bad], FIL, data_root=tmp_path / "data")
    assert names(tmp_path / "data") == []


@pytest.mark.parametrize("dataset_id", ["../x", "X", ".importing-1", ""])
def test_an_id_that_is_none_is_refused_before_anything_is_read(tmp_path: Path, dataset_id: str) -> None:
    with pytest.raises(DocumentError, match="is not a dataset id"):
        import_files([tmp_path / "missing.csv"], FIL, data_root=tmp_path / "data", dataset_id=dataset_id)
    assert not (tmp_path / "data").exists()


def test_progress_rises_to_all_bytes_of_all_files(tmp_path: Path) -> None:
    files = [klines(tmp_path / "a.csv", range(30_000)), klines(tmp_path / "b.csv", range(30_000, 60_000))]
    told: list[tuple[int, int]] = []
    import_files(files, FIL, data_root=tmp_path / "data", progress=lambda done, total: told.append((done, total)))
    size = sum(file.stat().st_size for file in files)
    assert told[-1] == (size, size)
    assert told == sorted(told)
    assert len(told) > 4


def test_nothing_to_import_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="nothing to import"):
        import_files([], FIL, data_root=tmp_path)


def test_a_format_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="'klines' is no format") as caught:
        import_files([klines(tmp_path / "a.csv")], FIL, data_root=tmp_path, format_name="klines")
    assert "binance-klines" in caught.value.hint


def test_a_file_given_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"b\.csv and a\.csv have the same content"):
        import_files([klines(tmp_path / "a.csv"), klines(tmp_path / "b.csv")], FIL, data_root=tmp_path / "data")


def test_files_that_overlap_in_time_are_refused(tmp_path: Path) -> None:
    files = [klines(tmp_path / "a.csv", range(3)), klines(tmp_path / "b.csv", range(2, 5))]
    with pytest.raises(DocumentError, match=r"b\.csv begins at 2023-04-01T00:02:59\.999Z, before a\.csv ends"):
        import_files(files, FIL, data_root=tmp_path / "data")
    assert names(tmp_path / "data") == []


def test_units_are_not_mixed_across_files(tmp_path: Path) -> None:
    files = [klines(tmp_path / "a.csv"), write_csv(tmp_path / "b.csv", *map(kline_us, range(5, 7)))]
    with pytest.raises(DocumentError, match=r"b\.csv is in microseconds, a\.csv in milliseconds"):
        import_files(files, FIL, data_root=tmp_path / "data")


def test_intervals_are_not_mixed_across_files(tmp_path: Path) -> None:
    opened = START_MS + 60 * MINUTE_MS
    hour = f"{opened},5.6,5.6,5.6,5.6,1,{opened + 60 * MINUTE_MS - 1},1,1,1,1,0"
    with pytest.raises(DocumentError, match=r"b\.csv holds bars of 1h, a\.csv of 1m"):
        import_files([klines(tmp_path / "a.csv"), write_csv(tmp_path / "b.csv", hour)], FIL, data_root=tmp_path / "data")


def test_formats_of_one_kind_are_not_mixed(tmp_path: Path) -> None:
    microseconds = aggtrade(0).replace(str(START_MS), f"{START_MS}000")
    files = [
        write_csv(tmp_path / "a.csv", TRADES_HEADER, trade(0)),
        write_csv(tmp_path / "b.csv", AGGTRADES_HEADER, microseconds),
    ]
    with pytest.raises(DocumentError, match=r"b\.csv holds binance-aggtrades, a\.csv tardis-trades"):
        import_files(files, BTC, data_root=tmp_path / "data")


def test_the_symbol_of_a_file_must_be_the_instruments(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", TRADES_HEADER, trade(0))
    with pytest.raises(DocumentError, match=r"holds the symbol 'BTCUSDT', but FILUSDT-PERP\.BINANCE is 'FILUSDT'"):
        import_files([file], FIL, data_root=tmp_path / "data")


@pytest.mark.parametrize("minutes", [0, 2, 7, 44_640])
def test_an_interval_that_nobody_knows_is_refused(tmp_path: Path, minutes: int) -> None:
    row = f"{START_MS},5.6,5.6,5.6,5.6,1,{START_MS + minutes * MINUTE_MS - 1},1,1,1,1,0"
    with pytest.raises(DocumentError, match="which is no known interval") as caught:
        import_files([write_csv(tmp_path / "a.csv", row)], FIL, data_root=tmp_path / "data")
    assert "1s, 1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 8h, 12h, 1d, 3d, 1w" in caught.value.hint


@pytest.mark.parametrize(
    ("seconds", "bar_type"),
    [
        (1, "1-SECOND"), (180, "3-MINUTE"), (1_800, "30-MINUTE"), (3_600, "1-HOUR"), (43_200, "12-HOUR"),
        (86_400, "1-DAY"), (259_200, "3-DAY"), (604_800, "1-WEEK"),
    ],
)  # fmt: skip
def test_the_interval_is_detected_from_the_rows(tmp_path: Path, seconds: int, bar_type: str) -> None:
    rows = [
        f"{START_MS + number * seconds * 1_000},5.6,5.6,5.6,5.6,1,{START_MS + (number + 1) * seconds * 1_000 - 1},1,1,1,1,0"
        for number in range(3)
    ]
    dataset = import_files([write_csv(tmp_path / "a.csv", *rows)], FIL, data_root=tmp_path / "data").dataset
    assert dataset.parts[0].identifier == f"FILUSDT-PERP.BINANCE-{bar_type}-LAST-EXTERNAL"
    assert check_dataset(dataset) == ()


IMPORTER = """
import sys
from itertools import pairwise
from pathlib import Path
from market_csv import FIL
from tc.data.importing import import_files
from tc.errors import RefusedError
sys.stdin.readline()
try:
    published = import_files([Path(sys.argv[1])], FIL, data_root=Path(sys.argv[2]), dataset_id="x")
    print("created" if published.created else "there", published.dataset.fingerprint)
except RefusedError:
    print("refused -")
"""


def start_importer(file: Path, data_root: Path) -> subprocess.Popen[str]:
    tests = Path(__file__).resolve().parent.parent
    return subprocess.Popen(
        [sys.executable, "-c", IMPORTER, file, data_root],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(tests)},
    )


@pytest.mark.parametrize("same", [True, False])
def test_imports_of_one_id_at_once_make_one_dataset(tmp_path: Path, same: bool) -> None:
    files = [klines(tmp_path / f"{number}.csv", range(20_000 + (0 if same else number))) for number in range(3)]
    importers = [start_importer(file, tmp_path / "data") for file in files]
    for importer in importers:
        assert importer.stdin is not None
        importer.stdin.write("go\n")
        importer.stdin.flush()
    answers = [importer.communicate()[0].split() for importer in importers]
    (dataset,) = list_datasets(tmp_path / "data")
    verify_dataset(dataset)
    assert sorted(answer[0] for answer in answers) == (
        ["created", "there", "there"] if same else ["created", "refused", "refused"]
    )
    assert {fingerprint for _, fingerprint in answers} - {"-"} == {dataset.fingerprint}
    assert names(tmp_path / "data") == ["x"]


KILLED_IMPORTER = """
import os, signal, sys
from pathlib import Path
from market_csv import FIL
from tc.data.importing import import_files
countdown = int(sys.argv[3])
def hook(event, args):
    global countdown
    if event == "open" or event.startswith("os."):
        countdown -= 1
        if countdown == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
import_files([Path(sys.argv[1])], FIL, data_root=Path(sys.argv[2]), dataset_id="x")
print(int(sys.argv[3]) - countdown)
"""


def killed_importer(file: Path, data_root: Path, countdown: int) -> subprocess.CompletedProcess[str]:
    """Import in a process that kills itself before one of its steps in the file system."""
    tests = Path(__file__).resolve().parent.parent
    command = [sys.executable, "-c", KILLED_IMPORTER, file, data_root, str(countdown)]
    return subprocess.run(command, check=False, capture_output=True, text=True, env={"PYTHONPATH": str(tests)})


def test_an_import_killed_at_any_step_leaves_a_whole_dataset_or_none(tmp_path: Path) -> None:
    file = klines(tmp_path / "a.csv", range(10_000))
    steps = int(killed_importer(file, tmp_path / "whole", 10**6).stdout)
    expected = load_dataset(tmp_path / "whole", "x").fingerprint
    survived = set()
    for countdown in [*range(1, steps, max(1, steps // 7)), steps]:
        data_root = tmp_path / str(countdown)
        assert killed_importer(file, data_root, countdown).returncode == -signal.SIGKILL
        good, broken = survey_datasets(data_root)
        assert broken == ()
        for dataset in good:
            verify_dataset(dataset)
        survived.add(len(good))
        published = import_files([file], FIL, data_root=data_root, dataset_id="x")
        assert published.dataset.fingerprint == expected
        assert names(data_root) == ["x"]
    assert 0 in survived


def test_the_manifest_holds_no_path_of_this_machine(tmp_path: Path) -> None:
    dataset = import_files([klines(tmp_path / "a.csv")], FIL, data_root=tmp_path / "data").dataset
    manifest = (dataset.root / "dataset.json").read_text()
    assert str(tmp_path) not in manifest
    assert json.loads(manifest)["schema"] == 1
