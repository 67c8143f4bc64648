"""Pairs two lists of what is held: by the surest identity first, and what is left by the next."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter
from typing import assert_never

from tc.checks.reconcile.holdings import Held, HeldBalance, HeldFill, HeldOrder, HeldPosition, Kind
from tc.checks.reconcile.result import Difference

type Pair = tuple[Held | None, Held | None]
type Identity = Callable[[Held], Hashable | None]

NONE = "none"


@dataclass(frozen=True, slots=True)
class Shape:
    """How one kind is compared: what names it, what identifies it (the surest first), and its fields, with what reads them all.

    Fields that are ``optional`` are only compared where both sides state them.
    """

    subject: Callable[[Held], str]
    identities: tuple[Identity, ...]
    fields: tuple[str, ...]
    values: Callable[[Held], object]
    optional: frozenset[str] = frozenset()


def _identified_by(*names: str) -> Identity:
    """Return the identity by the fields named; what lacks one of them has none."""
    values_of = attrgetter(*names)

    def identity(held: Held) -> Hashable | None:
        values = values_of(held)
        return None if values is None or (isinstance(values, tuple) and None in values) else values

    return identity


def _shape(subject: str, identities: tuple[Identity, ...], *fields: str, optional: Iterable[str] = ()) -> Shape:
    return Shape(attrgetter(subject), identities, fields, attrgetter(*fields), frozenset(optional))


SHAPES: Mapping[Kind, Shape] = {
    "orders": _shape(
        "key",
        (_identified_by("key", "venue_order_id"), _identified_by("key"), _identified_by("instrument_id", "venue_order_id")),
        *("key", "venue_order_id", "instrument_id", "side", "status", "quantity", "filled", "price", "trigger_price"),
    ),
    "fills": _shape(
        "trade_id",
        (
            _identified_by("instrument_id", "trade_id", "side"),
            _identified_by("instrument_id", "trade_id"),
            _identified_by("trade_id", "venue_order_id"),
        ),
        *("key", "venue_order_id", "instrument_id", "side", "quantity", "price", "fee", "fee_currency"),
        optional=("key", "venue_order_id"),
    ),
    "positions": _shape("instrument_id", (_identified_by("instrument_id"),), "signed_quantity"),
    "balances": _shape("currency", (_identified_by("currency"),), "total"),
}


def pair(kind: Kind, left: Iterable[Held], right: Iterable[Held]) -> list[Pair]:
    """Return everything of both sides once: paired where an identity is the same, else alone."""
    lone_left, lone_right = list(left), list(right)
    pairs: list[Pair] = []
    for identity in SHAPES[kind].identities:
        if lone_left and lone_right:
            found, lone_left, lone_right = _paired(identity, lone_left, lone_right)
            pairs += found
    return [*pairs, *((each, None) for each in lone_left), *((None, each) for each in lone_right)]


def _paired(identity: Identity, left: list[Held], right: list[Held]) -> tuple[list[Pair], list[Held], list[Held]]:
    waiting: defaultdict[Hashable, list[Held]] = defaultdict(list)
    lone_right: list[Held] = []
    for each in right:
        name = identity(each)
        (lone_right if name is None else waiting[name]).append(each)
    pairs: list[Pair] = []
    lone_left: list[Held] = []
    for each in left:
        name = identity(each)
        partners = None if name is None else waiting.get(name)
        if partners:
            pairs.append((each, partners.pop(0)))
        else:
            lone_left.append(each)
    lone_right += [each for partners in waiting.values() for each in partners]
    return pairs, lone_left, lone_right


def differences(kind: Kind, expected: Held, actual: Held) -> tuple[Difference, ...]:
    """Return the fields in which two differ: amounts by their value, all else by equality."""
    shape = SHAPES[kind]
    if shape.values(expected) == shape.values(actual):
        return ()
    found: list[Difference] = []
    for name in shape.fields:
        wanted, value = getattr(expected, name), getattr(actual, name)
        if wanted != value and not (name in shape.optional and (wanted is None or value is None)):
            found.append(Difference(name, text_of(wanted), text_of(value)))
    return tuple(found)


def text_of(value: object) -> str:
    """Return a field's value in words; an amount without an exponent."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return NONE if value is None else str(value)


def words_of(held: Held) -> str:
    """Return one of them in a few words."""
    match held:
        case HeldOrder():
            price = "" if held.price is None else f" at {held.price:f}"
            trigger = "" if held.trigger_price is None else f" triggered at {held.trigger_price:f}"
            return f"{held.side} {held.quantity:f} {held.instrument_id}{price}{trigger}, {held.filled:f} filled, {held.status}"
        case HeldFill():
            order = held.key or held.venue_order_id or NONE
            fee = f"fee {held.fee:f} {held.fee_currency}"
            return f"{held.side} {held.quantity:f} {held.instrument_id} at {held.price:f}, {fee}, order {order}"
        case HeldPosition():
            return f"{held.signed_quantity:f}"
        case HeldBalance():
            return f"{held.total:f} {held.currency}"
        case _:
            assert_never(held)
