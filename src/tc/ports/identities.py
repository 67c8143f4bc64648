"""Which strategy runs: what identifies it, and the modules that it is made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tc.spec.instrument import InstrumentSpec
from tc.spec.run_spec import RunSpec


@dataclass(frozen=True, slots=True)
class ModuleSource:
    """One module that a strategy is made of, outside the installed packages: its name, its file, its bytes and their SHA-256."""

    module: str
    file: Path
    content: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class StrategyIdentity:
    """Which strategy runs: its name, its own modules by digest, and the versions of the installed packages it uses."""

    name: str
    version: str
    parameters: Mapping[str, Any]
    modules: tuple[ModuleSource, ...]
    packages: Mapping[str, str]

    def document(self) -> dict[str, Any]:
        """Return the identity as a part of the effective configuration; where files lie is no part of it."""
        return {
            "name": self.name,
            "version": self.version,
            "parameters": dict(self.parameters),
            "modules": {each.module: each.sha256 for each in self.modules},
            "packages": dict(self.packages),
        }


class StrategyRequest(Protocol):
    """What a request says about the strategy that is to run."""

    @property
    def spec(self) -> RunSpec:
        """The whole spec: its strategy, its instrument, its seed."""
        ...

    @property
    def instrument(self) -> InstrumentSpec:
        """What is traded."""
        ...

    @property
    def spec_folder(self) -> Path:
        """The folder that the strategy's python_path is relative to."""
        ...

    @property
    def code_folder(self) -> Path | None:
        """Where the strategy's modules are found instead of its python_path: the copies that a run directory keeps."""
        ...
