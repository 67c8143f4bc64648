"""What a backtest needs and a paper run does not have, and the other way round."""

from tc.spec.instrument import InstrumentSpec
from tc.spec.reading.reader import Reading
from tc.spec.run_spec import RunSpec

PAPER_VENUE = "BINANCE"
_ONLY_OF_A_BACKTEST = {
    "data": "a paper run trades on a venue and plays no dataset; remove the block",
    "operations": "a paper run is operated while it runs, with `tc kill`; remove the block",
}
_ONLY_OF_A_PAPER_RUN = {
    "node": "only a paper run has a node; remove the block, or set mode: paper",
    "stop": "only a paper run ends by a plan; remove the block, or set mode: paper",
}
_NEEDED_ON_PAPER = {
    "engine": ("nautilus", "a paper run needs the live node of the engine nautilus"),
    "venue.name": (PAPER_VENUE, f"paper runs trade Binance USD-M futures; expected {PAPER_VENUE}"),
    "venue.account_type": ("margin", "a futures account is a margin account"),
    "venue.oms_type": ("netting", "a paper run holds one position per instrument; expected netting"),
}


def check_mode(reading: Reading) -> None:
    """Add what does not belong to the mode, and what the mode misses."""
    mode = reading.values.get("mode")
    if mode == "backtest":
        _refuse_given(reading, _ONLY_OF_A_PAPER_RUN)
        if "data" not in reading.places:
            what = "missing; a backtest plays a dataset: write  data: {dataset: btcusdt-1m-sample}"
            reading.problems.add(reading.places[""], "data", what)
    elif mode == "paper":
        _refuse_given(reading, _ONLY_OF_A_BACKTEST)
        _check_paper(reading)


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


def _check_venue(reading: Reading) -> None:
    is_embedded, has_url = reading.is_given("node.venue"), reading.is_given("node.venue_url")
    if is_embedded == has_url:
        reading.refuse("node", "expected exactly one of  venue: embedded  and venue_url")
    elif is_embedded and reading.values.get("node.environment") == "testnet":
        reading.refuse("node.environment", "the embedded venue is on loopback; a testnet is named by venue_url")
    elif has_url and reading.is_given("node.market_data"):
        reading.refuse("node.market_data", "only the embedded venue is given its market; remove the block")


def _check_market_data(reading: Reading) -> None:
    source = reading.values.get("node.market_data.source", "generator")
    has_recording = reading.is_given("node.market_data.recording")
    if source == "recording" and not has_recording:
        reading.refuse("node.market_data", "a recording needs its file; write  recording: FILE")
    elif source == "generator" and has_recording:
        reading.refuse("node.market_data.recording", "the generator plays no file; write  source: recording")


def paper_misfits(spec: RunSpec, instrument: InstrumentSpec) -> tuple[tuple[str, str, str], ...]:
    """Return path, value and reason of what keeps an instrument from being traded on paper."""
    if spec.mode != "paper":
        return ()
    if instrument.kind != "crypto_perpetual":
        return (("instrument", repr(spec.instrument), "a paper run trades perpetual futures; expected one of those"),)
    fees = spec.venue.fees
    if fees is not None and (fees.maker, fees.taker) != (instrument.maker_fee, instrument.taker_fee):
        why = f"a paper run pays what its venue charges, and the embedded one charges {instrument.id}'s fees; remove it"
        return (("venue.fees", f"maker {fees.maker}, taker {fees.taker}", why),)
    return ()
