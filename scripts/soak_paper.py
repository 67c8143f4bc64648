"""Kill the processes of paper runs at random moments under quoting, go on with them, and compare with the venue; prints JSON.

A kill is of the node, of the venue, of both, or of the supervisor with both, by SIGKILL; some come after a SIGSTOP and a SIGCONT.
Each time `tc run --resume` goes on with the run. Once it trades again, what the journal adds up to must be what the venue
says: each order, each fill once, the position and the balance. A run that was killed often enough is stopped, verified and
replayed. Exits 1 and says the seed when something is not so.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

SPEC = Path(__file__).resolve().parents[1] / "specs" / "btcusdt_paper.yaml"
KINDS = ("node", "venue", "both", "supervisor")
KILLS_OF_A_RUN = 10
PATIENCE_S = 60.0
LOOKS = 4
PAUSE_S = 1.0
"""A venue counts how often it is asked."""
UNKNOWN, UNKNOWN_PAUSE_S, BUSY_S = 5, 10.0, 120.0
"""One that was asked too often, by all that start and look, gives an answer again within a minute or so."""
_BUSY = ("--set", "strategy.parameters.half_spread_ticks=1", "--set", "node.market_data.speed=2")
_QUIET = ("--set", "node.reconciliation.every_s=null", "--set", "stop.duration_s=3600", "--set", "node.start_deadline_s=120")
"""What is looked for is a loss, not a busy machine."""


def main() -> None:
    """Kill so many times of each kind, and count what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how often each kind is killed")
    parser.add_argument("--kinds", default=",".join(KINDS), help="which kinds, separated by commas")
    parser.add_argument("--seed", type=int, default=None, help="of the random moments; one that failed is printed")
    parser.add_argument("--spread", type=float, default=2.0, help="a kill comes at most so many seconds after trading began")
    options = parser.parse_args()
    seed = time.time_ns() if options.seed is None else options.seed
    moments = random.Random(seed)  # noqa: S311 - moments, no secrets
    kills = [kind for kind in options.kinds.split(",") for _ in range(options.kills)]
    moments.shuffle(kills)
    counts: Counter[str] = Counter()
    began_s = time.monotonic()
    try:
        for first in range(0, len(kills), KILLS_OF_A_RUN):
            with tempfile.TemporaryDirectory() as folder:
                _soaked(Soaked(Path(folder)), kills[first : first + KILLS_OF_A_RUN], moments, options.spread, counts)
    except AssertionError as error:
        sys.exit(f"after {dict(counts)}, --seed {seed}: {error}")
    seconds = round(time.monotonic() - began_s)
    print(json.dumps({"soak": "paper", "seed": seed, "seconds": seconds, **dict(sorted(counts.items()))}))


def _soaked(run: "Soaked", kills: list[str], moments: random.Random, spread_s: float, counts: Counter[str]) -> None:
    """Kill one run so often, go on with it each time, and end it."""
    try:
        run.start("run", str(SPEC), "--run-id", run.run_id, *_BUSY, *_QUIET)
        for kind in kills:
            time.sleep(moments.uniform(0, spread_s))
            counts[run.kill(kind, stops_first=moments.random() < 1 / 3, moments=moments)] += 1
            run.start("run", "--resume", run.run_id)
            run.require_clean(f"after a kill of {kind}")
        if run.stop():
            run.require_clean("at its end")
        else:
            counts["stops left unsettled, and told"] += 1
        run.require("intact", "runs", "verify", run.run_id)
        run.require("as recorded", "runs", "replay", run.run_id)
        counts["recovered events"] += run.recovered()
        counts["fills"] += run.count("OrderFilled")
        counts["runs"] += 1
    finally:
        run.end()


class Soaked:
    """One paper run in a folder of its own, and the processes that are it."""

    run_id = "soak"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = {**os.environ, "TC_VENUE_API_KEY": "soak", "TC_VENUE_API_SECRET": "soak"}
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._journal = folder / "artifacts" / "runs" / self.run_id / "journal.jsonl"
        self._said = folder / "said"

    def start(self, *arguments: str) -> None:
        """Start it, or go on with it, and wait until it trades."""
        with self._said.open("wb") as said:
            self._supervisor = subprocess.Popen(
                (sys.executable, "-m", "tc", *arguments), cwd=self._folder, env=self._environment, stdout=said, stderr=said
            )
        _until(lambda: b"node: trading" in self._said.read_bytes() or self._is_over(), "it does not trade")
        if self._is_over():
            raise AssertionError(f"{' '.join(arguments)} ended: {self._words()}")

    def kill(self, kind: str, *, stops_first: bool, moments: random.Random) -> str:
        """Kill it, wait until all of it is gone, and return what was done."""
        supervisor, node = self._running().pid, self._node()
        (venue,) = _children(supervisor) - {node}
        victims = {"node": [node], "venue": [venue], "both": [node, venue], "supervisor": [supervisor, node, venue]}[kind]
        if stops_first:
            for pid in victims:
                os.kill(pid, signal.SIGSTOP)
            time.sleep(moments.uniform(0.05, 0.5))
            for pid in victims:
                os.kill(pid, signal.SIGCONT)
            time.sleep(moments.uniform(0, 0.1))
        for pid in victims:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        _until(lambda: self._is_over() and all(_is_gone(pid) for pid in (node, venue)), "it does not end")
        return f"{kind} after stop" if stops_first else kind

    def stop(self) -> bool:
        """Stop it in order; return whether its node settled everything by itself."""
        self._running().send_signal(signal.SIGINT)
        _until(self._is_over, "it does not stop")
        return "the node left" not in self._words()

    def end(self) -> None:
        """End whatever runs still."""
        if self._supervisor is None or self._is_over():
            return
        for pid in (*_children(self._supervisor.pid), self._supervisor.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._supervisor.wait()

    def require_clean(self, when: str) -> None:
        """Compare with the venue: the journal adds up to what is held there; while it trades much, in one look of several."""
        looks, until_s = 0, time.monotonic() + BUSY_S
        while looks < LOOKS and time.monotonic() < until_s:
            done = self._tc("reconcile", self.run_id)
            if done.returncode == 0:
                return
            is_unknown = done.returncode == UNKNOWN
            looks += not is_unknown
            time.sleep(UNKNOWN_PAUSE_S if is_unknown else PAUSE_S)
        raise AssertionError(f"{when}: {done.stdout.decode()}{done.stderr.decode()}{self._words()}")

    def require(self, words: str, *arguments: str) -> None:
        """Give a command that must succeed with these words."""
        done = self._tc(*arguments)
        if done.returncode or words not in done.stdout.decode():
            raise AssertionError(f"tc {' '.join(arguments)}: {done.stdout.decode()}{done.stderr.decode()}")

    def count(self, kind: str) -> int:
        """Return how many entries the journal has of a type."""
        return self._journal.read_bytes().count(f'"event":{{"type":"{kind}"'.encode())

    def recovered(self) -> int:
        """Return how many order events stand between a resumption and the snapshot behind it."""
        found, is_between = 0, False
        for line in self._journal.read_bytes().splitlines():
            kind = json.loads(line)["entry"]["event"]["type"]
            is_between = kind == "RunResumed" or (is_between and kind != "SnapshotTaken")
            found += is_between and kind.startswith(("Order", "Dispatch"))
        return found

    def _tc(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = (sys.executable, "-m", "tc", *arguments)
        return subprocess.run(
            command, cwd=self._folder, env=self._environment, capture_output=True, timeout=PATIENCE_S, check=False
        )

    def _running(self) -> subprocess.Popen[bytes]:
        if self._supervisor is None:
            raise AssertionError("nothing was started")
        return self._supervisor

    def _node(self) -> int:
        return int(json.loads((self._folder / "runtime" / "nodes" / f"{self.run_id}.json").read_bytes())["pid"])

    def _is_over(self) -> bool:
        return self._running().poll() is not None

    def _words(self) -> str:
        return self._said.read_bytes().decode(errors="replace")


def _children(pid: int) -> set[int]:
    with suppress(OSError):
        return {int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
    return set()


def _is_gone(pid: int) -> bool:
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


def _until(is_so: Callable[[], bool], otherwise: str) -> None:
    ends_s = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > ends_s:
            raise AssertionError(otherwise)
        time.sleep(0.02)


if __name__ == "__main__":
    main()
