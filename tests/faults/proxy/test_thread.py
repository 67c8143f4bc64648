"""A proxy is spoken to from any thread, and says so when it has ended."""

import threading
from typing import TYPE_CHECKING

import pytest

from proxied import Bench, bench
from tc.errors import UnreachableError
from tc.faults.proxy import ProxyFault
from tc.spec.drills.fault_parameters.transport import Down, Latency, Slicer

if TYPE_CHECKING:
    from tc.ports.drills import Fault


def test_faults_come_and_go_from_many_threads_while_connections_are_used(line: Bench) -> None:
    pair, failed = line.pair(), []

    def toggle(number: int) -> None:
        fault = ProxyFault(line.proxy, Latency(latency_s="0.001") if number % 2 else Slicer(size_bytes=1, delay_s="0"))
        try:
            for _ in range(20):
                fault.inject()
                line.proxy.counters()
                fault.restore()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test says so
            failed.append(error)

    threads = [threading.Thread(target=toggle, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for number in range(100):
        assert pair.up(b"up %d" % number) + pair.down(b"down %d" % number) == b"up %ddown %d" % (number, number)
    for each in threads:
        each.join()
    assert failed == []


def test_a_fault_is_injected_once_and_restored_without_harm_whatever_was_before(line: Bench) -> None:
    fault: Fault = ProxyFault(line.proxy, Down())
    fault.restore()
    fault.inject()
    proof = fault.proof()
    fault.inject()
    assert fault.proof() == proof == 1
    fault.restore()
    fault.restore()
    assert line.pair().up(b"well") == b"well"


def test_of_a_proxy_that_has_ended_a_fault_cannot_be_injected_and_need_not_be_restored() -> None:
    with bench() as line:
        fault = ProxyFault(line.proxy, Down())
        fault.inject()
    fault.restore()
    with pytest.raises(UnreachableError, match="has ended"):
        ProxyFault(line.proxy, Down()).inject()
