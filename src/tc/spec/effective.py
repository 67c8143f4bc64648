"""The complete form of a RunSpec: every effective value written out, as a document to fingerprint and as YAML to read again."""

import re

from msgspec import Struct, json, to_builtins
from msgspec.structs import replace

from tc.errors import DocumentError
from tc.spec.gate import gate_configuration
from tc.spec.grammar import seconds_ns
from tc.spec.instrument import InstrumentSpec
from tc.spec.profile import written_out
from tc.spec.reading.scalar import classify
from tc.spec.rules import misfits
from tc.spec.run_spec import FeesSpec, RunSpec

PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def resolved(spec: RunSpec, instrument: InstrumentSpec) -> RunSpec:
    """Return the RunSpec with what it left to others written out: fees to its instrument, limits to a risk profile.

    Raises DocumentError when the instrument cannot be traded on the account that the RunSpec describes.
    """
    wrong = misfits(spec, instrument)
    if wrong:
        raise DocumentError("\n".join(f"{spec.name}: {path}: value {value}: {why}" for path, value, why in wrong))
    risk = None if spec.risk is None else written_out(spec.risk)
    if spec.venue is None:
        return replace(spec, risk=risk)
    fees = spec.venue.fees or FeesSpec(maker=instrument.maker_fee, taker=instrument.taker_fee)
    return replace(spec, venue=replace(spec.venue, fees=fees), risk=risk)


def effective_document(spec: RunSpec, instrument: InstrumentSpec) -> dict[str, object]:
    """Return what a run is configured with, complete: the resolved RunSpec and the instrument, as JSON values."""
    return {"run_spec": _json_value(resolved(spec, instrument)), "instrument": _json_value(instrument)}


def core_document(spec: RunSpec, instrument: InstrumentSpec) -> dict[str, object]:
    """Return what the Core is configured with, complete, as the JSON values that `CoreConfiguration.from_document` reads.

    Raises DocumentError when the gate has no limits to judge by.
    """
    history = spec.core.price_history
    return {
        "closed_orders_kept": spec.core.closed_orders_kept,
        "history": {"samples": history.samples, "every_ns": seconds_ns(history.every_s)},
        "gate": None if spec.gate == "off" else _json_value(gate_configuration(spec, instrument, mode=spec.gate)),
    }


def _json_value(document: Struct) -> object:
    return json.decode(json.encode(document))


def run_spec_yaml(spec: RunSpec) -> str:
    """Return the RunSpec as YAML with every field in it; parsing it gives an equal RunSpec."""
    return "".join(f"{line}\n" for line in _mapping_lines(to_builtins(spec)))


def _mapping_lines(mapping: dict[str, object]) -> list[str]:
    lines = []
    for key, value in mapping.items():
        name = key if PLAIN_KEY.fullmatch(key) and classify(key)[0] == "text" else _quoted(key)
        lines += _with_head(f"{name}:", value)
    return lines


def _with_head(head: str, value: object) -> list[str]:
    """Return the lines of a value after the head of its first line."""
    match value:
        case dict() if value:
            return [head, *(f"  {line}" for line in _mapping_lines(value))]
        case list() | tuple() if value:
            return [head, *(f"  {line}" for item in value for line in _with_head("-", item))]
        case dict():
            return [f"{head} {{}}"]
        case list() | tuple():
            return [f"{head} []"]
        case _:
            return [f"{head} {_scalar(value)}"]


def _scalar(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float():
            mantissa, exponent, power = repr(value).partition("e")
            return f"{mantissa}{'' if '.' in mantissa else '.0'}{exponent}{power}"
        case int():
            return str(value)
        case _:
            return _quoted(str(value))


def _quoted(text: str) -> str:
    """Return a text in double quotes, with what YAML would fold, refuse or not show escaped."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    return f"\\U{ord(character):08x}"
