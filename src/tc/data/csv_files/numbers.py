"""Numbers from their texts, exactly: as Arrow decimals, or not at all.

Arrow's own conversion to 128 bits wraps around on too many digits and can crash on an exponent of many digits, so that what is
given to it is bounded first.
"""

import re

import pyarrow as pa
import pyarrow.compute as pc

_SHORT = 21
"""Digits that have room for 16 more in a decimal of 128 bits."""
_NUMBER = r"^[+-]?(0{0,60}[0-9]{1,14}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9])?$"
"""What fits 256 bits with 16 more decimal places."""


def exact_decimals(column: pa.Array, precision: int) -> pa.Array | None:
    """Return texts as decimals of a precision; None when one of them is no such number, or not written within bounds."""
    is_short = pc.max(pc.binary_length(column)).as_py() <= _SHORT
    if is_short and not pc.any(pc.match_substring_regex(column, "[eE]")).as_py():
        decimals = _cast(column, pa.decimal128(38, precision))
        if decimals is not None:
            return decimals
    trimmed = pc.ascii_trim_whitespace(column)
    if not pc.all(pc.match_substring_regex(trimmed, _NUMBER)).as_py():
        return None
    return _cast(trimmed, pa.decimal256(76, precision))


def is_bounded(text: str) -> bool:
    """Tell whether a number is written within the bounds of what is converted."""
    return re.fullmatch(_NUMBER[1:-1], text.strip(), re.ASCII) is not None


def _cast(column: pa.Array, data_type: pa.DataType) -> pa.Array | None:
    try:
        return pc.cast(column, data_type)
    except pa.ArrowInvalid:
        return None
