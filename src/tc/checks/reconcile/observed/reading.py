"""From bytes to the document of what was observed: what is wrong is named with its place, its value and what was expected."""

import json
import re
from collections.abc import Hashable, Iterable
from typing import Any, NoReturn

import msgspec

from tc.checks.reconcile.observed.document import (
    OBSERVED_VERSION,
    Observed,
    ObservedBalance,
    ObservedFill,
    ObservedOrder,
    ObservedPosition,
)
from tc.errors import DocumentError

HINT = "The page observed-file of the reference lists every field, with an example."
LONGEST_VALUE = 60
MOST_DIGITS = 20
_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$?\.?(?P<place>[^`]*)`)?$", re.DOTALL)
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_REWORDED = (
    (re.compile(r"Expected `str` matching regex '\^-\?.*"), 'expected a decimal in quotes, such as "-0.5"'),
    (re.compile(r"Expected `str` matching regex .*"), 'expected a decimal in quotes, such as "0.5"'),
    (re.compile(r"Expected `str` of length >= 1"), "expected a text that is not empty"),
    (re.compile(r"Expected `str \| null`, got `\w+`"), "expected a text in quotes, or null"),
    (re.compile(r"Expected `str`, got `\w+`"), "expected a text in quotes; amounts are texts too, so that they are exact"),
    (re.compile(r"Expected `array(?: \| null)?`, got `\w+`"), "expected a list"),
    (re.compile(r"Expected `object`, got `\w+`"), "expected an object"),
    (re.compile(r"Expected `int(?: \| null)?`, got `\w+`"), "expected nanoseconds since the epoch, a whole number"),
    (re.compile(r"Object contains unknown field `(.{1,60}).*`", re.DOTALL), r"has the field `\1`, which is none"),
    (re.compile(r"Object missing required field (`[^`]*`)"), r"lacks the field \1"),
    (re.compile(r"Invalid enum value .*"), "expected another word"),
)


def parse_observed(data: bytes, *, source: str) -> Observed:
    """Return the document in some bytes.

    Raises
    ------
    DocumentError
        It is no JSON, or a value is not what was expected.

    """
    value = _json(data, source)
    try:
        observed = msgspec.convert(value, Observed, strict=True)
    except msgspec.ValidationError as error:
        raise _misfit(source, value, str(error)) from None
    _refuse_repeats(observed, source)
    return observed


def _json(data: bytes, source: str) -> object:
    try:
        text = data.decode("utf-8-sig")
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_no_number, parse_int=_whole)
        json.dumps(value, ensure_ascii=False).encode()  # Half of a surrogate pair passes for text until it is written.
    except json.JSONDecodeError as error:
        where = f"{source}, line {error.lineno}, column {error.colno}"
        raise DocumentError(f"{where}: {error.msg}; expected a JSON document", hint=HINT) from None
    except UnicodeEncodeError:
        raise DocumentError(f"{source}: half of a surrogate pair is no character; expected text", hint=HINT) from None
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise DocumentError(f"{source}: {error}; expected a JSON document", hint=HINT) from None
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for name, inside in pairs:
        if name in value:
            raise ValueError(f"the field {name[:LONGEST_VALUE]!r} stands twice in one object")
        value[name] = inside
    return value


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ValueError(f"a whole number of {len(text):,} digits is none that a document has")
    return int(text)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _misfit(source: str, document: object, told: str) -> DocumentError:
    found = _AT.match(told)
    what, place = (found["what"], found["place"] or "") if found else (told, "")
    expected = next((pattern.sub(words, what) for pattern, words in _REWORDED if pattern.fullmatch(what)), what)
    subject = place or "the document"
    if expected.startswith(("has ", "lacks ")):
        return DocumentError(f"{source}: {subject} {expected}", hint=HINT)
    if place == "observed_version":
        expected = f"expected {OBSERVED_VERSION}"
    elif what.startswith("Invalid enum value"):
        expected = f"expected one of {_words_at(place)}"
    return DocumentError(f"{source}: {subject} is {_shown(_at(document, place))}: {expected}", hint=HINT)


def _words_at(place: str) -> str:
    """Return the words that a field takes, from its type."""
    names = [name for name, _ in _STEP.findall(place) if name]
    of = {"orders": ObservedOrder, "fills": ObservedFill}.get(names[0], Observed)
    schema = msgspec.json.schema(of)
    field = schema["$defs"][of.__name__]["properties"].get(names[-1], {})
    return ", ".join(str(each) for each in field.get("enum", ()))


def _at(document: Any, place: str) -> object:  # noqa: ANN401 - any JSON value
    value = document
    for name, index in _STEP.findall(place):
        value = value[name] if name else value[int(index)]
    return value


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _refuse_repeats(observed: Observed, source: str) -> None:
    """Refuse what is stated twice, and what contradicts itself."""
    _refuse_same(source, "orders", ((each.key, each.venue_order_id) for each in _listed(observed.orders)))
    _refuse_same(
        source,
        "fills",
        ((each.instrument_id, each.trade_id, each.side, each.key, each.venue_order_id) for each in _listed(observed.fills)),
    )
    _refuse_same(source, "positions", (each.instrument_id for each in _listed(observed.positions)))
    _refuse_same(source, "balances", (each.currency for each in _listed(observed.balances)))
    for number, fill in enumerate(_listed(observed.fills)):
        if fill.key is None and fill.venue_order_id is None:
            raise DocumentError(f"{source}: fills[{number}] lacks both `key` and `venue_order_id`; expected one", hint=HINT)


def _refuse_same(source: str, part: str, names: Iterable[Hashable]) -> None:
    first: dict[Hashable, int] = {}
    for number, name in enumerate(names):
        if name in first:
            raise DocumentError(
                f"{source}: {part}[{number}] states the same as {part}[{first[name]}]; expected each once", hint=HINT
            )
        first[name] = number


def _listed[T: (ObservedOrder, ObservedFill, ObservedPosition, ObservedBalance)](
    part: tuple[T, ...] | None,
) -> tuple[T, ...]:
    return part or ()
