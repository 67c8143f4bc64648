"""The second half of the demo: a paper session with real fills, which the kill switch ends."""

import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tc.wiring.kill import activate_kill, clear_kill
from tc.wiring.paper import PaperResult, run_paper_spec
from tc.wiring.paper_parts import PaperPlace, new_paper_run_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tc.store.kill_switch import Scope

KILLED_AFTER_S = 18.0
_DURATION_S = 60
"""How long it would go on if nothing came of the kill."""

_OVERRIDES = (
    "name=demo-paper",
    f"stop.duration_s={_DURATION_S}",
    "strategy.parameters.half_spread_ticks=1",
    "node.market_data.speed=4",
)
"""A market that moves, and quotes near enough to it: there is something to see in twenty seconds."""


@dataclass(frozen=True, slots=True)
class PaperDemo:
    """What came of the session: how it ended, its fills, and how long after the kill each step was taken, in nanoseconds."""

    result: PaperResult
    fills: int
    steps_ns: "Mapping[str, int]"


def run_paper_demo(*, artifacts_root: Path, runtime_root: Path, should_stop: "Callable[[], bool]") -> PaperDemo:
    """Run the packaged paper example on an exchange of its own, and kill it after some seconds of trading."""
    from tc.spec.check import load_documents
    from tc.spec.example import write_example
    from tc.store.kill_switch import Scope

    with tempfile.TemporaryDirectory(prefix="tc-demo-") as folder:
        spec = Path(folder) / "paper.yaml"
        write_example(spec, "paper")
        place = PaperPlace(artifacts_root, runtime_root)
        run_id = new_paper_run_id(*load_documents(spec, overrides=_OVERRIDES))
        with _killing(Scope.of_run(run_id), place) as on_state:
            result = run_paper_spec(
                spec,
                overrides=_OVERRIDES,
                place=place,
                run_id=run_id,
                on_state=on_state,
                should_stop=should_stop,
            )
    return _told(result)


@contextmanager
def _killing(scope: "Scope", place: PaperPlace) -> "Iterator[Callable[[str], None]]":
    """Give what hears the states of a node, and kills it some time after it began to trade; the switch is cleared in the end."""

    def kill() -> None:
        activate_kill(
            scope,
            mode="flatten",
            reason="the demo is over",
            actor="tc demo",
            runtime_root=place.runtime_root,
            artifacts_root=place.artifacts_root,
            flattens_at_venue=False,
            means_testnet=False,
            deadline_s=10,
        )

    timer = threading.Timer(KILLED_AFTER_S, kill)

    def hear(state: str) -> None:
        if state == "trading":
            timer.start()

    try:
        yield hear
    finally:
        timer.cancel()
        if timer.ident is not None:
            timer.join()
        clear_kill(scope, reason="the demo is over", actor="tc demo", runtime_root=place.runtime_root)


def _told(result: PaperResult) -> PaperDemo:
    from tc.core.events import KillSwitchAdvanced, OrderFilled
    from tc.store.journal import read_entries

    fills = 0
    steps_ns: dict[str, int] = {}
    if result.run is not None and result.run.journal.exists():
        for entry in read_entries(result.run.journal):
            event = getattr(entry, "event", None)
            fills += isinstance(event, OrderFilled)
            if isinstance(event, KillSwitchAdvanced):
                steps_ns[event.step] = event.latency_ns
    return PaperDemo(result, fills, steps_ns)
