"""Many finished run directories at little cost: copies of the committed sample under their own ids, with the big files linked."""

import hashlib
import os
from pathlib import Path

import msgspec

from tc.store.layout import RunDirectory
from tc.store.seal import SealedFile, read_seal, seal_bytes, seal_digest

SAMPLE = Path(__file__).resolve().parent.parent / "artifacts" / "sample" / "runs" / "sample"


def make_runs(artifacts_root: Path, count: int) -> list[str]:
    """Make so many finished runs, each with a metadata.json and a seal of its own, and return their ids."""
    seal, metadata = read_seal(RunDirectory(SAMPLE)), msgspec.json.decode((SAMPLE / "metadata.json").read_bytes())
    linked = artifacts_root / "linked"
    linked.mkdir(parents=True)
    shared = [path for path in SAMPLE.iterdir() if path.is_file() and path.name not in {"metadata.json", "seal.json"}]
    for path in shared:
        (linked / path.name).write_bytes(path.read_bytes())
    made = []
    for number in range(count):
        run_id = f"20261121T{number // 3600 % 24:02d}{number // 60 % 60:02d}{number % 60:02d}Z-ops-smoke-gated-{number:05d}"
        folder = artifacts_root / "runs" / run_id
        folder.mkdir(parents=True)
        for path in shared:
            os.link(linked / path.name, folder / path.name)
        about = msgspec.json.format(msgspec.json.encode(metadata | {"run_id": run_id}), indent=2) + b"\n"
        (folder / "metadata.json").write_bytes(about)
        files = {name: each for name, each in seal.files.items() if "/" not in name}
        files["metadata.json"] = SealedFile(hashlib.sha256(about).hexdigest(), len(about))
        own = msgspec.structs.replace(seal, run_id=run_id, files=files)
        (folder / "seal.json").write_bytes(seal_bytes(msgspec.structs.replace(own, seal_digest=seal_digest(own))))
        made.append(run_id)
    return made
