"""The machine that a measurement is made on, in a line: seconds of another machine are others."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable

ADDITIONS = 10_000_000
TEXTS = 1_000_000
TRIES = 2


def machine() -> str:
    """Python's version, the cores, and what this Python needs for ten million additions, which stay
    in the core, and to sort a million texts, which lie about in memory: the better of two tries."""
    return (
        f"Python {platform.python_version()} on {os.cpu_count()} cores (ten million additions"
        f" {_seconds(_add):.1f} s, a million texts sorted {_seconds(_sort):.1f} s)"
    )


def _seconds(work: Callable[[], object]) -> float:
    def one() -> float:
        began = time.process_time()
        work()
        return time.process_time() - began

    return min(one() for _ in range(TRIES))


def _add() -> int:
    found = 0
    for number in range(ADDITIONS):
        found += number
    return found


def _sort() -> list[str]:
    return sorted(str(number * 2_654_435_761 % 2**32) for number in range(TEXTS))
