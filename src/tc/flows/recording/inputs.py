"""What a run directory keeps of what the run was made of: the whole spec, the configuration, the strategy's own code."""

from collections.abc import Sequence
from pathlib import Path

from tc.core import CoreConfiguration
from tc.ports import ModuleSource
from tc.spec.effective import run_spec_yaml
from tc.spec.run_spec import RunSpec
from tc.store.files import write_atomic
from tc.store.layout import RunDirectory


def write_inputs(run: RunDirectory, spec: RunSpec, configuration: CoreConfiguration, modules: Sequence[ModuleSource]) -> None:
    """Write a spec that is resolved, the configuration and copies of the modules; ArtifactError when they cannot be written."""
    write_atomic(run.spec, run_spec_yaml(spec).encode())
    write_atomic(run.configuration, configuration.document)
    for source in modules:
        copy = run.code / module_file(source.module, source.file)
        copy.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(copy, source.content)


def module_file(module: str, file: Path) -> Path:
    """Return where a module's copy lies in ``code/``, so that the folder can stand on Python's search path."""
    path = Path(*module.split("."))
    if file.name == "__init__.py":
        return path / file.name
    return path.parent / f"{path.name}.py" if file.suffix == ".py" else path.parent / file.name
