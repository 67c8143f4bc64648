"""A hook of MkDocs: the steps of a list stay one list, whatever stands between them."""

import re

_BELONGS = "   "
"""By so much is indented what belongs to a step, `1. `, in the Markdown that GitHub and the runbooks' own pages read."""

_FENCE = re.compile(r" {0,3}(?:```|~~~)")
_STEP = re.compile(r"\d+\. ")


def on_page_markdown(markdown: str, **_: object) -> str:
    """Return a page as MkDocs reads lists: four spaces before what belongs to a step, and an empty line behind it.

    Fenced blocks outside of lists stay as they are.
    """
    lines: list[str] = []
    fence = ""
    for line in markdown.split("\n"):
        mark = _FENCE.match(line)
        within = fence or (mark[0] if mark else "")
        belongs = (within or line).startswith(_BELONGS) and bool(line)
        if _STEP.match(line) and not within and lines and lines[-1].startswith(f" {_BELONGS}"):
            lines.append("")
        lines.append(f" {line}" if belongs else line)
        if mark and line.rstrip() == fence:
            fence = ""
        elif mark and not fence:
            fence = mark[0]
    return "\n".join(lines)
