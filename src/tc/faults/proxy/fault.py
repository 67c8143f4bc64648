"""A fault of the connections between node and venue."""

from tc.faults.proxy.making import toxic_of
from tc.faults.proxy.thread import RunningProxy
from tc.spec.drills.fault_parameters.transport import TransportParameters


class ProxyFault:
    """One toxic of a proxy.

    Parameters
    ----------
    proxy
        The proxy that the connections go through.
    parameters
        What is wrong with them.

    """

    def __init__(self, proxy: RunningProxy, parameters: TransportParameters) -> None:
        self._proxy = proxy
        self._toxic = toxic_of(parameters)

    def inject(self) -> None:
        """Let the toxic bite."""
        self._proxy.add(self._toxic)

    def proof(self) -> int:
        """Return how often it has bitten: on a chunk of bytes, the end of a direction, or a connection."""
        return self._toxic.bites.times

    def restore(self) -> None:
        """Take the toxic away."""
        self._proxy.remove(self._toxic)
