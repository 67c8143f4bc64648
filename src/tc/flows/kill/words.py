"""What a kill says of a path that it did not take, or not to its end; the how-to explains each of them."""

from tc.flows.kill.killed import PathOutcome

GONE = "there is no such process any more: nothing sends"

HALTED = "its journal says halted at position {position}, when the venue said flat"
COMPARED = "its venue was asked after its end, and said: no order is open, and nothing is held"
NEVER_TRADED = "its journal says that it ended before it traded"
HAS_ENDED = "the run has ended: it sends nothing, and this mode takes nothing back{left}"
VENUE_ENDED = "the embedded venue has ended: nothing can trade there"
KEPT_TO_RESUME = f"{VENUE_ENDED}; what the account held is kept for `tc run --resume`"
KEPT_TO_LOOK_AT = f"{VENUE_ENDED}; the run has ended for good, and `tc reconcile` shows what the account held"
NOTHING_RECORDED = f"{VENUE_ENDED}; the run had recorded nothing yet, so it had sent nothing: run its spec again"
NOBODY_LISTENS = "nobody listens at {url} now: what is open and held there is unknown"
AND_OTHERS = "the run has ended, and others have its account"
IS_SHARED = f"{AND_OTHERS}: {{runs}}, still there; it is not flattened unasked"

ONLY_WATCHED = "this node is only watched"
"""What a node answers that nobody may control from here."""

AT_VENUE: tuple[tuple[PathOutcome, str], ...] = (
    ("not needed", HALTED),
    ("not needed", COMPARED),
    ("not needed", NEVER_TRADED),
    ("not needed", HAS_ENDED),
    ("ended", VENUE_ENDED),
    ("ended", KEPT_TO_RESUME),
    ("ended", KEPT_TO_LOOK_AT),
    ("ended", NOTHING_RECORDED),
    ("failed", NOBODY_LISTENS),
    ("unavailable", IS_SHARED),
)
"""Why nothing was done at the venue from here."""
