from dataclasses import replace

import msgspec

from status_samples import NOW_NS, S, comparison, finished, in_trouble, live, live_detail
from tc.checks.attention import Feed
from tc.reports.reconciliation import ToldFinding
from tc.reports.status.content import Process, RunDetail
from tc.reports.status.run import FINDINGS_SHOWN, Block, RunPage, run_page_of


def page(detail: RunDetail, runbooks: str = "") -> RunPage:
    return run_page_of(detail, NOW_NS, runbooks=runbooks)


def block(shown: RunPage, name: str) -> Block:
    return next(each for each in shown.blocks if each.id == name)


def test_a_run_that_is_well_says_so() -> None:
    shown = page(live_detail())
    assert shown.all_clear == "Nothing needs attention."
    assert [mark.text for mark in shown.marks] == ["running"]
    assert shown.title == "running · btc-momentum · tc"
    assert shown.notices == ()


def test_every_alert_of_a_run_stands_on_its_page_with_its_runbook() -> None:
    brief = in_trouble()
    shown = page(live_detail(brief), "https://ops.example/runbooks/")
    assert [each.alert for each in shown.notices] == [each.alert for each in brief.attention]
    assert shown.notices[0].runbook_href == "https://ops.example/runbooks/safety-gate.md"
    assert shown.all_clear == ""
    assert shown.title == "running, 5 critical, 4 warning · eth-quoter · tc"


def test_a_runbook_without_an_address_is_named_and_one_with_a_strange_one_is_no_link() -> None:
    for address in ("", "javascript:alert(1)", "ftp://x"):
        notice = page(live_detail(in_trouble()), address).notices[0]
        assert (notice.runbook, notice.runbook_href) == ("runbooks/safety-gate.md", "")


def test_tiles_say_what_is_held_and_how_it_stands() -> None:
    tiles = {tile.label: (tile.mark.text, tile.note) for tile in page(live_detail()).tiles}
    assert tiles["Position"] == ("+0.250", "BTCUSDT-PERP.BINANCE, worth 16,250.25 USDT")
    assert tiles["Net profit"] == ("+182.41 USDT", "after commissions")
    assert tiles["Kill switch"] == ("off", "holds nothing back")
    assert tiles["Reconciliation"] == ("clean", "12 s ago")
    many = {tile.label: (tile.mark.text, tile.note) for tile in page(live_detail(in_trouble())).tiles}
    assert many["Positions"][0] == "2"
    assert many["Kill switch"] == ("halt", "lets through cancels only")
    assert many["Reconciliation"] == ("3 findings", "47 s ago")
    flat = {tile.label: (tile.mark.text, tile.note) for tile in page(RunDetail(brief=replace(finished(1), profit=""))).tiles}
    assert flat["Positions"] == ("0", "flat")
    assert flat["Reconciliation"] == ("never", "it has no venue")
    assert "Net profit" not in flat


def test_a_process_that_is_late_is_shown_so_and_one_that_has_ended_is_not() -> None:
    late = Process(source="node", state="trading", at_ns=NOW_NS - 6 * S, every_s=0.5)
    tones = [
        page(RunDetail(brief=live(), processes=(each,))).processes[0].beat.tone for each in (late, replace(late, state="stopped"))
    ]
    assert tones == ["bad", "plain"]
    assert [each.beat.tone for each in page(live_detail()).processes] == ["good", "good"]


def test_bars_are_red_above_their_limit_and_never_wider_than_it() -> None:
    bars = page(live_detail(in_trouble())).bars
    assert [(bar.share, bar.tone, bar.width) for bar in bars] == [
        ("125%", "bad", "100.0%"),
        ("80%", "good", "79.6%"),
        ("91%", "warn", "91.2%"),
    ]


def test_the_last_comparison_is_shown_with_its_findings_and_what_is_unknown() -> None:
    shown = page(live_detail(in_trouble()))
    assert block(shown, "compared").rows[0] == ("orders", "12", "1", "0", "0", "0")
    assert "47 s ago, up to position 48,211" in block(shown, "compared").note
    assert [len(row) for row in block(shown, "findings").rows] == [4] * 4
    assert block(shown, "findings").rows[-1][1:] == ("balances", "—", "the venue did not answer in time")


def test_of_very_many_findings_the_first_are_shown_and_the_others_counted() -> None:
    many = tuple(ToldFinding("order_missing", f"O-{at}", "", "") for at in range(FINDINGS_SHOWN + 1_500))
    document = msgspec.structs.replace(comparison(), findings=many)
    rows = block(page(replace(live_detail(in_trouble()), compared=document)), "findings").rows
    assert len(rows) == FINDINGS_SHOWN + 2
    assert rows[-1][1] == "and 1,500 more"


def test_what_was_wrong_with_a_channel_is_told_and_where_nobody_judges_that_is() -> None:
    wrong = (("gap", 1_200), ("delayed", 0), ("crossed", 2))
    feeds = tuple(Feed("BTC", "QuoteTick", "live", NOW_NS, anomalies) for anomalies in (wrong, (("gap", 0),), ()))
    shown = block(page(replace(live_detail(), feeds=feeds)), "feeds")
    assert (shown.columns[-1], [row[-1] for row in shown.rows]) == ("Anomalies", ["gap 1,200, crossed 2", "none", "—"])


def test_empty_blocks_are_left_out() -> None:
    assert [each.id for each in page(live_detail()).blocks] == ["feeds"]
    assert [each.id for each in page(live_detail(in_trouble())).blocks] == [
        "feeds",
        "kill",
        "probes",
        "readiness",
        "compared",
        "findings",
    ]


def test_the_timeline_is_told_newest_first() -> None:
    shown = page(replace(live_detail(in_trouble()), untold=3))
    assert shown.timeline[-1].kind == "Created"
    assert shown.timeline[1].is_grave
    assert shown.untold == "and 3 more events before these"


def test_the_commands_fit_the_run() -> None:
    commands = [each.text for each in page(live_detail()).commands]
    assert commands[0].endswith("--follow")
    assert any(text.startswith("tc kill activate --run btc-momentum-") for text in commands)
    ended = [each.text for each in page(RunDetail(brief=finished(1))).commands]
    assert [text.split(" --")[0].rpartition(" ")[0] for text in ended] == ["tc runs verify", "tc runs show"]


def test_a_report_is_linked_when_it_is_there() -> None:
    assert page(RunDetail(brief=finished(1))).report_href == ""
    assert page(RunDetail(brief=finished(1), has_report=True)).report_href == f"/runs/{finished(1).run_id}/report"


def test_the_head_says_what_ran_when_and_for_how_long() -> None:
    brief = finished(1)
    shown = page(RunDetail(brief=brief, engine="nautilus", started_ns=brief.created_ns, reason="it was asked to"))
    named = {each.name: each.value for each in shown.headline}
    assert named["Engine ran for"] == "41 s"
    assert named["Reason"] == "it was asked to"
    assert named["Strategy"] == "ema_cross:EMACross"
    assert "; ended" in shown.subtitle
    assert page(RunDetail(brief=replace(brief, created_ns=0))).subtitle == ""


def test_an_unfinished_reading_is_said() -> None:
    assert "still being read" in page(replace(live_detail(), is_read=False)).reading
    assert page(live_detail()).reading == ""
