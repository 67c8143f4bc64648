"""The row of the dashboard of all runs about the server of these metrics itself."""

from content import FINE, Query, Shown, Steps, from_on
from panels import PanelBuilder, lines


def server() -> tuple[PanelBuilder, ...]:
    """Return the panels of the server."""
    return _server(), _look(), _answer(), _series()


def _of_server(title: str, text: str, queries: tuple[Query, ...], unit: str = "short", steps: Steps = FINE) -> Shown:
    return Shown(title, text, queries, unit, steps, "metrics-down", width=6, nothing="the server does not answer")


def _server() -> PanelBuilder:
    queries = (Query('rate(process_cpu_seconds_total{job="tc"}[$__rate_interval])', "CPU, of a core"),)
    return lines(_of_server("CPU of the server", "100 % is one core.", queries, "percentunit"))


def _look() -> PanelBuilder:
    queries = (
        Query("tc_index_refresh_duration_seconds", "a look at the run directories takes"),
        Query("time() - tc_index_refresh_timestamp_seconds", "the last look was ago"),
    )
    text = "How long it takes to look at the run directories, and how long ago that was."
    return lines(_of_server("Looks", text, queries, "s", from_on(15)))


def _answer() -> PanelBuilder:
    queries = (
        Query('scrape_duration_seconds{job="tc"}', "a scrape takes"),
        Query('process_resident_memory_bytes{job="tc"}', "memory"),
    )
    text = "How long a scrape takes, and the memory of the server."
    return lines(_of_server("Scrapes and memory", text, queries, "bytes"), right=("/scrape/", "s"))


def _series() -> PanelBuilder:
    queries = (
        Query("tc_runs_shown", "runs with series of their own"),
        Query("tc_runs_left_out", "runs beyond --max-runs"),
        Query('scrape_samples_scraped{job="tc"}', "series"),
        Query("tc_build_info", "tc {{version}}, Python {{python}}"),
    )
    text = "Runs, and series on the right; the version is in the legend."
    return lines(_of_server("What it shows", text, queries), right=("/^series$/", "short"))
