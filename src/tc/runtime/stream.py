"""The one way an event enters a stream: position, then journal, then step, and only then what the step decided has effects."""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from tc.core import (
    INITIAL,
    CoreConfiguration,
    EventStreamEntry,
    ProcessingContext,
    ProcessingPosition,
    State,
    state_digest,
    step_event_entry,
)
from tc.core.decision import Decision, Obligation
from tc.core.events import ControlTimeReached, Event, RunResumed, SnapshotTaken
from tc.core.reserved import FLATTEN_STRATEGY
from tc.core.state.fold import fold_entry
from tc.errors import DocumentError, EngineError, InvariantViolation, TcError
from tc.ports import CoreStrategy, ExecutionAdapter
from tc.runtime.clock import ControlClock, control_time
from tc.runtime.cursor import EventStreamCursor
from tc.runtime.dispatch import carry_out, own_records
from tc.runtime.native import EVALUATED, Flatten, NativeStrategy, keys_of, strategy_name


class Checkpoint(Protocol):
    """Takes the digest of State at a position."""

    def __call__(self, position: int, digest: str) -> None:
        """Keep the digest."""
        ...


_BOUNDS = frozenset({RunResumed, SnapshotTaken})


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
        Called before anything leaves the process because of a Decision: puts the journal on disk.
    strategy
        A Core-native strategy to evaluate; needs a gate.
    entries, state
        How many entries there are already, and what they add up to, where a stream goes on that was begun before.

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
        entries: int = 0,
        state: State = INITIAL,
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
        self._flatten = Flatten()
        self.own_strategies = frozenset(
            {FLATTEN_STRATEGY} if strategy is None else {FLATTEN_STRATEGY, strategy_name(configuration)}
        )
        self._clock = None if configuration.gate is None else ControlClock(configuration)
        self._take = self._folded if configuration.gate is None else self._stepped
        self._adapter: ExecutionAdapter | None = None
        self._cursor = EventStreamCursor(ProcessingPosition(state.position + 1))
        self._until_checkpoint = checkpoint_every - entries % checkpoint_every
        self._is_catching_up = False
        self._violation: InvariantViolation | None = None
        self._unwritten: TcError | None = None
        self._inbox: deque[Event] = deque()
        self._own: deque[Event] = deque()
        self._is_stepping = False
        self.state: State = state

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

    def is_due(self, now_ns: int) -> bool:
        """Say whether a deadline has come by now; a timer may ring for one that is gone."""
        return self._clock is not None and not self._is_stepping and self._clock.due(self.state, now_ns) is not None

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
        if type(event) in _BOUNDS:
            self._bounded(event)
        if self._is_catching_up:
            return
        control, native = self.state.control, self._native
        is_flattening = control.safeguards.kill_switch == "flatten" and self._is_flattening and control.run == "running"
        asked = () if native is None or type(event) not in EVALUATED else native.asked(self.context)
        if is_flattening:
            self._own.extend(self._flatten.asked(event, self.context, keys_of(asked)))
        self._own.extend(asked)

    def _bounded(self, event: Event) -> None:
        """Let nothing be asked for from a resumption to the snapshot behind it: what the process before had in mind is lost."""
        self._is_catching_up = type(event) is RunResumed
        if self._is_catching_up:
            self._own.clear()
            self._flatten = Flatten()
            if self._native is not None:
                self._native.forget()

    def take_own(self) -> None:
        """Step the first of the Runtime's own events that wait."""
        event = self._own.popleft()
        self._step(event)
        self._flatten.refused(event, self.state.stream_time_ns)

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
        self._own.extend(own_records(decision, self.state, self.own_strategies))
        if self._leaves(decision):
            self._before_effects()
        inbox = self._inbox
        inbox.extend(carry_out(self._adapter, decision, arrived=inbox.__len__, at_ns=self.state.stream_time_ns))

    def _leaves(self, decision: Decision) -> bool:
        """Say whether anything leaves the process because of a Decision; observing, a gate lets out all that was asked."""
        gate = self._configuration.gate
        return gate is None or gate.mode != "on" or any(each.result == "sent" for each in decision.outcomes)

    def _check(self) -> None:
        self._until_checkpoint = self._checkpoint_every
        self._checkpoint(self.state.position, state_digest(self.state))

    @property
    def is_whole(self) -> bool:
        """Whether every entry that was given a position was processed: not so when something interrupted a step."""
        return self._cursor.next == self.state.position + 1

    @property
    def is_waiting(self) -> bool:
        """Whether a decision may hang on the next feedback: it is to be emitted at once, not in a batch.

        What is only in flight waits for none: its answer lets nothing go, and is taken in before the next request is judged and
        before a deadline is realised. During a step what comes back takes its place in the inbox.
        """
        if self._clock is None:
            return False
        state = self.state
        queue = state.execution.queue
        return (
            self._is_stepping
            or self._native is not None
            or queue.size > 0
            or queue.rate_deadline_ns > 0
            or state.control.safeguards.kill_switch == "flatten"
        )

    def is_own(self, key: str) -> bool:
        """Whether the order of a key is the Runtime's own: a Core-native strategy's, or the flatten's. Its strategy says so."""
        terms = self.context.terms(key)
        return terms is not None and terms.strategy_id in self.own_strategies

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
