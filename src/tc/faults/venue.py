"""Faults of the loopback venue, by its fault port: its market data, its requests, its orders and its account."""

import time
from decimal import Decimal

from msgspec import Struct

from tc.errors import DocumentError
from tc.faults.fault_port import FaultPort
from tc.faults.rounds import Rounds
from tc.faults.venue_calls import calls_of
from tc.spec.drills.fault_parameters.venue import AbortWebSockets, FillOrder, OrderVanishes

_PATIENCE_S = 3.0
_GLANCE_S = 0.05
_NO_SUCH_ORDER = ("-2011", "-2013")


class VenueFault:
    """One fault of a venue that serves with ``--faults``; satisfies `tc.ports.drills.Fault`.

    The venue counts its bites from its start. One that was killed and started again begins anew; `proof` goes on from what it
    read last, and never backwards.

    Parameters
    ----------
    url
        The venue itself, and no proxy in front of it.
    kind
        The kind of the fault, as a DrillSpec names it.
    parameters
        Its parameters: the struct of its kind.

    Raises
    ------
    RefusedError
        The URL is not one of this machine.

    """

    def __init__(self, url: str, kind: str, parameters: Struct) -> None:
        self._port = FaultPort(url)
        self._calls = calls_of(kind, parameters)
        self._parameters = parameters
        self._rounds: Rounds | None = None
        self._seen = self._lost = 0
        self._before: int | None = None
        """What `proof` was when it was injected; None while it is not."""
        self._is_certain = False

    def inject(self) -> None:
        """Break it.

        Raises
        ------
        DocumentError
            The venue does not take it: nothing is broken.
        UnreachableError
            The venue does not answer: it may be broken or not.

        """
        self._before, self._is_certain = self.proof(), False
        try:
            self._ask()
        except DocumentError:
            self._before = None
            raise
        self._is_certain = True
        if isinstance(self._parameters, AbortWebSockets):
            self._go_on_aborting(self._parameters, has_begun=self.proof() > self._before)

    def proof(self) -> int:
        """Return how often it has bitten, as the venue counts it.

        Raises
        ------
        UnreachableError
            The venue does not answer.

        """
        now = self._port.counters().get(self._calls.inject.fault, 0)
        if now < self._seen:
            self._lost += self._seen
        self._seen = now
        return self._lost + now

    def restore(self) -> None:
        """Put it back; what has happened once, such as a fill, has happened.

        Raises
        ------
        UnreachableError
            The venue does not answer; it can be tried again.

        """
        if self._rounds is not None:
            self._rounds.end()
            self._rounds = None
        if self._before is None:
            return
        if not self._calls.is_a_deed or self._is_certain or self.proof() > self._before:
            self._undo()
        self._before = None

    def _ask(self) -> None:
        """Ask for it; an order that is to rest may be on its way still."""
        waits = isinstance(self._parameters, FillOrder | OrderVanishes) and self._parameters.client_order_id is None
        until = time.monotonic() + (_PATIENCE_S if waits else 0)
        call = self._calls.inject
        while True:
            try:
                self._port.ask(call.fault, call.document)
            except DocumentError as error:
                if not _is_without_order(error) or time.monotonic() >= until:
                    raise
                time.sleep(_GLANCE_S)
            else:
                return

    def _undo(self) -> None:
        call = self._calls.restore
        if call is None:
            return
        try:
            self._port.ask(call.fault, call.document)
        except DocumentError as error:
            if not _is_without_order(error):  # An order that is gone need not be taken back.
                raise

    def _go_on_aborting(self, asked: AbortWebSockets, *, has_begun: bool) -> None:
        every_s = float(Decimal(asked.every_s))
        self._rounds = Rounds(self._aborted, count=asked.count - has_begun, every_s=every_s)
        self._rounds.start(after_s=every_s if has_begun else 0)

    def _aborted(self) -> bool:
        """Abort once more, and tell whether anybody was connected."""
        call = self._calls.inject
        before = self._port.counters().get(call.fault, 0)
        return self._port.ask(call.fault, call.document).get(call.fault, 0) > before


def _is_without_order(error: DocumentError) -> bool:
    return any(code in error.message for code in _NO_SUCH_ORDER)
