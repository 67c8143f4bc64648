"""`tc data`: what a person types, sees and gets as exit code; what a machine reads."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from market_csv import KLINES_HEADER, L2_HEADER, QUOTES_HEADER, TRADES_HEADER, kline, level, quote, trade, write_csv, write_gzip
from tc.cli.main import main

FIL = "FILUSDT-PERP.BINANCE"
BTC = "BTCUSDT-PERP.BINANCE"


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    def json(self, command: str) -> dict[str, object]:
        """Return the output, held to the schema of the command."""
        schema = json.loads(files("tc.cli").joinpath("schemas", f"{command}.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        document: dict[str, object] = json.loads(self.out)
        jsonschema.validate(document, schema)
        return document


@pytest.fixture
def tc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Return what runs `tc data …` in an empty folder, with its data root in `data`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TC_DATA_ROOT", raising=False)

    def run(*arguments: str | Path) -> Answer:
        monkeypatch.setattr(sys, "argv", ["tc", "data", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        captured = capsys.readouterr()
        code = caught.value.code
        return Answer(0 if code is None else int(code), captured.out, captured.err)

    return run


def test_an_import_says_what_it_made_and_where(tc: Callable[..., Answer], tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", KLINES_HEADER, *map(kline, range(1_500)))
    answer = tc("import", file, "--instrument", FIL, "--dataset", "fil")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines()[0] == "fil: created"
    assert "1,500 rows, FILUSDT-PERP.BINANCE-1-MINUTE-LAST-EXTERNAL" in answer.out
    assert "2023-04-01 00:01:00 UTC" in answer.out
    assert "folder       data/fil" in answer.out
    assert tc("import", file, "--instrument", FIL, "--dataset", "fil").out.splitlines()[0] == "fil: already there, unchanged"


def test_trades_and_quotes_become_one_dataset_in_one_command(tc: Callable[..., Answer], tmp_path: Path) -> None:
    trades = write_gzip(tmp_path / "trades.csv.gz", TRADES_HEADER, *map(trade, range(3)))
    quotes = write_gzip(tmp_path / "quotes.csv.gz", QUOTES_HEADER, *map(quote, range(4)))
    document = tc("import", trades, quotes, "--instrument", BTC, "--dataset", "ticks", "--json").json("data-import")
    assert document["created"] is True
    dataset = document["dataset"]
    assert isinstance(dataset, dict)
    assert [(part["kind"], part["rows"]) for part in dataset["parts"]] == [("quotes", 4), ("trades", 3)]
    assert [source["name"] for source in dataset["sources"]] == ["quotes.csv.gz", "trades.csv.gz"]


def test_an_import_that_is_refused_exits_3(tc: Callable[..., Answer], tmp_path: Path) -> None:
    for count, code in ((3, 0), (4, 3)):
        file = write_csv(tmp_path / f"{count}.csv", *map(kline, range(count)))
        answer = tc("import", file, "--instrument", FIL, "--dataset", "fil")
        assert answer.code == code
    assert "exists with fingerprint" in answer.err
    assert "hint: A dataset is immutable" in answer.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("missing.csv", "--instrument", FIL), "missing.csv cannot be read"),
        (("a.csv", "--instrument", "NOPE.BINANCE"), "NOPE.BINANCE"),
        (("a.csv", "--instrument", FIL, "--format", "csv"), "'csv' is no format that can be imported"),
        (("a.csv", "--instrument", FIL, "--dataset", "../x"), "is not a dataset id"),
        (("a.csv",), "--instrument is missing"),
        (("--instrument", FIL), "Missing argument"),
    ],
)
def test_bad_usage_exits_2_and_says_why(
    tc: Callable[..., Answer], tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    write_csv(tmp_path / "a.csv", kline(0))
    answer = tc("import", *arguments)
    assert answer.code == 2
    assert answer.out == ""
    assert words in answer.err
    assert "Traceback" not in answer.err


def test_the_instrument_may_be_a_document_of_ones_own(tc: Callable[..., Answer], tmp_path: Path) -> None:
    packaged = files("tc.spec").joinpath("instruments", f"{FIL}.yaml").read_text()
    (tmp_path / "specs" / "instruments").mkdir(parents=True)
    (tmp_path / "specs" / "instruments" / "OWNUSDT-PERP.BINANCE.yaml").write_text(packaged.replace(FIL, "OWNUSDT-PERP.BINANCE"))
    file = write_csv(tmp_path / "a.csv", kline(0))
    assert tc("import", file, "--instrument", "OWNUSDT-PERP.BINANCE", "--dataset", "own").code == 0


def test_prepare_makes_the_sample_and_finds_it_again(tc: Callable[..., Answer]) -> None:
    first = tc("prepare")
    assert first.code == 0
    assert "btcusdt-1m-sample: created" in first.out
    assert "btcusdt-ticks-sample: created" in first.out
    made = tc("prepare", "btcusdt-1m-sample", "--json").json("data-prepare")["datasets"]
    assert isinstance(made, list)
    assert [(each["id"], each["created"]) for each in made] == [("btcusdt-1m-sample", False)]
    assert tc("prepare", "nothing").code == 2


def test_list_shows_datasets_and_says_what_is_unusable(tc: Callable[..., Answer], tmp_path: Path) -> None:
    assert tc("list").out == "there are no datasets under data; `tc data prepare` makes a sample\n"
    tc("prepare")
    (tmp_path / "data" / "bad\x1b[31m").mkdir()
    shown = tc("list")
    assert shown.code == 0
    assert shown.out.splitlines()[0].split()[:3] == ["dataset", "instrument", "kinds"]
    assert [line.split()[0] for line in shown.out.splitlines()[1:]] == ["btcusdt-1m-sample", "btcusdt-ticks-sample"]
    assert "unusable: " in shown.err
    assert "\x1b" not in shown.err
    document = tc("list", "--json").json("data-list")
    assert isinstance(document["broken"], list)
    assert [each["id"] for each in document["broken"]] == ["bad\x1b[31m"]


def test_the_data_root_comes_from_the_option_or_the_environment(
    tc: Callable[..., Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tc("prepare", "btcusdt-1m-sample", "--data-root", tmp_path / "elsewhere")
    assert "no datasets" in tc("list").out
    monkeypatch.setenv("TC_DATA_ROOT", str(tmp_path / "elsewhere"))
    assert "btcusdt-1m-sample" in tc("list").out


def test_check_exits_0_when_nothing_is_found(tc: Callable[..., Answer]) -> None:
    tc("prepare")
    answer = tc("check", "btcusdt-1m-sample")
    assert (answer.code, answer.out) == (0, "btcusdt-1m-sample: 1,440 rows, 0 findings\n")
    assert tc("check", "btcusdt-ticks-sample", "--json").json("data-check")["findings"] == []


def test_check_exits_1_with_what_it_found(tc: Callable[..., Answer], tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", KLINES_HEADER, kline(0), kline(5))
    tc("import", file, "--instrument", FIL, "--dataset", "fil")
    answer = tc("check", "fil")
    assert answer.code == 1
    assert answer.out.splitlines() == [
        "gap: bars FILUSDT-PERP.BINANCE-1-MINUTE-LAST-EXTERNAL, row 1",
        "  expected a bar every 60 s",
        "  found    1 row; 4 bars are missing; first: ts_event 2023-04-01T00:06:00Z",
        "fil: 2 rows, 1 finding",
    ]
    answer = tc("check", "fil", "--json")
    findings = answer.json("data-check")["findings"]
    assert isinstance(findings, list)
    assert (answer.code, [each["code"] for each in findings]) == (1, ["gap"])


def test_how_long_ticks_may_be_silent_can_be_said(tc: Callable[..., Answer], tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", TRADES_HEADER, trade(0), trade(45_000))
    tc("import", file, "--instrument", BTC, "--dataset", "ticks")
    assert tc("check", "ticks").code == 0
    assert tc("check", "ticks", "--max-gap", "30s").code == 1
    assert tc("check", "ticks", "--max-gap", "soon").code == 2


def test_altered_files_exit_6(tc: Callable[..., Answer], tmp_path: Path) -> None:
    tc("prepare", "btcusdt-1m-sample")
    (path,) = (tmp_path / "data").rglob("*.parquet")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    for command in ("check", "fingerprint"):
        answer = tc(command, "btcusdt-1m-sample")
        assert (answer.code, answer.out) == (6, "")
        assert "Remove its folder and import it again" in answer.err


def test_a_dataset_that_is_not_there_exits_6(tc: Callable[..., Answer]) -> None:
    for command in ("check", "fingerprint"):
        answer = tc(command, "nothing")
        assert answer.code == 6
        assert "there is no dataset 'nothing'" in answer.err


def test_fingerprint_prints_it_alone(tc: Callable[..., Answer]) -> None:
    tc("prepare", "btcusdt-1m-sample")
    plain = tc("fingerprint", "btcusdt-1m-sample").out.strip()
    assert len(plain) == 64
    document = tc("fingerprint", "btcusdt-1m-sample", "--json").json("data-fingerprint")
    assert document["fingerprint"] == plain


def test_a_hostile_file_name_does_no_harm(tc: Callable[..., Answer], tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a\x1b[31m\n\udcff.csv", kline(0), kline(0).replace("28753.6", "x"))
    answer = tc("import", file, "--instrument", FIL)
    assert answer.code == 2
    assert "\x1b" not in answer.err
    assert "line 2, column volume" in answer.err
    file.write_text(kline(0) + "\n")
    document = tc("import", file, "--instrument", FIL, "--json").json("data-import")
    assert isinstance(document["dataset"], dict)
    assert document["dataset"]["sources"][0]["name"] == "a\\x1b[31m\\n\\udcff.csv"


LOADED = """
import sys
sys.argv = ["tc", "data", *sys.argv[1:]]
from tc.cli.main import main
try:
    main()
except SystemExit as error:
    assert error.code == 0, error.code
print(*(name for name in ("pandas", "polars", "nautilus_trader", "pyarrow", "rich") if name in sys.modules), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "loaded"),
    [
        (["list"], ""),
        (["prepare", "btcusdt-1m-sample"], "pyarrow"),
        (["import", "klines.csv", "--instrument", FIL], "pyarrow"),
        (["import", "trades.csv", "quotes.csv", "--instrument", BTC], "pyarrow"),
    ],
)
def test_a_command_loads_only_what_it_uses(tmp_path: Path, arguments: list[str], loaded: str) -> None:
    write_csv(tmp_path / "klines.csv", kline(0))
    write_csv(tmp_path / "trades.csv", TRADES_HEADER, trade(0))
    write_csv(tmp_path / "quotes.csv", QUOTES_HEADER, quote(0))
    ran = subprocess.run([sys.executable, "-c", LOADED, *arguments], check=True, cwd=tmp_path, capture_output=True, text=True)
    assert ran.stderr.strip() == loaded


SLOW = """
import sys, time
from tc.cli.progress import progress_bar
with progress_bar("importing") as progress:
    for done in range(int(sys.argv[1]) + 1):
        progress(done * 10, int(sys.argv[1]) * 10)
        time.sleep(0.1)
"""


def on_a_terminal(steps: int) -> str:
    """Return what work of so many tenths of a second writes to stderr when that is a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", SLOW, str(steps)], stderr=theirs, env={**os.environ, "TERM": "xterm"})
    os.close(theirs)
    written = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        written += piece
    process.wait()
    os.close(ours)
    return written.decode()


def test_a_bar_appears_on_a_terminal_when_work_takes_more_than_a_second() -> None:
    assert "importing" in on_a_terminal(14)
    assert on_a_terminal(1) == ""


def test_no_bar_appears_where_there_is_no_terminal() -> None:
    ran = subprocess.run([sys.executable, "-c", SLOW, "14"], check=True, capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("", "")


def test_a_book_is_prepared_checked_listed_and_proven(tc: Callable[..., Answer]) -> None:
    (made,) = tc("prepare", "btcusdt-book-sample", "--json").json("data-prepare")["datasets"]  # type: ignore[misc]
    assert [part["kind"] for part in made["parts"]] == ["book", "trades"]
    assert tc("check", "btcusdt-book-sample").code == 0
    assert "book, trades" in tc("list").out
    assert tc("list", "--json").json("data-list")["datasets"]
    assert tc("fingerprint", "btcusdt-book-sample").out.strip() == made["fingerprint"]
    tc("fingerprint", "btcusdt-book-sample", "--json").json("data-fingerprint")


def test_levels_are_imported_as_a_book(tc: Callable[..., Answer], tmp_path: Path) -> None:
    file = write_gzip(tmp_path / "l2.csv.gz", L2_HEADER, *map(level, range(3)))
    answer = tc("import", file, "--instrument", BTC, "--format", "tardis-l2", "--json")
    assert answer.json("data-import")["created"] is True
    crossed = write_csv(tmp_path / "l2.csv", L2_HEADER, level(0), level(1, side="ask", price="61800.1"))
    tc("import", crossed, "--instrument", BTC, "--dataset", "crossed")
    found = tc("check", "crossed", "--json")
    assert found.code == 1
    assert [each["code"] for each in found.json("data-check")["findings"]] == ["crossed"]  # type: ignore[attr-defined]
