"""While profiles are made, Python looks for garbage in cycles seldom.

A wave is millions of small objects that are in no cycle, and each that is made brings the next look
at all of them nearer: a quarter of the time, and more the larger the wave is.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

FIRST, SECOND, THIRD = 200_000, 50, 100
"""Objects, and looks, after which each generation is looked at (see `gc.set_threshold`)."""


_lock = threading.Lock()
_usual: list[tuple[int, int, int]] = []
"""What was set before, once for each who is at it: the last to end puts the first one back."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Raise Python's thresholds, and put them back; one within another, or beside it on a thread,
    changes nothing.
    """
    with _lock:
        _usual.append(_usual[0] if _usual else gc.get_threshold())
        gc.set_threshold(max(FIRST, _usual[0][0]), SECOND, THIRD)
    try:
        yield
    finally:
        with _lock:
            usual = _usual.pop()
            if not _usual:
                gc.set_threshold(*usual)
