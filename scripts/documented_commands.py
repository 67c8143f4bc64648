"""The commands that a text quotes: in its console blocks, in its lines, and those under *Diagnosis* in a runbook."""

import re

QUOTED = re.compile(r"`(tc(?: [^`\n]+)?)`")
_DIAGNOSIS = re.compile(r"^## Diagnosis\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def commands(text: str) -> list[str]:
    """Return what a reader types in the console blocks: the lines that begin with a dollar."""
    return [line[2:] for block in blocks(text, "console") for line in block.splitlines() if line.startswith("$ ")]


def first_of(line: str) -> str:
    """Return the first of the commands that a shell makes of a line."""
    return re.split(r";| (?:\|\||&&|[|>]) ?", line)[0]


def diagnosis(runbook: str) -> tuple[str, ...]:
    """Return what a runbook says to type under *Diagnosis*, each once.

    A command that is quoted in a line there is one of them where it names a run, or asks for the kill switches.
    """
    section = "".join(_DIAGNOSIS.findall(runbook))
    whole = (each for each in QUOTED.findall(section) if "RUN" in each or each == "tc kill status")
    return tuple(dict.fromkeys((*map(first_of, commands(section)), *whole)))
