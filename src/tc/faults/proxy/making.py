"""Which toxic follows which parameters."""

from typing import assert_never

from tc.faults.proxy import cutters, treatments
from tc.faults.proxy.toxic import Cutter, Treatment
from tc.spec.drills.fault_parameters import transport


def toxic_of(parameters: transport.TransportParameters) -> Treatment | Cutter:  # noqa: PLR0911 - a table of kinds
    """Return a new toxic of these parameters."""
    match parameters:
        case transport.Latency():
            return treatments.Latency(parameters)
        case transport.Bandwidth():
            return treatments.Bandwidth(parameters)
        case transport.Slicer():
            return treatments.Slicer(parameters)
        case transport.BlackHole():
            return treatments.BlackHole(parameters)
        case transport.LimitData():
            return treatments.LimitData(parameters)
        case transport.SlowClose():
            return treatments.SlowClose(parameters)
        case transport.Down():
            return cutters.Down(parameters)
        case transport.Reset():
            return cutters.Reset(parameters)
        case other:
            assert_never(other)
