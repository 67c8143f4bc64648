"""The runbooks that come with this package, as pages: read once, from this package or from the clone that it is run in."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from tc.reports.status.runbook import RunbookTitle, render_runbook, render_runbooks, title_of

_SUFFIX = ".md"


class Runbooks:
    """Knows the runbooks by their names.

    Parameters
    ----------
    folder
        Where they are; left out, where this package has them.

    """

    def __init__(self, folder: Traversable | None = None) -> None:
        found = (folder or packaged_runbooks()).iterdir()
        self._texts = {
            each.name.removesuffix(_SUFFIX): each.read_text(encoding="utf-8") for each in found if each.name.endswith(_SUFFIX)
        }

    def page(self, name: str) -> str | None:
        """Return the page of a runbook, asked for with or without the suffix of its file; of an empty name, the list of all."""
        if not name:
            return render_runbooks([RunbookTitle(each, title_of(text)) for each, text in sorted(self._texts.items())])
        text = self._texts.get(name.removesuffix(_SUFFIX))
        return None if text is None else render_runbook(text)


def packaged_runbooks() -> Traversable:
    """Return the folder of the runbooks: a wheel has them inside the package, a clone beside it."""
    inside = files("tc") / "runbooks"
    return inside if inside.is_dir() else Path(__file__).resolve().parents[4] / "runbooks"
