"""What must hold between the fields of a document, and between a RunSpec and its instrument."""

from decimal import Decimal
from typing import cast

from tc.spec.gate_rules import check_gate
from tc.spec.grammar import instant_ns
from tc.spec.instrument import InstrumentSpec
from tc.spec.mode_rules import check_mode, paper_misfits
from tc.spec.profile import unsuited_limits
from tc.spec.reading.reader import Reading
from tc.spec.run_spec import RunSpec

_OF_A_PATH = "it belongs to a path, not to a scenario; a scenario takes parameters"
_NOT_OF_CORE = "it belongs to a path, not to a core strategy; a core strategy takes parameters"
_OF_OTHERS = "they belong to a scenario or a core strategy, not to a path; a path takes config"
NOT_TAKEN = {
    "scenario": {"config_path": _OF_A_PATH, "config": _OF_A_PATH, "python_path": _OF_A_PATH},
    "path": {"parameters": _OF_OTHERS},
    "core": {"config_path": _NOT_OF_CORE, "config": _NOT_OF_CORE},
}
"""What goes with another kind of strategy, and why it is refused."""


def check_run_spec(reading: Reading) -> None:
    """Add what is wrong between the fields; a rule whose fields could not be read says nothing."""
    _check_account(reading)
    _check_venue(reading)
    _check_strategy(reading)
    _check_engine(reading)
    _check_period(reading)
    check_gate(reading)
    check_mode(reading)
    _check_connectivity(reading)


def _check_account(reading: Reading) -> None:
    leverage = reading.values.get("venue.default_leverage", "1")
    if reading.values.get("venue.account_type") == "cash" and leverage != "1":
        reading.refuse("venue.default_leverage", "a cash account has no leverage; remove the line, or use a margin account")
    base = reading.values.get("venue.base_currency")
    seen: set[str] = set()
    for path, balance in _starting_balances(reading):
        currency = balance.partition(" ")[2]
        if currency in seen:
            reading.refuse(path, f"{currency} is given twice; write one amount for each currency")
        if base is not None and currency != base:
            reading.refuse(path, f"an account with base_currency {base} holds nothing but {base}")
        seen.add(currency)


def _starting_balances(reading: Reading) -> list[tuple[str, str]]:
    prefix = "venue.starting_balances["
    return [(path, cast("str", value)) for path, value in reading.values.items() if path.startswith(prefix)]


def _check_venue(reading: Reading) -> None:
    venue, instrument = reading.values.get("venue.name"), reading.values.get("instrument")
    if isinstance(venue, str) and isinstance(instrument, str) and instrument.rpartition(".")[2] != venue:
        reading.refuse("instrument", f"the venue is {venue}; expected an instrument of it, or another venue.name")


def _check_strategy(reading: Reading) -> None:
    given = [kind for kind in NOT_TAKEN if reading.is_given(f"strategy.{kind}")]
    if len(given) > 1:
        what = f"a strategy is one of a scenario, a path and a core strategy; {given[0]} is given as well"
        reading.refuse(f"strategy.{given[-1]}", what)
    elif given:
        for key, why in NOT_TAKEN[given[0]].items():
            if reading.values.get(f"strategy.{key}"):
                reading.refuse(f"strategy.{key}", why)
        if given != ["scenario"]:
            _check_import(reading)
    elif reading.is_given("strategy") and not any(problem.path.startswith("strategy") for problem in reading.problems.found):
        reading.refuse("strategy", "expected a scenario, the path of a strategy as module:Class, or a core strategy likewise")


def _check_import(reading: Reading) -> None:
    is_path = reading.is_given("strategy.path")
    if is_path and reading.values.get("strategy.config") and not reading.is_given("strategy.config_path"):
        reading.refuse("strategy.config", "a config needs config_path: the config class, as module:Class")
    for name, folder in reading.values.items():
        if name.startswith("strategy.python_path[") and str(folder).startswith(("/", "~")):
            reading.refuse(name, "expected a folder relative to this document, so that it means the same on every machine")


def _check_connectivity(reading: Reading) -> None:
    """Refuse another venue than the run's, and a name that is listed twice: it is needed, or it is not."""
    block = "connectivity_readiness"
    venue, instrument = reading.values.get(f"{block}.venue"), reading.values.get("instrument")
    if isinstance(venue, str) and isinstance(instrument, str) and instrument.rpartition(".")[2] != venue:
        reading.refuse(f"{block}.venue", f"the run's venue is {instrument.rpartition('.')[2]}; expected that")
    seen: dict[object, str] = {}
    for path, value in reading.values.items():
        group = path.removeprefix(f"{block}.").partition("[")[0]
        if not path.startswith(f"{block}.") or not path.endswith("]"):
            continue
        if value in seen:
            reading.refuse(path, "it is listed twice" if seen[value] == group else f"it is {seen[value]} already")
        seen.setdefault(value, group)


def _check_engine(reading: Reading) -> None:
    is_core = reading.is_given("strategy.core")
    if reading.values.get("engine") == "hftbacktest" and "strategy" in reading.values and not is_core:
        reading.refuse("engine", "it runs Core-native strategies only; expected strategy.core, or the engine nautilus")


def _check_period(reading: Reading) -> None:
    start, end = reading.values.get("data.start"), reading.values.get("data.end")
    if isinstance(start, str) and isinstance(end, str) and instant_ns(start) >= instant_ns(end):
        reading.refuse("data.end", f"the end is exclusive and must be later than the start, {start}")


def check_instrument(reading: Reading, *, named: str | None) -> None:
    """Add what is wrong between the fields of an instrument, and with the name of its file, if it has one."""
    identity = reading.values.get("id")
    if named is not None and isinstance(identity, str) and identity.replace("/", "") != named.removesuffix(".yaml"):
        reading.refuse("id", f"its file is named {named}; expected {identity.replace('/', '')}.yaml, or another id")
    for name in ("price", "size"):
        precision, increment = reading.values.get(f"{name}_precision"), reading.values.get(f"{name}_increment")
        if isinstance(precision, int) and isinstance(increment, str) and len(increment.partition(".")[2]) > precision:
            reading.refuse(f"{name}_increment", f"it has more decimal places than {name}_precision, {precision}")
    for name in ("quantity", "notional", "price"):
        low, high = reading.values.get(f"min_{name}"), reading.values.get(f"max_{name}")
        if isinstance(low, str) and isinstance(high, str) and Decimal(low) > Decimal(high):
            reading.refuse(f"max_{name}", f"it must not be below min_{name}, {low}")
    if reading.values.get("kind") == "currency_pair":
        _check_currency_pair(reading)


def _check_currency_pair(reading: Reading) -> None:
    settled, quoted = reading.values.get("settlement_currency"), reading.values.get("quote_currency")
    if settled is not None and quoted is not None and settled != quoted:
        reading.refuse("settlement_currency", f"a currency pair settles in its quote currency, {quoted}")
    if reading.values.get("is_inverse"):
        reading.refuse("is_inverse", "a currency pair is never inverse")


def misfits(spec: RunSpec, instrument: InstrumentSpec) -> tuple[tuple[str, str, str], ...]:
    """Return path, value and reason of what keeps an instrument from being traded as a RunSpec says: account, limits, venue."""
    return (*_account_misfits(spec, instrument), *_limit_misfits(spec, instrument), *paper_misfits(spec, instrument))


def _account_misfits(spec: RunSpec, instrument: InstrumentSpec) -> tuple[tuple[str, str, str], ...]:
    venue = spec.venue
    if venue is None or venue.account_type == "margin":
        return ()
    if instrument.kind == "crypto_perpetual":
        return (("venue.account_type", repr(venue.account_type), f"{instrument.id} is a perpetual and needs a margin account"),)
    if venue.base_currency is not None:
        why = f"a cash account that trades {instrument.id} holds two currencies; expected null"
        return (("venue.base_currency", repr(venue.base_currency), why),)
    return ()


def _limit_misfits(spec: RunSpec, instrument: InstrumentSpec) -> tuple[tuple[str, str, str], ...]:
    risk, quoted = spec.risk, instrument.quote_currency
    unsuited = () if risk is None else unsuited_limits(risk, quoted)
    if risk is None or not unsuited:
        return ()
    why = f"its values are meant in dollars, and {instrument.id} is quoted in {quoted}; write {' and '.join(unsuited)} out"
    return (("risk.profile", repr(risk.profile), why),)
