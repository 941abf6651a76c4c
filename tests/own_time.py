"""A clock that a test owns: it stands still while anything is done, and nobody waits for it.

Tests of limits by the clock (so many messages a second, a pause that Telegram asked for) would else
take that long, and say something else where the machine is busy. Here a second is over as soon as
nothing is left to do within it. Both ends must be in this loop: the bot, and the server.
"""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest

GRACE = 0.002
"""Seconds of the machine within which what was written to a socket of this process can be read."""
TURN = 1e-6
"""Seconds by its own clock that a turn of the loop takes: an appointment for now is over then."""


class OwnTime(asyncio.SelectorEventLoop):
    """An event loop whose time goes on only where everything waits for it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.outside = 0
        """Calls under way in threads: time stands still until they are done."""
        super().__init__(_Selector(self))

    def time(self) -> float:
        """Seconds by this loop's own clock."""
        return self.now

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:
        """As ever; the clock stands still meanwhile."""
        self.outside += 1
        # A future that is set from a thread is awaited by another one: this counts at its end.
        done = super().run_in_executor(executor, func, *args)
        done.add_done_callback(self._came_back)
        return done

    def _came_back(self, done: asyncio.Future[Any]) -> None:
        self.outside -= 1


class _Selector(selectors.DefaultSelector):  # type: ignore[valid-type, misc]
    """Waits for nothing but sockets and threads."""

    def __init__(self, loop: OwnTime) -> None:
        super().__init__()
        self.loop = loop

    def select(self, timeout: float | None = None) -> Any:
        self.loop.now += TURN
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        while True:
            ready = super().select(GRACE)
            if ready:
                return ready
            if not self.loop.outside:
                self.loop.now += timeout
                return ready


def in_own_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A coroutine test that runs by a clock of its own, and the local server's limits with it."""

    @functools.wraps(test)
    def run(**given: Any) -> None:
        with asyncio.Runner(loop_factory=OwnTime) as runner, pytest.MonkeyPatch.context() as patch:
            clock = runner.get_loop().time
            patch.setattr("bot.demo.floods.time", SimpleNamespace(monotonic=clock))
            runner.run(test(**given))

    return run
