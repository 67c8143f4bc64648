"""Claims about healing a run's node: between two comparisons, on the record, and only where there is something to heal."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fake_node import FakeNode, Said, fake_node
from fakes import make_run
from tc.errors import RefusedError, UnreachableError
from tc.flows.reconciliation.heal import heal_run, healing_alone, node_to_heal
from tc.flows.witness import Witness
from tc.reports.reconciliation import ReconciliationDocument
from tc.store.facts import Fact, HealRequested, RunHealed
from tc.store.layout import RunDirectory
from tc.store.ops import read_facts, scan_ops

RUN = "healed"
KINDS = ("orders", "fills", "positions", "balances")


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return make_run(tmp_path / "artifacts", RUN, seal=False)


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    return tmp_path / "runtime"


def document(verdict: str, **unknown: str) -> ReconciliationDocument:
    counts = {kind: {"matched": 0} for kind in KINDS}
    findings = [{"code": "order_missing", "subject": "order O-1", "expected": "", "actual": ""}] if verdict == "found" else []
    told: dict[str, Any] = dict.fromkeys(("findings", "rows", "notes"), ()) | dict.fromkeys(("looks", "entries", "in_flight"), 1)
    told |= {"run_id": RUN, "tc": "0", "at_ns": 7, "source": "venue", "source_name": "it", "verdict": verdict, "position": 12}
    told |= {"journal_digest": "0" * 64, "counts": counts, "not_compared": {}, "unknown": unknown, "observed": None}
    told["findings"] = findings
    return msgspec.convert(told, ReconciliationDocument)


class Comparing:
    """Gives these comparisons, one after the other, and what stood in ops.jsonl when each was asked for."""

    def __init__(self, run: RunDirectory, *documents: ReconciliationDocument) -> None:
        self._run = run
        self._documents = iter(enumerate(documents, 1))
        self.facts: list[tuple[Fact, ...]] = []

    def __call__(self) -> tuple[str, ReconciliationDocument]:
        self.facts.append(read_facts(self._run))
        number, found = next(self._documents)
        return f"reconciliation-{number:04d}.json", found


def clock() -> Callable[[], Witness]:
    times = iter(range(100, 200))
    return lambda: Witness(next(times), "0", "someone")


@contextmanager
def node(runtime: Path, heal: Said, **document: Any) -> Iterator[FakeNode]:
    with fake_node(runtime, RUN, {"heal": heal}, **document) as fake:
        yield fake


def test_the_node_is_asked_between_two_comparisons_and_who_and_when_is_recorded(run: RunDirectory, runtime: Path) -> None:
    comparing = Comparing(run, document("found"), document("clean"))
    on_record: list[tuple[Fact, ...]] = []

    def heal() -> dict[str, Any]:
        on_record.append(read_facts(run))
        return {"healed": True}

    with node(runtime, heal) as fake:
        healed = heal_run(run, node_to_heal(run, runtime), compare=comparing, by=clock())
    assert fake.asked == ["ping", "heal"]
    requested = HealRequested(at_ns=100, tc="0", user="someone", position=12, findings=1)
    done = RunHealed(at_ns=101, tc="0", user="someone", is_healed=True)
    assert on_record == [(requested,)]
    assert comparing.facts == [(), (requested, done)]
    assert (healed.is_asked, healed.is_healed, healed.reason) == (True, True, "")
    assert (healed.before[0], healed.after[0]) == ("reconciliation-0001.json", "reconciliation-0002.json")
    assert scan_ops(run).damage is None


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (document("clean"), "there is nothing to heal"),
        (document("unknown", fills="no answer"), "something is unknown"),
        (document("found", fills="no answer"), "something is unknown"),
    ],
)
def test_a_node_is_not_asked_to_heal_what_is_right_or_what_nobody_can_see(
    run: RunDirectory, runtime: Path, found: ReconciliationDocument, why: str
) -> None:
    with node(runtime, {"healed": True}) as fake:
        healed = heal_run(run, node_to_heal(run, runtime), compare=Comparing(run, found), by=clock())
    assert (healed.is_asked, healed.is_healed, healed.reason) == (False, False, why)
    assert healed.after is healed.before
    assert fake.asked == ["ping"]
    assert read_facts(run) == ()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"healed": False}, "its engine could not take over what the venue says; the node's log says why"),
        ({"healed": False, "why": "it is only watched"}, "it is only watched"),
        ({"error": "not a request"}, "Object missing required field `healed`"),
        (b"", "it closed without a word"),
        (b"\xff\n", "cannot be reached"),
    ],
)
def test_a_node_that_could_not_heal_is_compared_again_all_the_same(
    run: RunDirectory, runtime: Path, answer: Said, why: str
) -> None:
    comparing = Comparing(run, document("found"), document("found"))
    with node(runtime, answer):
        healed = heal_run(run, node_to_heal(run, runtime), compare=comparing, by=clock())
    assert (healed.is_asked, healed.is_healed) == (True, False)
    assert why in healed.reason
    (fact,) = (each for each in read_facts(run) if isinstance(each, RunHealed))
    assert (fact.is_healed, fact.reason) == (False, healed.reason)
    assert healed.after[0] == "reconciliation-0002.json"


def test_a_node_that_does_not_answer_is_neither_compared_nor_healed(run: RunDirectory, runtime: Path) -> None:
    with fake_node(runtime, RUN, {"ping": None}), pytest.raises(UnreachableError, match="nothing was healed"):
        heal_run(run, node_to_heal(run, runtime), compare=Comparing(run), by=clock())
    assert read_facts(run) == ()


def test_a_run_without_a_running_node_of_its_own_is_refused(tmp_path: Path, run: RunDirectory, runtime: Path) -> None:
    with pytest.raises(RefusedError, match="no node of run 'healed' runs here"):
        node_to_heal(run, runtime)
    with node(runtime, None, pid=2**22 - 1), pytest.raises(RefusedError, match="no node of run 'healed' runs here"):
        node_to_heal(run, runtime)
    sealed = make_run(tmp_path / "artifacts", "ended")
    with fake_node(runtime, "ended", {}), pytest.raises(RefusedError, match="run 'ended' has ended"):
        node_to_heal(sealed, runtime)


def test_a_node_that_is_only_watched_is_never_told_to_do_anything(run: RunDirectory, runtime: Path) -> None:
    with node(runtime, {"healed": True}, venue_url="") as fake, pytest.raises(RefusedError, match="only watched"):
        node_to_heal(run, runtime)
    assert fake.asked == []


def test_a_run_is_healed_by_one_at_a_time(runtime: Path) -> None:
    with node(runtime, None):
        with healing_alone(runtime, RUN), pytest.raises(RefusedError, match="by somebody else"), healing_alone(runtime, RUN):
            pytest.fail("two healed it at once")
        with healing_alone(runtime, RUN):
            assert json.loads((runtime / "nodes" / f"{RUN}.json").read_bytes())["pid"] == os.getpid()
    (runtime / "nodes" / f"{RUN}.json").unlink()
    with pytest.raises(RefusedError, match="has just ended"), healing_alone(runtime, RUN):
        pytest.fail("there is no node")
