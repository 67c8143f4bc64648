"""What the supervisor of a paper run does beside watching: names the node, compares it with its venue, settles what it left."""

import math
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tc.errors import ArtifactError, TcError
from tc.wiring.beside import way_beside
from tc.wiring.paper_parts import SETTLED_WITHIN_S, PaperPlace, judged, line_to, on_stop_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tc.flows.paper.supervise import Supervised, Supervision
    from tc.flows.paper.supervisor_pulse import SupervisorPulse
    from tc.flows.reconciliation.expected import Expected
    from tc.ports import OnStop
    from tc.reports.reconciliation import ReconciliationDocument
    from tc.spec.instrument import InstrumentSpec
    from tc.spec.paper_spec import NodeSpec, ReconciliationSpec
    from tc.spec.run_spec import RunSpec
    from tc.spec.venue_url import VenueUrl
    from tc.store.layout import RunDirectory

_TC = (sys.executable, "-m", "tc")


class Outside:
    """What the supervisor of one run does beside watching: it names the node, and does at the venue what the node left undone."""

    def __init__(
        self, spec: "RunSpec", node: "NodeSpec", place: PaperPlace, run_id: str, environment: "Mapping[str, str]"
    ) -> None:
        from tc.exchange.wire.weight import RequestWeight
        from tc.store.layout import run_directory

        self._spec = spec
        self._node = node
        self._place = place
        self._environment = environment
        self._directory = run_directory(place.artifacts_root, run_id)
        self._continuous = _Continuous(self, node.reconciliation)
        self._url = ""
        self._expected: Expected | None = None
        self._weight = RequestWeight()
        self.reconciliation: ReconciliationDocument | None = None

    @property
    def run(self) -> "RunDirectory | None":
        """The run's directory, if the node made one."""
        return self._directory if self._directory.path.is_dir() else None

    def plan(self, spec: Path, instrument: "InstrumentSpec", overrides: "Sequence[str]") -> "Supervision":
        """Return what is supervised."""
        sets = tuple(word for each in overrides for word in ("--set", each))
        venue = None if self._node.venue is None else self._venue_command(spec, instrument)
        return self._supervision((str(spec), *sets), venue)

    def plan_again(self, duration_s: str | None) -> "Supervision":
        """Return what is supervised when the run goes on: its venue is started as it was then, on the same state."""
        duration = () if duration_s is None else ("--duration", duration_s)
        venue = None if self._node.venue is None else kept_command(self._venue_file(".json"))
        return self._supervision((str(self._directory.spec), "--resume", *duration), venue)

    def _supervision(self, node: "Sequence[str]", venue: "Sequence[str] | None") -> "Supervision":
        from tc.flows.paper.supervise import Supervision
        from tc.spec.grammar import seconds_ns

        roots = ("--artifacts-root", str(self._place.artifacts_root), "--runtime-root", str(self._place.runtime_root))
        consent = ("--i-mean-testnet",) if self._place.means_testnet else ()
        fate = () if venue is None else ("--ends-with-parent",)
        inside = (*_TC, "_node", *node, "--run-id", self._directory.run_id, *roots, *consent, *fate)
        return Supervision(
            node_command=lambda url: (*inside, "--venue-url", url),
            venue_command=venue,
            venue_url=self._node.venue_url or "",
            environment=self._environment,
            start_deadline_s=seconds_ns(self._node.start_deadline_s) / 1e9,
            stop_deadline_s=seconds_ns(self._node.stop_deadline_s) / 1e9,
            on_stop=on_stop_of(self._spec),
            secrets=tuple(self._environment[name] for name in (self._node.api_key, self._node.api_secret)),
            is_on_record=self._directory.configuration.exists,
        )

    def pulse(self, instrument: "InstrumentSpec") -> "SupervisorPulse":
        """Return what tells, again and again, how the run looks from here."""
        from tc.flows.paper.supervisor_pulse import SupervisorPulse

        way = way_beside(self._node, self._place, self._environment, self._weight)
        return SupervisorPulse(self._directory, way, {instrument.id: instrument.raw_symbol})

    def announce(self, url: str, pid: int) -> None:
        """Write down how the node is reached, for `tc kill` and `tc reconcile`."""
        from tc.store.nodes import NodeDocument, socket_path, write_node

        self._url = url
        run_id = self._directory.run_id
        write_node(
            self._place.runtime_root,
            NodeDocument(
                run_id=run_id,
                name=self._spec.name,
                directory=str(self._directory.path.resolve()),
                socket=str(socket_path(self._place.runtime_root, run_id)),
                pid=pid,
                venue_url=url,
                environment=self._node.environment,
                api_key_env=self._node.api_key,
                api_secret_env=self._node.api_secret,
            ),
        )

    def settle(self, url: str, on_stop: "OnStop") -> tuple[str, ...]:
        """Cancel, or cancel and close, what a node left at the venue; return what is left, in words."""
        import asyncio

        from tc.exchange import flatten

        async def settled() -> tuple[str, ...]:
            async with line_to(self._judged(url), self._node, self._environment) as line:
                done = await flatten(line, deadline_s=SETTLED_WITHIN_S, closes_positions=on_stop == "flatten")
            unknown = ("what is open and held there is unknown",)
            return (
                unknown if done.left_orders is None or done.left_positions is None else (*done.left_orders, *done.left_positions)
            )

        return asyncio.run(settled())

    def look(self) -> None:
        """Compare the run with its venue from time to time, without waiting for it."""
        self._continuous.look()

    def reconcile(self, supervised: "Supervised", _url: str) -> None:
        """Compare the run with its venue while that still answers, and take the node's name away; a blocked run never traded.

        The name stays where the run may have left something at a venue that goes on.
        """
        from tc.flows.kill.retired import retire_node
        from tc.wiring.reconcile import BUSY_PATIENCE_S

        self._continuous.end()
        # Where nobody is there to be asked, what the venue keeps is compared when the run goes on.
        is_silent = supervised.how == "alone" or supervised.is_nobody_there
        is_blocked = supervised.finished is not None and supervised.finished["status"] == "blocked"
        try:
            if not is_silent and not is_blocked:
                self.compare(self._note, everything=True, busy_patience_s=BUSY_PATIENCE_S)
        finally:
            retire_node(self._place.runtime_root, self._directory.run_id, is_venue_gone=self._node.venue is not None)

    def compare(self, heed: "Callable[[ReconciliationDocument], None]", *, everything: bool, busy_patience_s: float = 0) -> None:
        """Compare the run with its venue now, if the node made one; what it comes to is heeded even if no disk takes it.

        Asking for ``everything`` finds orders in others' instruments, too; while the node trades it is left that much of the
        venue's patience. The last comparison waits for request weight: none comes after it.
        """
        from tc.flows.reconciliation.expected import Expected
        from tc.wiring.reconcile import reconcile_with_venue

        if self.run is None or not self.run.configuration.exists():
            return
        # One fold serves all comparisons of the run: each costs what is new.
        self._expected = self._expected or Expected(self.run)
        reconcile_with_venue(
            self.run,
            self._judged(self._url),
            runtime_root=self._place.runtime_root,
            environment=self._environment,
            api_key_env=self._node.api_key,
            api_secret_env=self._node.api_secret,
            heed=heed,
            expected=self._expected,
            everything=everything,
            busy_patience_s=busy_patience_s,
            weight=self._weight,
        )

    def _note(self, document: "ReconciliationDocument") -> None:
        self.reconciliation = document

    def block(self, reason: str) -> None:
        """Let the run open no more risk, until a person clears the switch."""
        from tc.store.kill_switch import FOLDER, KillSwitch, Scope

        switch = KillSwitch(self._place.runtime_root / FOLDER)
        scope = Scope.of_run(self._directory.run_id)
        switch.activate(scope, mode="reduce", reason=reason, actor="reconciliation", at_ns=time.time_ns())

    def _judged(self, url: str) -> "VenueUrl":
        return judged(url, self._node, self._place)

    def _venue_command(self, spec: Path, instrument: "InstrumentSpec") -> tuple[str, ...]:
        from tc.spec.library import find_instrument, instrument_folders

        state = self._venue_file(".sqlite")
        state.parent.mkdir(parents=True, exist_ok=True)
        market = self._node.market_data
        source = "generator" if market.recording is None else str(spec.resolve().parent / market.recording)
        symbol = find_instrument(instrument.id, search=instrument_folders(spec))
        command = (
            *(*_TC, "venue", "serve", "--port", "0", "--until-stdin-closes", "--state", str(state)),
            *("--market-data", source, "--speed", market.speed, "--at-end", market.at_end, "--seed", str(self._spec.seed)),
            *("--symbol", str(symbol if symbol is None else symbol.resolve())),
            *("--starting-balance", self._spec.stated_venue.starting_balances[0]),
            *("--leverage", self._spec.stated_venue.default_leverage),
            *("--api-key-env", self._node.api_key, "--api-secret-env", self._node.api_secret),
        )
        keep_command(self._venue_file(".json"), command)
        return command

    def _venue_file(self, suffix: str) -> Path:
        return (self._place.runtime_root / "venues" / f"{self._directory.run_id}{suffix}").resolve()


def keep_command(path: Path, command: "Sequence[str]") -> None:
    """Keep how an embedded venue was started, beside its state: what it was given need not be where its run goes on."""
    from msgspec import json

    from tc.store.files import write_atomic

    write_atomic(path, json.encode(command[len(_TC) :]) + b"\n")


def kept_command(path: Path) -> tuple[str, ...]:
    """Return how an embedded venue was started; ArtifactError when that is not known any more."""
    from msgspec import DecodeError, json

    from tc.store.files import read_file

    try:
        return (*_TC, *json.decode(read_file(path), type=tuple[str, ...]))
    except (DecodeError, UnicodeDecodeError):
        raise ArtifactError(
            f"{path} does not say how the embedded venue was started", hint="`tc runs recover` seals what there is of the run."
        ) from None


class _Continuous:
    """Compares a run with its venue again and again, one comparison at a time, beside the watch over the node."""

    def __init__(self, outside: "Outside", spec: "ReconciliationSpec") -> None:
        from tc.spec.grammar import seconds_ns

        self._outside = outside
        self._blocks = spec.on_mismatch == "block"
        self._every_s = None if spec.every_s is None else seconds_ns(spec.every_s) / 1e9
        self._due = math.inf if self._every_s is None else time.monotonic() + self._every_s
        self._thread: threading.Thread | None = None

    def look(self) -> None:
        """Begin a comparison when one is due and none is under way."""
        if self._every_s is None or time.monotonic() < self._due or (self._thread is not None and self._thread.is_alive()):
            return
        self._due = time.monotonic() + self._every_s
        self._thread = threading.Thread(target=self._compare, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Wait for the comparison that is under way."""
        if self._thread is not None:
            self._thread.join()

    def _compare(self) -> None:
        with suppress(TcError):  # What could not be kept is tried again at the next time.
            self._outside.compare(self._heed, everything=False)

    def _heed(self, document: "ReconciliationDocument") -> None:
        """Block a run that is not as its venue says; not one whose node is dead, for its orders are taken care of from here."""
        from tc.store.lock import is_active

        run = self._outside.run
        if document.verdict == "found" and self._blocks and run is not None and is_active(run):
            self._outside.block(
                f"the run is not as its venue says: {len(document.findings)} findings at position {document.position}"
            )
