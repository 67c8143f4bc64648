"""The figures of all drills as a table: rows for a terminal, and Markdown for the docs."""

from collections.abc import Sequence
from decimal import Decimal

from tc.reports.drill.figures import DrillFigures, Spread, score
from tc.reports.markdown import plain
from tc.reports.page.words import NANOS, NONE, count, exact, percent, ratio

FIGURE_COLUMNS = ("Drill", "Last", "Executions", "Passed", "Failed", "Inconclusive", "Detect", "Mitigate", "Recover")
"""What stands in a row of `figure_rows`; the last three are the median and the longest, in seconds."""

_WORDS = 2
"""The first columns are words, the rest numbers."""


def figure_rows(figures: Sequence[DrillFigures]) -> tuple[tuple[str, ...], ...]:
    """Return a row of words for each drill."""
    return tuple(
        (
            each.drill,
            each.last,
            exact(each.executions),
            exact(each.passed),
            exact(each.failed),
            exact(each.inconclusive),
            *map(_spread, (each.detect, each.mitigate, each.recover)),
        )
        for each in figures
    )


def score_text(figures: Sequence[DrillFigures]) -> str:
    """Return the resilience score in percent; empty where no drill was carried out."""
    found = score(figures)
    return "" if found is None else percent(ratio(Decimal(found.numerator), Decimal(found.denominator)))


def score_line(figures: Sequence[DrillFigures]) -> str:
    """Return the resilience score in a sentence."""
    share = score_text(figures)
    if not share:
        return "No drill was carried out yet."
    passed = f"{exact(sum(each.last == 'passed' for each in figures))} of {count(len(figures), 'drill')}"
    executions = count(sum(each.executions for each in figures), "execution")
    return f"Resilience score {share}, by weight: {passed} passed last; {executions} in all."


def render_figures(figures: Sequence[DrillFigures]) -> str:
    """Return the table as Markdown, with the score above it."""
    units = ("",) * (len(FIGURE_COLUMNS) - 3) + (" (s)",) * 3
    head = [f"{title}{unit}" for title, unit in zip(FIGURE_COLUMNS, units, strict=True)]
    rule = ["---"] * _WORDS + ["---:"] * (len(head) - _WORDS)
    rows = [[plain(cell) for cell in row] for row in figure_rows(figures)]
    lines = [f"| {' | '.join(cells)} |" for cells in (head, rule, *rows)]
    note = "Of each time the median and the longest over all executions."
    return "\n".join((score_line(figures), "", *((*lines, "", note, "") if figures else ())))


def _spread(times: Spread | None) -> str:
    return NONE if times is None else f"{times.median_ns / NANOS:,.2f} / {times.max_ns / NANOS:,.2f}"
