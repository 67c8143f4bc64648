"""The file of decisions: canonical lines, never ahead of the journal, whole after a full disk."""

import errno
import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tc.core.decision import Decision, Obligation, outcome
from tc.errors import ArtifactError, RefusedError
from tc.store.decisions import FLUSH_DECISIONS, DecisionWriter, decision_line, decision_of, read_decisions

SENT = Decision(
    7,
    1_700_000_000_000_000_000,
    (outcome("A", "NEW", "allowed"), outcome("A", "NEW", "sent", quantity=Decimal("1.50"), price=Decimal("100.10"))),
    Obligation(1_700_000_001_000_000_000, "rate_window"),
)
DENIED = Decision(9, 5, (outcome("é", "NEW", "denied", "max_position", detail="12.5 above 10"),))
ENDED = Decision(12, 6, (outcome("B", "CANCEL", "held", "run_ended"),), None, (Obligation(8, "heartbeat"),))


def _flushed() -> None:
    """Stand for a journal that has nothing to write."""


def _many(count: int) -> list[Decision]:
    return [Decision(number, number, (outcome(f"O-{number}", "NEW", "sent"),)) for number in range(1, count + 1)]


def test_what_is_written_is_read_back_and_each_line_is_canonical(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    with DecisionWriter(path, journal_flush=_flushed) as writer:
        for decision in (SENT, DENIED, ENDED):
            writer.append(decision)
    assert list(read_decisions(path)) == [SENT, DENIED, ENDED]
    assert path.read_bytes() == b"".join(map(decision_line, (SENT, DENIED, ENDED)))
    assert decision_line(DENIED) == (
        '{"position":9,"at_ns":5,"outcomes":[{"key":"é","kind":"NEW","result":"denied","reason":"max_position","rule":"R41",'
        '"detail":"12.5 above 10"}]}\n'.encode()
    )


@given(st.lists(st.tuples(st.text(st.characters(codec="utf-8")), st.decimals(allow_nan=False, allow_infinity=False))))
def test_canonical_lines_round_trip(values: list[tuple[str, Decimal]]) -> None:
    decision = Decision(1, 2, tuple(outcome(key, "REPLACE", "merged", quantity=amount) for key, amount in values))
    line = decision_line(decision)
    assert line.count(b"\n") == 1
    found = decision_of(line)
    assert found is not None
    assert decision_line(found) == line


def test_a_batch_is_written_by_itself_and_only_behind_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    sizes: list[int] = []
    writer = DecisionWriter(path, journal_flush=lambda: sizes.append(path.stat().st_size))
    for decision in _many(FLUSH_DECISIONS - 1):
        writer.append(decision)
    assert (path.stat().st_size, sizes) == (0, [])
    writer.append(SENT)
    assert sizes == [0]
    assert len(list(read_decisions(path))) == FLUSH_DECISIONS
    writer.close()
    writer.close()
    assert len(sizes) == 1


def test_nothing_is_written_when_the_journal_cannot_be(tmp_path: Path) -> None:
    def refuse() -> None:
        raise ArtifactError("the journal is full")

    path = tmp_path / "decisions.jsonl"
    writer = DecisionWriter(path, journal_flush=refuse)
    writer.append(SENT)
    with pytest.raises(ArtifactError, match="the journal is full"):
        writer.close()
    assert path.read_bytes() == b""
    writer.close()


_FULL_DISK = """
import resource, sys
from pathlib import Path
from tc.core.decision import Decision, outcome
from tc.errors import ArtifactError
from tc.store.decisions import DecisionWriter
writer = DecisionWriter(Path(sys.argv[1]), journal_flush=lambda: None)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
try:
    for number in range(10_000):
        writer.append(Decision(number, number, (outcome(f"O-{number}", "NEW", "sent"),)))
except ArtifactError as error:
    print(error.message)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
writer.close()
"""


def test_a_full_disk_is_an_ArtifactError_and_leaves_whole_lines_that_go_on_later(tmp_path: Path) -> None:
    """SIGXFSZ is ignored by Python, so that a file size limit refuses a write as a full disk does."""
    assert signal.getsignal(signal.SIGXFSZ) == signal.SIG_IGN
    path = tmp_path / "decisions.jsonl"
    told = subprocess.run([sys.executable, "-c", _FULL_DISK, str(path)], capture_output=True, text=True, check=True)
    assert os.strerror(errno.EFBIG) in told.stdout
    assert "it ends after its first" in told.stdout
    positions = [decision.position for decision in read_decisions(path)]
    assert positions == list(range(len(positions)))
    assert len(positions) % FLUSH_DECISIONS == 0


def test_what_an_interrupted_flush_left_is_written_again_and_not_twice(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    writer = DecisionWriter(path, journal_flush=_flushed)
    writer.append(SENT)
    path.write_bytes(b'{"position":7,"at')
    writer.close()
    assert list(read_decisions(path)) == [SENT]


def test_decisions_are_never_written_a_second_time(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    path.write_bytes(b"")
    with pytest.raises(RefusedError, match="decisions already"):
        DecisionWriter(path, journal_flush=_flushed)
    with pytest.raises(ArtifactError, match="cannot be opened for writing"):
        DecisionWriter(tmp_path / "no" / "decisions.jsonl", journal_flush=_flushed)


def test_what_has_no_JSON_form_is_an_ArtifactError(tmp_path: Path) -> None:
    writer = DecisionWriter(tmp_path / "decisions.jsonl", journal_flush=_flushed)
    writer.append(Decision(3, 3, (outcome("\ud800", "NEW", "sent"),)))
    with pytest.raises(ArtifactError, match="behind position 2 has no JSON form"):
        writer.close()


@pytest.mark.parametrize("damage", [b"[]\n", b'{"position":"1","at_ns":1}\n', b"\xff\n", b'{"position":1,"at_ns":1}'])
def test_a_line_that_is_no_decision_is_named(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "decisions.jsonl"
    path.write_bytes(decision_line(SENT) + damage)
    decisions = read_decisions(path)
    assert next(decisions) == SENT
    with pytest.raises(ArtifactError, match=r"decisions\.jsonl, line 2: no decision"):
        next(decisions)
    with pytest.raises(ArtifactError, match="is missing"):
        next(read_decisions(tmp_path / "none"))


def test_defaults_are_left_out_so_that_a_line_has_one_form() -> None:
    assert msgspec.json.decode(decision_line(Decision(1, 2))) == {"position": 1, "at_ns": 2}


def test_a_writer_that_continues_goes_on_behind_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    path.write_bytes(decision_line(SENT))
    with DecisionWriter(path, journal_flush=_flushed, continues=True) as writer:
        writer.append(DENIED)
    assert list(read_decisions(path)) == [SENT, DENIED]
