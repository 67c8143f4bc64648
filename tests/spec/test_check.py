from pathlib import Path

import pytest

from run_specs import PAPER, SMOKE, edited
from tc.errors import DocumentError
from tc.spec.check import check_document, load_documents, require_valid, stated_mode
from tc.spec.library import PACKAGED
from tc.spec.parse import HINT

CASH = (("account_type: margin", "account_type: cash"), ('  default_leverage: "10"\n', ""))


def written(folder: Path, text: str, name: str = "run.yaml") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def told(path: Path, *overrides: str) -> list[str]:
    return [str(problem) for problem in check_document(path, overrides=overrides).problems]


def test_a_valid_run_spec_comes_with_its_instrument(tmp_path: Path) -> None:
    checked = check_document(written(tmp_path, SMOKE))
    assert (checked.is_valid, checked.kind, checked.name, checked.hint) == (True, "run_spec", "smoke", "")
    assert checked.instrument is not None
    assert checked.instrument.id == "BTCUSDT-PERP.BINANCE"


def test_a_valid_instrument_is_taken_for_what_it_is() -> None:
    checked = check_document(PACKAGED / "BTCUSDT.BINANCE.yaml")
    assert (checked.is_valid, checked.kind, checked.name, checked.hint) == (True, "instrument", "BTCUSDT.BINANCE", "")


def test_a_broken_instrument_is_told_as_one(tmp_path: Path) -> None:
    text = (PACKAGED / "BTCUSDT.BINANCE.yaml").read_text(encoding="utf-8").replace("kind: currency_pair", "kind: pair")
    checked = check_document(written(tmp_path, text, "BTCUSDT.BINANCE.yaml"))
    assert (checked.is_valid, checked.kind, checked.name) == (False, "instrument", "")
    assert checked.hint == "`tc spec schema --instrument` gives an editor what it needs to complete and check"


def test_an_unknown_instrument_is_told_at_its_line_with_how_to_write_it(tmp_path: Path) -> None:
    path = written(tmp_path, edited(("BTCUSDT-PERP.BINANCE", "BTCUSD-PERP.BINANCE")))
    checked = check_document(path)
    (problem,) = told(path)
    assert problem.startswith(
        f"{path}:11: instrument: value 'BTCUSD-PERP.BINANCE': there is no document of this instrument; known are "
    )
    assert problem.endswith("; did you mean 'BTCUSDT-PERP.BINANCE'?")
    assert checked.hint.startswith(f"write {tmp_path}/instruments/BTCUSD-PERP.BINANCE.yaml like this one")


def test_a_broken_instrument_beside_a_run_spec_is_told_with_the_file_of_the_instrument(tmp_path: Path) -> None:
    document = (PACKAGED / "BTCUSDT-PERP.BINANCE.yaml").read_text(encoding="utf-8")
    instrument = written(tmp_path / "instruments", document.replace('"0.1" ', '"0.01"'), "BTCUSDT-PERP.BINANCE.yaml")
    path = written(tmp_path, edited(("seed: 42", "seed: x")))
    assert told(path) == [
        f"{instrument}:11: price_increment: value '0.01': it has more decimal places than price_precision, 1",
        f"{path}:16: seed: value 'x': expected a whole number from 0 to 9223372036854775807",
    ]


def test_an_unreadable_instrument_beside_a_run_spec_is_told_as_well(tmp_path: Path) -> None:
    instrument = written(tmp_path / "instruments", "", "BTCUSDT-PERP.BINANCE.yaml")
    instrument.write_bytes(b"\xff")
    assert told(written(tmp_path, SMOKE)) == [f"{instrument}:1: value 0xff: this is not UTF-8: save the file as UTF-8"]


def test_a_perpetual_on_a_cash_account_is_told_at_the_account(tmp_path: Path) -> None:
    path = written(tmp_path, edited(*CASH))
    assert told(path) == [
        f"{path}:7: venue.account_type: value 'cash': BTCUSDT-PERP.BINANCE is a perpetual and needs a margin account"
    ]


def test_a_paper_run_trades_a_perpetual_and_pays_its_own_fees(tmp_path: Path) -> None:
    path = written(tmp_path, PAPER)
    assert told(path) == []
    (problem,) = told(path, "instrument=BTCUSDT.BINANCE")
    assert problem.endswith("a paper run trades perpetual futures; expected one of those")
    assert told(path, 'venue.fees={maker: "0.0002", taker: "0.0005"}') == []  # as the stored form writes them out
    (problem,) = told(path, 'venue.fees={maker: "0", taker: "0.0005"}')
    assert "venue.fees: value maker 0, taker 0.0005: a paper run pays what its venue charges" in problem


def test_a_pair_on_a_cash_account_of_one_currency_is_told_at_the_currency(tmp_path: Path) -> None:
    spot = edited(*CASH, ("BTCUSDT-PERP.BINANCE", "BTCUSDT.BINANCE"))
    path = written(tmp_path, spot)
    assert told(path) == []
    (problem,) = told(path, "venue.base_currency=USDT")
    assert problem.endswith("value 'USDT': a cash account that trades BTCUSDT.BINANCE holds two currencies; expected null")


def test_a_profile_that_is_not_meant_for_the_currency_is_told_at_the_profile(tmp_path: Path) -> None:
    pair = (PACKAGED / "ADABTC.BINANCE.yaml").read_text(encoding="utf-8")
    written(tmp_path / "instruments", pair, "ADABTC.BINANCE.yaml")
    text = edited(("BTCUSDT-PERP.BINANCE", "ADABTC.BINANCE")) + "gate: on\nrisk:\n  profile: standard\n  max_gross_exposure: 2\n"
    path = written(tmp_path, text)
    (problem,) = told(path)
    assert problem == (
        f"{path}:19: risk.profile: value 'standard': its values are meant in dollars, and ADABTC.BINANCE is quoted in BTC; "
        "write max_order_notional out"
    )


def test_a_file_that_cannot_be_read_is_told_like_any_other_problem(tmp_path: Path) -> None:
    missing = tmp_path / "missing.yaml"
    assert told(missing) == [f"{missing}: the file cannot be read: No such file or directory"]


def test_documents_are_loaded_with_their_overrides(tmp_path: Path) -> None:
    spec, instrument = load_documents(written(tmp_path, SMOKE), overrides=["instrument=FILUSDT-PERP.BINANCE"])
    assert spec.instrument == instrument.id == "FILUSDT-PERP.BINANCE"


def test_every_problem_of_both_documents_is_in_one_error(tmp_path: Path) -> None:
    path = written(tmp_path, edited(("seed: 42", "seed: x"), ("BTCUSDT-PERP.BINANCE", "X.BINANCE")))
    with pytest.raises(DocumentError) as caught:
        load_documents(path)
    assert len(caught.value.message.splitlines()) == 3
    assert caught.value.message.startswith("2 problems\n")


def test_an_instrument_cannot_be_loaded_as_a_run_spec() -> None:
    with pytest.raises(DocumentError, match="this is an instrument; expected a RunSpec"):
        load_documents(PACKAGED / "BTCUSDT.BINANCE.yaml")


def test_problems_of_several_files_are_in_one_error_with_the_hint_of_the_first(tmp_path: Path) -> None:
    good = written(tmp_path, SMOKE, "good.yaml")
    many = written(tmp_path, SMOKE + "".join(f"x{index}: 1\n" for index in range(120)), "many.yaml")
    bad = written(tmp_path, "", "bad.yaml")
    require_valid([check_document(good)])
    checked = [check_document(path) for path in (good, bad, many)]
    with pytest.raises(DocumentError) as caught:
        require_valid(checked)
    lines = caught.value.message.splitlines()
    assert lines[:2] == ["121 problems", f"{bad}:1: the document is empty"]
    assert lines[-1] == "… and 20 more"
    assert caught.value.hint == checked[1].hint


def test_a_judgement_is_a_json_object(tmp_path: Path) -> None:
    path = written(tmp_path, edited(("oms_type: netting", "oms_type: neting")))
    assert check_document(path).to_dict() == {
        "file": str(path),
        "kind": "run_spec",
        "name": "",
        "valid": False,
        "problems": [
            {
                "source": str(path),
                "line": 8,
                "column": 13,
                "path": "venue.oms_type",
                "value": "'neting'",
                "message": "expected 'hedging' or 'netting'",
                "nearest": "netting",
            }
        ],
        "more_problems": 0,
        "hint": HINT,
    }


def test_the_mode_that_a_spec_states_is_read_whatever_else_is_wrong_with_it(tmp_path: Path) -> None:
    assert stated_mode(written(tmp_path, "mode: paper\nshape: round\n")) == "paper"
    assert stated_mode(written(tmp_path, "name: x\n")) == ""
    assert stated_mode(written(tmp_path, "mode: [paper]\n")) == ""
    assert stated_mode(written(tmp_path, "- paper\n")) == ""
