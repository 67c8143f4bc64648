"""Claims about what a paper run's supervisor does beside watching, by its own object and with a venue that answers."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from fake_venue import KEYS, FakeVenue, serving_beside
from fakes import make_run, run_configuration
from run_specs import PAPER
from streams import Venue
from tc.spec.library import load_instrument
from tc.spec.paper_spec import ReconciliationSpec
from tc.spec.parse import parse_run_spec
from tc.store.kill_switch import FOLDER, KillSwitch
from tc.store.layout import RunDirectory
from tc.store.lock import RunLock
from tc.wiring.outside import Outside
from tc.wiring.paper_parts import PaperPlace

RUN_ID = "on-paper"
WITHIN_S = 20
SPEC = parse_run_spec(PAPER, source="run.yaml")


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    """Return a run that holds nothing."""
    instrument = msgspec.to_builtins(load_instrument(SPEC.instrument, search=()))
    venue = Venue(run_configuration(run_spec=msgspec.to_builtins(SPEC), instrument=instrument))
    return make_run(tmp_path / "artifacts", RUN_ID, entries=venue.entries, configuration=venue.configuration, seal=False)


@pytest.fixture
def fake() -> Iterator[FakeVenue]:
    """Yield a venue at which an order rests that the run never sent."""
    with serving_beside(FakeVenue()) as fake:
        fake.rests("BTCUSDT")
        yield fake


def outside_of(tmp_path: Path, fake: FakeVenue, on_mismatch: str) -> Outside:
    assert SPEC.node is not None
    node = replace(SPEC.node, reconciliation=ReconciliationSpec(every_s="0.01", on_mismatch=on_mismatch))  # type: ignore[arg-type]
    place = PaperPlace(tmp_path / "artifacts", tmp_path / "runtime")
    environment = {node.api_key: KEYS.api_key, node.api_secret: KEYS.api_secret}
    outside = Outside(SPEC, node, place, RUN_ID, environment)
    outside.announce(str(fake.url), os.getpid())
    return outside


def looked(outside: Outside, fake: FakeVenue, times: int) -> None:
    """Look, as the watch over the node does, until the venue was asked so often; then wait for what is under way."""
    deadline_s = time.monotonic() + WITHIN_S
    while len(fake.sent("GET", "/openOrders")) < times:
        assert time.monotonic() < deadline_s
        outside.look()
        time.sleep(0.005)
    outside._continuous.end()


@pytest.mark.parametrize(("on_mismatch", "mode"), [("block", "reduce"), ("report", None)])
def test_a_finding_blocks_new_risk_even_if_no_disk_takes_it_and_only_where_the_spec_says_so(
    tmp_path: Path, run: RunDirectory, fake: FakeVenue, on_mismatch: str, mode: str | None
) -> None:
    run.ops_folder.write_text("a file stands where the folder is to be")
    with RunLock(run):
        looked(outside_of(tmp_path, fake, on_mismatch), fake, 3)
    active = KillSwitch(tmp_path / "runtime" / FOLDER).effective(run_id=RUN_ID, name="smoke")
    assert (None if active is None else active.mode) == mode
    assert active is None or active.reason.startswith("the run is not as its venue says: ")


def test_what_is_found_of_a_run_whose_node_is_dead_blocks_nothing_when_it_goes_on(
    tmp_path: Path, run: RunDirectory, fake: FakeVenue
) -> None:
    looked(outside_of(tmp_path, fake, "block"), fake, 3)
    assert KillSwitch(tmp_path / "runtime" / FOLDER).effective(run_id=RUN_ID, name="smoke") is None


def test_the_comparisons_of_a_run_are_kept_and_fold_its_journal_once(tmp_path: Path, run: RunDirectory, fake: FakeVenue) -> None:
    outside = outside_of(tmp_path, fake, "report")
    looked(outside, fake, 1)
    data = run.journal.read_bytes()
    run.journal.write_bytes(b"x" * (len(data) - 1) + b"\n")
    asked = len(fake.sent("GET", "/openOrders"))
    looked(outside, fake, asked + 1)
    kept = sorted(path.name for path in run.ops_folder.glob("reconciliation-*.json"))
    documents = [msgspec.json.decode((run.ops_folder / name).read_bytes()) for name in kept]
    assert len(documents) >= 2
    assert {(each["entries"], tuple(each["notes"][1:])) for each in documents} == {(1, ())}
