"""`tc doctor`."""

import re
from collections.abc import Callable
from pathlib import Path

from commands import Answer


def test_a_ready_machine_exits_0_and_says_what_was_found(command: Callable[..., Answer]) -> None:
    answer = command("doctor")
    assert (answer.code, answer.err) == (0, "")
    assert re.search(r"package nautilus-trader +1\.231\.0", answer.out)
    assert command("doctor", "--json").json("doctor")["ready"] is True


def test_what_is_missing_is_named_with_what_to_do_and_exits_1(command: Callable[..., Answer], tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    answer = command("doctor", "--data-root", "file")
    assert answer.code == 1
    assert "MISSING" in answer.out
    assert "data root: Give yourself write access to file, or name another folder with --data-root." in answer.out
    document = command("doctor", "--data-root", "file", "--json").json("doctor")
    assert [each["name"] for each in document["conditions"] if each["is_required"] and not each["is_met"]] == ["data root"]
