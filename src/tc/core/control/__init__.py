"""Execution Control: when, and in which order, what Risk allowed is sent; and the deadlines that State implies."""

from tc.core.control.execution import advance
from tc.core.control.flatten import flatten_intents, is_flat, left_open
from tc.core.control.queue import Change, admit, begun, drop, invalidate, overdue, settle
from tc.core.control.rate import charge, earliest
from tc.core.control.time import next_obligation, obligations, observed, realised, started

__all__ = [
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
    "left_open",
    "next_obligation",
    "obligations",
    "observed",
    "overdue",
    "realised",
    "settle",
    "started",
]
