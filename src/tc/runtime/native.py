"""Core-native strategies and the flatten: what they ask for becomes request Events; a strategy that fails asks for nothing."""

import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import get_args

import msgspec

from tc.core import CoreConfiguration, ProcessingContext
from tc.core.control import flatten_intents, is_flat
from tc.core.events import (
    CATEGORIES,
    CancelRequested,
    ControlTimeReached,
    DispatchFailed,
    Event,
    KillSwitchChanged,
    ModifyRequested,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderExpired,
    OrderInitialized,
    OrderModifyRejected,
    OrderRejected,
    StrategyFailed,
    SubmitRequested,
)
from tc.core.events.orders import Side
from tc.core.intents import CancelIntent, Intent, NewIntent, OrderType, ReplaceIntent, TimeInForce
from tc.core.reserved import FLATTEN_STRATEGY
from tc.errors import DocumentError
from tc.ports import CoreStrategy

OWN_TAG = "tc.core"
"""The tag of an order that the Runtime asked for. It is for people to read: whose an order is, its strategy says."""

_CANCEL_FAILED: frozenset[type] = frozenset({DispatchFailed, OrderCancelRejected})
_REJECTIONS = frozenset({OrderRejected, OrderModifyRejected, OrderCancelRejected})
EVALUATED = frozenset(kind for kind, category in CATEGORIES.items() if category in ("market", "execution")) - _REJECTIONS | {
    ControlTimeReached
}
"""The inputs after which a Core-native strategy is evaluated. After a rejection it waits for the next of them: a venue without
latency would reject the same again at once, without end."""

MOST_AT_ONE_INSTANT = 1_000
"""So many times may a strategy ask for something while stream time stands still: each answer without latency may set it off."""

REFUSALS: frozenset[type] = frozenset({DispatchFailed, OrderCancelRejected, OrderDenied, OrderExpired, OrderRejected})
"""After these a flatten does not ask again: what refused at once would refuse again at once, without end."""

_ENDS = REFUSALS | {OrderCanceled}

AGAIN_AFTER_NS = 100_000_000
"""So long, in stream time, does a flatten leave alone what refused it; whatever else is to be done goes on."""


class NativeStrategy:
    """A Core-native strategy under guard: it gives Events, whatever it does.

    ``failure`` is the traceback of the first time it raised, for people: the stream only names the exception's type.
    """

    __slots__ = ("_asked", "_asked_ns", "_strategy", "_strategy_id", "failure")

    def __init__(self, strategy: CoreStrategy, configuration: CoreConfiguration) -> None:
        self._strategy = strategy
        self._strategy_id = strategy_name(configuration)
        if self._strategy_id == FLATTEN_STRATEGY:
            raise DocumentError(f"strategy: the name {FLATTEN_STRATEGY!r} is the flatten's own", hint="Give it another.")
        self._asked_ns = self._asked = 0
        self.failure = ""

    def asked(self, context: ProcessingContext) -> tuple[Event, ...]:
        """Evaluate the strategy and return its requests; or that it failed: it raised, gave rubbish, or finds no end."""
        try:
            intents = tuple(_checked(self._strategy.evaluate(context)))
            if intents:
                self._count(context.stream_time_ns)
        except _Rubbish as rubbish:
            return self._failed(context, str(rubbish))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a strategy raises, the stream goes on
            return self._failed(context, type(error).__name__)
        return tuple(requests(intents, context, self._strategy_id)) if intents else ()

    def forget(self) -> None:
        """Remember nothing of what was asked for: so does another process, in which the run goes on."""
        self._asked_ns = self._asked = 0

    def _count(self, now_ns: int) -> None:
        self._asked = self._asked + 1 if now_ns == self._asked_ns else 1
        self._asked_ns = now_ns
        if self._asked > MOST_AT_ONE_INSTANT:
            raise _Rubbish(f"it asked {MOST_AT_ONE_INSTANT} times at one instant, and again")

    def _failed(self, context: ProcessingContext, error: str) -> tuple[Event, ...]:
        self.failure = self.failure or traceback.format_exc()
        return (StrategyFailed(context.stream_time_ns, error),)


class Flatten:
    """Asks for what the flatten needs, and leaves alone for a while what refused it.

    What refused is an instrument whose closing order ended in any way but filled, or an order whose cancel failed.
    """

    __slots__ = ("_closing", "_not_before_ns")

    def __init__(self) -> None:
        self._closing: dict[str, str] = {}
        self._not_before_ns: dict[str, int] = {}

    def asked(self, event: Event, context: ProcessingContext, taken: Collection[str]) -> tuple[Event, ...]:
        """Return the next requests after an input under ``flatten``, and the switch to ``halt`` once all is flat.

        ``taken`` are keys that a Core-native strategy is about to ask for.
        """
        if self.refused(event, context.stream_time_ns) or type(event) in REFUSALS:
            return ()
        if is_flat(context):
            self._closing.clear()
            self._not_before_ns.clear()
            return (KillSwitchChanged(context.stream_time_ns, "halt", "core", "flattened"),)
        intents = [each for each in flatten_intents(context, taken) if self._may_ask(each, context.stream_time_ns)]
        self._closing.update({each.key: each.instrument_id for each in intents if type(each) is NewIntent})
        return tuple(requests(intents, context, FLATTEN_STRATEGY))

    def refused(self, event: Event, now_ns: int) -> bool:
        """Note what an event refuses, and say whether it is the end of an order of the flatten's own."""
        if type(event) not in _ENDS:
            return False
        key: str = event.client_order_id  # type: ignore[union-attr]  # each of them has one
        instrument_id = self._closing.pop(key, None)
        if instrument_id is not None or type(event) in _CANCEL_FAILED:
            self._not_before_ns[instrument_id or key] = now_ns + AGAIN_AFTER_NS
        return instrument_id is not None

    def _may_ask(self, intent: Intent, now_ns: int) -> bool:
        subject = intent.instrument_id if type(intent) is NewIntent else intent.key
        return now_ns >= self._not_before_ns.get(subject, 0)


def requests(intents: Iterable[Intent], context: ProcessingContext, strategy_id: str) -> Iterator[Event]:
    """Return Intents as request Events; a NEW states its order's terms first, unless the key is taken, which Risk then denies."""
    at_ns = context.stream_time_ns
    for intent in intents:
        if type(intent) is NewIntent:
            if context.terms(intent.key) is None:
                yield _terms(intent, at_ns, strategy_id)
            yield SubmitRequested(at_ns, at_ns, (intent.key,))
        elif type(intent) is ReplaceIntent:
            yield ModifyRequested(at_ns, at_ns, intent.key, intent.quantity, intent.price)
        else:
            yield CancelRequested(at_ns, at_ns, (intent.key,))


def keys_of(events: Iterable[Event]) -> frozenset[str]:
    """Return the keys of the orders whose terms are among the events."""
    return frozenset(each.client_order_id for each in events if type(each) is OrderInitialized)


def strategy_name(configuration: CoreConfiguration) -> str:
    """Return the strategy's name in the configuration, under which its orders stand; empty when it names none."""
    return msgspec.json.decode(configuration.document, type=_Named).strategy.name


def _terms(intent: NewIntent, at_ns: int, strategy_id: str) -> OrderInitialized:
    return OrderInitialized(
        at_ns,
        at_ns,
        intent.key,
        strategy_id,
        intent.instrument_id,
        intent.side,
        intent.order_type,
        intent.quantity,
        intent.time_in_force,
        price=intent.price,
        post_only=intent.post_only,
        reduce_only=intent.reduce_only,
        tags=(OWN_TAG,),
    )


class _Strategy(msgspec.Struct):
    name: str = ""


class _Named(msgspec.Struct):
    strategy: _Strategy = msgspec.field(default_factory=_Strategy)


class _Rubbish(Exception):  # noqa: N818 - an answer, not an error
    """What a strategy returned is no sequence of Intents, or too many of them; the text is the same in every process."""


def _checked(answer: object) -> Sequence[Intent]:
    """Return a strategy's answer if it is a sequence of Intents whose values are what their fields say."""
    if not isinstance(answer, (tuple, list)):
        raise _Rubbish(f"{type(answer).__name__} is no sequence of Intents")
    seen: set[str] = set()
    for intent in answer:
        fields = _FIELDS.get(type(intent))
        if fields is None:
            raise _Rubbish(f"{type(intent).__name__} is no Intent")
        for name, is_right in fields.items():
            if not is_right(getattr(intent, name)):
                raise _Rubbish(f"{type(intent).__name__}.{name} has no value that it may have")
        if intent.key in seen:
            raise _Rubbish("one key stands in two Intents of a step")
        seen.add(intent.key)
    return answer


def _is_text(value: object) -> bool:
    return type(value) is str and value != "" and not any("\ud800" <= each <= "\udfff" for each in value)


def _is_amount(value: object) -> bool:
    return type(value) is Decimal and value.is_finite()


def _is_amount_or_none(value: object) -> bool:
    return value is None or _is_amount(value)


def _is_flag(value: object) -> bool:
    return type(value) is bool


def _one_of(words: object) -> Callable[[object], bool]:
    known = frozenset(get_args(words))
    return lambda value: type(value) is str and value in known


_FIELDS: dict[type, Mapping[str, Callable[[object], bool]]] = {
    NewIntent: {
        "key": _is_text,
        "instrument_id": _is_text,
        "side": _one_of(Side),
        "quantity": _is_amount,
        "order_type": _one_of(OrderType),
        "price": _is_amount_or_none,
        "time_in_force": _one_of(TimeInForce),
        "post_only": _is_flag,
        "reduce_only": _is_flag,
    },
    ReplaceIntent: {"key": _is_text, "quantity": _is_amount_or_none, "price": _is_amount_or_none},
    CancelIntent: {"key": _is_text},
}
"""What each field of an Intent may hold: nobody checked it when the Intent was made. What it means is for Risk to judge."""
