from dataclasses import replace

import pytest
import yaml

from conftest import REPOSITORY
from tc.checks.attention import (
    ALERTS,
    CLOCK_OFFSET_S,
    DISK_MARGIN,
    IN_FLIGHT_NS,
    LOOP_LAG_S,
    MISSED_BEATS,
    OVERDUE_INTERVALS,
    OVERDUE_NS,
    PROBE_HOLDS_NS,
    RECENT_NS,
    REQUEST_WEIGHT,
    Attention,
    Beat,
    Drill,
    Feed,
    Probe,
    Vitals,
    attention_of,
    attention_of_fleet,
)

S = 1_000_000_000
NOW = 1_000_000 * S
WELL = Vitals(
    state="running",
    mode="paper",
    is_active=True,
    started_ns=NOW - 100 * S,
    is_journal_intact=True,
    node_state="trading",
    beats=(Beat("node", NOW - S // 2, 0.5, S), Beat("supervisor", NOW - S, 1.0, -S)),
    feeds=(Feed("BTC", "quotes", "live", NOW), Feed("BTC", "trades", "quiet", NOW - 60 * S)),
    loop_lag_s=LOOP_LAG_S,
    oldest_in_flight_ns=NOW - IN_FLIGHT_NS,
    request_weight=80,
    request_weight_limit=100,
    free_bytes=DISK_MARGIN * 200_000_000,
    min_free_bytes=200_000_000,
    limit_usage=(("max_position", 1.0),),
    reconciled="clean",
    reconciled_ns=NOW - 30 * S,
    reconciled_every_ns=30 * S,
    probes=(Probe("spec", "http://127.0.0.1:1", "ok", NOW),),
)


def found(vitals: Vitals) -> list[tuple[str, str, str]]:
    return [(each.alert, each.subject, each.detail) for each in attention_of(vitals, NOW)]


def names(vitals: Vitals) -> list[str]:
    return [each.alert for each in attention_of(vitals, NOW)]


def rules() -> dict[str, dict[str, str]]:
    """Return what the alert rules say of each alert: severity, runbook and when it fires."""
    path = REPOSITORY / "compose" / "prometheus" / "rules" / "tc-alerts.yaml"
    groups = yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    return {
        rule["alert"]: {
            "severity": rule["labels"]["severity"],
            "runbook": rule["annotations"].get("runbook")
            or rule["annotations"]["runbook_url"].rpartition("/")[2].removesuffix(".md"),
            "expr": " ".join(rule["expr"].split()),
        }
        for group in groups
        for rule in group["rules"]
        if "alert" in rule
    }


def test_what_is_judged_here_has_the_names_severities_and_runbooks_of_the_alert_rules() -> None:
    known = rules()
    assert {name: (alert.severity, alert.runbook) for name, alert in ALERTS.items()} == {
        name: (known[name]["severity"], known[name]["runbook"]) for name in ALERTS
    }


@pytest.mark.parametrize(
    ("alert", "threshold"),
    [
        ("TcHeartbeatMissing", f"> {MISSED_BEATS} * tc_heartbeat_interval_seconds and"),
        ("TcHeartbeatMissing", 'unless on (run) tc_node_state{state=~"starting|replaying|stopped"} == 1'),
        ("TcOrderStuckInFlight", f"> {IN_FLIGHT_NS // S} and"),
        ("TcEventLoopLag", f"> {LOOP_LAG_S} and"),
        ("TcClockOffset", f"(tc_clock_offset_seconds > {CLOCK_OFFSET_S} or tc_clock_offset_seconds < -{CLOCK_OFFSET_S}) and"),
        ("TcRequestWeightHigh", f"> {REQUEST_WEIGHT} and"),
        ("TcDiskNearlyFull", f"tc_run_disk_free_bytes < {DISK_MARGIN} * tc_run_disk_min_free_bytes and"),
        ("TcReconciliationOverdue", f"> {OVERDUE_INTERVALS} * tc_reconciliation_interval_seconds + {OVERDUE_NS // S} and"),
        ("TcSubmitAfterHalt", f"tc_run_ended_timestamp_seconds) < {RECENT_NS // S})"),
        ("TcReconciliationMismatch", f"tc_run_ended_timestamp_seconds) < {RECENT_NS // S})"),
        ("TcProbeFailing", f"tc_probe_timestamp_seconds) < {PROBE_HOLDS_NS // S}"),
    ],
)
def test_what_is_judged_here_has_the_thresholds_of_the_alert_rules(alert: str, threshold: str) -> None:
    assert threshold in rules()[alert]["expr"]


def test_a_run_that_is_well_needs_no_attention_at_the_very_edge_of_each_threshold() -> None:
    assert names(WELL) == []
    assert names(Vitals(state="completed")) == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"submits_after_halt": 1}, ("TcSubmitAfterHalt", "", "1 order")),
        ({"submits_after_halt": 1_200}, ("TcSubmitAfterHalt", "", "1,200 orders")),
        (
            {"is_journal_intact": False},
            ("TcJournalBroken", "", "a line does not follow or breaks a rule, or a verification found something"),
        ),
        ({"reconciled": "found", "findings": 3}, ("TcReconciliationMismatch", "", "3 findings")),
        ({"reconciled": "unknown"}, ("TcReconciliationUnknown", "", "what is not known is not flat")),
        ({"kill_mode": "halt"}, ("TcKillSwitchActive", "", "halt")),
        ({"limit_usage": (("max_position", 1.25),)}, ("TcRiskLimitExceeded", "max_position", "125% of it is used")),
        ({"is_venue_up": False}, ("TcVenueUnreachable", "", "what is open and held there is unknown")),
        ({"disconnected": ("data",)}, ("TcVenueDisconnected", "data", "the node trades on")),
        ({"feeds": (Feed("BTC", "quotes", "dead", NOW - 9 * S),)}, ("TcFeedStale", "BTC quotes", "last message 9 s ago")),
        ({"feeds": (Feed("BTC", "quotes", "silent", 0),)}, ("TcFeedSilent", "BTC quotes", "no message yet")),
        ({"oldest_in_flight_ns": NOW - 6 * S}, ("TcOrderStuckInFlight", "", "sent 6 s ago")),
        ({"request_weight": 81}, ("TcRequestWeightHigh", "", "81 of 100 per minute")),
        ({"loop_lag_s": 0.3}, ("TcEventLoopLag", "", "0.30 s behind")),
        ({"beats": (Beat("node", NOW, 0.5, 30 * S),)}, ("TcClockOffset", "node", "+30.0 s")),
        ({"beats": (Beat("node", NOW, 0.5, -S - 1),)}, ("TcClockOffset", "node", "-1.0 s")),
        (
            {"free_bytes": 399_999_999},
            ("TcDiskNearlyFull", "", "399 MB are free, below 200 MB the run stops itself"),
        ),
        (
            {"probes": (Probe("spec", "tcp://127.0.0.1:1", "timeout", NOW, 0.4),)},
            ("TcProbeFailing", "spec tcp://127.0.0.1:1", "timeout, 40% lost"),
        ),
        (
            {"beats": (Beat("node", NOW - 3 * S, 0.5), Beat("supervisor", NOW - 3 * S, 1.0))},
            ("TcHeartbeatMissing", "node", "the last one came 3 s ago"),
        ),
    ],
)
def test_each_trouble_is_told_once_with_what_it_is_about(changed: dict[str, object], expected: tuple[str, str, str]) -> None:
    assert found(replace(WELL, **changed)) == [expected]  # type: ignore[arg-type]


def test_a_heartbeat_is_missing_when_five_did_not_come() -> None:
    at_ns = NOW - MISSED_BEATS * S
    assert names(replace(WELL, beats=(Beat("node", at_ns, 1.0),))) == []
    assert names(replace(WELL, beats=(Beat("node", at_ns - 1, 1.0),))) == ["TcHeartbeatMissing"]


@pytest.mark.parametrize("state", ["starting", "replaying", "stopped"])
def test_no_heartbeat_is_expected_of_a_node_before_it_starts_again_and_once_it_has_stopped(state: str) -> None:
    assert names(replace(WELL, node_state=state, beats=(Beat("node", NOW - 60 * S, 0.5),))) == []


@pytest.mark.parametrize("state", ["stopping", "stopped"])
def test_the_switch_that_an_ending_node_sets_itself_is_no_incident(state: str) -> None:
    assert names(replace(WELL, node_state=state, kill_mode="halt")) == []


def test_a_run_that_went_on_after_a_crash_is_compared_in_its_own_time() -> None:
    crashed_before = replace(WELL, reconciled_ns=NOW - 3_000 * S, reconciled_every_ns=30 * S)
    assert names(replace(crashed_before, resumed_ns=NOW - 40 * S)) == []
    assert names(replace(crashed_before, resumed_ns=NOW - 400 * S)) == ["TcReconciliationOverdue"]


def test_a_run_that_ended_without_an_answer_of_its_venue_is_told_for_an_hour() -> None:
    ended = replace(WELL, is_active=False, reconciled="unknown", ended_ns=NOW - 60 * S)
    assert names(ended) == ["TcReconciliationUnknown"]
    assert names(replace(ended, ended_ns=NOW - RECENT_NS)) == []


def test_a_comparison_is_overdue_after_two_intervals_and_a_while_counted_from_the_start_when_there_was_none() -> None:
    due_ns = NOW - OVERDUE_INTERVALS * 30 * S - OVERDUE_NS
    assert names(replace(WELL, reconciled_ns=due_ns)) == []
    assert found(replace(WELL, reconciled_ns=due_ns - S)) == [
        ("TcReconciliationOverdue", "", "the last one is 76 s old, one is due each 30 s")
    ]
    never = replace(WELL, reconciled="", reconciled_ns=0, started_ns=due_ns - S)
    assert names(never) == ["TcReconciliationOverdue"]
    assert names(replace(never, started_ns=0)) == []
    assert names(replace(never, node_state="starting")) == []
    assert names(replace(never, reconciled_every_ns=None)) == []


def test_a_node_that_does_not_trade_may_be_without_its_connections() -> None:
    assert names(replace(WELL, node_state="starting", disconnected=("data", "execution"))) == []
    assert names(replace(WELL, disconnected=("data", "execution"))) == ["TcVenueDisconnected"] * 2


def test_a_disconnected_feed_is_told_by_its_connection_alone() -> None:
    assert names(replace(WELL, feeds=(Feed("BTC", "quotes", "disconnected", 0),), disconnected=("data",))) == [
        "TcVenueDisconnected"
    ]


@pytest.mark.parametrize("weight", [(None, 100), (99, None), (99, 0)])
def test_a_request_weight_that_is_not_known_is_not_high(weight: tuple[int | None, int | None]) -> None:
    assert names(replace(WELL, request_weight=weight[0], request_weight_limit=weight[1])) == []
    assert REQUEST_WEIGHT < 1


@pytest.mark.parametrize("room", [(None, 200), (0, None), (0, 0)])
def test_a_disk_that_is_not_known_or_that_no_run_stops_for_is_not_nearly_full(room: tuple[int | None, int | None]) -> None:
    assert names(replace(WELL, free_bytes=room[0], min_free_bytes=room[1])) == []


def test_what_ended_is_judged_by_its_files_only() -> None:
    ended = replace(
        WELL,
        state="killed",
        is_active=False,
        ended_ns=NOW - RECENT_NS,
        kill_mode="halt",
        loop_lag_s=9.0,
        free_bytes=0,
        beats=(),
        reconciled="unknown",
        feeds=(Feed("BTC", "quotes", "dead", 0),),
    )
    assert names(ended) == []
    assert names(replace(ended, is_journal_intact=False)) == ["TcJournalBroken"]


@pytest.mark.parametrize("ended_ns", [0, NOW - RECENT_NS])
def test_what_went_wrong_in_a_run_that_ended_long_ago_is_history(ended_ns: int) -> None:
    ended = replace(WELL, is_active=False, ended_ns=ended_ns, submits_after_halt=1, reconciled="found", findings=1)
    assert names(ended) == []
    assert names(replace(ended, ended_ns=NOW - RECENT_NS + 1)) == ["TcSubmitAfterHalt", "TcReconciliationMismatch"]


def test_a_crash_matters_where_something_may_be_held_at_a_venue() -> None:
    crashed = Vitals(state="crashed", mode="paper")
    assert found(crashed) == [("TcRunCrashed", "", "nobody is at work on it, and it was not ended")]
    assert names(replace(crashed, mode="backtest")) == []


def test_of_a_directory_that_cannot_be_read_only_that_is_told() -> None:
    vitals = replace(WELL, state="unreadable", problem="it is no folder", submits_after_halt=1)
    assert found(vitals) == [("TcRunUnreadable", "", "it is no folder")]


def test_an_old_probe_says_nothing_of_now() -> None:
    probe = Probe("spec", "http://127.0.0.1:1", "timeout", NOW - PROBE_HOLDS_NS)
    assert names(replace(WELL, probes=(probe,))) == []
    assert names(replace(WELL, probes=(replace(probe, at_ns=probe.at_ns + 1),))) == ["TcProbeFailing"]


def test_the_worst_comes_first_and_equally_bad_ones_in_the_order_of_the_list() -> None:
    told = attention_of(
        replace(
            WELL,
            kill_mode="halt",
            loop_lag_s=1.0,
            limit_usage=(("a", 2.0),),
            submits_after_halt=1,
            reconciled="unknown",
        ),
        NOW,
    )
    assert [each.severity for each in told] == ["critical", "critical", "warning", "warning", "warning"]
    assert [each.alert for each in told] == sorted((each.alert for each in told), key=list(ALERTS).index)


def test_beside_the_runs_switches_datasets_probes_and_drills_are_judged() -> None:
    told = attention_of_fleet(
        NOW,
        switches=(("all runs", "none"), ("name btc", "halt")),
        datasets=(("good", 0), ("bad", 1)),
        probes=(Probe("spec", "t", "tls_error", NOW, 1.0), Probe("spec", "u", "ok", NOW)),
        drills=(Drill("a", "passed"), Drill("b", "inconclusive"), Drill("c", "failed")),
    )
    assert told == (
        Attention("TcKillSwitchScopeActive", "name btc", "halt"),
        Attention("TcDrillFailed", "b", "inconclusive"),
        Attention("TcDrillFailed", "c", "failed"),
        Attention("TcProbeFailing", "spec t", "tls_error, 100% lost"),
        Attention("TcDataQualityFailed", "bad", "1 finding"),
    )
    assert attention_of_fleet(NOW) == ()


def test_an_alert_says_what_it_means_and_which_runbook_helps() -> None:
    each = Attention("TcFeedStale", "BTC quotes", "")
    assert (each.severity, each.summary, each.runbook) == ("critical", "The venue has news that do not come", "feed-stale")
