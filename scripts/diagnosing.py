"""Typing the commands of a runbook on what a drill has left: what their placeholders stand for, and whether each did its work."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tc.core import EventStreamEntry
from tc.core.events import (
    FeedDegraded,
    OrderCancelRejected,
    OrderDenied,
    OrderFilled,
    OrderInitialized,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderRejected,
)
from tc.errors import ArtifactError, ExitCode
from tc.store.drill_facts import FaultInjected, Observed
from tc.store.drills import DrillDirectory, scan_drill_journal
from tc.store.journal import read_entries
from tc.store.layout import run_directory

_Refused = OrderCancelRejected | OrderModifyRejected | OrderRejected
_Told = _Refused | OrderDenied | OrderPendingCancel | OrderFilled | OrderInitialized

_WORKED = {ExitCode.OK, ExitCode.FOUND, ExitCode.REFUSED, ExitCode.UNREACHABLE}
"""Of a drill's lab nothing runs any more: that its venue does not answer is an answer."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A command that was typed: how it ended, None by force, and what it said."""

    line: str
    code: int | None
    out: str = ""
    err: str = ""

    @property
    def fault(self) -> str:
        """Why it has not done its work; empty where it has."""
        if self.code is None:
            return "it did not end"
        if self.code not in _WORKED:
            return f"it ended with {self.code}"
        if "Traceback" in self.out + self.err:
            return "it showed a traceback"
        return "" if (self.out + self.err).strip() else "it said nothing"


def stands_of(drill: DrillDirectory) -> Mapping[str, str]:
    """Return what the words of a runbook that stand for something mean on what a drill has left.

    KEY is an order that something happened to, and N the position of that, or of the first gap in the market data. There is
    neither where the run has no order.
    """
    run_id = drill.path.name
    facts = [each.fact for each in scan_drill_journal(drill.journal).entries]
    since_ns = min((each.at_ns for each in facts if isinstance(each, FaultInjected)), default=0)
    details = " ".join(each.detail for each in facts if isinstance(each, Observed) and each.source == "finding")
    entries = tuple(_entries(run_directory(drill.artifacts, run_id).journal))
    told = [(each.position, each.event) for each in entries if isinstance(each.event, _Told)]
    position, key = next(_telling(told, since_ns, set(re.findall(r"[\w-]+", details))), (0, ""))
    gaps = (each.position for each in entries if isinstance(each.event, FeedDegraded))
    order = {"KEY": key, "N": str(next(gaps, position))} if key else {}
    return {"RUN": run_id, "my-run.yaml": drill.run_spec.name, **order}


def words_of(line: str, stands: Mapping[str, str]) -> list[str]:
    """Return the words of a command behind `tc`, with what they stand for.

    However often the venue is asked: it is gone, and one answer is as good as ten.
    """
    return [stands.get(each, each) for each in shlex.split(re.sub(r"--count \d+", "--count 1", line))[1:]]


def _entries(journal: Path) -> Iterator[EventStreamEntry]:
    """Yield what a run's journal has, up to its first damage."""
    with suppress(ArtifactError):
        yield from read_entries(journal)


def _telling(told: Sequence[tuple[int, _Told]], since_ns: int, found: set[str]) -> Iterator[tuple[int, str]]:
    """Yield positions and orders, the most telling first.

    What a comparison found, what the engine made up, what filled although its cancel was on its way; then what was refused,
    denied, filled or asked for since the fault.
    """
    on_their_way = {each.client_order_id for _, each in told if isinstance(each, OrderPendingCancel)}
    fills = [(at, each) for at, each in told if isinstance(each, OrderFilled)]
    yield from ((at, each.client_order_id) for at, each in told if each.client_order_id in found)
    yield from ((at, each.client_order_id) for at, each in fills if each.source == "compat")
    yield from ((at, each.client_order_id) for at, each in fills if each.client_order_id in on_their_way)
    for kinds in (_Refused, OrderDenied, OrderFilled, OrderInitialized):
        yield from ((at, each.client_order_id) for at, each in told if isinstance(each, kinds) and each.at_ns >= since_ns)
    yield from ((at, each.client_order_id) for at, each in told)
