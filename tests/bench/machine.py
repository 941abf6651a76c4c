"""The machine that a measurement is made on, in a line: seconds of another machine are others."""

from __future__ import annotations

import os
import platform
import time

ADDITIONS = 5_000_000
TRIES = 3


def machine() -> str:
    """Python's version, the cores, and how long this Python needs for a loop of ten million
    additions (the best of three): figures of two days compare by it."""
    return (
        f"Python {platform.python_version()} on {os.cpu_count()} cores,"
        f" ten million additions in {min(_loop() for _ in range(TRIES)):.2f} s"
    )


def _loop() -> float:
    began, found = time.process_time(), 0
    for number in range(ADDITIONS):
        found += number
    return (time.process_time() - began) * 10_000_000 / ADDITIONS
