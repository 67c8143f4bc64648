"""Judge: the one place that says whether a command is admissible; a function of State, the command and the configuration."""

from tc.core.candidate import Candidate
from tc.core.events import KillMode
from tc.core.gate import GateConfiguration
from tc.core.risk.limits import limits_deny
from tc.core.risk.reduction import only_lowers, reduces, reduction_denies
from tc.core.risk.safeguards import counts_deny, lets_through
from tc.core.risk.terms import terms_deny
from tc.core.risk.verdict import ALLOW, Verdict
from tc.core.state.model import State

_KILLED: dict[KillMode, Verdict] = {
    "reduce": Verdict("kill_switch_reduce"),
    "halt": Verdict("kill_switch_halt"),
    "halt_all": Verdict("kill_switch_halt_all"),
    "flatten": Verdict("kill_switch_flatten"),
}


def judge(state: State, candidate: Candidate, gate: GateConfiguration) -> Verdict:
    """Allow or deny a command; the first reason found is the verdict. It never raises: trouble denies as ``risk_error``.

    The order is: key and terms; kill switch; execution throttle; session; daily messages; duplicate order; reduce-only;
    the reference price, where a limit needs it; quantity; notional; collar; position; gross exposure.

    - A CANCEL is denied only when its order is unknown or the kill switch lets nothing through.
    - A REPLACE that only lowers the quantity passes reduce-only and every limit of size, price and exposure.
    - The flatten's own orders, while the kill switch is ``flatten``, answer to key, terms and reduce-only alone:
      no limit may keep a position open that an operator wants closed.

    Neither rate, nor the queue's order, nor what is in flight is looked at, other than as sums of exposure.
    """
    try:
        return _verdict(state, candidate, gate)
    except Exception as error:  # noqa: BLE001 - whatever went wrong, a command that could not be judged is denied
        return Verdict("risk_error", type(error).__name__)


def _verdict(state: State, candidate: Candidate, gate: GateConfiguration) -> Verdict:
    denied = terms_deny(candidate, gate)
    if denied is not None:
        return denied
    mode = state.control.safeguards.kill_switch
    is_cancel = candidate.kind == "CANCEL"
    is_reducing = not is_cancel and reduces(state, candidate)
    if mode != "none" and not lets_through(mode, candidate.kind, reduces=is_reducing, is_flatten=candidate.is_flatten):
        return _KILLED[mode]
    if is_cancel:
        return ALLOW
    if mode == "flatten":
        return ALLOW if is_reducing else reduction_denies(state, candidate)
    return _by_limits(state, candidate, gate, is_reducing=is_reducing) or ALLOW


def _by_limits(state: State, candidate: Candidate, gate: GateConfiguration, *, is_reducing: bool) -> Verdict | None:
    denied = counts_deny(state.control.safeguards, candidate, state.stream_time_ns, gate.limits)
    if denied is not None or only_lowers(candidate):
        return denied
    if candidate.reduce_only and not is_reducing:
        return reduction_denies(state, candidate)
    return limits_deny(state, candidate, gate, is_reducing=is_reducing)
