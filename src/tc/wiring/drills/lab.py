"""The lab of one drill, put together: keys, venue, proxy, run and alerting in the drill's own folder."""

import json
import math
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tc.faults.proxy.thread import RunningProxy
    from tc.lab.alerting import Alerting
    from tc.lab.lab import ProcessLab
    from tc.lab.process import LabProcess
    from tc.lab.receiver import Receiver
    from tc.spec.drills.drill_spec import DrillSpec
    from tc.spec.instrument import InstrumentSpec
    from tc.spec.run_spec import RunSpec
    from tc.store.drills import DrillDirectory
    from tc.store.layout import RunDirectory

COMMANDS = "commands"
"""The folder in which the drill's strategy is told to misbehave."""

_ANY_URL = "http://127.0.0.1:1"
_SMALL_DISK_MB = 96
_WEIGHT_LIMIT = 6_000
"""What comparing every two seconds weighs does not come near to it."""

_OPEN = frozenset({"NEW", "PARTIALLY_FILLED"})
_MISSED = 2.5
"""So many intervals of the dead man's switch are missed before its silence is an alarm."""


@dataclass(frozen=True, slots=True)
class Making:
    """What a lab is made for.

    Parameters
    ----------
    document, spec
        The drill's document, and what it says.
    drill
        The drill's folder.
    seed
        Of the market and the faults.
    sees_alerts, is_mutated
        As in the plan.

    """

    document: Path
    spec: "DrillSpec"
    drill: "DrillDirectory"
    seed: int
    sees_alerts: bool
    is_mutated: bool

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of faults in it."""
        return frozenset(each.kind for each in self.spec.faults)

    @property
    def folder(self) -> Path:
        """The drill's folder, absolute: processes of the lab work elsewhere."""
        return self.drill.path.resolve()

    @property
    def run_id(self) -> str:
        """The run's id: the name of the drill's folder, so that no two runs of drills have the same."""
        return self.drill.path.name

    @property
    def run(self) -> "RunDirectory":
        """The directory of the run that is broken."""
        from tc.store.layout import run_directory

        return run_directory(self.folder / "artifacts", self.run_id)

    @property
    def run_spec(self) -> Path:
        """The document of that run."""
        return (self.document.resolve().parent / self.spec.run).resolve()

    def overrides(self, url: str, *, is_told: bool = True) -> tuple[str, ...]:
        """Return what is set in that document: what the drill sets, and last, so that it holds, the lab's venue and seed.

        ``is_told`` is whether its strategy is one that can be told to misbehave.
        """
        mutation = self.spec.mutation.set if self.is_mutated and self.spec.mutation is not None else ()
        return (
            *self.spec.set,
            *mutation,
            "node.venue=",
            f'node.venue_url="{url}"',
            f"seed={self.seed}",
            *((f"strategy.config.commands={json.dumps(str(self.folder / COMMANDS), ensure_ascii=False)}",) if is_told else ()),
        )

    def overrides_here(self, url: str) -> tuple[str, ...]:
        """Return the same for the strategy that the document has."""
        from tc.spec.parse import load_run_spec

        plain = load_run_spec(self.run_spec, overrides=self.overrides(url, is_told=False))
        return self.overrides(url, is_told="commands" in plain.stated_strategy.config)

    def left_out(self) -> frozenset[str]:
        """Return the alerts whose rules are left out, where the detector is switched off."""
        return frozenset(self.spec.mutation.without_alerts if self.is_mutated and self.spec.mutation is not None else ())


@dataclass(frozen=True, slots=True)
class MadeLab:
    """A lab that was put together, and the parts of it that faults are done to."""

    lab: "ProcessLab"
    proxy: "RunningProxy"
    venue: "LabProcess"
    venue_url: str
    venue_state: Path
    alerting: "Alerting | None"
    made: Making

    def process(self, target: str) -> "LabProcess":
        """Return the process that a fault is done to; InconclusiveError where the drill goes without it."""
        from tc.errors import InconclusiveError

        if target == "venue":
            return self.venue
        if self.alerting is None:
            raise InconclusiveError(f"{target} does not run: the drill goes without alerts")
        return {each.name: each for each in self.alerting.processes}[target]

    def pids(self, target: str) -> tuple[int, ...]:
        """Return the processes of a target, as they are now."""
        supervisor, node = self.lab.run_pid, self.lab.node_pid
        of_run = {"node": (node,), "supervisor": (supervisor,), "run": (supervisor, node)}
        found = of_run[target] if target in of_run else (self.process(target).pid,)
        return tuple(each for each in found if each)


@contextmanager
def lab_of(made: Making) -> "Iterator[MadeLab]":
    """Put the lab of a drill together, and take it apart in the end, whatever is left of it."""
    from tc.faults.disk import small_disk
    from tc.faults.proxy.thread import running_proxy
    from tc.lab.lab import Bench, ProcessLab
    from tc.lab.making import lab_environment, run_process, venue_process
    from tc.spec.check import load_documents

    folder = made.folder
    spec, instrument = load_documents(made.run_spec, overrides=made.overrides_here(_ANY_URL))
    with ExitStack() as stack:
        if "disk_full" in made.kinds:
            (folder / "artifacts").mkdir()
            stack.enter_context(small_disk(folder / "artifacts", _SMALL_DISK_MB))
        environment = lab_environment(folder, _keys(spec))
        (folder / COMMANDS).mkdir()
        venue, venue_url, state = venue_process(folder, environment, _venue_options(made, spec, instrument))
        port = urlsplit(venue_url).port
        assert port is not None  # noqa: S101 - it was chosen just now
        proxy = stack.enter_context(running_proxy("127.0.0.1", port, seed=made.seed))
        receiver, alerting = _alerting(made, environment, stack)
        run_environment = {**environment, **_faked(made, environment)}
        bench = Bench(
            run=made.run,
            folder=folder,
            runtime_root=folder / "runtime",
            environment=environment,
            venue=venue,
            venue_url=venue_url,
            way=proxy,
            start_run=lambda words: run_process(folder, run_environment, words),
            run_command=_run_command(made, proxy.url),
            alerting=alerting,
            receiver=receiver,
            run_name=spec.name,
            read_venue=lambda: _held_at_venue(state),
        )
        lab = ProcessLab(bench)
        stack.callback(lab.close)
        yield MadeLab(lab, proxy, venue, venue_url, state, alerting, made)


def _keys(spec: "RunSpec") -> tuple[str, ...]:
    from tc.wiring.paper_parts import node_spec

    node = node_spec(spec)
    return node.api_key, node.api_secret


def _run_command(made: Making, url: str) -> tuple[str, ...]:
    sets = tuple(word for each in made.overrides_here(url) for word in ("--set", each))
    return ("run", str(made.run_spec), "--run-id", made.run_id, "--json", *sets)


def _venue_options(made: Making, spec: "RunSpec", instrument: "InstrumentSpec") -> tuple[str, ...]:
    from tc.spec.library import find_instrument, instrument_folders
    from tc.wiring.paper_parts import node_spec

    node = node_spec(spec)
    symbol = find_instrument(instrument.id, search=instrument_folders(made.run_spec))
    return (
        *("--weight-limit", str(_WEIGHT_LIMIT)),
        *("--seed", str(made.seed), "--speed", node.market_data.speed, "--symbol", str(symbol)),
        *("--starting-balance", spec.stated_venue.starting_balances[0], "--leverage", spec.stated_venue.default_leverage),
        *("--api-key-env", node.api_key, "--api-secret-env", node.api_secret),
    )


def _alerting(made: Making, environment: "Mapping[str, str]", stack: ExitStack) -> "tuple[Receiver | None, Alerting | None]":
    """Make the alerting with somebody who is told; nothing of both where the drill goes without alerts."""
    from tc.lab.alerting import prepare_alerting
    from tc.lab.receiver import receiving

    if not made.sees_alerts:
        return None, None
    receiver = stack.enter_context(receiving(silent_after_s=_silent_after_s(made)))
    folder = made.folder / "alerting"
    folder.mkdir()
    return receiver, prepare_alerting(folder, receiver.url, environment=environment, without=made.left_out())


def _faked(made: Making, environment: "Mapping[str, str]") -> "Mapping[str, str]":
    from tc.faults.clock import faked_environment

    return faked_environment(made.folder / COMMANDS, environment) if "clock_jump" in made.kinds else {}


def _silent_after_s(made: Making) -> float:
    """Return how long the alert that always fires may stay away: for ever, where nobody is to notice."""
    from tc.lab.alerting import dead_mans_switch_every_s

    is_deaf = made.is_mutated and made.spec.mutation is not None and made.spec.mutation.misses_silence
    return math.inf if is_deaf else dead_mans_switch_every_s() * _MISSED


def _held_at_venue(state: Path) -> "Mapping[str, Decimal]":
    """Return what is open and held at the venue; nothing where that cannot be read."""
    from tc.errors import ArtifactError
    from tc.wiring.venue_log import read_venue_log

    with suppress(ArtifactError):
        log = read_venue_log(state)
        held = sum((abs(each) for each in log.positions.values()), Decimal(0))
        return {"venue_open_orders": Decimal(sum(each.status in _OPEN for each in log.orders)), "venue_position": held}
    return {}
