"""Claims about the document of what was observed: it holds everything exactly, and says what is wrong with it."""

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from held import holdings, small
from tc.checks.reconcile import HeldBalance, Holdings, Kind, Unknown, reconcile, unknown_holdings
from tc.checks.reconcile.observed.convert import holdings_of, observed_document, statable
from tc.checks.reconcile.observed.fits import surely_fit
from tc.checks.reconcile.observed.reading import parse_observed
from tc.core.state.model import OrderStatus
from tc.errors import DocumentError


def written(held: Holdings) -> bytes:
    return msgspec.json.encode(observed_document(held))


def document() -> dict[str, Any]:
    """Return a small document as JSON values."""
    value: dict[str, Any] = json.loads(written(small()))
    return value


@given(holdings())
def test_holdings_come_back_exactly_as_they_were_written(held: Holdings) -> None:
    again = holdings_of(parse_observed(written(held), source="a file"))
    assert again == held
    assert reconcile(held, again).verdict == "clean"


def test_a_part_that_is_left_out_or_null_is_unknown_and_an_empty_one_is_none() -> None:
    stated = holdings_of(parse_observed(b'{"observed_version":1,"orders":[],"fills":null}', source="a file"))
    assert stated.orders == ()
    assert isinstance(stated.fills, Unknown)
    assert isinstance(stated.positions, Unknown)
    assert stated.has_all_closed is False
    partly = replace(small(), fills=Unknown("why"), fills_from_ns=7, at_ns=9)
    assert holdings_of(parse_observed(written(partly), source="a file")).fills == Unknown("the document does not state them")


def test_amounts_keep_every_digit() -> None:
    value = document()
    value["balances"][0]["total"] = "99999999999999999999.123456789012345678"
    balances = holdings_of(parse_observed(json.dumps(value).encode(), source="a file")).balances
    assert not isinstance(balances, Unknown)
    assert balances[0].total == Decimal("99999999999999999999.123456789012345678")


def set_(part: str, field: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda document: document[part][0].__setitem__(field, value)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            set_("orders", "quantity", 0.5),
            "orders[0].quantity is 0.5: expected a text in quotes; amounts are texts too, so that they are exact",
        ),
        (set_("orders", "quantity", "-0.5"), 'orders[0].quantity is "-0.5": expected a decimal in quotes, such as "0.5"'),
        (
            set_("positions", "signed_quantity", "1e3"),
            'positions[0].signed_quantity is "1e3": expected a decimal in quotes, such as "-0.5"',
        ),
        (set_("balances", "total", "NaN"), 'balances[0].total is "NaN": expected a decimal in quotes, such as "-0.5"'),
        (set_("orders", "price", 1), "orders[0].price is 1: expected a text in quotes, or null"),
        (
            set_("orders", "status", "NEW"),
            f'orders[0].status is "NEW": expected one of {", ".join(sorted(get_args(OrderStatus)))}',
        ),
        (set_("fills", "side", "buy"), 'fills[0].side is "buy": expected one of BUY, SELL'),
        (set_("orders", "key", ""), 'orders[0].key is "": expected a text that is not empty'),
        (set_("orders", "qty", "1"), "orders[0] has the field `qty`, which is none"),
        (set_("fills", "at_ns", "5"), 'fills[0].at_ns is "5": expected nanoseconds since the epoch, a whole number'),
        (lambda document: document["orders"][0].pop("side"), "orders[0] lacks the field `side`"),
        (lambda document: document.pop("observed_version"), "the document lacks the field `observed_version`"),
        (lambda document: document.update(observed_version=2), "observed_version is 2: expected 1"),
        (lambda document: document.update(observed_version="1"), 'observed_version is "1": expected 1'),
        (lambda document: document.update(at_ns=2**63), f"at_ns is {2**63}: Expected `int` <= {2**63 - 1}"),
        (lambda document: document.update({"k" * 500: 1}), f"the document has the field `{'k' * 60}`, which is none"),
        (lambda document: document.update(closed_orders="most"), 'closed_orders is "most": expected one of all, some'),
        (lambda document: document.update(orders={}), "orders is {}: expected a list"),
        (lambda document: document.update(positions=[5]), "positions[0] is 5: expected an object"),
        (
            lambda document: document["fills"][0].update(key=None, venue_order_id=None),
            "fills[0] lacks both `key` and `venue_order_id`; expected one",
        ),
        (
            lambda document: document["positions"].append(document["positions"][0]),
            "positions[1] states the same as positions[0]; expected each once",
        ),
        (
            lambda document: document["balances"].append({"currency": "USDT", "total": "1"}),
            "balances[1] states the same as balances[0]; expected each once",
        ),
        (
            lambda document: document["orders"].append(document["orders"][1]),
            "orders[2] states the same as orders[1]; expected each once",
        ),
        (
            lambda document: document["fills"].append(document["fills"][0]),
            "fills[1] states the same as fills[0]; expected each once",
        ),
    ],
)
def test_an_error_names_file_place_value_and_what_was_expected(change: Callable[[dict[str, Any]], None], told: str) -> None:
    value = document()
    change(value)
    with pytest.raises(DocumentError) as caught:
        parse_observed(json.dumps(value).encode(), source="seen.json")
    assert caught.value.message == f"seen.json: {told}"
    assert caught.value.hint


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "seen.json, line 1, column 1: Expecting value; expected a JSON document"),
        (b'{"observed_version":1,\n "orders": [,]}', "seen.json, line 2, column 13: Expecting value; expected a JSON document"),
        (b"[]", "seen.json: the document is []: expected an object"),
        (b'{"observed_version":1,"orders":[],"orders":[]}', "seen.json: the field 'orders' stands twice in one object"),
        (b'{"observed_version":1,"orders":NaN}', "seen.json: NaN is no number"),
        (b"\xff{}", "seen.json: "),
        (b"[" * 100_000, "seen.json: "),
        (b'{"observed_version":1,"at_ns":' + b"9" * 5000 + b"}", "seen.json: a whole number of 5,000 digits is none"),
        (b'{"observed_version":1,"balances":[{"currency":"\\ud800","total":"1"}]}', "seen.json: half of a surrogate pair"),
        (
            b"{" + b",".join(b'"%d":1' % number for number in [*range(100_000), 99_999]) + b"}",
            "seen.json: the field '99999' stands twice in one object",
        ),
    ],
)
def test_what_is_no_such_document_is_refused_in_words(data: bytes, told: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_observed(data, source="seen.json")
    assert caught.value.message.startswith(told)


def test_a_byte_order_mark_is_no_error() -> None:
    assert parse_observed(b"\xef\xbb\xbf" + written(small()), source="a file").orders


@given(holdings())
def test_what_can_be_stated_is_believed_as_it_is(held: Holdings) -> None:
    assert surely_fit(held)
    assert statable(held, whose="it") is held


ODD: dict[str, tuple[Kind, dict[str, Any]]] = {
    "orders[1].status": ("orders", {"status": "WEIRD"}),
    "orders[1].side": ("orders", {"side": "NEITHER"}),
    "orders[1].quantity": ("orders", {"quantity": Decimal(-1)}),
    "orders[1].price": ("orders", {"price": Decimal("NaN")}),
    "orders[1].key": ("orders", {"key": ""}),
    "orders[1].venue_order_id": ("orders", {"venue_order_id": "x" * 201}),
    "fills[0].fee": ("fills", {"fee": Decimal("Infinity")}),
    "fills[0].price": ("fills", {"price": Decimal(10**20)}),
    "fills[0].quantity": ("fills", {"quantity": Decimal("0." + "0" * 18 + "1")}),
    "fills[0].at_ns": ("fills", {"at_ns": -1}),
    "positions[0].signed_quantity": ("positions", {"signed_quantity": Decimal("1E+20")}),
    "balances[0].currency": ("balances", {"currency": ""}),
}


@pytest.mark.parametrize("place", ODD)
def test_a_part_that_no_document_could_state_is_unknown_and_the_others_are_not(place: str) -> None:
    kind, change = ODD[place]
    held = small()
    part = getattr(held, kind)
    odd = replace(held, **{kind: (*part[:-1], replace(part[-1], **change))})
    assert statable(odd, whose="the venue") == replace(held, **{kind: Unknown(f"the venue states what cannot be, at {place}")})


@pytest.mark.parametrize("change", [{"at_ns": -1}, {"fills_from_ns": 2**63}])
def test_holdings_of_a_time_that_cannot_be_are_unknown(change: dict[str, Any]) -> None:
    stated = statable(replace(small(), **change), whose="the venue")
    assert stated == unknown_holdings(Unknown("the venue states times that cannot be"))


def test_a_part_that_is_unknown_can_be_stated() -> None:
    held = replace(small(), orders=Unknown("it did not say"), positions=())
    assert statable(held, whose="it") is held


@given(st.decimals(allow_nan=True, allow_infinity=True) | st.decimals(-100, 100, places=20) | st.decimals(-1, 1, places=8))
def test_no_amount_is_believed_that_the_documents_grammar_refuses(amount: Decimal) -> None:
    held = Holdings((), (), (), (HeldBalance("USDT", amount),))
    try:
        parse_observed(written(held), source="it")
    except (DocumentError, ValueError):
        assert not surely_fit(held)
    else:
        assert statable(held, whose="it") is held


def test_small_amounts_that_decimals_write_with_an_exponent_are_common_and_fit() -> None:
    for text in ("0E-8", "1E-8", "-1.5E-7", "0E-18"):
        assert surely_fit(Holdings((), (), (), (HeldBalance("USDT", Decimal(text)),)))


def test_an_amount_that_is_written_in_an_uncommon_way_is_believed_all_the_same() -> None:
    held = Holdings((), (), (), (HeldBalance("USDT", Decimal("1E+5")),))
    assert not surely_fit(held)
    assert statable(held, whose="it") is held
