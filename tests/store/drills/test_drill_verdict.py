"""verdict.json of a drill."""

import json
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from tc.errors import ArtifactError
from tc.store.drill_facts import Part
from tc.store.drills import DrillDirectory, DrillVerdict, create_drill, find_verdict, read_verdict, write_verdict

VERDICT = DrillVerdict(
    drill="disconnect",
    number=1,
    title="Disconnected",
    run_id="drilled",
    seed=7,
    weight=2,
    tags=("transport",),
    tc="0",
    sees_alerts=True,
    time_scale=10,
    is_mutated=False,
    verdict="failed",
    parts=(Part("gates", "failed", "blocked was not seen"),),
    detect_ns=5,
    mitigate_ns=None,
    recover_ns=None,
    started_ns=1,
    ended_ns=9,
    sequence=("injected 1 down", "proven 1"),
)


@pytest.fixture
def drill(tmp_path: Path) -> DrillDirectory:
    return create_drill(tmp_path, "disconnect")


def test_a_verdict_comes_back_as_it_was_written(drill: DrillDirectory) -> None:
    write_verdict(drill, VERDICT)
    assert read_verdict(drill) == VERDICT
    stored = json.loads(drill.verdict.read_bytes())
    assert list(stored) == sorted(stored)
    assert (stored["schema"], stored["mitigate_ns"]) == (1, None)
    write_verdict(drill, replace(VERDICT, verdict="passed"))
    assert read_verdict(drill).verdict == "passed"
    assert [path.name for path in drill.path.iterdir()] == ["verdict.json"]


def test_a_drill_that_goes_on_has_no_verdict_yet(drill: DrillDirectory) -> None:
    with pytest.raises(ArtifactError, match="is missing"):
        read_verdict(drill)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is not the verdict of a drill"),
        (b"\xff", "is not the verdict of a drill"),
        (b"[" * 100_000, "is not the verdict of a drill"),
        (b'{"schema":1}', "is not the verdict of a drill"),
        (msgspec.json.encode(VERDICT).replace(b'"failed"', b'"fayled"'), "is not the verdict of a drill"),
        (msgspec.json.encode(VERDICT).replace(b'"seed"', b'"sead"'), "is not the verdict of a drill"),
        (msgspec.json.encode(replace(VERDICT, schema=2)), "has schema 2, this version of tc reads schema 1"),
        (b'{"schema":"1', r"is not the verdict of a drill: Input data was truncated"),
        (b'{"schema":"1","', r"is not the verdict of a drill: Expected `int`, got `str` - at `\$\.schema`"),
        (b" " * (1 << 20) + msgspec.json.encode(VERDICT), "is longer than 1048576 bytes"),
        (b'{"\\u001b[31m' + b"x" * 100_000, r"is not the verdict of a drill: .{1,300}$"),
    ],
)
def test_what_is_no_verdict_is_an_artifact_error(drill: DrillDirectory, data: bytes, why: str) -> None:
    drill.verdict.write_bytes(data)
    with pytest.raises(ArtifactError, match=why):
        read_verdict(drill)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("detect_ns", -1, "detect_ns: value -1: expected `int` >= 0"),
        ("recover_ns", 2**63, "recover_ns: value 9223372036854775808: expected `int` <= 9223372036854775807"),
        ("ended_ns", -1, "ended_ns: value -1: expected `int` >= 0"),
        ("started_ns", 1.5, "started_ns: value 1.5: expected `int`, got `float`"),
        ("weight", 0, "weight: value 0: expected `int` >= 1"),
        ("weight", 2**70, f"weight: value {2**70}: expected `int` <= 100"),
        ("seed", -1, "seed: value -1: expected `int` >= 0"),
        ("time_scale", 0, "time_scale: value 0: expected `int` >= 1"),
        ("verdict", "fine", "verdict: value \"fine\": invalid enum value 'fine'"),
        ("title", "\u202e" * 201, r'title: value "(\\u202e)+.*…: expected `str` of length <= 200'),
        ("number", 7, "is the verdict of disconnect-7, and its folder that of disconnect-1"),
        ("drill", "\x1b[31m", r"is the verdict of \\x1b\[31m-1, and its folder that of disconnect-1"),
    ],
)
def test_a_value_that_no_drill_writes_is_told_with_its_place(drill: DrillDirectory, field: str, value: object, why: str) -> None:
    document = msgspec.json.decode(msgspec.json.encode(VERDICT))
    drill.verdict.write_bytes(msgspec.json.encode({**document, field: value}))
    with pytest.raises(ArtifactError, match=f"verdict.json.*{why}"):
        read_verdict(drill)


def test_a_verdict_that_is_not_there_is_none_and_one_that_is_damaged_is_an_error(drill: DrillDirectory) -> None:
    assert find_verdict(drill) is None
    write_verdict(drill, VERDICT)
    assert find_verdict(drill) == VERDICT
    drill.verdict.write_bytes(b"")
    with pytest.raises(ArtifactError):
        find_verdict(drill)


def test_a_link_is_not_followed(drill: DrillDirectory, tmp_path: Path) -> None:
    write_verdict(drill, VERDICT)
    drill.verdict.rename(tmp_path / "elsewhere.json")
    drill.verdict.symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(ArtifactError, match="symbolic link"):
        read_verdict(drill)
