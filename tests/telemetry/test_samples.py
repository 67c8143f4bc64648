"""Claims about samples: every family comes from something real, every sample has its family's labels, and none is told twice."""

import dataclasses
import json
import math
import time
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill_records import carried_out
from fakes import make_run
from gated import INSTRUMENT, GatedStream
from tc.core.events import AccountUpdated, Balance, OrderRejected
from tc.reports.tally.refusals import KINDS_KEPT
from tc.store.dataset import load_dataset
from tc.store.facts import ReadinessChecked, RunReconciled, VenueProbed
from tc.store.heartbeat import SupervisorHeartbeat, write_heartbeat
from tc.store.kill_switch import FOLDER, KillSwitch, Scope
from tc.store.ops import append_fact, write_numbered_artifact
from tc.store.quality import write_quality
from tc.telemetry.figures import Figures, Refusal, decode_figures, packed, unpacked
from tc.telemetry.fleet import drill_samples, fleet_samples
from tc.telemetry.names import BY_NAME, FAMILIES, Sample
from tc.telemetry.recorded_samples import MOST_KINDS, MOST_REASONS, OTHER, added_up, by_reason
from tc.telemetry.run_facts import RunFacts
from tc.telemetry.samples import samples_of
from tc.wiring.data import check_data, prepare_data
from tracked_runs import (
    OLD_NS,
    SECOND,
    facts_in,
    growing,
    index_of,
    killed,
    paper_configuration,
    traded,
    values_of,
    written_at,
)

MADE_BY_WHO_LOOKS = {"tc_index_refresh_timestamp_seconds", "tc_index_refresh_duration_seconds"}
SAMPLE = Path(__file__).resolve().parents[2] / "artifacts" / "sample"


def probe_document(**other: Any) -> bytes:
    """Return the artifact of a probe, as `tc connectivity probe` writes it."""
    timings = {"connect_ns": 2_000_000, "first_byte_ns": 3_000_000, "total_ns": 5_000_000}
    attempt = {"at_ns": 5, "state": "ok", "address": "127.0.0.1", "http_status": 200, "timings": timings}
    document = {
        "kind": "probe",
        "schema": 1,
        "at_ns": 5_000_000_000,
        "tc": "0",
        "run": None,
        "spec": "quoter",
        "venue": "BINANCE",
        "target": "http://127.0.0.1:18080",
        "is_external": False,
        "timeout_ms": 1000,
        "interval_ms": 1000,
        "state": "ok",
        "attempts": 4,
        "failed": 1,
        "loss_ratio": "0.2500",
        "http_status": 200,
        "latency_ns": {},
        "results": [attempt],
    }
    return json.dumps({**document, **other}).encode()


def with_facts(run: Any) -> None:
    """Append a fact of each kind that is shown, with its artifact."""
    found = json.dumps({"findings": [{"code": "order_missing"}, {"code": "balance_differs"}]}).encode()
    compared = write_numbered_artifact(run, "reconciliation", ".json", found)
    base: dict[str, Any] = {"at_ns": 7, "tc": "0"}
    append_fact(run, RunReconciled(**base, position=3, source="venue", verdict="found", findings=2, artifacts=(compared,)))
    append_fact(run, ReadinessChecked(**base, state="configured", spec="quoter"))
    probe = write_numbered_artifact(run, "probe", ".json", probe_document())
    target: dict[str, Any] = {"spec": "quoter", "target": "http://127.0.0.1:18080", "attempts": 4, "failed": 1}
    append_fact(run, VenueProbed(**base, state="ok", artifacts=(probe,), **target))


def refused(stream: GatedStream) -> GatedStream:
    """Play an account, and orders that are refused, one of them twice."""
    balance = Balance("USDT", Decimal(10), Decimal(0), Decimal(10))
    stream.emit(AccountUpdated(stream.now, stream.now, "A-1", "MARGIN", True, (balance,)))
    stream.new("O-R")
    stream.submitted("O-R")
    stream.emit(OrderRejected(stream.now, stream.now, "O-R", "no 7"))
    stream.emit(OrderRejected(stream.now, stream.now, "O-R", "no 8"))
    stream.open("O-S", side="SELL", quantity="2")
    stream.filled("O-S", "2", price="110")
    return stream


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Sample]]:
    """Return the samples of a sealed run, one that goes on, one that cannot be read, of what belongs to no run, and the fleet."""
    root = tmp_path_factory.mktemp("everything")
    (dataset, *_) = prepare_data("btcusdt-1m-sample", data_root=root / "data")
    check_data(dataset.dataset.id, data_root=root / "data", max_gap_ns=10**12, progress=lambda done, total: None)
    KillSwitch(root / "runtime" / FOLDER).activate(Scope.of_name("quoter"), mode="halt", reason="a test", actor="me", at_ns=1)
    (root / "connectivity").mkdir()
    (root / "connectivity" / "probe-0001.json").write_bytes(probe_document())
    carried_out(root, "disconnect")
    make_run(root, "broken").seal.write_bytes(b"{")
    stream = GatedStream(paper_configuration(max_daily_messages=100))
    with growing(root, "ended", killed(refused(traded(stream)))) as ended, growing(root, "live") as live:
        ended.resumed_ns = OLD_NS + 2 * SECOND
        ended.seal(counters={"OrderFilled": 2})
        with_facts(ended.directory)
        traded(live.stream)
        live.write()
        live.say()
        index = index_of(root)
        for _ in range(3):
            index.refresh(time.time_ns())
        now_ns = time.time_ns()
        found = {run: list(samples_of(facts_in(index, run), now_ns)) for run in ("ended", "live", "broken", "")}
        return {**found, "fleet": [*fleet_samples(index, now_ns), *drill_samples(index.fleet.drills)]}


def of(samples: Iterable[Sample], family: str) -> dict[tuple[str, ...], float]:
    return {labels: value for name, labels, value in samples if name == family}


def test_every_family_of_the_list_is_told_of_something_and_nothing_else_is(everything: dict[str, list[Sample]]) -> None:
    told = {name for samples in everything.values() for name, _, _ in samples}
    assert told == {family.name for family in FAMILIES} - MADE_BY_WHO_LOOKS


def test_every_sample_has_its_familys_labels_and_no_set_of_them_twice(everything: dict[str, list[Sample]]) -> None:
    for run, samples in everything.items():
        for name, labels, value in samples:
            family = BY_NAME[name]
            assert len(labels) == len(family.labels), name
            assert all(isinstance(label, str) for label in labels), (name, labels)
            assert isinstance(value, int | float)
            assert math.isfinite(value)
            assert value >= 0 or family.kind == "gauge"
            assert (family.labels[:1] == ("run",)) is (run != "fleet")
            assert run == "fleet" or labels[0] == run
        assert Counter((name, labels) for name, labels, _ in samples).most_common(1)[0][1] == 1


def test_of_states_exactly_one_is_so(everything: dict[str, list[Sample]]) -> None:
    states = [family for family in FAMILIES if family.name.endswith("_state")]
    sets: dict[tuple[str, ...], float] = {}
    for samples in everything.values():
        for family in states:
            for labels, value in of(samples, family.name).items():
                key = (family.name, *labels[:-1])
                sets[key] = sets.get(key, 0) + value
    assert len(sets) >= len(states)
    assert set(sets.values()) == {1}


def test_a_broken_run_is_one_sample(everything: dict[str, list[Sample]]) -> None:
    assert everything["broken"] == [("tc_run_unreadable", ("broken",), 1)]


def test_what_belongs_to_no_run_has_an_empty_one(everything: dict[str, list[Sample]]) -> None:
    target = ("", "quoter", "http://127.0.0.1:18080")
    assert of(everything[""], "tc_probe_duration_seconds") == {
        (*target, "connect"): 0.002,
        (*target, "first_byte"): 0.003,
        (*target, "total"): 0.005,
    }
    assert of(everything[""], "tc_probe_loss_ratio") == {target: 0.25}


def test_what_is_only_true_of_a_moment_is_told_of_runs_that_go_on(everything: dict[str, list[Sample]]) -> None:
    live = {"tc_node_state", "tc_feed_state", "tc_data_staleness_seconds", "tc_queue_size", "tc_venue_up", "tc_connection_up"}
    assert not {name for name, _, _ in everything["ended"]} & live
    assert {name for name, _, _ in everything["live"]} > live
    feed = of(everything["live"], "tc_feed_state")
    assert feed["live", INSTRUMENT, "QuoteTick", "live"] == 1
    (staleness,) = of(everything["live"], "tc_data_staleness_seconds").values()
    assert 0.1 <= staleness < 60


def test_what_was_wrong_on_the_wire_is_told_by_the_kinds_that_are_known_zeros_too(everything: dict[str, list[Sample]]) -> None:
    told = of(everything["live"], "tc_feed_anomalies_total")
    assert told == {("live", INSTRUMENT, "QuoteTick", "crossed"): 2, ("live", INSTRUMENT, "QuoteTick", "delayed"): 0}


def test_findings_of_the_last_comparison_are_told_by_severity(everything: dict[str, list[Sample]]) -> None:
    assert of(everything["ended"], "tc_reconciliation_findings") == {("ended", "critical"): 1, ("ended", "warning"): 1}
    assert of(everything["ended"], "tc_reconciliations_total")["ended", "found"] == 1
    assert of(everything["ended"], "tc_reconciliation_timestamp_seconds") == {("ended",): 7e-9}


def test_what_is_followed_is_what_metrics_json_says_in_the_end(tmp_path: Path) -> None:
    own = {"tc_run_", "tc_strategy_", "tc_journal_intact"}
    with growing(tmp_path, "both") as run:
        index = index_of(tmp_path)
        index.refresh(time.time_ns())
        for number in range(20):
            run.stream.now += 10**9
            run.stream.market()
            run.stream.open(f"O-{number}", side="BUY" if number % 3 else "SELL")
            run.stream.filled(f"O-{number}", price=str(100 + number))
            run.write()
            index.refresh(time.time_ns())
        killed(run.stream)
        run.complete()
        index.refresh(time.time_ns())
        followed = list(samples_of(facts_in(index, "both"), OLD_NS))
        run.seal()
        index.refresh(time.time_ns())
    ended = list(samples_of(facts_in(index, "both"), OLD_NS))
    assert {(name, labels): value for name, labels, value in followed if not name.startswith(tuple(own))} == {
        (name, labels): value for name, labels, value in ended if not name.startswith(tuple(own))
    }


def test_a_sealed_runs_samples_do_not_depend_on_the_time(tmp_path: Path) -> None:
    index = index_of(SAMPLE)
    index.refresh(time.time_ns())
    facts = facts_in(index, "sample")
    assert list(samples_of(facts, 1)) == list(samples_of(facts, 2**62))
    assert values_of(facts, "tc_orders")["filled",] == 72
    assert values_of(facts, "tc_commissions") == {("USDT",): 3386.1469978}
    assert values_of(facts, "tc_kill_switch_changes_total") == {(): 2}


# Labels are few, whatever a run says.


@given(st.lists(st.tuples(st.sampled_from("ab"), st.text(max_size=3), st.integers(1, 9)), max_size=80))
def test_reasons_are_few_and_none_is_lost(said: list[tuple[str, str, int]]) -> None:
    refusals = [Refusal(event, reason, count, position) for position, (event, reason, count) in enumerate(said)]
    counted = by_reason(refusals)
    assert len(counted) <= MOST_REASONS + 2
    assert sum(counted.values()) == sum(each.count for each in refusals)
    for event in "ab":
        assert sum(n for (of, _), n in counted.items() if of == event) == sum(r.count for r in refusals if r.event == event)


def test_no_count_of_a_reason_goes_back_when_others_become_more_frequent() -> None:
    early = [Refusal("OrderDenied", f"reason {number}", 1, number) for number in range(MOST_REASONS)]
    late = [Refusal("OrderDenied", f"late {number}", 50, 1000 + number) for number in range(KINDS_KEPT)]
    before, after = by_reason(early), by_reason([*late, *early])
    assert {key: after[key] for key in before} == before
    assert after["OrderDenied", OTHER] == 50 * KINDS_KEPT


@given(st.dictionaries(st.text(max_size=4), st.integers(0, 9), max_size=MOST_KINDS * 2))
def test_names_that_a_file_says_are_few_and_add_up(counts: dict[str, int]) -> None:
    kept = added_up(counts)
    assert len(kept) <= MOST_KINDS + 1
    assert sum(kept.values()) == sum(counts.values())


def test_long_names_are_cut_and_those_that_are_one_then_are_added_up() -> None:
    assert added_up({"a" * 500: 1, "a" * 501: 2}) == {"a" * 120: 3}
    (label,) = {reason for _, reason in by_reason([Refusal("E", "b" * 500, 1), Refusal("E", "b" * 600, 1, 2)])}
    assert label == "b" * 120


def hostile_metrics() -> dict[str, Any]:
    """Return a metrics.json that says far too much, and the same twice."""
    many = {f"K{number}": number for number in range(5000)}
    amounts = {name: str(value) for name, value in many.items()}
    return {
        "journal": {"events_by_type": many},
        "refusals": [{"event": "E", "reason": f"r{number}", "count": 1, "position": number} for number in range(5000)],
        "turnover": amounts,
        "commissions": amounts,
        "profit": {name: {"currency": "U", "realized": "1"} for name in many},
        "balances": [{"account_id": "A", "currency": "U", "last": "1"}] * 5000,
        "open_positions": [{"position_id": "P", "instrument_id": "I", "signed_quantity": "1"}] * 5000,
        "exposures": [{"instrument_id": "I", "signed_quantity": "5", "value": "7", "currency": "U"}] * 5000,
        "limits": [{"limit": "max_position", "value": "0", "used": "1"}] * 5000,
        "oddities": [{"code": "late_fill", "count": 1}] * 5000,
        "gate": {"outcomes": [{"result": "held", "reason": "r", "rule": "R1", "count": 1}] * 5000},
        "kill_switch": {"mode": "sideways", "steps_ns": many},
        "strategy_counters": many,
        "unknown": {"names": ["are", "passed", "over"]},
    }


def test_metrics_that_say_too_much_make_few_samples_and_none_twice() -> None:
    figures = decode_figures(json.dumps(hostile_metrics()).encode())
    samples = list(samples_of(RunFacts(run_id="hostile", packed=packed(figures)), OLD_NS))
    assert len(samples) < 700
    assert len({(name, labels) for name, labels, _ in samples}) == len(samples)
    assert of(samples, "tc_risk_limit_usage_ratio") == {}


@pytest.mark.parametrize(
    "document",
    [
        b"[]",
        b"",
        b"{",
        b'{"fills": {"total": 1.5}}',
        b'{"turnover": {"U": "much"}}',
        b'{"fills": {"total": 1' + b"0" * 400 + b"}}",
    ],
)
def test_metrics_that_are_none_are_refused(document: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_figures(document)


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+999999", "1E-999999", "1" * 2000])
@pytest.mark.parametrize(
    "document",
    [
        '{"turnover": {"U": "?"}}',
        '{"profit": {"I": {"currency": "U", "realized": "?"}}}',
        '{"equity": {"currency": "U", "final": "1", "net_profit": "?"}}',
        '{"exposures": [{"instrument_id": "I", "signed_quantity": "1", "value": "?"}]}',
        '{"limits": [{"limit": "max_position", "value": "1", "used": "?"}]}',
    ],
)
def test_amounts_that_no_page_can_show_are_refused(document: str, amount: str) -> None:
    decode_figures(document.replace("?", "-12.5").encode())
    with pytest.raises(ValueError, match="an amount in it is none"):
        decode_figures(document.replace("?", amount).encode())


@pytest.mark.parametrize(
    "document",
    [
        '{"commissions": {"?": "1"}}',
        '{"balances": [{"account_id": "?", "currency": "U", "last": "1"}]}',
        '{"gate": {"outcomes": [{"result": "held", "reason": "?", "rule": "R1", "count": 1}]}}',
        '{"kill_switch": {"mode": "halt", "steps_ns": {"?": 1}}}',
    ],
)
def test_names_that_are_no_labels_are_refused(document: str) -> None:
    decode_figures(document.replace("?", "N" * 200).encode())
    with pytest.raises(ValueError, match="a name in it has 201 characters"):
        decode_figures(document.replace("?", "N" * 201).encode())


def test_figures_are_kept_as_they_are() -> None:
    figures = decode_figures((SAMPLE / "runs" / "sample" / "metrics.json").read_bytes())
    assert unpacked(packed(figures)) == figures
    assert len(packed(figures)) < 2500
    assert unpacked(packed(Figures())) == Figures()


def test_a_run_without_figures_says_what_it_is() -> None:
    facts = RunFacts(run_id="new", status="created", is_active=True)
    names = {name for name, _, _ in samples_of(facts, OLD_NS)}
    assert names == {"tc_run_info", "tc_run_state", "tc_run_active", "tc_run_resumes_total"}
    assert facts.figures is None


def test_the_time_since_a_crash_is_no_part_of_a_runs_duration() -> None:
    facts = RunFacts(run_id="dead", status="crashed", started_ns=OLD_NS, last_write_ns=OLD_NS + 5 * 10**9)
    assert values_of(facts, "tc_run_duration_seconds") == {(): 5.0}
    assert values_of(dataclasses.replace(facts, last_write_ns=None), "tc_run_duration_seconds") == {(): 0.0}


def test_the_quality_of_a_dataset_is_told_by_every_code_there_is(everything: dict[str, list[Sample]], tmp_path: Path) -> None:
    findings = of(everything["fleet"], "tc_data_quality_findings")
    assert len(findings) > 10
    assert {dataset for dataset, _ in findings} == {"btcusdt-1m-sample"}
    assert set(findings.values()) == {0}
    prepare_data("btcusdt-1m-sample", data_root=tmp_path / "data")
    dataset = load_dataset(tmp_path / "data", "btcusdt-1m-sample")
    write_quality(tmp_path / "data", dataset, {"gap": 3}, at_ns=1, tc="0")
    index = index_of(tmp_path)
    index.refresh(time.time_ns())
    assert of(fleet_samples(index, 1), "tc_data_quality_findings") == {("btcusdt-1m-sample", "gap"): 3}


def test_of_a_run_that_crashed_the_end_is_when_it_wrote_last_and_of_one_that_goes_on_there_is_none(tmp_path: Path) -> None:
    with growing(tmp_path, "crashed") as crashed, growing(tmp_path, "live"):
        written_ns = crashed.crash().journal.stat().st_mtime_ns
        index = index_of(tmp_path)
        index.refresh(time.time_ns())
        ends = {run: of(samples_of(facts_in(index, run), 0), "tc_run_ended_timestamp_seconds") for run in ("crashed", "live")}
    assert ends == {"crashed": {("crashed",): written_ns / 10**9}, "live": {}}


def test_the_state_of_a_node_is_told_by_its_supervisor_once_the_node_says_nothing_more(tmp_path: Path) -> None:
    with growing(tmp_path, "live") as live:
        live.say(now_ns=1_000 * SECOND)
        index = index_of(tmp_path)
        for at_ns, state in ((1_001 * SECOND, "trading"), (1_003 * SECOND, "replaying")):
            said = {"pid": 2, "node_state": "replaying", "is_node_alive": True}
            write_heartbeat(live.directory, SupervisorHeartbeat(at_ns=at_ns, every_s=1.0, **said))
            written_at(at_ns, live.directory.supervisor_heartbeat)
            index.refresh(at_ns)
            states = of(samples_of(facts_in(index, "live"), at_ns), "tc_node_state")
            assert [labels[1] for labels, is_so in states.items() if is_so] == [state]


@pytest.mark.parametrize("ahead_s", [30, -30])
def test_a_node_whose_clock_is_wrong_is_heard_of_when_the_kernel_says_so_and_what_it_stamped_is_no_older(
    tmp_path: Path, ahead_s: int
) -> None:
    with growing(tmp_path, "live") as live:
        live.say(now_ns=1_000 * SECOND, ahead_ns=ahead_s * SECOND)
        index = index_of(tmp_path)
        index.refresh(1_000 * SECOND)
        facts = facts_in(index, "live")
        two_later_ns = 1_002 * SECOND
        heard = {("node",): 1_000, ("supervisor",): 1_000}
        assert values_of(facts, "tc_heartbeat_timestamp_seconds", now_ns=two_later_ns) == heard
        assert values_of(facts, "tc_clock_offset_seconds", now_ns=two_later_ns) == {("node",): ahead_s, ("supervisor",): 0}
        assert values_of(facts, "tc_order_oldest_in_flight_seconds", now_ns=two_later_ns) == {(): 3}
        assert values_of(facts, "tc_data_staleness_seconds", now_ns=two_later_ns) == {(INSTRUMENT, "QuoteTick"): 2.1}
        assert values_of(facts, "tc_feed_state", now_ns=two_later_ns)[INSTRUMENT, "QuoteTick", "quiet"] == 1
        assert values_of(facts, "tc_node_state", now_ns=two_later_ns)[("trading",)] == 1
        live.crash()
        index.refresh(two_later_ns)
        assert values_of(facts_in(index, "live"), "tc_clock_offset_seconds") == {}
