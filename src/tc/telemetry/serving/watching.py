"""The thread that looks at the run directories again and again, and puts what it finds where a scrape takes it at once."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import batched

from tc.telemetry.exposition.chunks import LARGEST, Exposition
from tc.telemetry.exposition.lines import CONTENT_TYPES, EMPTY, Block, Format, block_of, fleet_lines
from tc.telemetry.exposition.pieces import Body
from tc.telemetry.fleet import drill_samples, fleet_samples
from tc.telemetry.index import Index
from tc.telemetry.samples import samples_of

EVERY_S = 0.25
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look found, whole.

    Parameters
    ----------
    at_ns
        When it was.
    bodies
        The lines of all runs, by format.
    fleet
        The lines of what belongs to no run, by format; they change with each look.

    """

    at_ns: int
    bodies: Mapping[Format, Body]
    fleet: Mapping[Format, bytes]


class Watcher:
    """Looks at an index's run directories; `watch` runs in a thread of its own, any thread asks for the rest."""

    def __init__(self, index: Index, *, clock: Callable[[], int] = time.time_ns) -> None:
        self.index = index
        self._clock = clock
        self._exposition = Exposition()
        self._seen: Seen | None = None
        self._told: set[str] = set()
        self._drills: object = ()
        self._drill_lines: Mapping[Format, bytes] = dict.fromkeys(CONTENT_TYPES, b"")
        self._stop = threading.Event()

    @property
    def seen(self) -> Seen | None:
        """The last look; None before the first one is done."""
        return self._seen

    def look(self) -> None:
        """Look once, and publish what was found."""
        began, now_ns = time.perf_counter(), self._clock()
        changed = self.index.refresh(now_ns)
        for some in batched(changed.run_ids, LARGEST):  # so that no run's lines are held twice for long
            self._exposition.apply({run_id: self._block(run_id, now_ns) for run_id in some})
        if changed.removed:
            self._exposition.apply({}, changed.removed)
        samples = [
            *fleet_samples(self.index, now_ns),
            ("tc_index_refresh_timestamp_seconds", (), now_ns / 1e9),
            ("tc_index_refresh_duration_seconds", (), time.perf_counter() - began),
        ]
        drills = self._of_drills()
        fleet = {written: fleet_lines(samples, written) + drills[written] for written in CONTENT_TYPES}
        self._seen = Seen(now_ns, self._exposition.bodies, fleet)

    def _of_drills(self) -> Mapping[Format, bytes]:
        """Return the lines of drills, made anew only when one was carried out."""
        drills = self.index.fleet.drills
        if drills is not self._drills:
            self._drills = drills
            self._drill_lines = {written: fleet_lines(drill_samples(drills), written) for written in CONTENT_TYPES}
        return self._drill_lines

    def watch(self) -> None:
        """Look until `stop`; the thread is at rest half of the time at least."""
        told = ""
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                self.look()
                told = ""
            except Exception as error:  # noqa: BLE001 - a server that ran for weeks does not end over one look that failed
                if told != repr(error):
                    told = repr(error)
                    _log.exception("the run directories could not be looked at; what was seen before is served")
            self._stop.wait(max(EVERY_S, time.monotonic() - began))

    def stop(self) -> None:
        """Let `watch` return after the look that it is at."""
        self._stop.set()

    def _block(self, run_id: str, now_ns: int) -> Block:
        """Return the lines of a run; one whose facts make no samples costs one series and a line in the log, never the scrape."""
        facts = self.index.facts(run_id)
        try:
            return EMPTY if facts is None else block_of(samples_of(facts, now_ns))
        except Exception:  # noqa: BLE001 - one run must not hide the others
            if run_id not in self._told:
                self._told.add(run_id)
                _log.exception("the facts of run %s make no metrics", run_id)
            return block_of([("tc_run_unreadable", (run_id,), 1)])
