"""Claims about one run's metrics as text: Prometheus's own parsers read them, and what cannot be read is an error."""

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from fakes import make_run
from tc.errors import ArtifactError
from tc.telemetry.exposition.lines import Format
from tc.telemetry.process_usage import usage_of
from tc.wiring.metrics import export_metrics
from tracked_runs import growing, traded

SAMPLE = Path(__file__).resolve().parents[2] / "artifacts" / "sample"


@pytest.mark.parametrize(("written", "parse"), [("text", parse_text), ("openmetrics", parse_openmetrics)])
def test_a_finished_runs_metrics_are_read_by_prometheus(written: Format, parse: Callable[[str], Iterable[Metric]]) -> None:
    text = export_metrics("sam", artifacts_root=SAMPLE, written=written).decode()
    families = {family.name: family for family in parse(text)}
    assert families["tc_fills"].type == "counter"
    assert [(each.labels, each.value) for each in families["tc_fills"].samples] == [({"run": "sample"}, 76.0)]
    assert text.endswith("# EOF\n") is (written == "openmetrics")


def test_a_run_that_goes_on_is_told_as_of_now(tmp_path: Path) -> None:
    with growing(tmp_path, "live") as run:
        traded(run.stream)
        run.write()
        run.say()
        text = export_metrics("latest", artifacts_root=tmp_path, written="text").decode()
    samples = {sample.name: sample for family in parse_text(text) for sample in family.samples}
    assert samples["tc_fills_total"].value == 1
    assert samples["tc_run_active"].value == 1
    assert abs(samples["tc_heartbeat_timestamp_seconds"].value - time.time()) < 60


def test_a_run_without_metrics_json_is_counted_to_its_end(tmp_path: Path) -> None:
    run = make_run(tmp_path, "long", rounds=300, before_seal=lambda run: run.metrics.unlink())
    text = export_metrics("long", artifacts_root=tmp_path, written="text").decode()
    entries = len(run.journal.read_bytes().splitlines())
    assert f'tc_journal_entries_total{{run="long"}} {entries}\n' in text


def test_a_journal_that_is_altered_is_said_to_be(tmp_path: Path) -> None:
    run = make_run(tmp_path, "crashed", seal=False)
    with run.journal.open("ab") as file:
        file.write(run.journal.read_bytes().splitlines(keepends=True)[5])
    assert b'tc_journal_intact{run="crashed"} 0\n' in export_metrics("crashed", artifacts_root=tmp_path, written="text")


def test_a_run_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    make_run(tmp_path, "broken").metadata.write_bytes(b"{")
    with pytest.raises(ArtifactError, match=r"run 'broken' cannot be read: .*metadata\.json is not metadata"):
        export_metrics("broken", artifacts_root=tmp_path, written="text")


def test_what_a_process_uses_is_read_from_the_system() -> None:
    used = usage_of(os.getpid())
    assert used is not None
    assert used.cpu_s > 0
    assert used.peak_memory_bytes > 10_000_000
    assert used.read_bytes is None or used.read_bytes > 1000
    assert usage_of(2**22 + 1) is None
