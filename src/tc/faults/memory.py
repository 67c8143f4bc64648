"""A process that needs more memory than it may have: the strategy takes it, and the kernel refuses at a cap."""

import resource
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tc.errors import InconclusiveError
from tc.faults.processes import Target, targeted
from tc.faults.strategy import Commands
from tc.spec.drills.fault_parameters.host import MemoryGrowth

_KIB = 1 << 10
_MIB = 1 << 20


class MemoryFault:
    """The strategy takes memory under a cap of its process; see `tc.ports.drills.Fault`.

    Parameters
    ----------
    pid
        Returns the process of the node; asked when it happens.
    commands
        How the strategy is told.
    parameters
        How much, and how much more than now the process may have.

    """

    def __init__(self, pid: Callable[[], int], commands: Commands, parameters: MemoryGrowth) -> None:
        self._pid = pid
        self._commands = commands
        self._parameters = parameters
        self._capped: tuple[Target, tuple[int, int]] | None = None

    def inject(self) -> None:
        """Set the cap, and have the strategy take the memory."""
        [target] = targeted((self._pid(),))
        try:
            before = resource.prlimit(target.pid, resource.RLIMIT_DATA)
            self._capped = target, before
            cap = _data_bytes(target.pid) + self._parameters.cap_mb * _MIB
            resource.prlimit(target.pid, resource.RLIMIT_DATA, (cap, before[1]))
        except OSError as error:
            raise InconclusiveError(
                f"the memory of process {target.pid} cannot be capped: {error.strerror}", hint="It must be one of your own."
            ) from None
        self._commands.give("allocate", mb=self._parameters.mb)

    def proof(self) -> int:
        """Return how many MiB the strategy has taken, and one more once the kernel's refusal has ended its process."""
        has_ended = self._capped is not None and self._capped[0].state == "gone"
        return self._commands.done("allocate") + has_ended

    def restore(self) -> None:
        """Lift the cap, and have the strategy let go of what it took."""
        self._commands.take_back("allocate")
        if self._capped is not None:
            target, before = self._capped
            if target.state != "gone":
                with suppress(OSError):  # It ends just now.
                    resource.prlimit(target.pid, resource.RLIMIT_DATA, before)


def _data_bytes(pid: int) -> int:
    """Return what of a process's memory counts against `RLIMIT_DATA`."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * _KIB
    raise ProcessLookupError(0, "it is ending")
