"""Claims about a run's ops stream as it grows: each fact is taken once, the newest of its kind counts, and damage ends it."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from fakes import make_run
from tc.errors import ArtifactError
from tc.store.facts import OpsArtifact, ReadinessChecked, RunReconciled, VenueProbed
from tc.store.layout import RunDirectory
from tc.store.ops import append_fact, write_numbered_artifact
from tc.telemetry.newest import keep
from tc.telemetry.ops_facts import OpsFacts, read_small, severities


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return make_run(tmp_path, "a-run", rounds=1)


def compare(run: RunDirectory, verdict: str, *codes: str) -> None:
    """Keep a comparison with the venue that came to these findings."""
    document = json.dumps({"findings": [{"code": code} for code in codes]}).encode()
    artifact = write_numbered_artifact(run, "reconciliation", ".json", document)
    fact: dict[str, Any] = {"position": 1, "source": "venue", "verdict": verdict, "findings": len(codes)}
    append_fact(run, RunReconciled(at_ns=len(codes), tc="0", artifacts=(artifact,), **fact))


def check(run: RunDirectory, spec: str) -> None:
    append_fact(run, ReadinessChecked(at_ns=1, tc="0", state="configured", spec=spec))


def checked(facts: OpsFacts) -> list[str]:
    return [each.spec for each in facts.readiness]


def test_what_is_appended_is_taken_once(run: RunDirectory) -> None:
    facts = OpsFacts(run)
    facts.read()
    assert facts.compared is None
    for verdict in ("clean", "found", "clean"):
        compare(run, verdict)
        facts.read()
        facts.read()
    assert facts.compared is not None
    assert (facts.compared.clean, facts.compared.found, facts.compared.unknown) == (2, 1, 0)
    assert (facts.compared.verdict, facts.compared.artifact) == ("clean", "reconciliation-0003.json")


def test_findings_about_orders_fills_and_positions_are_critical(run: RunDirectory) -> None:
    compare(run, "found", "order_missing", "fill_unexpected", "position_differs", "balance_differs", "cache_differs")
    facts = OpsFacts(run)
    facts.read()
    assert facts.compared is not None
    assert facts.compared.severities == (3, 2)


@pytest.mark.parametrize("document", [None, b"", b"[1]", b'{"findings": 7}', b'{"findings": [{}]}', b"\xff"])
def test_a_comparison_whose_document_is_none_has_a_verdict_and_no_severities(document: bytes | None) -> None:
    assert severities(document) is None


def test_an_artifact_that_is_gone_takes_nothing_else_away(run: RunDirectory) -> None:
    compare(run, "found", "order_missing")
    (run.ops_folder / "reconciliation-0001.json").unlink()
    facts = OpsFacts(run)
    facts.read()
    assert facts.compared is not None
    assert (facts.compared.found, facts.compared.severities) == (1, None)


def test_the_newest_of_each_spec_and_target_counts(run: RunDirectory) -> None:
    append_fact(run, ReadinessChecked(at_ns=1, tc="0", state="missing_credentials", spec="quoter"))
    append_fact(run, ReadinessChecked(at_ns=2, tc="0", state="configured", spec="quoter"))
    for failed in (2, 1):
        target: dict[str, Any] = {"spec": "quoter", "target": "tcp://127.0.0.1:9", "attempts": 4, "failed": failed}
        append_fact(run, VenueProbed(at_ns=1, tc="0", state="timeout", **target))
    facts = OpsFacts(run)
    facts.read()
    assert [each.state for each in facts.readiness] == ["configured"]
    assert [(each.state, each.loss_ratio, each.phases) for each in facts.probes] == [("timeout", 0.25, ())]


def test_a_line_that_is_torn_is_read_when_somebody_has_mended_it(run: RunDirectory) -> None:
    check(run, "one")
    with run.ops.open("ab") as file:
        file.write(b'{"digest":"00')
    facts = OpsFacts(run)
    facts.read()
    check(run, "two")
    facts.read()
    assert checked(facts) == ["one", "two"]


def test_nothing_behind_an_altered_line_is_believed(run: RunDirectory) -> None:
    check(run, "one")
    check(run, "two")
    lines = run.ops.read_bytes().splitlines(keepends=True)
    run.ops.write_bytes(lines[0] + lines[1].replace(b'"two"', b'"2.0"') + lines[1])
    facts = OpsFacts(run)
    facts.read()
    assert checked(facts) == ["one"]


@pytest.mark.parametrize("name", ["../outside.json", "/proc/kmsg", "/dev/zero", "a\0b", ""])
def test_an_artifact_whose_name_leads_out_of_its_folder_is_not_read(run: RunDirectory, name: str) -> None:
    document = json.dumps({"findings": [{"code": "order_missing"}]}).encode()
    (run.path / "outside.json").write_bytes(document)
    artifact = OpsArtifact(name, "", len(document))
    fact: dict[str, Any] = {"position": 1, "source": "venue", "verdict": "found", "findings": 1}
    append_fact(run, RunReconciled(at_ns=1, tc="0", artifacts=(artifact,), **fact))
    probe: dict[str, Any] = {"state": "timeout", "target": "tcp://[::1]:1", "attempts": 4, "failed": 4}
    append_fact(run, VenueProbed(at_ns=1, tc="0", artifacts=(artifact,), spec="quoter", **probe))
    facts = OpsFacts(run)
    facts.read()
    assert facts.compared is not None
    assert (facts.compared.verdict, facts.compared.severities, facts.compared.artifact) == ("found", None, "")
    assert [(each.state, each.phases) for each in facts.probes] == [("timeout", ())]


def test_what_has_nothing_to_read_at_once_is_no_artifact() -> None:
    reader, writer = os.openpty()
    try:
        assert read_small(Path(os.ttyname(writer))) is None
    finally:
        os.close(reader)
        os.close(writer)


def test_facts_of_names_that_are_no_labels_are_told_to_nobody(run: RunDirectory) -> None:
    check(run, "s" * 201)
    probe: dict[str, Any] = {"state": "ok", "spec": "quoter", "target": "t" * 201, "attempts": 1, "failed": 0}
    append_fact(run, VenueProbed(at_ns=1, tc="0", **probe))
    check(run, "s" * 200)
    facts = OpsFacts(run)
    facts.read()
    assert (checked(facts), facts.probes) == (["s" * 200], ())


def test_a_fact_of_no_time_ends_the_stream(run: RunDirectory) -> None:
    check(run, "one")
    append_fact(run, ReadinessChecked(at_ns=2**63, tc="0", state="configured", spec="two"))
    facts = OpsFacts(run)
    facts.read()
    assert checked(facts) == ["one"]


def test_a_stream_of_gigabytes_takes_no_memory_and_no_time(run: RunDirectory) -> None:
    check(run, "one")
    os.truncate(run.ops, 1 << 40)
    began_s = time.monotonic()
    facts = OpsFacts(run)
    facts.read()
    assert checked(facts) == ["one"]
    assert time.monotonic() - began_s < 1


def test_a_stream_that_was_replaced_is_read_anew(run: RunDirectory) -> None:
    check(run, "one")
    check(run, "two")
    facts = OpsFacts(run)
    facts.read()
    first = run.ops.read_bytes().splitlines(keepends=True)[0]
    for change in ("cut", "replaced"):
        if change == "replaced":
            run.ops.unlink()
        run.ops.write_bytes(first)
        facts.read()
        assert checked(facts) == ["one"], change
        check(run, "two")
        facts.read()


def test_a_stream_that_cannot_be_read_is_an_error(run: RunDirectory) -> None:
    os.mkfifo(run.ops)
    with pytest.raises(ArtifactError, match="no regular file"):
        OpsFacts(run).read()


def test_only_the_newest_names_are_kept() -> None:
    known: dict[int, int] = {}
    for number in (1, 2, 3, 1, 4):
        keep(known, number, number, most=3)
    assert list(known) == [3, 1, 4]
