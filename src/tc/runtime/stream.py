"""The one way an event enters a stream: position, then journal, then step, and only then what the step decided has effects."""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from tc.core import (
    INITIAL,
    CoreConfiguration,
    EventStreamEntry,
    ProcessingContext,
    State,
    state_digest,
    step_event_entry,
)
from tc.core.decision import Decision, Obligation
from tc.core.events import ControlTimeReached, Event
from tc.core.state.fold import fold_entry
from tc.errors import DocumentError, EngineError, InvariantViolation, TcError
from tc.ports import CoreStrategy, ExecutionAdapter
from tc.runtime.clock import ControlClock, control_time
from tc.runtime.cursor import EventStreamCursor
from tc.runtime.dispatch import carry_out, own_records
from tc.runtime.native import EVALUATED, REFUSALS, NativeStrategy, flatten_asked


class Checkpoint(Protocol):
    """Takes the digest of State at a position."""

    def __call__(self, position: int, digest: str) -> None:
        """Keep the digest."""
        ...


def _nothing(*_: object) -> None:
    """Do nothing: what a stream without that effect is given."""


class EventStream:
    """A stream being written: each event gets its position, is appended to the journal, and is processed by the Core.

    Without a gate in the configuration that is the fold, and nothing else. With one, the adapter carries out what a step
    decided. What the Runtime itself asks for or notes because of a step (a Core-native strategy's requests, what became of
    its unsent orders) enters next, before any feedback that waits: the strategy never judges a State in which what it has
    asked for already is missing.

    Parameters
    ----------
    configuration
        What the stream is processed under.
    append
        Appends an entry to the journal; it is called before the step and before any effect of the entry.
    checkpoint
        Receives State's digest each time ``checkpoint_every`` entries were processed.
    checkpoint_every
        Entries from one checkpoint to the next.
    decided
        Receives each Decision, before it is carried out.
    before_effects
        Called before a Decision is carried out: puts the journal on disk where effects leave the process.
    strategy
        A Core-native strategy to evaluate; needs a gate.

    """

    def __init__(
        self,
        configuration: CoreConfiguration,
        *,
        append: Callable[[EventStreamEntry], None],
        checkpoint: Checkpoint,
        checkpoint_every: int,
        decided: Callable[[Decision], None] = _nothing,
        before_effects: Callable[[], None] = _nothing,
        strategy: CoreStrategy | None = None,
    ) -> None:
        if strategy is not None and configuration.gate is None:
            raise DocumentError("a Core-native strategy has no way out but through the gate", hint="Set `gate: on` or `observe`.")
        self._configuration = configuration
        self._append = append
        self._checkpoint = checkpoint
        self._checkpoint_every = checkpoint_every
        self._decided = decided
        self._before_effects = before_effects
        self._native = None if strategy is None else NativeStrategy(strategy, configuration)
        self._is_flattening = configuration.gate is not None and configuration.gate.mode == "on"
        self._clock = None if configuration.gate is None else ControlClock(configuration)
        self._take = self._folded if configuration.gate is None else self._stepped
        self._adapter: ExecutionAdapter | None = None
        self._cursor = EventStreamCursor()
        self._until_checkpoint = checkpoint_every
        self._violation: InvariantViolation | None = None
        self._unwritten: TcError | None = None
        self._inbox: deque[Event] = deque()
        self._own: deque[Event] = deque()
        self._is_stepping = False
        self.state: State = INITIAL

    def emit(self, event: Event) -> None:
        """Take the event into the stream; one that arrives during a step waits its turn.

        Raises
        ------
        InvariantViolation
            The event breaks a rule of the Core. It stays the journal's last entry, and the stream takes no other.
        EngineError
            The event is control time, which only `reach` realises.
        ArtifactError
            The entry could not be appended; the stream takes no other.

        """
        self._require_alive()
        clock = self._clock
        if clock is not None and type(event) is ControlTimeReached:
            raise EngineError("control time was emitted as if it came from outside", hint="This is a bug of the engine adapter.")
        if self._is_stepping:
            self._inbox.append(event)
        elif clock is None:
            self._run(event)
        else:
            self._run(event)
            clock.processed(self.state)

    def attach(self, adapter: ExecutionAdapter) -> None:
        """Let the adapter carry decisions out from now on; its timer may be set at once."""
        self._adapter = adapter
        if self._clock is not None:
            self._clock.attach(adapter, self.state)

    def reach(self, now_ns: int) -> None:
        """Realise, one by one, the deadlines that have come: the engine's timer rang.

        A stale feed is first asked for: when something newer was seen of it, that is recorded instead.

        Raises
        ------
        InvariantViolation, ArtifactError
            As `emit`; the deadline is still due, and nothing was sent.

        """
        self._require_alive()
        clock = self._clock
        if clock is None:
            return
        clock.rang()
        if self._is_stepping:
            return  # What is due is armed again when the step is done.
        answered: Obligation | None = None
        while (due := clock.due(self.state, now_ns)) is not None:
            observation = None if due == answered else clock.newer(due, self.state, now_ns)
            answered = due
            if observation is None:
                clock.realised(due)
            self._run(control_time(due, now_ns) if observation is None else observation)
        clock.arm(self.state)

    def _require_alive(self) -> None:
        """Raise what ended the stream, again: a strategy may have swallowed it."""
        ended = self._violation or self._unwritten
        if ended is not None:
            raise ended

    def _appended(self, event: Event) -> EventStreamEntry:
        entry = EventStreamEntry(self._cursor.allocate(event), event)
        try:
            self._append(entry)
        except TcError as error:
            self._unwritten = error
            raise
        return entry

    def _run(self, event: Event) -> None:
        """Take an event, and what arrives meanwhile; what waits behind an exception never enters the stream."""
        inbox, take = self._inbox, self._take
        self._is_stepping = True
        try:
            take(event)
            while inbox:
                take(inbox.popleft())
        except BaseException:
            inbox.clear()
            self._own.clear()
            raise
        finally:
            self._is_stepping = False

    def _folded(self, event: Event) -> None:
        entry = self._appended(event)
        try:
            self.state = fold_entry(self.state, entry, self._configuration)
        except InvariantViolation as violation:
            self._violation = violation
            raise
        self._until_checkpoint -= 1
        if not self._until_checkpoint:
            self._check()

    def _stepped(self, event: Event) -> None:
        self.take_input(event)
        while self._own:
            self.take_own()

    def take_input(self, event: Event) -> None:
        """Step an event that came from outside, then ask the strategy and the flatten; what they ask for waits as `own`."""
        self._step(event)
        control, native = self.state.control, self._native
        is_flattening = control.safeguards.kill_switch == "flatten" and self._is_flattening and control.run == "running"
        if is_flattening and type(event) not in REFUSALS:
            self._own.extend(flatten_asked(self.context))
        if native is not None and type(event) in EVALUATED:
            self._own.extend(native.asked(self.context))

    def take_own(self) -> None:
        """Step the first of the Runtime's own events that wait."""
        self._step(self._own.popleft())

    def _step(self, event: Event) -> None:
        entry = self._appended(event)
        try:
            self.state, decision = step_event_entry(self.state, entry, configuration=self._configuration)
        except InvariantViolation as violation:
            self._violation = violation
            raise
        self._until_checkpoint -= 1
        if not self._until_checkpoint:
            self._check()
        if decision is not None:
            self._effect(decision)

    def _effect(self, decision: Decision) -> None:
        """Hand on what was decided, note what became of own orders, and send: in this order."""
        self._decided(decision)
        if self.state.control.run != "running":
            return
        self._own.extend(own_records(decision, self.state))
        self._before_effects()
        inbox = self._inbox
        inbox.extend(carry_out(self._adapter, decision, arrived=inbox.__len__, at_ns=self.state.stream_time_ns))

    def _check(self) -> None:
        self._until_checkpoint = self._checkpoint_every
        self._checkpoint(self.state.position, state_digest(self.state))

    @property
    def is_whole(self) -> bool:
        """Whether every entry that was given a position was processed: not so when something interrupted a step."""
        return self._cursor.next == self.state.position + 1

    @property
    def is_waiting(self) -> bool:
        """Whether a decision may hang on the next feedback: it is to be emitted at once, not in a batch."""
        if self._clock is None:
            return False
        state = self.state
        queue = state.execution.queue
        return (
            self._native is not None
            or queue.size > 0
            or self._clock.armed_ns is not None
            or any(queue.in_flight)
            or state.control.safeguards.kill_switch == "flatten"
        )

    @property
    def own(self) -> tuple[Event, ...]:
        """What the Runtime itself enters next."""
        return tuple(self._own)

    @property
    def violation(self) -> InvariantViolation | None:
        """The violation that ended the stream, or None."""
        return self._violation

    @property
    def strategy_failure(self) -> str:
        """The traceback of the first time that the Core-native strategy failed; empty when it did not."""
        return "" if self._native is None else self._native.failure

    @property
    def context(self) -> ProcessingContext:
        """The read-only view of the stream as it stands."""
        return ProcessingContext(self.state, self._configuration)
