"""The row *Journal and process* of the dashboard of one run: what it recorded, and what that took."""

from content import PLAIN, Query, Shown, from_on
from panels import PanelBuilder, bars, lines


def events_and_process() -> tuple[PanelBuilder, ...]:
    """Return the panels of a run's journal and its process."""
    return _events(), _by_type(), _journal(), _contradictions(), _rates(), _cpu(), _memory(), _storage(), _room(), _strategy()


def _events() -> PanelBuilder:
    query = Query('rate(tc_events_total{run="$run"}[$__rate_interval])', "{{type}}")
    return lines(Shown("Events", "Entries of the journal per second, by type.", (query,), "cps"))


def _by_type() -> PanelBuilder:
    query = Query('sort_desc(tc_events_total{run="$run"})', "{{type}}", is_instant=True)
    return bars(Shown("Events in all", "Entries of the journal by type.", (query,), "none", PLAIN))


def _journal() -> PanelBuilder:
    queries = (
        Query('tc_journal_entries_total{run="$run"}', "lines"),
        Query('tc_journal_position{run="$run"}', "last position"),
        Query('tc_market_rows_total{run="$run"}', "rows of market data"),
        Query(
            'time() - tc_journal_last_event_timestamp_seconds{run="$run"} and on (run) tc_run_active{run="$run"} == 1',
            "age of the last event",
        ),
    )
    text = "Lines, last position, rows of market data played or seen; of a run at work, the age of its last event on the right."
    return lines(Shown("Journal over time", text, queries, runbook="journal-broken"), right=("/age/", "s"))


def _contradictions() -> PanelBuilder:
    none = 'label_replace(0 * tc_journal_position{run="$run"}, "code", "none", "", "")'
    query = Query(f'tc_contradictions_total{{run="$run"}} or on (run) {none}', "{{code}}")
    text = "Anomalies and broken rules that the fold of the journal found."
    return lines(Shown("Contradictions", text, (query,), "none", from_on(1), "journal-broken"))


def _rates() -> PanelBuilder:
    queries = (
        Query('tc_run_rows_per_second{run="$run"}', "rows of market data"),
        Query('tc_run_events_per_second{run="$run"}', "entries of the journal"),
    )
    return lines(Shown("Throughput", "Per second of wall-clock time, over the whole run.", queries, "cps"))


def _cpu() -> PanelBuilder:
    queries = (
        Query('rate(tc_run_cpu_seconds_total{run="$run"}[$__rate_interval])', "now"),
        Query('tc_run_cpu_seconds_total{run="$run"} / on (run) tc_run_duration_seconds{run="$run"}', "over the whole run"),
    )
    return lines(Shown("CPU", "Processor time of the engine: 100 % is one core.", queries, "percentunit"))


def _memory() -> PanelBuilder:
    query = Query('tc_run_peak_memory_bytes{run="$run"}', "peak")
    return lines(Shown("Memory", "Most memory resident.", (query,), "bytes"))


def _storage() -> PanelBuilder:
    queries = (
        Query('tc_run_read_bytes_total{run="$run"}', "read"),
        Query('tc_run_written_bytes_total{run="$run"}', "written"),
    )
    return lines(Shown("Storage", "Bytes read from and written to storage since the run began.", queries, "bytes"))


def _room() -> PanelBuilder:
    queries = (
        Query('tc_run_disk_free_bytes{run="$run"}', "free"),
        Query('tc_run_disk_min_free_bytes{run="$run"}', "the run stops itself below"),
    )
    text = "Room on the disk of a run at work, and the least that it goes on with; its alert fires below twice as much."
    return lines(Shown("Room on its disk", text, queries, "bytes", runbook="disk-full", nothing="not at work"))


def _strategy() -> PanelBuilder:
    query = Query('tc_strategy_events_total{run="$run"}', "{{counter}}", is_instant=True)
    text = "What a packaged scenario counted itself."
    return bars(Shown("Strategy", text, (query,), "none", PLAIN, nothing="no packaged scenario"))
