"""Claims about the figures of all drills: medians, the worst, what counts, and the table."""

from fractions import Fraction

from drill_records import verdict_of
from tc.reports.drill.figures import Spread, figures, resilience, score
from tc.reports.drill.tables import FIGURE_COLUMNS, figure_rows, render_figures, score_line
from tc.store.drills import DrillVerdict

MS = 1_000_000


def three() -> tuple[DrillVerdict, ...]:
    return (
        verdict_of("node-hang", 1, weight=3, verdict="inconclusive", detect_ns=None, mitigate_ns=None, recover_ns=None),
        verdict_of("disconnect", 2, verdict="failed", detect_ns=900 * MS, recover_ns=None, weight=9),
        verdict_of("disconnect", 10, detect_ns=700 * MS, recover_ns=4_000 * MS, weight=5),
        verdict_of("disconnect", 1, detect_ns=800 * MS, recover_ns=6_000 * MS),
        verdict_of("disconnect", 11, verdict="failed", detect_ns=9_000 * MS, is_mutated=True),
    )


def test_executions_are_counted_by_drill_and_those_without_a_detector_are_none() -> None:
    disconnect, hang = figures(three())
    assert (disconnect.drill, disconnect.executions, disconnect.passed, disconnect.failed) == ("disconnect", 3, 2, 1)
    assert (hang.drill, hang.executions, hang.inconclusive, hang.detect) == ("node-hang", 1, 1, None)


def test_the_median_of_an_even_number_lies_between_the_two_in_the_middle() -> None:
    disconnect, _ = figures(three())
    assert disconnect.detect == Spread(800 * MS, 900 * MS)
    assert disconnect.recover == Spread(5_000 * MS, 6_000 * MS)


def test_the_last_execution_is_that_with_the_highest_number() -> None:
    disconnect, _ = figures(three())
    assert (disconnect.newest.number, disconnect.last, disconnect.newest.weight) == (10, "passed", 5)


def test_the_score_is_the_weighted_part_that_passed_last() -> None:
    assert score(figures(three())) == Fraction(5, 8)
    assert score(()) is None
    assert resilience([(0, "passed")]) is None
    assert resilience([(2, "passed"), (1, "failed"), (1, "inconclusive")]) == Fraction(1, 2)


def test_the_table_has_a_row_for_each_drill() -> None:
    rows = figure_rows(figures(three()))
    assert rows == (
        ("disconnect", "passed", "3", "2", "1", "0", "0.80 / 0.90", "1.20 / 1.20", "5.00 / 6.00"),
        ("node-hang", "inconclusive", "1", "0", "0", "1", "—", "—", "—"),
    )
    assert {len(row) for row in rows} == {len(FIGURE_COLUMNS)}


def test_the_table_is_markdown_with_the_score_above_it_and_what_others_wrote_is_text() -> None:
    text = render_figures(figures((*three(), verdict_of("a|b`c"))))
    lines = text.splitlines()
    assert lines[0] == "Resilience score 66.67 %, by weight: 2 of 3 drills passed last; 5 executions in all."
    assert lines[2].endswith("| Detect (s) | Mitigate (s) | Recover (s) |")
    assert lines[4].startswith(r"| a\|b\`c | passed | 1 |")
    assert text.endswith("over all executions.\n")


def test_of_thirty_drills_no_row_is_left_out() -> None:
    assert render_figures(figures(verdict_of(f"d-{at}") for at in range(34))).count("| passed |") == 34


def test_before_the_first_drill_the_table_says_so() -> None:
    assert score_line(()) == "No drill was carried out yet."
    assert render_figures(()) == "No drill was carried out yet.\n"
