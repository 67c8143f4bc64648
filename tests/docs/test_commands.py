"""Every command that the documentation quotes exists, with the options it is quoted with."""

import re
from pathlib import Path

import pytest
from documented_commands import first_of

from documentation import HANDWRITTEN, REPOSITORY, commands, name_of
from quoted_commands import QUOTED, unknown_word


def quoted(path: Path) -> set[str]:
    text = path.read_text(encoding="utf-8")
    shell = {first_of(line) for line in commands(text)}
    return {line for line in shell if line == "tc" or line.startswith("tc ")} | set(QUOTED.findall(text))


@pytest.mark.parametrize("path", HANDWRITTEN, ids=name_of)
def test_every_quoted_command_exists_with_its_options(path: Path) -> None:
    assert {line: word for line in quoted(path) if (word := unknown_word(line))} == {}


def test_an_unknown_command_or_option_would_be_noticed() -> None:
    assert unknown_word("tc rnus list") == "rnus"
    assert unknown_word("tc run --no-such-option spec.yaml") == "--no-such-option"


def test_every_make_target_has_a_line_of_help_and_is_phony() -> None:
    text = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z0-9-]+):(?!=)", text, re.MULTILINE))
    helped = set(re.findall(r"^([a-z0-9-]+):.*## \S", text, re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert targets == helped
    assert phony
    assert set(phony.group(1).split()) == targets


@pytest.mark.parametrize("path", HANDWRITTEN, ids=name_of)
def test_every_quoted_make_target_exists(path: Path) -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z0-9-]+):(?!=)", makefile, re.MULTILINE))
    assert set(re.findall(r"`make ([a-z0-9-]+)`", path.read_text(encoding="utf-8"))) <= targets
