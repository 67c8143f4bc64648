"""The watch over a node: the kill switch's state files, how late the loop is, and how old each channel of market data is."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from tc.engines.nautilus.live.kill import Kill
from tc.store.kill_switch import FOLDER, Active, KillSwitch

EVERY_S = 0.05


def active_switch(runtime_root: Path, *, run_id: str, name: str) -> Active | None:
    """Return the kill switch that is active for a run, by the state files."""
    return KillSwitch(runtime_root / FOLDER).effective(run_id=run_id, name=name)


class Watch:
    """Looks at the state files every 50 ms, which also says how late the loop comes to what is due.

    Parameters
    ----------
    active
        Returns the kill switch that is active for this node.
    kill
        Carries it out.

    """

    def __init__(self, active: Callable[[], Active | None], kill: Kill) -> None:
        self._active = active
        self._kill = kill
        self.lag_s = 0.0
        self.longest_lag_s = 0.0

    async def run(self) -> None:
        """Look, until cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            self.look()
            due = max(due + EVERY_S, loop.time())
            await asyncio.sleep(due - loop.time())
            self.lag_s = loop.time() - due
            self.longest_lag_s = max(self.longest_lag_s, self.lag_s)

    def look(self) -> None:
        """Carry out the switch that is active, unless that is done already."""
        active = self._active()
        if active is not None:
            self._kill.ask(active.mode, active.reason, active.actor)
