"""Why two runs part: the first difference of their streams named by its cause, with what in their configurations goes with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from tc.checks.compare import ABSENT, FieldDifference
from tc.checks.evidence import Item, LaneParting, StreamComparison
from tc.core.decision import Decision, Outcome
from tc.core.events import (
    DispatchFailed,
    KillSwitchChanged,
    MarketObserved,
    OrderDenied,
    OrderEmulated,
    OrderReleased,
    RunCompleted,
    RunFailed,
    RunStopped,
    SnapshotTaken,
    ThrottleReset,
)

CauseKind = Literal[
    "configuration",
    "market_data",
    "strategy_request",
    "decision",
    "acknowledgement_latency",
    "queue_position",
    "rate_window",
    "venue_fill_model",
    "other",
]

CAUSES: Mapping[CauseKind, str] = {
    "configuration": "the configurations differ, and nothing before the difference does",
    "market_data": "the strategies were shown other market data",
    "strategy_request": "the strategies asked for something else after the same inputs",
    "decision": "the gates decided otherwise about the same command",
    "acknowledgement_latency": "of a paper run and a back-test: one of them did not have an answer yet that the other had",
    "queue_position": "of a paper run and a back-test: an order at rest was filled in one of them, and not then in the other",
    "rate_window": "of a paper run and a back-test: the rate limit let a command go in one of them, and not yet in the other",
    "venue_fill_model": "what came back of the same request differs: in price, quantity, liquidity, kind or time",
    "other": "none of these; the explanation says what",
}
"""Why two runs can part: the closed list."""

MOST_NAMED = 3
_RELATED: Mapping[CauseKind, tuple[str, ...]] = {
    "configuration": ("",),
    "market_data": ("dataset", "run_spec.data", "engine", "run_spec.engine"),
    "strategy_request": ("strategy", "run_spec.strategy", "run_spec.seed", "instrument", "core.history"),
    "decision": ("core", "run_spec.gate", "run_spec.risk", "run_spec.execution", "run_spec.timing"),
    "acknowledgement_latency": (),
    "queue_position": (),
    "rate_window": (),
    "venue_fill_model": ("engine", "run_spec.engine", "run_spec.venue", "run_spec.seed", "instrument"),
    "other": ("engine", "run_spec.engine"),
}
_UNEXPLAINED: Mapping[CauseKind, str] = {
    "configuration": "",
    "market_data": "the configurations name the same data: one of the runs was cut short, or its data was altered",
    "strategy_request": "the configurations of the strategies are the same: its code reads something that is not recorded",
    "decision": "the configurations of the gates are the same: different versions of the Core decided",
    "acknowledgement_latency": "",
    "queue_position": "",
    "rate_window": "",
    "venue_fill_model": "engine and venue are configured the same: the simulated venue is not deterministic, or its code changed",
    "other": "",
}
_ENDS = (RunCompleted, RunStopped, RunFailed)
_OPERATIONS = (KillSwitchChanged, ThrottleReset, SnapshotTaken)
_LOCAL = (OrderDenied, OrderEmulated, OrderReleased, DispatchFailed)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why two runs part: one of `CAUSES`, in words, and the configuration's values that go with it."""

    kind: CauseKind
    why: str
    related: tuple[FieldDifference, ...]


def cause_of(comparison: StreamComparison, configuration: Sequence[FieldDifference], *, engines: tuple[str, str]) -> Cause | None:
    """Return why two runs part; None when neither their streams nor their configurations differ.

    ``engines`` are the names and versions of both engines.
    """
    if comparison.first is not None:
        return _cause_in_stream(comparison.first, configuration, engines)
    if configuration:
        return _cause("configuration", "the streams are the same; only the configurations differ", configuration)
    if "engine" in comparison.partings:
        return Cause("other", "only the engines' own records differ: accounts, positions or components", ())
    if comparison.has_other_identifiers:
        return Cause(
            "other", "only identifiers differ that the engines give: of fills, accounts, positions or the venue's orders", ()
        )
    return None


def _cause_in_stream(first: LaneParting, configuration: Sequence[FieldDifference], engines: tuple[str, str]) -> Cause:
    left, right = first.left, first.right
    if left is None or right is None:
        return _cause("other", "one of the streams ends here, and the other goes on", configuration)
    lanes = {left.lane, right.lane}
    if len(lanes) > 1 and (gate := _gate_of_one(configuration)):
        return Cause("configuration", "only one of the runs has a gate", gate)
    if any(isinstance(each.value, _OPERATIONS) for each in (left, right)):
        return _operations(configuration)
    return _by_lane(first, left, right, configuration, engines)


def _by_lane(
    first: LaneParting, left: Item, right: Item, configuration: Sequence[FieldDifference], engines: tuple[str, str]
) -> Cause:
    """Name the cause by what differs; of two different lanes by the one that strategy or venue brought about."""
    lanes = {left.lane, right.lane}
    if "decision" in lanes:
        return _cause("decision", f"the same command was decided otherwise: {_said(first)}", configuration)
    if any(isinstance(each.value, _ENDS) for each in (left, right)):
        return _cause("other", "one of the runs ended here, or both did in another way", configuration)
    if "feedback" in lanes:
        return _feedback(first, left, right, configuration, engines)
    if "request" in lanes or _announces_command(left, right):
        return _cause("strategy_request", f"the strategies asked for different things: {_said(first)}", configuration)
    if "market" in lanes:
        return _cause("market_data", f"the market data differs: {_said(first)}", configuration)
    return _cause("other", f"deadlines were reached at different times: {_said(first)}", configuration)


def _feedback(
    first: LaneParting, left: Item, right: Item, configuration: Sequence[FieldDifference], engines: tuple[str, str]
) -> Cause:
    if isinstance(left.value, _LOCAL) or isinstance(right.value, _LOCAL):
        return _cause("other", f"an engine treated an order otherwise before it was sent: {_said(first)}", configuration)
    is_other_engine = engines[0] != engines[1]
    who = f"a difference of the engines' fill models ({engines[0]} and {engines[1]})" if is_other_engine else "the fill differs"
    return _cause("venue_fill_model", f"{who}: {_said(first)}", configuration)


def _operations(configuration: Sequence[FieldDifference]) -> Cause:
    named = _under(configuration, ("run_spec.operations",))
    if named:
        return Cause("configuration", f"the runs' operations differ: {_values(named)}", named)
    return _cause("other", "an operation was done in one of the runs only, or otherwise", configuration)


def _announces_command(left: Item, right: Item) -> bool:
    """Say whether the market was looked at for a command in one of the runs only."""
    looks = [isinstance(each.value, MarketObserved) and each.value.row is None for each in (left, right)]
    return looks[0] != looks[1]


def _gate_of_one(configuration: Sequence[FieldDifference]) -> tuple[FieldDifference, ...]:
    return tuple(each for each in configuration if each.path == "core.gate" and {each.left, each.right} & {"null", ABSENT})


def _cause(kind: CauseKind, why: str, configuration: Sequence[FieldDifference]) -> Cause:
    related = _under(configuration, _RELATED[kind])
    more = f"the configurations differ in {_values(related)}" if related else _UNEXPLAINED[kind]
    return Cause(kind, f"{why}; {more}" if more else why, related)


def _under(configuration: Sequence[FieldDifference], parts: tuple[str, ...]) -> tuple[FieldDifference, ...]:
    return tuple(each for each in configuration if any(_is_under(each.path, part) for part in parts))


def _is_under(path: str, part: str) -> bool:
    return not part or path == part or path.startswith((f"{part}.", f"{part}["))


def _values(differences: Sequence[FieldDifference]) -> str:
    named = "; ".join(f"{each.path}: {each.left} and {each.right}" for each in differences[:MOST_NAMED])
    rest = len(differences) - MOST_NAMED
    return named if rest <= 0 else f"{named}; and {rest} more"


def _said(first: LaneParting) -> str:
    """Return in which fields two items differ, or of which kinds they are."""
    one, other = (None if each is None else each.value for each in (first.left, first.right))
    if isinstance(one, Decision) and isinstance(other, Decision):
        return _decided(one, other)
    if type(one) is not type(other):
        return f"{type(one).__name__} and {type(other).__name__}"
    return f"{type(one).__name__}, {_values(first.fields)}"


def _decided(one: Decision, other: Decision) -> str:
    """Return the first outcomes in which two decisions differ; when none does, their deadlines do."""
    for pair in zip_longest(one.outcomes, other.outcomes):
        if pair[0] != pair[1]:
            return " and ".join(_outcome(each) for each in pair)
    return "the same commands, other deadlines"


def _outcome(outcome: Outcome | None) -> str:
    if outcome is None:
        return "nothing"
    figures = outcome.detail and f"({outcome.detail})", outcome.until_ns and f"until {outcome.until_ns} ns"
    terms = ", ".join(str(each) for each in (outcome.quantity, outcome.price, outcome.trigger_price) if each is not None)
    words = (outcome.kind, outcome.key, outcome.result, terms and f"with {terms}", outcome.reason, *figures)
    return " ".join(str(word) for word in words if word)
