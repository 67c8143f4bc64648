from dataclasses import replace

from status_samples import DRILLS, FLEET, NOW_NS, PERP, S, finished, fleet, in_trouble, live
from tc.checks.attention import Attention
from tc.reports.status.choice import Choice
from tc.reports.status.content import DrillBrief, Fleet, Holding, RunBrief
from tc.reports.status.overview import Overview, Row, overview_of


def overview(runs: list[RunBrief], beside: Fleet | None = None, choice: Choice | None = None) -> Overview:
    return overview_of(runs, beside or Fleet(), choice or Choice(), NOW_NS)


def row(run: RunBrief) -> Row:
    [only] = overview([run]).rows
    return only


def test_a_quiet_fleet_says_so() -> None:
    page = overview([live(), finished(1)])
    assert [mark.text for mark in page.verdict] == ["All quiet"]
    assert page.title == "All quiet · tc"
    assert page.notices == ()
    assert page.more_notices == ""


def test_trouble_comes_first_in_title_verdict_and_list() -> None:
    page = overview(fleet(3), FLEET)
    assert page.title == "5 critical, 8 warning · tc"
    assert [mark.tone for mark in page.verdict] == ["bad", "warn"]
    assert [each.severity for each in page.notices] == ["critical"] * 5 + ["warning"] * 3
    assert page.notices[0].runs == "eth-quoter"
    assert page.notices[0].runs_href == f"/runs/{in_trouble().run_id}"
    assert page.more_notices == "and 5 more"


def test_an_alert_that_many_runs_have_is_told_once_with_the_way_to_them() -> None:
    found = (Attention("TcRunCrashed", "", "why"),)
    page = overview([replace(finished(at), attention=found) for at in range(4)])
    [notice] = page.notices
    assert (notice.runs, notice.runs_href, notice.detail) == ("4 runs", "/?attention=TcRunCrashed#runs", "")
    two = overview([replace(finished(at), attention=found) for at in range(2)])
    assert [each.runs for each in two.notices] == ["btc-momentum", "fil-ema-cross"]


def test_what_is_beside_the_runs_is_told_beside_a_group() -> None:
    found = (Attention("TcProbeFailing", "a", ""),)
    page = overview(
        [replace(finished(at), attention=found) for at in range(3)], Fleet(attention=(Attention("TcProbeFailing", "b", ""),))
    )
    assert [(each.runs, each.subject) for each in page.notices] == [("3 runs", ""), ("", "b")]


def test_the_tiles_count_the_fleet() -> None:
    page = overview(fleet(40), replace(FLEET, left_out=60))
    tiles = {tile.label: (tile.mark.text, tile.mark.tone, tile.note) for tile in page.tiles}
    assert tiles["Active"] == ("2", "live", "of 100 runs")
    assert tiles["With a position"] == ("2", "plain", "of those that are active")
    assert tiles["Reconciliation"] == ("1 found", "bad", "last 12 s ago")
    assert tiles["Kill switch"] == ("halt", "warn", "in 1 scope")
    assert tiles["Drills"] == ("1 of 4 failed", "bad", "last 1 h 56 min ago")
    assert page.left_out == "60 older runs not shown"


def test_an_empty_fleet_has_tiles_and_says_how_to_begin() -> None:
    page = overview([])
    assert page.shown == "There are no runs yet: `tc demo` makes the first."
    assert {tile.label: tile.mark.text for tile in page.tiles}["Reconciliation"] == "none"
    assert page.rows == ()
    assert page.strip is None
    assert page.pages == ()
    assert overview(fleet(9), choice=Choice(text="nobody")).shown == "No run is like that."


def test_unknown_comparisons_warn_and_clean_ones_do_not() -> None:
    unknown = overview([replace(live(), reconciled="unknown")]).tiles[2].mark
    assert (unknown.text, unknown.tone) == ("1 unknown", "warn")
    assert overview([live()]).tiles[2].mark.tone == "good"


def test_filters_say_how_many_each_gives_and_which_is_chosen() -> None:
    page = overview(fleet(120), choice=Choice(state="failed"))
    chosen = [each.text for each in (*page.states, *page.modes) if each.is_current]
    assert chosen == ["failed", "All"]
    assert [each.text for each in page.states][:3] == ["All", "running", "completed"]
    assert page.states[0].href == "/"
    assert page.modes[1].href == "/?state=failed&mode=backtest"
    assert page.attention.href == "/?state=failed&attention=1"
    assert not page.attention.is_current
    assert overview(fleet(120), choice=Choice(attention="1")).attention.href == "/"


def test_a_state_that_no_run_has_is_shown_while_it_is_chosen() -> None:
    page = overview(fleet(5), choice=Choice(state="nonsense"))
    assert [(each.text, each.number) for each in page.states if each.is_current] == [("nonsense", "0")]


def test_pages_lead_to_their_neighbours() -> None:
    pages = dict(overview(fleet(120), choice=Choice(page=2)).pages)
    assert pages == {"Newest": "/", "Newer": "/", "Older": "/?page=3", "Oldest": "/?page=3"}
    assert dict(overview(fleet(120)).pages)["Newer"] == ""
    assert dict(overview(fleet(120), choice=Choice(page=3)).pages)["Older"] == ""
    assert overview(fleet(120), choice=Choice(page=3)).shown == "101 to 120 of 120 runs, newest first"


def test_a_live_run_says_where_it_stands() -> None:
    shown = row(live())
    assert (shown.name, shown.rest, shown.mode, shown.state.text, shown.state.tone) == (
        "btc-momentum",
        "9f3a1c20",
        "paper",
        "running",
        "live",
    )
    assert (shown.moment, shown.lasted) == ("1 h 5 min ago", "1 h 5 min")
    assert [each.text for each in shown.holdings] == ["+0.250 BTCUSDT-PERP"]
    assert shown.holdings[0].note == f"+0.250 {PERP}"
    assert shown.profit is not None
    assert shown.profit.text == "+182.41 USDT"
    assert shown.profit.note == "182.4071 USDT"
    assert shown.verdict is not None
    assert (shown.verdict.text, shown.compared) == ("clean", "12 s ago")
    assert shown.kill is None
    assert shown.attention == ()


def test_a_run_in_trouble_says_what_is_wrong() -> None:
    shown = row(in_trouble())
    assert [(mark.text, mark.tone) for mark in shown.attention] == [("5 critical", "bad"), ("4 warning", "warn")]
    assert "The node is late" in shown.attention[1].note
    assert shown.kill is not None
    assert shown.kill.text == "halt"
    assert shown.verdict is not None
    assert shown.verdict.text == "3 findings"


def test_an_ended_run_says_how_long_it_took() -> None:
    run = replace(finished(0), created_ns=NOW_NS - 100 * S, ended_ns=NOW_NS - 99 * S)
    assert row(run).lasted == "1.0 s"
    assert row(replace(run, ended_ns=0)).lasted == ""
    assert row(replace(run, created_ns=0)).moment == ""


def test_a_running_state_that_nobody_works_on_is_not_shown_as_live() -> None:
    assert row(replace(live(), is_active=False)).state.tone == "plain"


def test_many_positions_are_cut_short_and_what_is_no_number_stays_as_it_is() -> None:
    shown = row(replace(live(), holdings=tuple(Holding(f"I{at}", "x") for at in range(5)), profit="NaN"))
    assert [each.text for each in shown.holdings] == ["x I0", "x I1", "and 3 more"]
    assert shown.profit is not None
    assert shown.profit.text == "NaN"


def test_the_rest_of_an_id_tells_runs_of_one_name_apart() -> None:
    assert row(replace(live(), run_id="btc-momentum")).rest == ""
    assert row(replace(live(), run_id="mine")).rest == "mine"
    assert row(replace(live(), name="", run_id="mine")).name == "mine"


def test_the_strip_has_the_latest_runs_with_the_newest_on_the_right() -> None:
    page = overview(fleet(200))
    assert page.strip is not None
    assert len(page.strip.bars) == 90
    assert page.strip.empty == 0
    assert [bar.tone for bar in page.strip.bars[-3:]] == ["bad", "live", "bad"]
    assert page.strip.bars[-1].note == f"{in_trouble().run_id}: running"
    assert page.strip.summary.startswith("5")
    few = overview(fleet(10)).strip
    assert few is not None
    assert few.empty == 35


def test_drills_are_told_with_their_last_execution_those_that_did_not_pass_first() -> None:
    page = overview([], FLEET)
    assert [each.name for each in page.drills] == ["kill-while-hung", "journal-tamper", "disconnect", "quiet-market"]
    assert [each.verdict.tone for each in page.drills] == ["bad", "warn", "good", "good"]
    assert page.drills[0].times == (("Detected", "2.43 s"), ("Mitigated", "1.20 s"), ("Recovered", ""))
    assert page.drills[2].executions == "20 of 20 executions passed"
    assert page.drills[2].moment == "1 h 56 min ago"
    assert page.resilience == "66.67 %"


def test_the_tile_of_drills_says_the_worst_of_them() -> None:
    def tile(*drills: DrillBrief) -> tuple[str, str]:
        mark = overview([], Fleet(drills=drills)).tiles[-1].mark
        return mark.text, mark.tone

    passed, inconclusive, failed, quiet = DRILLS
    assert tile(passed, quiet) == ("2 passed", "good")
    assert tile(passed, inconclusive) == ("1 of 2 inconclusive", "warn")
    assert tile(passed, inconclusive, failed) == ("1 of 3 failed", "bad")
    assert tile() == ("none", "plain")
