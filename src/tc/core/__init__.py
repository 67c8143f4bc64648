"""The Core: facts and their fold. No clock, no randomness, no input or output; the same in backtest and paper.

`state` is the fold, `risk` says whether a command is admissible, `control` when it is sent; `step` is one step of all three.
"""

from tc.core.configuration import CoreConfiguration
from tc.core.context import ProcessingContext
from tc.core.entry import FIRST, EventStreamEntry, ProcessingPosition, last_position
from tc.core.state.digest import decode_state, encode_state, state_digest
from tc.core.state.model import INITIAL, State
from tc.core.step import Step, fold_event_stream_entries, process_event_entry, step_event_entry

__all__ = [
    "FIRST",
    "INITIAL",
    "CoreConfiguration",
    "EventStreamEntry",
    "ProcessingContext",
    "ProcessingPosition",
    "State",
    "Step",
    "decode_state",
    "encode_state",
    "fold_event_stream_entries",
    "last_position",
    "process_event_entry",
    "state_digest",
    "step_event_entry",
]
