"""Why Arrow's CSV reader stopped: the first line and column of a file that is not what it should be, said for people.

The reader is fast and says little; this goes through the file once more, row by row, and is only called when it has stopped.
"""

from decimal import Decimal
from typing import assert_never

import pyarrow as pa
import pyarrow.compute as pc

from tc.data.catalog.layout import LARGEST_PRICE, LARGEST_SIZE
from tc.data.csv_files.formats import FLAGS, LONGEST_TIME, Opening, Role, exact, precision_of, rows_with_lines
from tc.data.csv_files.numbers import is_bounded
from tc.data.target import ImportTarget
from tc.errors import DocumentError


def explain(opening: Opening, target: ImportTarget, reason: str) -> DocumentError:
    """Return the error of the first cell that cannot be read; if none is found, the reader's own words.

    Parameters
    ----------
    opening
        The file.
    target
        The instrument whose precisions the values must fit.
    reason
        What the reader said.

    """
    name = opening.source.name
    columns = [(opening.names.index(column), column, role) for column, role in opening.csv_format.roles.items()]
    for number, cells in rows_with_lines(opening):
        if len(cells) != len(opening.names):
            return DocumentError(f"{name}, line {number}: expected {len(opening.names)} columns, found {len(cells)}")
        for index, column, role in columns:
            problem = _problem(role, cells[index], target)
            if problem:
                return DocumentError(
                    f"{name}, line {number}, column {column}: {cells[index]!r} {problem}",
                    hint="Nothing is rounded or repaired on import: correct the file, or the instrument's document.",
                )
    return DocumentError(f"{name} cannot be read as {opening.csv_format.name}: {reason}")


def out_of_range(role: Role, number: Decimal) -> str:
    """Return why a price or a size cannot be held by Nautilus; empty when it can."""
    if role == "price" and number.copy_abs() > LARGEST_PRICE:
        return f"is beyond the largest price that Nautilus can hold, {LARGEST_PRICE}"
    if role == "size" and number > LARGEST_SIZE:
        return f"is beyond the largest size that Nautilus can hold, {LARGEST_SIZE}"
    if role == "size" and number < 0:
        return "is negative, which a size cannot be"
    return ""


def values_out_of_range(role: Role, values: pa.Array) -> bool:
    """Tell whether one of some prices or sizes cannot be held by Nautilus."""
    bounds = pc.min_max(values).as_py()
    return bool(out_of_range(role, bounds["min"]) or out_of_range(role, bounds["max"]))


def _problem(role: Role, text: str, target: ImportTarget) -> str:
    match role:
        case "time":
            digits = text.strip().removeprefix("-")
            whole = digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_TIME
            return "" if whole else "is no whole number of milliseconds or microseconds"
        case "price" | "size":
            return number_problem(role, text, target)
        case "flag":
            return "" if text in FLAGS else "is neither true nor false"
        case "trade id" | "side" | "book side" | "constant":
            return "is not UTF-8 text" if "\ufffd" in text else ""
        case _:
            assert_never(role)


def number_problem(role: Role, text: str, target: ImportTarget) -> str:
    """Return why a text is no price or size of an instrument; empty when it is one."""
    number = exact(text)
    if number is None:
        return "is no number"
    if out_of_range(role, number):
        return out_of_range(role, number)
    precision = precision_of(role, target)
    _, digits, exponent = number.as_tuple()
    zeros = len(digits) - len("".join(map(str, digits)).rstrip("0"))
    if any(digits) and isinstance(exponent, int) and exponent + zeros < -precision:
        return f"does not fit the {role} precision of {target.instrument_id}, {precision} decimals"
    return "" if is_bounded(text) else "is written with too many digits or too large an exponent"
