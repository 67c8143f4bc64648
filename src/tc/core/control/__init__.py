"""Execution Control: when, and in which order, what Risk allowed is sent; and the deadlines that State implies."""

from tc.core.control.execution import advance
from tc.core.control.flatten import FLATTEN_PREFIX, flatten_intents, is_flat
from tc.core.control.queue import Change, admit, begun, drop, invalidate, overdue, settle
from tc.core.control.rate import charge, earliest
from tc.core.control.time import next_obligation, obligations, observed, realised, started

__all__ = [
    "FLATTEN_PREFIX",
    "Change",
    "admit",
    "advance",
    "begun",
    "charge",
    "drop",
    "earliest",
    "flatten_intents",
    "invalidate",
    "is_flat",
    "next_obligation",
    "obligations",
    "observed",
    "overdue",
    "realised",
    "settle",
    "started",
]
