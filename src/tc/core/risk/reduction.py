"""Reduction: whether a command can only shrink the position, whatever is filled and in which order.

What is open, in flight and queued on the order's side is counted with it, so all of it together cannot go through flat.
That holds for whatever is admitted now. An order that is not reduce-only may later take the room of one that is:
then the venue's own reduce-only flag has to hold.
"""

from decimal import Decimal

from tc.core.candidate import Candidate
from tc.core.risk.verdict import Verdict, plain
from tc.core.state.exact import ZERO, add, negate, subtract
from tc.core.state.exposure import reserved, worst_case
from tc.core.state.model import NO_EXPOSURE, ExecutionState, Exposure, State


def reduces(state: State, candidate: Candidate) -> bool:
    """Say whether the command can only shrink the position: with all that is on its side, it ends at flat at the furthest."""
    exposure = state.execution.exposures.get(candidate.instrument_id, NO_EXPOSURE)
    if candidate.side == "BUY":
        return exposure.position < ZERO and add(worst_case(exposure)[0], added(candidate)) <= ZERO
    return exposure.position > ZERO and subtract(worst_case(exposure)[1], added(candidate)) >= ZERO


def still_reducing(execution: ExecutionState) -> frozenset[str]:
    """Return the keys of what waits and can only shrink the position as it is now, in the order of admission.

    What was found to reduce when it was admitted may have lost its room since, to fills or to what was sent before it.
    """
    waiting = sorted((each for slot in execution.queue.pending for each in slot.values()), key=lambda each: each.admission)
    exposures = execution.exposures
    for each in waiting:
        exposures = reserved(exposures, each.instrument_id, each.side, negate(each.reserved))
    reducing = set()
    for each in waiting:
        now = reserved(exposures, each.instrument_id, each.side, each.reserved)
        if each.kind != "CANCEL" and _shrinks(now[each.instrument_id], each.side):
            exposures = now
            reducing.add(each.key)
    return frozenset(reducing)


def _shrinks(exposure: Exposure, side: str) -> bool:
    """Say whether all that is on a side only shrinks the position, and ends at flat at the furthest."""
    longest, shortest = worst_case(exposure)
    if side == "BUY":
        return exposure.position < ZERO and longest <= ZERO
    return exposure.position > ZERO and shortest >= ZERO


def added(candidate: Candidate) -> Decimal:
    """Return what the command adds to exposure. One that lowers an order gives nothing back before the venue has answered."""
    delta = subtract(candidate.wanted, candidate.counted)
    return max(ZERO, delta)


def only_lowers(candidate: Candidate) -> bool:
    """Say whether the command leaves an order's prices and does not raise what counts for it."""
    return (
        candidate.kind == "REPLACE"
        and candidate.price is None
        and candidate.trigger_price is None
        and candidate.wanted <= candidate.counted
    )


def reduction_denies(state: State, candidate: Candidate) -> Verdict:
    """Deny a reduce-only order that does not reduce: it would open a position, or go through flat to the other side."""
    position = state.execution.exposures.get(candidate.instrument_id, NO_EXPOSURE).position
    detail = f"{candidate.side} {plain(candidate.wanted)} at a position of {plain(position)}"
    is_opposite = position < ZERO if candidate.side == "BUY" else position > ZERO
    return Verdict("reduce_only_would_flip" if is_opposite else "reduce_only_would_open", detail)
