"""What a backtest, a paper run and an attached run each need, and what each of them does not have."""

from msgspec import inspect

from tc.spec.instrument import InstrumentSpec
from tc.spec.paper_spec import MarketDataSpec, NodeSpec
from tc.spec.reading.expected import expected, not_null
from tc.spec.reading.reader import Reading
from tc.spec.run_spec import RunSpec

PAPER_VENUE = "BINANCE"
MOST_LEVERAGE = 125
_LEVERAGES = frozenset(map(str, range(1, MOST_LEVERAGE + 1)))
NO_MARKET = MarketDataSpec()
"""Whoever writes out only defaults, asks for nothing that a venue of another would have to be told."""

_ONLY_OF_A_BACKTEST = {
    "data": "a paper run trades on a venue and plays no dataset; remove the block",
    "operations": "a paper run is operated while it runs, with `tc kill`; remove the block",
}
_ONLY_OF_A_PAPER_RUN = {
    "node": "only a paper run has a node; remove the block, or set mode: paper",
    "stop": "only a paper run ends by a plan; remove the block, or set mode: paper",
}
_OF_A_NODE = {
    "venue": "an attached node has its own venue and account; remove the block",
    "strategy": "an attached node has its own strategies, any number of them; remove the block",
    "data": "an attached node trades and plays no dataset; remove the block",
    "operations": "an attached node is operated while it runs, with `tc kill`; remove the block",
    "stop": "an attached node ends when its own script says so; remove the block",
    "node.venue": "an attached node has its own venue; remove the line",
    "node.trader_id": "an attached node has its own trader id; remove the line",
    "node.start_deadline_s": "nobody supervises an attached node; remove the line",
    "node.stop_deadline_s": "nobody supervises an attached node; remove the line",
    "node.market_data": "only the embedded venue is given its market; remove the block",
    "node.reconciliation": "nobody supervises an attached node: call `tc reconcile` by a timer of yours; remove the block",
}
_DEFAULTS = {f"node.{name}": getattr(NodeSpec(), name) for name in NodeSpec.__struct_fields__}

_STATED = ("venue", "strategy", "seed")
"""What every run states, but for an attached one."""

_NEEDED_ON_PAPER = {
    "engine": ("nautilus", "a paper run needs the live node of the engine nautilus"),
    "venue.name": (PAPER_VENUE, f"paper runs trade Binance USD-M futures; expected {PAPER_VENUE}"),
    "venue.account_type": ("margin", "a futures account is a margin account"),
    "venue.oms_type": ("netting", "a paper run holds one position per instrument; expected netting"),
}


def check_mode(reading: Reading) -> None:
    """Add what does not belong to the mode, and what the mode misses."""
    mode = reading.values.get("mode")
    if mode == "attached":
        _check_attached(reading)
        return
    _require_stated(reading)
    if mode == "backtest":
        _refuse_given(reading, _ONLY_OF_A_PAPER_RUN)
        if "data" not in reading.places:
            what = "missing; a backtest plays a dataset: write  data: {dataset: btcusdt-1m-sample}"
            reading.problems.add(reading.places[""], "data", what)
    elif mode == "paper":
        _refuse_given(reading, _ONLY_OF_A_BACKTEST)
        _check_paper(reading)


def _require_stated(reading: Reading) -> None:
    """Add what of it is missing; a document that could not be read at all misses nothing."""
    if any(not problem.path for problem in reading.problems.found):
        return
    for key in _STATED:
        if key not in reading.places:
            reading.problems.add(reading.places[""], key, f"missing; expected {_words_for(key)}")
        elif not reading.is_given(key):
            reading.problems.add(reading.places[key], key, f"expected {_words_for(key)}", value="null")


def _words_for(key: str) -> str:
    """Return what a field of a RunSpec should hold, where it may not be left out."""
    document = inspect.type_info(RunSpec)
    type_ = next(field.type for field in getattr(document, "fields", ()) if field.name == key)
    inner = type_.type if isinstance(type_, inspect.Metadata) else type_
    return expected(not_null(inner) if isinstance(inner, inspect.UnionType) else type_)


def _check_attached(reading: Reading) -> None:
    # The stored form of a spec has every field in it: what says no more than the default is no wish.
    wishes = {key: why for key, why in _OF_A_NODE.items() if reading.values.get(key, "wrong") != _DEFAULTS.get(key)}
    _refuse_given(reading, wishes)
    if reading.values.get("engine", "nautilus") != "nautilus":
        reading.refuse("engine", "an attached node is one of the engine nautilus")
    if reading.values.get("gate") == "off":
        reading.refuse("gate", "an attached run is observed or gated; expected observe, or on")


def _refuse_given(reading: Reading, refused: dict[str, str]) -> None:
    for key, why in refused.items():
        if reading.is_given(key) and reading.values.get(key) != ():
            reading.refuse(key, why)


def _check_paper(reading: Reading) -> None:
    for key, (needed, why) in _NEEDED_ON_PAPER.items():
        if reading.values.get(key, needed) != needed:
            reading.refuse(key, why)
    _check_account(reading)
    if "gate" not in reading.places:
        reading.refuse("mode", "a paper run is stopped by its gate; write gate: on, or observe")
    elif reading.values.get("gate") == "off":
        reading.refuse("gate", "a paper run is stopped by its gate; expected on, or observe")
    if "node" not in reading.places:
        reading.refuse("mode", "a paper run needs a node; write  node: {venue: embedded}")
    elif "node" in reading.values:
        _check_venue(reading)
        _check_market_data(reading)


def _check_account(reading: Reading) -> None:
    """Refuse what no venue of a paper run is told, rather than pass it over."""
    if "venue.starting_balances[1]" in reading.places:
        reading.refuse("venue.starting_balances[1]", "a futures account on paper begins with one balance; remove the others")
    leverage = reading.values.get("venue.default_leverage", "1")
    if isinstance(leverage, str) and leverage not in _LEVERAGES:
        what = f"a futures account's leverage is a whole number from 1 to {MOST_LEVERAGE}"
        reading.refuse("venue.default_leverage", what)


def _check_venue(reading: Reading) -> None:
    is_embedded, has_url = reading.is_given("node.venue"), reading.is_given("node.venue_url")
    if is_embedded == has_url:
        reading.refuse("node", "expected exactly one of  venue: embedded  and venue_url")
    elif is_embedded and reading.values.get("node.environment") == "testnet":
        reading.refuse("node.environment", "the embedded venue is on loopback; a testnet is named by venue_url")
    elif has_url and reading.values.get("node.market_data", NO_MARKET) != NO_MARKET:
        reading.refuse("node.market_data", "only the embedded venue is given its market; remove the block")


def _check_market_data(reading: Reading) -> None:
    source = reading.values.get("node.market_data.source", "generator")
    has_recording = reading.is_given("node.market_data.recording")
    if source == "recording" and not has_recording:
        reading.refuse("node.market_data", "a recording needs its file; write  recording: FILE")
    elif source == "generator" and has_recording:
        reading.refuse("node.market_data.recording", "the generator plays no file; write  source: recording")


def paper_misfits(spec: RunSpec, instrument: InstrumentSpec) -> tuple[tuple[str, str, str], ...]:
    """Return path, value and reason of what keeps an instrument from being traded by a node."""
    if spec.mode == "backtest":
        return ()
    if instrument.kind != "crypto_perpetual":
        what = "a paper run trades" if spec.mode == "paper" else "an attached node trades"
        return (("instrument", repr(spec.instrument), f"{what} perpetual futures; expected one of those"),)
    if spec.mode == "attached" or spec.venue is None:
        return ()
    fees = spec.venue.fees
    if fees is not None and (fees.maker, fees.taker) != (instrument.maker_fee, instrument.taker_fee):
        why = f"a paper run pays what its venue charges, and the embedded one charges {instrument.id}'s fees; remove it"
        return (("venue.fees", f"maker {fees.maker}, taker {fees.taker}", why),)
    return ()
