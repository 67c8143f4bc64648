"""Claims about verifying a tape: each block that the journal names is there, and is that one."""

from pathlib import Path

from taped_runs import quote, taped_run
from tc.flows.runs.verify import Verification, verify_run
from tc.store.layout import RunDirectory

NS = 1_700_000_000_000_000_000


def verified(run: RunDirectory) -> Verification:
    return verify_run(run, data_root=None)


def codes(run: RunDirectory) -> list[tuple[str, str]]:
    return [(each.code, each.subject) for each in verified(run).findings]


def made(tmp_path: Path, *, seal: bool = True) -> RunDirectory:
    return taped_run(tmp_path, [quote(NS + n) for n in range(20)], seal=seal)


def test_a_run_with_its_tape_is_intact(tmp_path: Path) -> None:
    run = made(tmp_path)
    assert codes(run) == []
    assert len(list(run.tape.iterdir())) == 2


def test_an_altered_block_is_found_by_the_seal_and_by_the_journal(tmp_path: Path) -> None:
    run = made(tmp_path)
    block = run.tape / "00000002.arrows"
    block.write_bytes(block.read_bytes()[:-1] + b"\1")
    name = "tape/00000002.arrows"
    assert sorted(codes(run)) == [("file_altered", name), ("tape_mismatch", name)]


def test_of_a_crashed_run_the_journal_alone_proves_the_blocks(tmp_path: Path) -> None:
    run = made(tmp_path, seal=False)
    assert codes(run) == []
    (run.tape / "00000001.arrows").write_bytes(b"")
    (run.tape / "00000002.arrows").unlink()
    assert codes(run) == [("tape_mismatch", "tape/00000001.arrows"), ("tape_mismatch", "tape/00000002.arrows")]
    missing = verified(run).findings[1]
    assert missing.expected.endswith(", as the journal says")
    assert missing.actual.endswith("00000002.arrows is missing")


def test_a_block_that_no_entry_names_is_said(tmp_path: Path) -> None:
    run = made(tmp_path, seal=False)
    (run.tape / "00000003.arrows").write_bytes(b"written, and not yet named")
    assert codes(run) == []
    note = "tape/00000003.arrows is there, and no entry names it: the run ended before it could"
    assert note in verified(run).notes
