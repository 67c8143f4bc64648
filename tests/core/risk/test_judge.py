"""Judge: one answer for each command, allow or deny, from a closed list, and from nothing but what it may look at."""

import ast
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

import tc
import tc.core.risk
from candidates import (
    INSTRUMENT,
    NOW_NS,
    OTHER,
    SECOND,
    cancel,
    exposure_of,
    gate_with,
    new,
    reference_of,
    replacement,
    state_with,
)
from gated import INSTRUMENT as GATED
from gated import GatedStream
from tc.core.candidate import Candidate
from tc.core.decision import Reason
from tc.core.gate import GateConfiguration, InstrumentTerms, Session, Throttle
from tc.core.risk import Verdict, judge
from tc.core.risk.safeguards import DAY_NS
from tc.core.state import slots
from tc.core.state.model import InFlight, Pending, Queue, State

CASES: dict[str, tuple[State, Candidate, GateConfiguration]] = {
    "duplicate_key": (state_with(), new(is_new_key=False), gate_with()),
    "reserved_key": (state_with(), new(key="FLATTEN-1"), gate_with()),
    "unknown_order": (state_with(), cancel(is_known=False), gate_with()),
    "invalid_terms": (state_with(), new(total=Decimal(0)), gate_with()),
    "unknown_instrument": (state_with(), new(instrument_id="OTHER.Y"), gate_with()),
    "unsupported_under_gate": (state_with(), new(order_type="UNSUPPORTED:emulated order"), gate_with()),
    "kill_switch_reduce": (state_with(kill_switch="reduce"), new(), gate_with()),
    "kill_switch_halt": (state_with(kill_switch="halt"), new(), gate_with()),
    "kill_switch_halt_all": (state_with(kill_switch="halt_all"), cancel(), gate_with()),
    "kill_switch_flatten": (state_with(kill_switch="flatten"), new(), gate_with()),
    "execution_throttle": (state_with(throttled=("S-1",)), new(), gate_with(throttle=Throttle(1, 1))),
    "outside_session": (state_with(), new(), gate_with(session=Session(0, 0))),
    "max_daily_messages": (state_with(message_day=NOW_NS // DAY_NS, messages=1), new(), gate_with(max_daily_messages=1)),
    "duplicate_order": (
        state_with(
            recent_orders=tc.core.risk.admitted(
                state_with().control.safeguards, new(), NOW_NS, gate_with(duplicate_window_ns=1)
            ).recent_orders
        ),
        new(),
        gate_with(duplicate_window_ns=1),
    ),
    "reduce_only_would_open": (state_with(), new(reduce_only=True), gate_with()),
    "reduce_only_would_flip": (state_with(exposure_of("1")), new("SELL", "2", reduce_only=True), gate_with()),
    "limit_missing": (state_with(), new(), gate_with(max_position="NaN")),
    "reference_missing": (state_with(references={}), new(), gate_with(price_collar="1")),
    "reference_stale": (
        state_with(references=reference_of(age_ns=2)),
        new(),
        gate_with(price_collar="1", reference_max_age_ns=1),
    ),
    "feed_degraded": (state_with(references=reference_of(is_degraded=True)), new(), gate_with(price_collar="1")),
    "max_order_quantity": (state_with(), new(quantity="2"), gate_with(max_order_quantity="1")),
    "max_order_notional": (state_with(), new(), gate_with(max_order_notional="99")),
    "price_collar": (state_with(), new(price="101"), gate_with(price_collar="0")),
    "max_position": (state_with(), new(), gate_with(max_position="0.9")),
    "max_gross_exposure": (state_with(), new(), gate_with(max_gross_exposure="99")),
    "risk_error": (state_with(), new(quantity="2", price="9e999999"), gate_with(max_order_notional="1")),
}
"""For each reason that Risk can give, what is denied for it."""

NOT_OF_RISK = {
    "group_too_large",
    "group_member_denied",
    "same_kind_latest_wins",
    "cancel_beats",
    "weaker_newcomer",
    "replace_of_unsent",
    "cancel_of_unsent",
    "order_gone",
    "kill_switch",
    "in_flight",
    "rate_capacity",
    "group_waits",
    "queue_failure",
    "run_ended",
    "not_flat",
}
FULL = gate_with(
    max_order_quantity="8",
    max_order_notional="900",
    max_position="12",
    max_gross_exposure="1500",
    price_collar="0.1",
    reference_max_age_ns=SECOND,
    duplicate_window_ns=SECOND,
    throttle=Throttle(3, SECOND),
    max_daily_messages=10,
    session=Session(0, DAY_NS),
)

AMOUNTS = st.decimals("0.5", 15, places=1)
SIDES = st.sampled_from(("BUY", "SELL"))
TEXTS = AMOUNTS.map(str)
EXPOSURES = st.builds(
    exposure_of, st.decimals(-15, 15, places=1).map(str), *(st.sampled_from(("0", "0.5", "3", "7")) for _ in range(4))
)
STATES = st.builds(
    state_with,
    st.fixed_dictionaries({INSTRUMENT: EXPOSURES, OTHER: EXPOSURES}),
    st.sampled_from(({}, {INSTRUMENT: reference_of(), OTHER: reference_of("0.9", "1.1")}, {INSTRUMENT: reference_of()})),
    kill_switch=st.sampled_from(("none", "none", "none", "reduce", "halt", "halt_all", "flatten")),
    throttled=st.sampled_from(((), (), ("S-1",))),
    messages=st.integers(8, 11),
    message_day=st.just(NOW_NS // DAY_NS),
)
PRICES = st.sampled_from(("85", "95", "100", "109", "120"))
CANDIDATES = st.one_of(
    st.builds(new, SIDES, TEXTS, PRICES | st.none(), reduce_only=st.booleans(), is_flatten=st.booleans()),
    st.builds(replacement, TEXTS | st.none(), PRICES | st.none(), side=SIDES, was=TEXTS, reduce_only=st.booleans()),
    st.just(cancel()),
)
KEYS = st.sampled_from(("A", "B", "C", "D", "O-1"))
LANE = st.lists(st.tuples(st.integers(0, 99), KEYS), max_size=3).map(tuple)
FILED_UNDER = st.sampled_from(("CANCEL", "REPLACE", "NEW"))


def _slots(values: dict[str, Any]) -> slots.Slots[Any]:
    filed: slots.Slots[Any] = slots.empty()
    for key, value in values.items():
        filed = slots.put(filed, key, value)
    return filed


QUEUES = st.builds(
    Queue,
    pending=st.dictionaries(
        KEYS,
        st.builds(
            Pending,
            key=KEYS,
            kind=FILED_UNDER,
            admission=st.integers(1, 99),
            admitted_ns=st.just(NOW_NS),
            instrument_id=st.just(INSTRUMENT),
            side=SIDES,
            quantity=AMOUNTS,
            price=st.none(),
            trigger_price=st.none(),
            reserved=AMOUNTS,
            reduces=st.booleans(),
            group=st.just(()),
            held_by=st.sampled_from(("", "in_flight", "rate_capacity")),
        ),
    ).map(_slots),
    size=st.integers(0, 5),
    lanes=st.tuples(LANE, LANE, LANE),
    in_flight=st.dictionaries(
        KEYS,
        st.builds(InFlight, KEYS, FILED_UNDER, st.just(NOW_NS), st.just(INSTRUMENT), SIDES, AMOUNTS, st.booleans()),
    ).map(_slots),
    watch=LANE,
    admissions=st.integers(0, 99),
    arrival=st.integers(0, 10**20),
    rate_deadline_ns=st.integers(0, 10**19),
)


@pytest.mark.parametrize("reason", CASES)
def test_R39_each_reason_is_given_for_what_it_names(reason: str) -> None:
    assert judge(*CASES[reason]).reason == reason


def test_R39_the_reasons_are_a_closed_list_and_each_has_a_case() -> None:
    written = {word for module in _modules(tc.core.risk) for word in _words(module) if word in get_args(Reason)}
    assert written == set(CASES)
    assert set(CASES) | NOT_OF_RISK == set(get_args(Reason))
    assert set(CASES).isdisjoint(NOT_OF_RISK)


def test_R39_trouble_of_any_kind_denies() -> None:
    broken = replace(state_with(), market=None)
    assert judge(broken, new(), gate_with(price_collar="1")) == Verdict("risk_error", "AttributeError")
    assert judge(*CASES["risk_error"]) == Verdict("risk_error", "Overflow")


@given(STATES, CANDIDATES)
def test_R37_the_answer_is_allow_or_deny_with_a_reason(state: State, candidate: Candidate) -> None:
    verdict = judge(state, candidate, FULL)
    assert verdict == Verdict("") or verdict.reason in CASES
    assert verdict.reason != "risk_error"


@given(STATES, CANDIDATES)
def test_R38_judging_again_gives_the_same_and_changes_nothing(state: State, candidate: Candidate) -> None:
    before = msgspec.json.encode(state)
    assert judge(state, candidate, FULL) == judge(state, candidate, FULL)
    assert msgspec.json.encode(state) == before


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("duplicate_key", "reserved_key"),
        ("reserved_key", "unknown_order"),
        ("duplicate_key", "unknown_order"),
        ("invalid_terms", "unknown_instrument"),
        ("unknown_instrument", "unsupported_under_gate"),
    ],
)
def test_R38_of_two_faults_of_terms_the_first_is_the_reason(first: str, second: str) -> None:
    faults: dict[str, dict[str, Any]] = {
        "duplicate_key": {"is_new_key": False},
        "reserved_key": {"key": "FLATTEN-1"},
        "unknown_order": {"is_known": False},
        "invalid_terms": {"total": Decimal(0)},
        "unknown_instrument": {"instrument_id": "OTHER.Y"},
        "unsupported_under_gate": {"order_type": "PEGGED"},
    }
    assert judge(state_with(), new(**(faults[first] | faults[second])), gate_with()).reason == first


def test_R38_of_several_reasons_the_first_in_the_order_of_judging_is_given() -> None:
    """Everything is wrong at once; each fault is mended in turn, and the next one is the reason."""
    faults: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
        ("duplicate_key", {}, {"is_new_key": True}, {}),
        ("unsupported_under_gate", {}, {"order_type": "LIMIT"}, {}),
        ("kill_switch_halt", {"kill_switch": "none"}, {}, {}),
        ("execution_throttle", {"throttled": ()}, {}, {}),
        ("outside_session", {}, {}, {"session": None}),
        ("max_daily_messages", {"messages": 0}, {}, {}),
        ("duplicate_order", {"recent_orders": {}}, {}, {}),
        ("reduce_only_would_open", {}, {"reduce_only": False}, {}),
        ("limit_missing", {}, {}, {"max_position": "0"}),
        ("feed_degraded", {"references": reference_of()}, {}, {}),
        ("max_order_quantity", {}, {}, {"max_order_quantity": "5"}),
        ("max_order_notional", {}, {}, {"max_order_notional": "1000"}),
        ("price_collar", {}, {}, {"price_collar": "1"}),
        ("max_position", {}, {}, {"max_position": "5"}),
        ("max_gross_exposure", {}, {}, {"max_gross_exposure": "1000"}),
    ]
    limits: dict[str, Any] = {
        "session": Session(0, 0),
        "throttle": Throttle(1, 1),
        "max_daily_messages": 1,
        "duplicate_window_ns": 1,
        "max_position": "NaN",
        "max_order_quantity": "1",
        "max_order_notional": "1",
        "price_collar": "0",
        "max_gross_exposure": "1",
    }
    terms: dict[str, Any] = {"is_new_key": False, "order_type": "PEGGED", "reduce_only": True}
    gate = gate_with(**limits)
    kinds: Iterator[dict[str, Any]] = (
        {"order_type": kind, "reduce_only": only} for kind in ("PEGGED", "LIMIT") for only in (True, False)
    )
    recent: dict[str, int] = {}
    for kind in kinds:
        recent |= tc.core.risk.admitted(
            state_with().control.safeguards, new(quantity="5", price="110", **kind), NOW_NS, gate
        ).recent_orders
    given_state: dict[str, Any] = {
        "kill_switch": "halt",
        "throttled": ("S-1",),
        "message_day": NOW_NS // DAY_NS,
        "messages": 1,
        "recent_orders": recent,
        "references": reference_of(is_degraded=True),
    }
    for reason, mended_state, mended_terms, mended_limits in faults:
        candidate = new(quantity="5", price="110", **terms)
        assert judge(state_with(**given_state), candidate, gate_with(**limits)).reason == reason
        given_state |= mended_state
        terms |= mended_terms
        limits |= mended_limits
    assert judge(state_with(**given_state), new(quantity="5", price="110", **terms), gate_with(**limits)) == Verdict("")


@given(STATES, CANDIDATES, QUEUES, QUEUES)
def test_R40_the_verdict_reads_neither_tokens_nor_slots_nor_the_queues_order(
    state: State, candidate: Candidate, one: Queue, other: Queue
) -> None:
    verdicts = [judge(replace(state, execution=replace(state.execution, queue=queue)), candidate, FULL) for queue in (one, other)]
    assert verdicts[0] == verdicts[1] == judge(state, candidate, FULL)


@given(STATES, CANDIDATES)
def test_R40_the_verdict_does_not_depend_on_the_order_in_which_instruments_came(state: State, candidate: Candidate) -> None:
    turned = dict(reversed(state.execution.exposures.items()))
    other = replace(state, execution=replace(state.execution, exposures=turned))
    assert judge(other, candidate, FULL) == judge(state, candidate, FULL)


def test_R40_of_several_instruments_that_cannot_be_valued_the_first_by_name_is_the_reason() -> None:
    gate = gate_with(max_gross_exposure="1000")
    for names in (("A.Y", "B.Y"), ("B.Y", "A.Y")):
        state = state_with(dict.fromkeys(names, exposure_of("1")))
        assert judge(state, new(), gate) == Verdict("unknown_instrument", "A.Y")


@given(STATES, CANDIDATES)
def test_R40_the_verdict_does_not_depend_on_the_rate(state: State, candidate: Candidate) -> None:
    limited = msgspec.convert({"messages": 1, "period_ns": 1, "burst": 1}, tc.core.gate.RateLimit)
    assert judge(state, candidate, replace(FULL, rate=limited)) == judge(state, candidate, FULL)


def test_R35_the_queue_takes_commands_from_the_one_module_that_has_them_judged() -> None:
    importers = {
        path.relative_to(Path(tc.__file__).parent).as_posix()
        for path in Path(tc.__file__).parent.rglob("*.py")
        if "admit" in _imported(path, "tc.core.control") and path.parent.name != "control"
    }
    assert importers == {"core/requests.py"}
    assert "judge" in _imported(Path(tc.__file__).parent / "core" / "requests.py", "tc.core.risk")


def test_R35_R44_a_denied_command_leaves_no_queue_entry_and_no_order() -> None:
    stream = GatedStream(max_order_quantity="1", duplicate_window_ns=SECOND, max_daily_messages=5, max_position="9")
    stream.market()
    stream.initialize("O-1", quantity="2")
    before = stream.state
    (denied,) = stream.new("O-2", quantity="2")
    after = stream.state
    assert (denied.result, denied.reason) == ("denied", "max_order_quantity")
    assert after.execution.queue == before.execution.queue
    assert after.execution.exposures == before.execution.exposures
    assert after.execution.orders.open == before.execution.orders.open
    assert after.control.safeguards == before.control.safeguards
    assert stream.context.order("O-2") is None
    assert stream.sent == []


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from(("new", "replace", "cancel")), TEXTS), max_size=12))
def test_R38_each_command_is_decided_once_and_before_anything_else(steps: list[tuple[str, str, str]]) -> None:
    stream = GatedStream(max_order_quantity="8", max_position="12")
    used: set[str] = set()
    for key, what, quantity in steps:
        if what == "new":
            if key in used:
                continue
            used.add(key)
            outcomes = stream.new(key, quantity=quantity)
        else:
            outcomes = stream.replace(key, quantity) if what == "replace" else stream.cancel(key)
        assert [each.result in ("allowed", "denied") for each in outcomes].count(True) == 1
        assert outcomes[0].result in ("allowed", "denied")
        assert outcomes[0].result == "allowed" or len(outcomes) == 1
    assert GATED in stream.configuration.gate.instruments  # type: ignore[union-attr]


def test_an_instruments_multiplier_comes_from_the_configuration() -> None:
    gate = gate_with(instruments={INSTRUMENT: InstrumentTerms(Decimal("0.01"), is_inverse=False)}, max_order_notional="10")
    assert judge(state_with(), new(quantity="10"), gate) == Verdict("")
    assert judge(state_with(), new(quantity="11"), gate) == Verdict("max_order_notional", "11 above 10")


def _modules(package: Any) -> Iterator[Path]:
    return Path(package.__file__).parent.glob("*.py")


def _words(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _imported(path: Path, package: str) -> set[str]:
    imports = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom))
    return {alias.name for node in imports if (node.module or "").startswith(package) for alias in node.names}
