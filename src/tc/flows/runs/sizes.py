"""How much room a run directory takes."""

import os
from pathlib import Path


def file_sizes(folder: Path) -> dict[str, int]:
    """Return the size in bytes of everything in a folder that is no folder, by its relative path; links are not followed.

    What cannot be looked at is left out.
    """
    sizes: dict[str, int] = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            try:
                sizes[path.relative_to(folder).as_posix()] = path.stat(follow_symlinks=False).st_size
            except OSError:
                continue
    return dict(sorted(sizes.items()))
