"""While profiles are made, Python looks for garbage in cycles seldom.

A wave is millions of small objects that are in no cycle, and each that is made brings the next look
at all of them nearer: a quarter of the time, and more the larger the wave is.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

FIRST, SECOND, THIRD = 200_000, 50, 100
"""Objects, and looks, after which each generation is looked at (see `gc.set_threshold`)."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Raise Python's thresholds, and put them back."""
    before = gc.get_threshold()
    gc.set_threshold(max(FIRST, before[0]), SECOND, THIRD)
    try:
        yield
    finally:
        gc.set_threshold(*before)
