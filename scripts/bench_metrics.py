"""How fast `tc metrics serve` starts, answers and follows, over many finished runs and one that grows; prints one JSON object.

The runs are copies of the committed sample, which has 84 series. A scrape is what a client on loopback waits for, from asking to
the last byte, uncompressed unless it says so; `cpu_ms` is the server's processor time for it, which a busy machine changes less.
`changed` renders and puts together 100,000 series of which one in a hundred changed. `event_to_metric_ms` is the time from a line
in the journal to a scrape that counts it. The older public ops lab (0.8.0) says that it takes 250 ms for a scrape of 1,000 runs.
"""

import argparse
import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from many_runs import SAMPLE, make_runs

from tc.store.layout import RunDirectory, create_run
from tc.store.lock import RunLock
from tc.telemetry.exposition.chunks import Exposition
from tc.telemetry.exposition.lines import RUN_FAMILIES, Block, block_of

OPS_LAB_MS, OPS_LAB_RUNS = 250, 1_000
TC = Path(sys.executable).with_name("tc")
LIVE = "bench-live"


class Server:
    """A server process, and one connection to it that stays open."""

    def __init__(self, process: "subprocess.Popen[str]", url: str) -> None:
        self.pid = process.pid
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        self._buffer = memoryview(bytearray(1 << 20))

    def ask(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        """Return an answer's status and body."""
        self._connection.request("GET", path, headers=headers or {})
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def scrape(self, headers: dict[str, str] | None = None) -> tuple[float, int]:
        """Return how many milliseconds a scrape takes, and its bytes, which are read and not kept."""
        began, size = time.perf_counter(), 0
        self._connection.request("GET", "/metrics", headers=headers or {})
        answer = self._connection.getresponse()
        while count := answer.readinto(self._buffer):
            size += count
        return (time.perf_counter() - began) * 1e3, size

    def cpu_ms(self) -> float:
        """Return the processor time that all of its threads have taken."""
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6

    def memory_bytes(self) -> int:
        """Return what is resident of it."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, nargs="+", default=[1_000, 10_000], help="how many finished runs there are")
    parser.add_argument("--scrapes", type=int, default=30, help="how many scrapes are measured")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with served(root / "none") as (server, _):
            nothing_bytes = server.memory_bytes()
        measured: dict[str, object] = {"benchmark": "metrics"}
        for count in arguments.runs:
            measured[f"finished_{count}"] = finished(root / str(count), count, arguments.scrapes, nothing_bytes)
        measured["changed"] = changed(runs=1_190, each=84, share=100)
        measured["event_to_metric_ms"] = followed(root / "live")
    print(json.dumps(measured))


@contextmanager
def served(root: Path) -> Iterator[tuple[Server, float]]:
    """Run a server, and give it once it is ready, with the seconds that this took."""
    places = ("--artifacts-root", root, "--runtime-root", root / "runtime", "--data-root", root / "data")
    began = time.perf_counter()
    command: list[str | Path] = [TC, "metrics", "serve", *map(str, places), "--port", "0", "--max-runs", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline() if process.stdout else ""
        server = Server(process, line.split()[1])
        while server.ask("/-/ready")[0] != http.client.OK:
            time.sleep(0.01)
        yield server, time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(timeout=30)


def finished(root: Path, count: int, scrapes: int, nothing_bytes: int) -> dict[str, float]:
    """Return what finished runs cost."""
    make_runs(root, count)
    with served(root) as (server, start_s):
        start_cpu_s = server.cpu_ms() / 1e3
        _, text = server.ask("/metrics")
        series = sum(not line.startswith(b"#") for line in text.splitlines())
        before = server.cpu_ms()
        taken = sorted(server.scrape()[0] for _ in range(scrapes))
        cpu_ms = (server.cpu_ms() - before) / scrapes
        first_ms, _ = server.scrape({"Accept-Encoding": "gzip"})
        packed = [server.scrape({"Accept-Encoding": "gzip"}) for _ in range(scrapes)]
        return {
            "start_s": round(start_s, 2),
            "start_cpu_s": round(start_cpu_s, 2),
            "series": series,
            "body_mb": round(len(text) / 1e6, 1),
            "scrape_best_ms": round(taken[0], 1),
            "scrape_median_ms": round(statistics.median(taken), 1),
            "scrape_cpu_ms": round(cpu_ms, 1),
            **(
                {"times_as_fast_as_the_older_lab": round(OPS_LAB_MS / statistics.median(taken), 1)}
                if count == OPS_LAB_RUNS
                else {}
            ),
            "gzip_mb": round(packed[0][1] / 1e6, 2),
            "gzip_first_ms": round(first_ms, 1),
            "gzip_median_ms": round(statistics.median(each for each, _ in packed), 1),
            "memory_kb_per_run": round((server.memory_bytes() - nothing_bytes) / count / 1e3, 1),
        }


def changed(*, runs: int, each: int, share: int) -> dict[str, float]:
    """Return what it costs when one run in so many changed: rendering it, and having a body to send again."""
    exposition = Exposition()
    exposition.apply({f"run-{number:05d}": block(f"run-{number:05d}", each, 0) for number in range(runs)})
    taken = []
    for turn in range(1, 21):
        began = time.perf_counter()
        names = [f"run-{number:05d}" for number in range(turn, runs, share)]
        exposition.apply({name: block(name, each, turn) for name in names})
        taken.append((time.perf_counter() - began) * 1e3)
    return {"series": runs * each, "best_ms": round(min(taken), 1), "median_ms": round(statistics.median(taken), 1)}


def block(run: str, series: int, turn: int) -> Block:
    """Return the lines of a run whose every value is new."""
    names = [family for family in RUN_FAMILIES if len(family.labels) == 2][:12]  # noqa: PLR2004 - the run and one more
    made = [(names[place % 12].name, (run, f"value-{place // 12}"), turn * 1.1 + place) for place in range(series)]
    return block_of(made)


def followed(root: Path, *, events: int = 20) -> dict[str, float]:
    """Return how long it takes from a line of a journal that grows to a scrape that has it."""
    run = create_run(root, LIVE)
    for name in ("configuration.json", "run_spec.yaml"):
        shutil.copy(SAMPLE / name, run.path / name)
    about = json.loads((SAMPLE / "metadata.json").read_text()) | {"run_id": LIVE, "status": "running", "ended": None}
    run.metadata.write_text(json.dumps(about, indent=2) + "\n")
    lines = RunDirectory(SAMPLE).journal.read_bytes().splitlines(keepends=True)
    taken = []
    with RunLock(run), run.journal.open("wb", buffering=0) as journal, served(root) as (server, _):
        for count, line in enumerate(lines[:events], 1):
            journal.write(line)
            began = time.perf_counter()
            expected = f'tc_journal_entries_total{{run="{LIVE}"}} {count}\n'.encode()
            while expected not in server.ask("/metrics")[1]:
                time.sleep(0.005)
            taken.append((time.perf_counter() - began) * 1e3)
    return {"median": round(statistics.median(taken), 1), "most": round(max(taken), 1)}


if __name__ == "__main__":
    main()
