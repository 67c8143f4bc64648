"""Every command that the documentation quotes exists, with the options it is quoted with."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from documentation import HANDWRITTEN, REPOSITORY, commands, name_of
from tc.cli.main import app

QUOTED = re.compile(r"`(tc(?: [^`\n]+)?)`")


def quoted(path: Path) -> set[str]:
    text = path.read_text(encoding="utf-8")
    shell = {re.split(r" (?:\|\||&&|[|;>]) ?", line)[0] for line in commands(text)}
    return {line for line in shell if line == "tc" or line.startswith("tc ")} | set(QUOTED.findall(text))


def unknown_word(line: str) -> str | None:
    """Return the first word of a quoted command that tc does not know, or None."""
    command = typer.main.get_command(app)
    context = typer.Context(command)
    for word in shlex.split(line, comments=True)[1:]:
        if word in {"…", "..."}:
            return None
        if word.startswith("-"):
            known = {option for parameter in command.get_params(context) for option in parameter.opts + parameter.secondary_opts}
            if word.split("=")[0] not in known | {"--help", "-h"}:
                return word
        elif hasattr(command, "get_command"):
            found = command.get_command(context, word)
            if found is None:
                return word
            command = found
    return None


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
