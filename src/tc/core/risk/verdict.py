"""Verdict: Risk's answer about one command."""

from decimal import Decimal
from typing import Literal, NamedTuple

from tc.core.decision import Reason
from tc.core.state.exact import normalize


class Verdict(NamedTuple):
    """Allow, where ``reason`` is empty, or deny: why, from the closed list, and the figures behind it for people."""

    reason: Reason | Literal[""]
    detail: str = ""


ALLOW = Verdict("")
_READABLE = 30


def above(reason: Reason, figure: Decimal, limit: Decimal) -> Verdict:
    """Deny because a figure lies above its limit."""
    return Verdict(reason, f"{plain(figure)} above {plain(limit)}")


def plain(figure: Decimal) -> str:
    """Return a decimal without trailing zeros, and in full where that is readable."""
    shortest = normalize(figure)
    return f"{shortest:f}" if abs(shortest.adjusted()) < _READABLE else str(shortest)
