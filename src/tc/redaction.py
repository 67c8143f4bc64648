"""Words that others made, without what signs requests in them: they are shown and kept where no key may be."""

import re
from collections.abc import Iterable

_HIDDEN = "***"
_SIGNATURE = re.compile(
    r"""(signature(?:=|%3D)|["']signature["']\s*:\s*["'])[0-9a-z+/%_-]+""",
    re.IGNORECASE,
)


def without_signatures(text: str) -> str:
    """Return a text without the signature of any request that it quotes."""
    return _SIGNATURE.sub(rf"\1{_HIDDEN}", text)


def redacted(text: str, secrets: Iterable[str]) -> str:
    """Return a text without signatures and without these secrets, wherever they stand in it."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    return without_signatures(text)
