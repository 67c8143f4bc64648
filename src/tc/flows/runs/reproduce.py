"""`tc runs reproduce`: run a stored spec again in a fresh process, and compare the journals."""

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec

from tc.errors import ArtifactError, EngineError, RefusedError, TcError
from tc.flows.backtest import prepare_run, run_prepared
from tc.flows.configuration import read_effective_configuration
from tc.flows.recording.record import Circumstances
from tc.flows.witness import Witness
from tc.ports import BacktestRequest, Engine
from tc.store.dataset import Dataset
from tc.store.facts import RunReproduced
from tc.store.journal import scan_journal
from tc.store.layout import RunDirectory
from tc.store.ops import append_fact

RUN_ID = "reproduction"


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What running a stored spec again came to: the journal digests, and what the first differing entries are."""

    recorded_digest: str
    reproduced_digest: str
    difference: Mapping[str, Any] | None

    @property
    def is_equal(self) -> bool:
        """Whether the journal came out the same."""
        return self.recorded_digest == self.reproduced_digest


_ABSENT = "absent"

DatasetReader = Callable[[str], Dataset]
"""Reads a dataset by its id and proves that its rows are those that its manifest names."""

Rerun = Callable[..., None]
"""Runs the stored spec of a run directory (first path) on a data root (second) into an artifacts root (third)."""

Differ = Callable[[RunDirectory, RunDirectory], Mapping[str, Any]]
"""Says where the journals of two runs part."""


def reproduce(run: RunDirectory, *, data_root: Path, artifacts_root: Path, rerun: Rerun, differ: Differ) -> Reproduction:
    """Run the stored spec again in a fresh process, and compare journal digests.

    Raises
    ------
    RefusedError
        Code, packages, engine or dataset are no longer those of the run: what came out would be another run.
    EngineError
        The process of the second run died.
    ArtifactError
        The run directory or the dataset cannot be read.

    """
    recorded = scan_journal(run.journal)
    if recorded.damage is not None:
        raise ArtifactError(
            f"{run.journal}, line {recorded.damage.line}: {recorded.damage.reason}",
            hint="`tc runs verify` says what is altered; `tc runs recover` cuts a torn end.",
        )
    room = artifacts_root if os.access(artifacts_root, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix=".reproduce-", dir=room) as folder:
        again = RunDirectory(Path(folder) / "runs" / RUN_ID)
        _in_fresh_process(rerun, run.path, data_root, Path(folder))
        reproduced = scan_journal(again.journal)
        is_equal = reproduced.digest == recorded.digest
        return Reproduction(recorded.digest, reproduced.digest, None if is_equal else differ(run, again))


def _in_fresh_process(rerun: Rerun, *paths: Path) -> None:
    """Call in a fresh interpreter: nothing that this process has imported or drawn can play a part."""
    context = get_context("spawn")
    answers, answer = context.Pipe(duplex=False)
    process = context.Process(target=_answering, args=(answer, rerun, paths))
    process.start()
    answer.close()
    try:
        error = answers.recv()
    except EOFError:
        raise EngineError("the process that ran the spec again died", hint="Run it with `tc run` to see how it ends.") from None
    finally:
        process.kill()  # What it had to write is on disk; threads that the strategy left would keep it alive.
        process.join()
    if error is not None:
        raise error


def _answering(answer: Connection, rerun: Rerun, paths: tuple[Path, ...]) -> None:
    try:
        rerun(*paths)
    except TcError as error:
        answer.send(error)
    else:
        answer.send(None)


def record_reproduction(run: RunDirectory, reproduction: Reproduction, *, by: Witness) -> None:
    """Append to the run's ops stream that it was run again, and what came of it; ArtifactError when it cannot be written."""
    append_fact(
        run,
        RunReproduced(
            at_ns=by.at_ns,
            tc=by.tc,
            user=by.user,
            journal_digest=reproduction.reproduced_digest,
            is_equal=reproduction.is_equal,
        ),
    )


def rerun(run: RunDirectory, *, read_dataset: DatasetReader, engine: Engine, circumstances: Circumstances) -> None:
    """Run a run's stored spec again, with its own copies of the strategy's modules, into another artifacts root.

    Raises
    ------
    RefusedError
        The effective configuration that comes out is not the recorded one; the parts that differ are named.

    """
    stored, effective = read_effective_configuration(run)
    spec, instrument = effective.run_spec, effective.instrument
    dataset = read_dataset(spec.played.dataset)
    request = BacktestRequest(spec, instrument, dataset, spec_folder=run.path, code_folder=run.code)
    prepared = prepare_run(request, engine=engine)
    differing = sorted(differing_parts(stored.document, msgspec.json.decode(prepared.configuration.document)))
    if differing:
        prepared.backtest.close()
        raise RefusedError(
            f"run {run.run_id} cannot be reproduced here: {'; '.join(differing)}",
            hint="Install what the run was made with (metadata.json lists the versions), and use the dataset it names.",
        )
    run_prepared(
        prepared,
        circumstances=circumstances,
        report=lambda *_: None,
        on_progress=lambda _: None,
        should_stop=lambda: False,
    )


def differing_parts(stored: Any, now: Any, path: str = "") -> list[str]:  # noqa: ANN401 - JSON values
    """Return which parts of a configuration differ, in words."""
    if isinstance(stored, dict) and isinstance(now, dict):
        return [
            line
            for key in stored.keys() | now.keys()
            for line in differing_parts(stored.get(key, _ABSENT), now.get(key, _ABSENT), f"{path}.{key}" if path else key)
        ]
    return [] if stored == now else [f"{path} was {stored!r}, is {now!r}"]
