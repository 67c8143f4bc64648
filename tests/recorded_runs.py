"""Runs as they lie on disk: made through the flows in this process, read back line by line, and held to every check."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tc import wiring
from tc.flows.recording.record import FinishedRun
from tc.store.journal import read_entries
from tc.store.layout import RunDirectory

SPECS = Path(__file__).resolve().parents[1] / "specs"
GATE_OFF = Path(__file__).parent / "golden" / "gate_off.json"
FILUSDT, TICKS, BOOK = "filusdt-1m-2023-04", "btcusdt-ticks-2024-08-08", "btcusdt-book-2024-08-08"

_NOT_OF_ORDERS = (
    "CancelRequested",
    "ComponentStateChanged",
    "ControlTimeReached",
    "KillSwitchChanged",
    "MarketDataRows",
    "MarketObserved",
    "ModifyRequested",
    "RunCompleted",
    "RunStarted",
    "SubmitRequested",
    "ThrottleReset",
)


@dataclass(frozen=True, slots=True)
class Workshop:
    """A folder in which runs are made."""

    root: Path

    def run(self, spec: str | Path, run_id: str, *overrides: str) -> FinishedRun:
        """Run a spec, one of ours by its name, to its end."""
        path = SPECS / f"{spec}.yaml" if isinstance(spec, str) else spec
        return wiring.run_spec(
            path,
            overrides=overrides,
            artifacts_root=self.root,
            data_root=self.root,
            run_id=run_id,
            is_durable=False,
            on_progress=lambda progress: None,
            should_stop=lambda: False,
        )

    def make(self, spec: str | Path, run_id: str, *overrides: str) -> RunDirectory:
        """Run a spec that must complete, and return where it lies."""
        finished = self.run(spec, run_id, *overrides)
        assert (finished.status, finished.reason) == ("completed", "")
        return finished.run

    def import_data(self, dataset: str, instrument: str, *files: Path) -> None:
        """Import real market data."""
        wiring.import_any(
            files,
            instrument_id=instrument,
            artifacts_root=self.root,
            data_root=self.root,
            dataset_id=dataset,
            format_name=None,
            progress=lambda done, size: None,
        )

    def hold(self, run: RunDirectory, *, is_reproduced: bool) -> None:
        """Hold a run to its seal, its replay (decisions derived again) and, if asked, a second run of its spec."""
        verified = wiring.verify_run(
            run.run_id, artifacts_root=self.root, data_root=self.root, expected_root=None, is_recorded=False
        )
        assert verified.is_sealed
        assert verified.findings == ()
        replayed = wiring.replay_run(run, at=None, progress=lambda position, positions: None)
        assert replayed.findings == ()
        assert replayed.violation == ""
        if run.decisions.exists():
            assert replayed.decisions == len(decisions(run)) > 0
            assert replayed.decision_digest == hashlib.sha256(run.decisions.read_bytes()).hexdigest()
        else:
            assert replayed.decisions is None
        if is_reproduced:
            assert wiring.reproduce_run(run, artifacts_root=self.root, data_root=self.root, is_recorded=False).is_equal


def body_digest(run: RunDirectory) -> dict[str, object]:
    """Return the number of a journal's entries behind the first, which names the configuration, and SHA-256 over their bodies."""
    lines = run.journal.read_bytes().splitlines(keepends=True)[1:]
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.partition(b'"entry":')[2].removesuffix(b"}\n") + b"\n")
    return {"entries": len(lines), "sha256": digest.hexdigest()}


def before_the_gate(spec: str) -> dict[str, object]:
    """Return what `body_digest` says of the spec's run by the last version that had no gate."""
    recorded: dict[str, dict[str, object]] = json.loads(GATE_OFF.read_text(encoding="utf-8"))
    return recorded[spec]


def events(run: RunDirectory) -> list[dict[str, Any]]:
    """Return a journal's events as their JSON says them."""
    return [json.loads(line)["entry"]["event"] for line in run.journal.read_bytes().splitlines()]


def order_events(run: RunDirectory) -> list[dict[str, Any]]:
    """Return what became of orders, positions and the account: what a run without a gate records, without rows and components."""
    return [each for each in events(run) if each["type"] not in _NOT_OF_ORDERS]


def fills(told: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the fills among events."""
    return [each for each in told if each["type"] == "OrderFilled"]


def decisions(run: RunDirectory) -> list[dict[str, Any]]:
    """Return the lines of decisions.jsonl."""
    return [json.loads(line) for line in run.decisions.read_bytes().splitlines()]


def outcomes(run: RunDirectory) -> Counter[tuple[str, str]]:
    """Return how often each result came about, and for which reason."""
    return Counter((each["result"], each.get("reason", "")) for line in decisions(run) for each in line.get("outcomes", ()))


def held_until_sent(run: RunDirectory) -> list[tuple[int, int, str]]:
    """Return, for each command that the rate held and let go: until when it was held, when it was sent, and by which event."""
    types = {entry.position: type(entry.event).__name__ for entry in read_entries(run.journal)}
    until: dict[tuple[str, str], int] = {}
    found = []
    for line in decisions(run):
        for each in line.get("outcomes", ()):
            command = each["key"], each["kind"]
            if each["result"] == "held" and each["reason"] == "rate_capacity":
                until[command] = each["until_ns"]
            elif each["result"] == "sent" and command in until:
                found.append((until.pop(command), line["at_ns"], types[line["position"]]))
            elif each["result"] in {"annihilated", "superseded", "invalid"}:
                until.pop(command, None)
    return found
