"""Reduction: whether a command can only shrink the position, whatever is filled and in which order.

What is open, in flight and queued on the order's side is counted with it, so all of it together cannot go through flat.
That holds for whatever is admitted now. An order that is not reduce-only may later take the room of one that is:
then the venue's own reduce-only flag has to hold.
"""

from decimal import Decimal

from tc.core.candidate import Candidate
from tc.core.risk.verdict import Verdict, plain
from tc.core.state.exact import ZERO, add, subtract
from tc.core.state.exposure import worst_case
from tc.core.state.model import NO_EXPOSURE, State


def reduces(state: State, candidate: Candidate) -> bool:
    """Say whether the command can only shrink the position: with all that is on its side, it ends at flat at the furthest."""
    exposure = state.execution.exposures.get(candidate.instrument_id, NO_EXPOSURE)
    if candidate.side == "BUY":
        return exposure.position < ZERO and add(worst_case(exposure)[0], added(candidate)) <= ZERO
    return exposure.position > ZERO and subtract(worst_case(exposure)[1], added(candidate)) >= ZERO


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
