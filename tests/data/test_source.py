"""Files to import: packed or not, whole or damaged, with harmless names or not."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from market_csv import write_csv, write_gzip, write_zip
from tc.data.csv_files.source import LARGEST_RATIO, SMALLEST_CAP, csv_bytes, look_at, printable
from tc.errors import DocumentError

LINES = [f"{number},abc" for number in range(5_000)]
CONTENT = "".join(line + "\n" for line in LINES).encode()


def read(path: Path) -> bytes:
    with csv_bytes(look_at(path)) as stream:
        return stream.read()


def test_plain_gzip_and_zip_give_the_same_bytes_whatever_they_are_called(tmp_path: Path) -> None:
    assert read(write_csv(tmp_path / "a.gz", *LINES)) == CONTENT
    assert read(write_gzip(tmp_path / "a.csv", *LINES)) == CONTENT
    assert read(write_zip(tmp_path / "a", data__CSV=CONTENT.decode(), readme__txt="hello")) == CONTENT


def test_the_digest_is_that_of_the_file_as_it_lies_there(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", "abc", end="")
    assert look_at(file).sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_progress_counts_packed_bytes_up_to_all_of_them(tmp_path: Path) -> None:
    source = look_at(write_gzip(tmp_path / "a.csv.gz", *LINES))
    told: list[tuple[int, int]] = []
    with csv_bytes(source, lambda done, total: told.append((done, total))) as stream:
        stream.read()
    assert told[-1] == (source.size, source.size)
    assert told == sorted(told)


@pytest.mark.parametrize("cut", [1, 9, 100])
def test_a_truncated_gzip_is_said_to_be(tmp_path: Path, cut: int) -> None:
    file = write_gzip(tmp_path / "a.csv.gz", *LINES)
    file.write_bytes(file.read_bytes()[:-cut])
    with pytest.raises(DocumentError, match=r"a\.csv\.gz is truncated or damaged"):
        read(file)


@pytest.mark.parametrize("make", [write_gzip, lambda path, *lines: write_zip(path, a__csv="\n".join(lines))])
def test_a_flipped_byte_in_a_packed_file_is_said_to_be_damage(tmp_path: Path, make: Callable[..., Path]) -> None:
    file = make(tmp_path / "a", *LINES)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)
    with pytest.raises(DocumentError, match="is truncated or damaged"):
        read(file)


def test_a_truncated_zip_is_said_to_be(tmp_path: Path) -> None:
    file = write_zip(tmp_path / "a.zip", a__csv="1,2\n")
    file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(DocumentError, match="is truncated or damaged: File is not a zip file"):
        read(file)


@pytest.mark.parametrize(("members", "count"), [({}, 0), ({"a__txt": "1"}, 0), ({"a__csv": "1", "b__csv": "2"}, 2)])
def test_a_zip_must_hold_exactly_one_csv(tmp_path: Path, members: dict[str, str], count: int) -> None:
    with pytest.raises(DocumentError, match=f"holds {count} CSV files, expected exactly one"):
        read(write_zip(tmp_path / "a.zip", **members))


def test_a_zip_with_a_password_is_refused(tmp_path: Path) -> None:
    file = write_zip(tmp_path / "a.zip", a__csv="1,2\n")
    data = bytearray(file.read_bytes())
    data[6] |= 1  # the flag of encryption, in the member's header
    data[data.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    file.write_bytes(data)
    with pytest.raises(DocumentError, match="password required"):
        read(file)


def test_a_small_file_that_unpacks_to_a_huge_one_is_stopped(tmp_path: Path) -> None:
    file = tmp_path / "bomb.csv.gz"
    with gzip.open(file, "wb", compresslevel=9) as packed:
        for _ in range(SMALLEST_CAP // 2**20 + 1):
            packed.write(bytes(2**20))
    source = look_at(file)
    assert source.size * LARGEST_RATIO < SMALLEST_CAP
    read_bytes = 0

    def drain() -> None:
        nonlocal read_bytes
        with csv_bytes(source) as stream:
            while piece := stream.read(2**20):
                read_bytes += len(piece)

    with pytest.raises(DocumentError, match=r"unpacks to more than 268,435,456 bytes"):
        drain()
    assert read_bytes <= SMALLEST_CAP


def test_an_empty_file_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"a\.csv is empty"):
        look_at(write_csv(tmp_path / "a.csv"))


def test_a_missing_file_a_folder_and_a_device_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="cannot be read: No such file"):
        look_at(tmp_path / "missing.csv")
    with pytest.raises(DocumentError, match="is not a file"):
        look_at(tmp_path)
    with pytest.raises(DocumentError, match="is not a file"):
        look_at(Path("/dev/zero"))
    with pytest.raises(DocumentError, match=r"cannot be read: .*null"):
        look_at(Path("a\0b"))


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", *LINES)
    source = look_at(file)

    def grow() -> None:
        with csv_bytes(source) as stream:
            stream.read()
            with file.open("ab") as more:
                more.write(b"1,2\n")

    with pytest.raises(DocumentError, match="changed while it was read"):
        grow()


def test_a_file_that_goes_away_is_refused(tmp_path: Path) -> None:
    source = look_at(write_csv(tmp_path / "a.csv", *LINES))
    source.path.unlink()
    with pytest.raises(DocumentError, match="No such file"), csv_bytes(source):
        pass


@pytest.mark.parametrize("name", ["a\nb.csv", "\x1b[31mred.csv", "a\u202eb.csv", "\udcff.csv"])
def test_a_hostile_name_is_shown_harmlessly(tmp_path: Path, name: str) -> None:
    source = look_at(write_csv(tmp_path / name, "1,2"))
    assert source.name.isprintable()
    assert source.name.encode()
    assert source.name.endswith(".csv")


def test_ordinary_names_are_shown_as_they_are() -> None:
    assert printable("BTCUSDT Größe 1m.csv") == "BTCUSDT Größe 1m.csv"
