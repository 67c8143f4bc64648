"""The Core: facts and their fold. No clock, no randomness, no input or output; the same in backtest and paper.

Intents, Risk, Execution Control and Control-Time will stand beside `state`, in rooms of their own.
"""

from tc.core.configuration import CoreConfiguration
from tc.core.context import ProcessingContext
from tc.core.entry import FIRST, EventStreamEntry, ProcessingPosition, last_position
from tc.core.state.digest import decode_state, encode_state, state_digest
from tc.core.state.fold import fold_event_stream_entries, process_event_entry
from tc.core.state.model import INITIAL, State

__all__ = [
    "FIRST",
    "INITIAL",
    "CoreConfiguration",
    "EventStreamEntry",
    "ProcessingContext",
    "ProcessingPosition",
    "State",
    "decode_state",
    "encode_state",
    "fold_event_stream_entries",
    "last_position",
    "process_event_entry",
    "state_digest",
]
