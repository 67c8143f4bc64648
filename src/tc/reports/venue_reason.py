"""Why a venue refused, as people read it: the adapter hands on the venue's JSON in Python's notation."""

import ast
from contextlib import suppress


def venue_reason(text: str) -> str:
    """Return a reason with the venue's code and message in the place of a mapping; any other text as it is."""
    if not text.startswith("{"):
        return text
    with suppress(ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        said = ast.literal_eval(text)
        if isinstance(said, dict) and {"code", "msg"} <= said.keys():
            return f"{said['code']}: {said['msg']}"
    return text
