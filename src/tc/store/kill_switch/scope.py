"""What a kill switch stops: one run, every run of a name, or everything."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from tc.errors import DocumentError
from tc.spec.grammar import NAME_PATTERN
from tc.store.layout import run_directory

_SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class Scope:
    """One run by its id, every run of a spec's name, or all runs; made by the three functions, which check what is given."""

    kind: Literal["run", "name", "all"]
    value: str = ""

    @classmethod
    def of_run(cls, run_id: str) -> Self:
        """Return the scope of one run; DocumentError when no run id is written so."""
        return cls("run", run_directory(Path(), run_id).run_id)

    @classmethod
    def of_name(cls, name: str) -> Self:
        """Return the scope of a spec's name, which also blocks its next start; DocumentError when no name is written so."""
        if re.fullmatch(NAME_PATTERN, name, re.ASCII) is None or name.endswith("\n"):
            raise DocumentError(
                f"{name!r} is not a name of a run", hint="A name has lower-case letters, digits and hyphens, at most 63."
            )
        return cls("name", name)

    @classmethod
    def of_all(cls) -> Self:
        """Return the scope of everything."""
        return cls("all")

    @classmethod
    def from_file_name(cls, file_name: str) -> Self | None:
        """Return the scope whose state a file of this name holds, or None when no scope's file is named so."""
        if file_name == f"all{_SUFFIX}":
            return cls.of_all()
        kind, separator, rest = file_name.partition("-")
        if not separator or not rest.endswith(_SUFFIX):
            return None
        try:
            match kind:
                case "run":
                    return cls.of_run(rest.removesuffix(_SUFFIX))
                case "name":
                    return cls.of_name(rest.removesuffix(_SUFFIX))
                case _:
                    return None
        except DocumentError:
            return None

    @property
    def file_name(self) -> str:
        """The name of the file that holds its state."""
        return f"{self.kind}-{self.value}{_SUFFIX}" if self.value else f"{self.kind}{_SUFFIX}"

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.kind} {self.value}" if self.value else "all runs"
