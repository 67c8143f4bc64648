"""Where a target's name leads: every address is judged before one is connected to, and none is looked up a second time."""

import ipaddress
import socket
import threading
from collections.abc import Callable

from tc.probes.clock import Deadline
from tc.spec.probe_url import ProbeTarget, refuse_address, refused_address

Resolve = Callable[[str, int], list[str]]
"""Returns the addresses of a name for a port, in the order to try them; OSError when it has none."""


def addresses_of(target: ProbeTarget, resolve: Resolve, deadline: Deadline) -> tuple[list[str], bool]:
    """Return the addresses that a target may be connected to, and whether a name was looked up for them.

    Raises
    ------
    RefusedError
        One of the addresses is not where the target says that it is: then none of them is trusted.
    OSError
        The name has no address.
    TimeoutError
        It was not resolved in time.

    """
    is_name = not _is_address(target.host)
    found = _looked_up(target, resolve, deadline) if is_name else [target.host]
    if not found:
        raise OSError("the name has no address")
    for address in found:
        why = refuse_address(target, address)
        if why:
            raise refused_address(target, why)
    return found, is_name


def system_addresses(host: str, port: int) -> list[str]:
    """Return the addresses that this system's resolver knows of a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def _looked_up(target: ProbeTarget, resolve: Resolve, deadline: Deadline) -> list[str]:
    """Look a name up beside this thread: a resolver takes no deadline, and would hold up the end of the process."""
    found: list[list[str]] = []
    failed: list[OSError] = []

    def look_up() -> None:
        try:
            found.append(resolve(target.host, target.port))
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=look_up, name="resolve", daemon=True)
    thread.start()
    thread.join(deadline.left_s())
    if failed:
        raise failed[0]
    if not found:
        raise TimeoutError
    return found[0]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
