"""The parameters of each kind of fault, as people write them in a DrillSpec."""

from collections.abc import Mapping

from msgspec import Struct

from tc.spec.drills.fault_parameters import host, transport
from tc.spec.drills.fault_parameters.feed import FEED_PARAMETERS
from tc.spec.drills.fault_parameters.venue import VENUE_PARAMETERS

FAULT_PARAMETERS: Mapping[str, type[Struct]] = {
    "latency": transport.Latency,
    "bandwidth": transport.Bandwidth,
    "down": transport.Down,
    "black_hole": transport.BlackHole,
    "reset": transport.Reset,
    "slicer": transport.Slicer,
    "limit_data": transport.LimitData,
    "slow_close": transport.SlowClose,
    **FEED_PARAMETERS,
    **VENUE_PARAMETERS,
    "sigterm": host.Sigterm,
    "sigkill": host.Sigkill,
    "sigstop": host.Sigstop,
    "memory_growth": host.MemoryGrowth,
    "disk_full": host.DiskFull,
    "journal_truncated": host.JournalTruncated,
    "journal_bit_flipped": host.JournalBitFlipped,
    "clock_jump": host.ClockJump,
    "event_loop_block": host.EventLoopBlock,
    "runaway_orders": host.RunawayOrders,
    "kill_switch": host.KillSwitch,
    "probe": host.Probe,
    "changed_code": host.ChangedCode,
    "changed_configuration": host.ChangedConfiguration,
}
"""What each kind of fault takes."""
