"""Reasons for denials and rejections, grouped: those that differ only in their numbers are one."""

import re

from tc.reports.figures import Refusal

KINDS_KEPT = 64
EXAMPLE_LENGTH = 240
OTHER = "other reasons"

_NUMBER = re.compile(r"(?<![A-Za-z_])[-+]?\d(?:[\d_,.:TZ-]*\d)?Z?")


class Refusals:
    """Counts reasons by event and kind; beyond a number of kinds, the rest is one."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], tuple[int, str, int]] = {}

    def add(self, event: str, reason: str, position: int) -> None:
        """Count a reason at a position of the journal."""
        key = (event, without_numbers(reason))
        if key not in self._found and len(self._found) >= KINDS_KEPT:
            key = (event, OTHER)
        count, example, first = self._found.get(key, (0, _shortened(reason), position))
        self._found[key] = (count + 1, example, first)

    def sorted(self) -> tuple[Refusal, ...]:
        """Return what was counted, the most frequent first."""
        found = [Refusal(*key, count, example, first) for key, (count, example, first) in self._found.items()]
        return tuple(sorted(found, key=lambda each: (-each.count, each.event, each.reason)))


def without_numbers(reason: str) -> str:
    """Return a reason with each number replaced, so that it can be counted with its like."""
    return _NUMBER.sub("#", _shortened(reason))


def _shortened(text: str) -> str:
    return text if len(text) <= EXAMPLE_LENGTH else text[: EXAMPLE_LENGTH - 1] + "…"
