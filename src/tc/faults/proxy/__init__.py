"""A seeded TCP proxy between a node and a venue, whose connections can be slowed, sliced, held up and cut."""

from tc.faults.proxy.fault import ProxyFault
from tc.faults.proxy.server import Proxy
from tc.faults.proxy.thread import RunningProxy, running_proxy

__all__ = ["Proxy", "ProxyFault", "RunningProxy", "running_proxy"]
