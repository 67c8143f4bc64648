"""Sleep that works where libfaketime leaves the monotonic clock alone: Python finds this module at its start, by PYTHONPATH.

`time.sleep` sleeps until a moment of the monotonic clock. libfaketime 0.9.10 takes every such moment for one of the faked wall
clock, and the kernel refuses what comes of that. Waiting for nothing by `select` is given a length of time instead.
"""

import select
import time
from typing import SupportsIndex


def _sleep(seconds: SupportsIndex | float, /) -> None:
    length_s = float(seconds)
    if length_s < 0:
        raise ValueError("sleep length must be non-negative")
    ends_s = time.monotonic() + length_s
    select.select((), (), (), length_s)
    while (left_s := ends_s - time.monotonic()) > 0:
        select.select((), (), (), left_s)


time.sleep = _sleep
