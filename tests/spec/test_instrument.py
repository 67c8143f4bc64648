from pathlib import Path

import pytest

from run_specs import wrong_values
from tc.errors import DocumentError
from tc.spec.instrument import InstrumentSpec
from tc.spec.library import PACKAGED, find_instrument, instrument_folders, known_instruments, load_instrument
from tc.spec.parse import parse_instrument

MINIMAL = """\
id: EUR/USD.SIM
kind: currency_pair
raw_symbol: EURUSD
base_currency: EUR
quote_currency: USD
price_precision: 5
size_precision: 0
price_increment: "0.00010"
size_increment: 1
maker_fee: "0"
taker_fee: "0.0001"
"""


def problems_of(text: str) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        parse_instrument(text, source="i.yaml")
    assert caught.value.hint == ""
    return caught.value.message.splitlines()


def with_line(line: str) -> str:
    """Return the minimal instrument with the line of that key replaced, or with the line at its end."""
    key = line.partition(":")[0]
    lines = [line if each.startswith(f"{key}:") else each for each in MINIMAL.splitlines()]
    return "\n".join(lines if line in lines else [*lines, line]) + "\n"


def test_an_instrument_is_read_complete_with_increments_at_full_precision() -> None:
    assert parse_instrument(MINIMAL, source="i.yaml") == InstrumentSpec(
        id="EUR/USD.SIM",
        kind="currency_pair",
        raw_symbol="EURUSD",
        base_currency="EUR",
        quote_currency="USD",
        settlement_currency="USD",
        is_inverse=False,
        price_precision=5,
        size_precision=0,
        price_increment="0.00010",
        size_increment="1",
        multiplier="1",
        lot_size=None,
        min_quantity=None,
        max_quantity=None,
        min_notional=None,
        max_notional=None,
        min_price=None,
        max_price=None,
        margin_init="0",
        margin_maint="0",
        maker_fee="0",
        taker_fee="0.0001",
    )


def test_the_venue_is_what_follows_the_last_dot() -> None:
    assert parse_instrument(MINIMAL, source="i.yaml").venue == "SIM"


def test_an_inverse_perpetual_settles_in_its_base_currency() -> None:
    text = with_line("is_inverse: true").replace("currency_pair", "crypto_perpetual")
    assert parse_instrument(text, source="i.yaml").settlement_currency == "EUR"


@pytest.mark.parametrize(("line", "problems"), [(line, problems) for _, line, problems in wrong_values("wrong_instruments.txt")])
def test_a_wrong_value_is_told_with_its_line(line: str, problems: list[str]) -> None:
    assert problems_of(with_line(line)) == problems


@pytest.mark.parametrize("name", ["quantity", "notional", "price"])
def test_a_maximum_below_its_minimum_is_refused(name: str) -> None:
    assert problems_of(MINIMAL + f"min_{name}: 10\nmax_{name}: 9\n") == [
        f"i.yaml:13: max_{name}: value '9': it must not be below min_{name}, 10"
    ]
    assert parse_instrument(MINIMAL + f"min_{name}: 10\nmax_{name}: 10\n", source="i.yaml") is not None


@pytest.mark.parametrize("instrument_id", ["ADABTC.BINANCE", "BTCUSDT-PERP.BINANCE", "BTCUSDT.BINANCE", "FILUSDT-PERP.BINANCE"])
def test_a_packaged_instrument_is_complete_and_leaves_nothing_to_a_default(instrument_id: str) -> None:
    instrument = load_instrument(instrument_id, search=())
    text = (PACKAGED / f"{instrument_id}.yaml").read_text(encoding="utf-8")
    for field in InstrumentSpec.__struct_fields__:
        assert f"\n{field}: " in f"\n{text}", field
    assert instrument.id == instrument_id


def test_the_first_folder_that_has_the_document_wins(tmp_path: Path) -> None:
    near, far = tmp_path / "near", tmp_path / "far"
    packaged = (PACKAGED / "BTCUSDT.BINANCE.yaml").read_text(encoding="utf-8")
    for folder, fee in ((near, "0.002"), (far, "0.003")):
        folder.mkdir()
        text = packaged.replace('taker_fee: "0.001"', f'taker_fee: "{fee}"')
        (folder / "BTCUSDT.BINANCE.yaml").write_text(text, encoding="utf-8")
    assert load_instrument("BTCUSDT.BINANCE", search=(near, far)).taker_fee == "0.002"
    assert load_instrument("BTCUSDT.BINANCE", search=(tmp_path, far)).taker_fee == "0.003"
    assert load_instrument("BTCUSDT.BINANCE", search=(tmp_path,)).taker_fee == "0.001"


def test_a_slash_in_an_id_is_left_out_of_the_name_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "EURUSD.SIM.yaml").write_text(MINIMAL, encoding="utf-8")
    assert load_instrument("EUR/USD.SIM", search=(tmp_path,)).id == "EUR/USD.SIM"


def test_a_document_whose_id_is_not_its_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "GBPUSD.SIM.yaml"
    path.write_text(MINIMAL, encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        load_instrument("GBPUSD.SIM", search=(tmp_path,))
    assert caught.value.message == (
        f"{path}:1: id: value 'EUR/USD.SIM': its file is named GBPUSD.SIM.yaml; expected EURUSD.SIM.yaml, or another id"
    )


def test_an_unknown_instrument_is_an_error_that_shows_how_to_write_it_and_where(tmp_path: Path) -> None:
    with pytest.raises(DocumentError) as caught:
        load_instrument("FILUSDT.BINANCE", search=(tmp_path / "instruments",))
    assert caught.value.message == (
        "instrument: value 'FILUSDT.BINANCE': there is no document of this instrument; known are ADABTC.BINANCE, "
        "BTCUSDT-PERP.BINANCE, BTCUSDT.BINANCE, FILUSDT-PERP.BINANCE; did you mean 'FILUSDT-PERP.BINANCE'?"
    )
    head, _, shown = caught.value.hint.partition("\n\n")
    assert head == f"write {tmp_path}/instruments/FILUSDT.BINANCE.yaml like this one, with the venue's own values:"
    example = "\n".join(line.removeprefix("    ") for line in shown.splitlines())
    assert parse_instrument(example, source="the example") == load_instrument("BTCUSDT-PERP.BINANCE", search=())


def test_without_a_folder_to_search_the_hint_names_that_of_the_working_directory() -> None:
    with pytest.raises(DocumentError) as caught:
        load_instrument("X.SIM", search=())
    assert caught.value.hint.startswith("write specs/instruments/X.SIM.yaml like this one")


@pytest.mark.parametrize("instrument_id", ["../../etc/passwd", "x" * 5000, "a\0b.SIM", ""])
def test_an_id_that_could_be_no_file_is_just_unknown(instrument_id: str) -> None:
    assert find_instrument(instrument_id, search=(Path(),)) is None


def test_the_folders_beside_the_run_spec_and_in_the_working_directory_are_searched(tmp_path: Path) -> None:
    assert instrument_folders(tmp_path / "run.yaml") == (tmp_path / "instruments", Path("specs") / "instruments")


def test_known_instruments_are_those_of_the_folders_and_the_packaged_ones(tmp_path: Path) -> None:
    (tmp_path / "EURUSD.SIM.yaml").write_text(MINIMAL, encoding="utf-8")
    assert known_instruments(search=(tmp_path,)) == (
        "ADABTC.BINANCE",
        "BTCUSDT-PERP.BINANCE",
        "BTCUSDT.BINANCE",
        "EURUSD.SIM",
        "FILUSDT-PERP.BINANCE",
    )
