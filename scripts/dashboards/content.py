"""What a panel shows, before it is drawn: its words, its queries, its unit, its thresholds, and where it leads to."""

from dataclasses import dataclass

GREEN, YELLOW, RED, BLUE, GREY, PURPLE = "green", "yellow", "red", "blue", "text", "purple"

type Steps = tuple[tuple[float, str], ...]

FINE: Steps = ((0, GREEN),)
PLAIN: Steps = ((0, BLUE),)


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression and how its series are called; ``is_instant`` asks for the last value only."""

    expr: str
    legend: str = ""
    is_instant: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """What a panel shows.

    Parameters
    ----------
    title, help
        What it is, and what a reader should know of it. A title stands once in a dashboard: the panel's id is made of it.
    queries
        What is asked.
    unit
        Grafana's name of the unit: ``s``, ``bytes``, ``percentunit``, ``short``, ``none``, ``cps``.
    steps
        Thresholds from the lowest: a value from which on, and its colour; the first value is ignored.
    runbook
        The runbook of the alert about it, without its suffix.
    width, height
        In the grid's 24 columns and its rows.
    nothing
        What stands there when there are no series.
    is_by_run
        Whether each series has the label run, and so leads to that run's dashboard and page.

    """

    title: str
    help: str
    queries: tuple[Query, ...]
    unit: str = "short"
    steps: Steps = FINE
    runbook: str = ""
    width: int = 8
    height: int = 7
    nothing: str = ""
    is_by_run: bool = False


def from_on(value: float, colour: str = RED) -> Steps:
    """Return thresholds that are green below a value, and of a colour from it on."""
    return ((0, GREEN), (value, colour))


def known_or_zero(expr: str) -> str:
    """Return an expression of a count that is zero only while somebody counts: where the server is gone, there is nothing."""
    return f"({expr}) or 0 * max(tc_runs_shown)"
