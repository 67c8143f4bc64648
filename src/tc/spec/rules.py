"""What must hold between the fields of a document, and between a RunSpec and its instrument."""

from decimal import Decimal
from typing import cast

from tc.spec.grammar import instant_ns
from tc.spec.instrument import InstrumentSpec
from tc.spec.reading.reader import Reading
from tc.spec.run_spec import RunSpec

NOT_YET_SUPPORTED = {
    "risk": "not yet supported: this version enforces no risk limits, so it refuses to look as if it did; remove the block",
    "gate": "not yet supported: this version has no gate in front of the engine; remove the block",
}


def check_run_spec(reading: Reading) -> None:
    """Add what is wrong between the fields; a rule whose fields could not be read says nothing."""
    _check_mode(reading)
    _check_account(reading)
    _check_venue(reading)
    _check_strategy(reading)
    _check_period(reading)


def _check_mode(reading: Reading) -> None:
    if reading.values.get("mode") == "paper":
        _add(reading, "mode", "paper trading is not yet supported; expected 'backtest'")


def _check_account(reading: Reading) -> None:
    leverage = reading.values.get("venue.default_leverage", "1")
    if reading.values.get("venue.account_type") == "cash" and leverage != "1":
        _add(reading, "venue.default_leverage", "a cash account has no leverage; remove the line, or use a margin account")
    base = reading.values.get("venue.base_currency")
    seen: set[str] = set()
    for path, balance in _starting_balances(reading):
        currency = balance.partition(" ")[2]
        if currency in seen:
            _add(reading, path, f"{currency} is given twice; write one amount for each currency")
        if base is not None and currency != base:
            _add(reading, path, f"an account with base_currency {base} holds nothing but {base}")
        seen.add(currency)


def _starting_balances(reading: Reading) -> list[tuple[str, str]]:
    prefix = "venue.starting_balances["
    return [(path, cast("str", value)) for path, value in reading.values.items() if path.startswith(prefix)]


def _check_venue(reading: Reading) -> None:
    venue, instrument = reading.values.get("venue.name"), reading.values.get("instrument")
    if isinstance(venue, str) and isinstance(instrument, str) and instrument.rpartition(".")[2] != venue:
        _add(reading, "instrument", f"the venue is {venue}; expected an instrument of it, or another venue.name")


def _check_strategy(reading: Reading) -> None:
    scenario, path = _given(reading, "strategy.scenario"), _given(reading, "strategy.path")
    if scenario and path:
        _add(reading, "strategy.path", "a strategy has either a scenario or a path, not both")
    elif scenario:
        for key in ("config_path", "config", "python_path"):
            if reading.values.get(f"strategy.{key}"):
                _add(reading, f"strategy.{key}", "it belongs to a path, not to a scenario; a scenario takes parameters")
    elif path:
        _check_strategy_path(reading)
    elif "strategy" in reading.places and not any(problem.path.startswith("strategy") for problem in reading.problems.found):
        _add(reading, "strategy", "expected a scenario, or the path of a strategy as module:Class")


def _check_strategy_path(reading: Reading) -> None:
    if reading.values.get("strategy.parameters"):
        _add(reading, "strategy.parameters", "they belong to a scenario, not to a path; a path takes config")
    if reading.values.get("strategy.config") and not _given(reading, "strategy.config_path"):
        _add(reading, "strategy.config", "a config needs config_path: the config class, as module:Class")
    for name, folder in reading.values.items():
        if name.startswith("strategy.python_path[") and str(folder).startswith(("/", "~")):
            _add(reading, name, "expected a folder relative to this document, so that it means the same on every machine")


def _check_period(reading: Reading) -> None:
    start, end = reading.values.get("data.start"), reading.values.get("data.end")
    if isinstance(start, str) and isinstance(end, str) and instant_ns(start) >= instant_ns(end):
        _add(reading, "data.end", f"the end is exclusive and must be later than the start, {start}")


def _given(reading: Reading, path: str) -> bool:
    """Whether something other than null stands at a path, be it right or wrong."""
    return path in reading.places and reading.values.get(path, "wrong") is not None


def _add(reading: Reading, path: str, message: str) -> None:
    value = reading.values.get(path)
    shown = repr(value) if isinstance(value, str) else None
    reading.problems.add(reading.places[path], path, message, value=shown)


def check_instrument(reading: Reading, *, named: str | None) -> None:
    """Add what is wrong between the fields of an instrument, and with the name of its file, if it has one."""
    identity = reading.values.get("id")
    if named is not None and isinstance(identity, str) and identity.replace("/", "") != named.removesuffix(".yaml"):
        _add(reading, "id", f"its file is named {named}; expected {identity.replace('/', '')}.yaml, or another id")
    for name in ("price", "size"):
        precision, increment = reading.values.get(f"{name}_precision"), reading.values.get(f"{name}_increment")
        if isinstance(precision, int) and isinstance(increment, str) and len(increment.partition(".")[2]) > precision:
            _add(reading, f"{name}_increment", f"it has more decimal places than {name}_precision, {precision}")
    for name in ("quantity", "notional", "price"):
        low, high = reading.values.get(f"min_{name}"), reading.values.get(f"max_{name}")
        if isinstance(low, str) and isinstance(high, str) and Decimal(low) > Decimal(high):
            _add(reading, f"max_{name}", f"it must not be below min_{name}, {low}")
    if reading.values.get("kind") == "currency_pair":
        _check_currency_pair(reading)


def _check_currency_pair(reading: Reading) -> None:
    settled, quoted = reading.values.get("settlement_currency"), reading.values.get("quote_currency")
    if settled is not None and quoted is not None and settled != quoted:
        _add(reading, "settlement_currency", f"a currency pair settles in its quote currency, {quoted}")
    if reading.values.get("is_inverse"):
        _add(reading, "is_inverse", "a currency pair is never inverse")


def misfits(spec: RunSpec, instrument: InstrumentSpec) -> tuple[tuple[str, str, str], ...]:
    """Return path, value and reason of what keeps an instrument from being traded on the account that a RunSpec describes."""
    venue = spec.venue
    if venue.account_type == "margin":
        return ()
    if instrument.kind == "crypto_perpetual":
        return (("venue.account_type", repr(venue.account_type), f"{instrument.id} is a perpetual and needs a margin account"),)
    if venue.base_currency is not None:
        why = f"a cash account that trades {instrument.id} holds two currencies; expected null"
        return (("venue.base_currency", repr(venue.base_currency), why),)
    return ()
