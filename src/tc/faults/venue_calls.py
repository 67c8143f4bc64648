"""What each kind of fault asks of the venue's fault port: to break, and to put back. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

_PORT_NAMES = {
    "lost_ack": "unavailable_after",
    "duplicate_fill": "duplicate_user_updates",
    "cancel_fill_race": "fill_before_cancel",
    "request_weight": "use_weight",
}
"""The kinds that the fault port knows by another name."""

_MORE: Mapping[str, Mapping[str, object]] = {"duplicate_fill": {"kinds": ["ORDER_TRADE_UPDATE"], "fills": True}}
"""What a kind says at the port besides its parameters."""

_ONCE = frozenset({"fill_order", "order_vanishes", "funding", "abort_websockets"})
"""What happens once, and then has happened: there is nothing to put back."""

_DEEDS = frozenset({"order_appears", "position_changed"})


@dataclass(frozen=True, slots=True)
class Call:
    """One request at the fault port."""

    fault: str
    document: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Calls:
    """How a fault is injected, and how it is put back (None where that needs nothing); its counter is that of `inject`.

    `is_a_deed` says that putting back undoes what was done, and must not be asked where nothing was: a position is shifted back.
    """

    inject: Call
    restore: Call | None
    is_a_deed: bool = False


def calls_of(kind: str, parameters: msgspec.Struct) -> Calls:
    """Return what is asked for a kind with its parameters."""
    fault = _PORT_NAMES.get(kind, kind)
    given: dict[str, Any] = {**msgspec.to_builtins(parameters), **_MORE.get(kind, {})}
    document = {name: value for name, value in given.items() if value is not None}
    if kind == "abort_websockets":
        document = {"which": given["which"]}
    return Calls(Call(fault, document), _restoring(kind, fault, document), kind in _DEEDS)


def _restoring(kind: str, fault: str, document: Mapping[str, Any]) -> Call | None:
    if kind in _ONCE:
        return None
    if kind == "order_appears":
        named = {name: document[name] for name in ("symbol", "client_order_id")}
        return Call("order_vanishes", {**named, "silent": False})
    if kind == "position_changed":
        return Call(fault, {**document, "by": f"{-Decimal(document['by']):f}"})
    for amount in ("count", "amount", "seconds"):
        if amount in document:
            return Call(fault, {**document, amount: 0})
    return Call(fault, {**document, "on": False})
