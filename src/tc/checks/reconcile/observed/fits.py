"""Whether holdings can be stated in a document, answered at once for the many: a few passes in C, and no object for each."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, get_args

from tc.checks.reconcile.holdings import KINDS, Holdings, Kind, Unknown
from tc.checks.reconcile.observed.document import Side
from tc.core.state.model import OrderStatus

_MOST_LETTERS = 200
_MOST_NS = 2**63 - 1
_SIDES: frozenset[str] = frozenset(get_args(Side))
_STATUSES: frozenset[str] = frozenset(get_args(OrderStatus))
# As Decimals write themselves: small ones with an exponent. Whatever it does not know is judged by the document's own grammar.
_AMOUNT = r"(?:(?:0|[1-9][0-9]{0,19})(?:\.[0-9]{1,18})?|[0-9]E-(?:[1-9]|1[0-8])|[0-9]\.[0-9]{1,8}E-(?:[1-9]|10)) "
_QUANTITIES = re.compile(f"(?:{_AMOUNT})*+")
_AMOUNTS = re.compile(f"(?:-?{_AMOUNT})*+")


@dataclass(frozen=True, slots=True)
class _Fields:
    """The fields of one kind, by what they take; those that are ``optional`` may be None."""

    texts: tuple[str, ...] = ()
    quantities: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ()
    words: Mapping[str, frozenset[str]] | None = None
    times: tuple[str, ...] = ()
    optional: frozenset[str] = frozenset()


_FIELDS: Mapping[Kind, _Fields] = {
    "orders": _Fields(
        texts=("key", "venue_order_id", "instrument_id"),
        quantities=("quantity", "filled"),
        amounts=("price", "trigger_price"),
        words={"side": _SIDES, "status": _STATUSES},
        optional=frozenset({"venue_order_id", "price", "trigger_price"}),
    ),
    "fills": _Fields(
        texts=("trade_id", "key", "venue_order_id", "instrument_id", "fee_currency"),
        quantities=("quantity",),
        amounts=("price", "fee"),
        words={"side": _SIDES},
        times=("at_ns",),
        optional=frozenset({"key", "venue_order_id"}),
    ),
    "positions": _Fields(texts=("instrument_id",), amounts=("signed_quantity",)),
    "balances": _Fields(texts=("currency",), amounts=("total",)),
}


def surely_fit(holdings: Holdings) -> bool:
    """Return whether a document can certainly state them; of what is uncommon, False is no verdict."""
    times = [each for each in (holdings.at_ns, holdings.fills_from_ns) if each is not None]
    if not _are_times(times):
        return False
    parts = ((_FIELDS[kind], getattr(holdings, kind)) for kind in KINDS)
    return all(isinstance(part, Unknown) or _fits(part, fields) for fields, part in parts)


def _fits(part: Sequence[Any], fields: _Fields) -> bool:
    words = fields.words or {}
    return (
        all(allowed.issuperset(_values(part, name, fields)) for name, allowed in words.items())
        and all(_are_texts(_values(part, name, fields)) for name in fields.texts)
        and all(_are_times(_values(part, name, fields)) for name in fields.times)
        and all(_match(_QUANTITIES, _values(part, name, fields)) for name in fields.quantities)
        and all(_match(_AMOUNTS, _values(part, name, fields)) for name in fields.amounts)
    )


def _values(part: Sequence[Any], name: str, fields: _Fields) -> list[Any]:
    values = list(map(attrgetter(name), part))
    return [each for each in values if each is not None] if name in fields.optional else values


def _are_texts(values: Sequence[str]) -> bool:
    lengths = set(map(len, values))
    return not lengths or (min(lengths) > 0 and max(lengths) <= _MOST_LETTERS)


def _are_times(values: Sequence[int]) -> bool:
    return not values or (min(values) >= 0 and max(values) <= _MOST_NS)


def _match(pattern: re.Pattern[str], values: Iterable[object]) -> bool:
    return pattern.fullmatch("".join([f"{each!s} " for each in values])) is not None
