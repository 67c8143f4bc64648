"""Which fault a drill's document means, done to the parts of its lab."""

from typing import TYPE_CHECKING

from tc.wiring.drills.lab import COMMANDS, MadeLab

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tc.faults.files import FindChange
    from tc.faults.strategy import Commands
    from tc.ports.drills import Fault
    from tc.spec.drills.drill_spec import FaultSpec
    from tc.spec.drills.fault_parameters import host

_SIGNALS = frozenset({"sigterm", "sigkill", "sigstop"})
_OWN = frozenset({"venue", "metrics", "alertmanager", "prometheus"})
"""Targets that the lab itself starts again; a run is gone on with by its operator."""


def fault_of(fault: "FaultSpec", lab: MadeLab) -> "Fault":
    """Return what a document describes, ready to be injected; InconclusiveError where it cannot be done here."""
    from tc.spec.drills.fault_parameters.transport import Chosen
    from tc.spec.drills.parse import fault_parameters

    parameters = fault_parameters(fault)
    if fault.kind in _SIGNALS:
        return _signal(fault, lab)
    if (host_fault := _HOST.get(fault.kind)) is not None:
        return host_fault(lab, parameters)
    if isinstance(parameters, Chosen):
        from tc.faults.proxy.fault import ProxyFault

        return ProxyFault(lab.proxy, parameters)  # type: ignore[arg-type]  # every one of them is chosen by its connections
    from tc.faults.venue import VenueFault

    return VenueFault(lab.venue_url, fault.kind, parameters)


def _signal(fault: "FaultSpec", lab: MadeLab) -> "Fault":
    from tc.faults.operator import StartedAgain
    from tc.faults.processes import SignalFault

    sent = SignalFault(lambda: lab.pids(fault.target), fault.kind)  # type: ignore[arg-type]  # it is one of the three
    return StartedAgain(sent, lab.process(fault.target).start) if fault.target in _OWN else sent


def _commands(lab: MadeLab) -> "Commands":
    from tc.faults.strategy import Commands

    return Commands(lab.made.folder / COMMANDS)


def _memory(lab: MadeLab, parameters: "host.MemoryGrowth") -> "Fault":
    from tc.faults.memory import MemoryFault

    return MemoryFault(lambda: lab.lab.node_pid, _commands(lab), parameters)


def _disk(lab: MadeLab, parameters: "host.DiskFull") -> "Fault":
    from tc.faults.disk import DiskFullFault

    return DiskFullFault(lab.made.folder / "artifacts", parameters.free_kb)


def _cut(lab: MadeLab, parameters: "host.JournalTruncated") -> "Fault":
    from tc.faults.files import end_cut

    return _file(lab, lambda: lab.made.run.journal, end_cut(parameters.bytes))


def _flipped(lab: MadeLab, parameters: "host.JournalBitFlipped") -> "Fault":
    from tc.faults.files import bit_flipped

    return _file(lab, lambda: lab.made.run.journal, bit_flipped(parameters.line, lab.made.seed))


def _code(lab: MadeLab, _parameters: "host.ChangedCode") -> "Fault":
    from tc.faults.files import line_added

    return _file(lab, lambda: min(lab.made.run.code.rglob("*.py")), line_added("# a drill was here"))


def _configuration(lab: MadeLab, _parameters: "host.ChangedConfiguration") -> "Fault":
    from tc.faults.files import digit_changed

    return _file(lab, lambda: lab.made.run.configuration, digit_changed)


def _file(lab: MadeLab, path: "Callable[[], Path]", find: "FindChange") -> "Fault":
    from tc.faults.files import FileFault

    return FileFault(path, lab.made.folder / "changed.json", find)


def _clock(lab: MadeLab, parameters: "host.ClockJump") -> "Fault":
    from tc.faults.clock import ClockJumpFault, node_offset_ns

    return ClockJumpFault(lab.made.folder / COMMANDS, parameters.seconds, lambda: node_offset_ns(lab.made.run))


def _stall(lab: MadeLab, parameters: "host.EventLoopBlock") -> "Fault":
    from tc.faults.strategy import StallFault

    return StallFault(_commands(lab), parameters)


def _runaway(lab: MadeLab, parameters: "host.RunawayOrders") -> "Fault":
    from tc.faults.strategy import RunawayFault

    return RunawayFault(_commands(lab), parameters)


def _kill(lab: MadeLab, parameters: "host.KillSwitch") -> "Fault":
    """Type `tc kill`, and do not wait for it: a node that hangs or has no venue answers late, or never."""
    from tc.faults.operator import CommandFault
    from tc.store.kill_switch import FOLDER, KillSwitch

    switch = KillSwitch(lab.made.folder / "runtime" / FOLDER)
    at_venue = ("--flatten-at-venue",) if parameters.flattens_at_venue else ()
    said = ("--run", "RUN", "--mode", parameters.mode, "--reason", parameters.reason, *at_venue)
    return CommandFault(
        do=lambda: lab.lab.act_beside(("kill", "activate", *said)),
        undo=lambda: lab.lab.act(("kill", "clear", "--run", "RUN", "--reason", "the drill is over")),
        count=lambda: switch.position,
    )


def _probe(lab: MadeLab, parameters: "host.Probe") -> "Fault":
    from tc.faults.operator import CommandFault
    from tc.store.facts import VenueProbed
    from tc.store.ops import read_facts

    attempts = ("--count", str(parameters.count), "--interval", f"{parameters.interval_ms / 1000}")
    said = ("--run", "RUN", "--url", "VENUE/fapi/v1/ping", "--timeout-ms", str(parameters.timeout_ms), *attempts)
    return CommandFault(
        do=lambda: lab.lab.act_beside(("connectivity", "probe", *said)),
        undo=lambda: None,  # What was seen was seen: the next probe says what is now.
        count=lambda: sum(isinstance(each, VenueProbed) for each in read_facts(lab.made.run)),
    )


_HOST: "Mapping[str, Callable[..., Fault]]" = {
    "memory_growth": _memory,
    "disk_full": _disk,
    "journal_truncated": _cut,
    "journal_bit_flipped": _flipped,
    "clock_jump": _clock,
    "event_loop_block": _stall,
    "runaway_orders": _runaway,
    "kill_switch": _kill,
    "probe": _probe,
    "changed_code": _code,
    "changed_configuration": _configuration,
}
