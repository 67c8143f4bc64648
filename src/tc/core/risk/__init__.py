"""Risk: whether a command is admissible. Allow or deny, with a reason from a closed list; never "later"."""

from tc.core.risk.judge import judge
from tc.core.risk.reduction import reduces, still_reducing
from tc.core.risk.safeguards import admitted, executed, lets_through
from tc.core.risk.verdict import Verdict

__all__ = ["Verdict", "admitted", "executed", "judge", "lets_through", "reduces", "still_reducing"]
