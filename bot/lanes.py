"""One person's updates in order, one at a time; many persons beside each other.

A lane is one person. Lanes take turns, one update a turn, so that whoever sends a hundred messages
waits behind everyone else and nobody waits behind them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from traceback import extract_tb
from typing import Final

from bot.metrics import Metrics
from surveys.conduct.settle import Taken

log = logging.getLogger(__name__)

PARALLEL = 64
"""Persons handled at the same moment, most of them in one commit (bot.together)."""
PAUSES: Final = (0.1, 0.5, 2.0, 5.0)
"""Seconds before an update that failed is tried again."""
FULL = 2000
"""Updates waiting, from which on no more are asked for."""


class Lanes:
    """Updates that wait to be handled."""

    def __init__(
        self,
        handle: Callable[[Taken, bool], Awaitable[None]],
        note_failure: Callable[[Taken, str], Awaitable[bool]],
        apologise: Callable[[Taken], Awaitable[None]],
        *,
        parallel: int = PARALLEL,
        pauses: tuple[float, ...] = PAUSES,
        metrics: Metrics | None = None,
    ) -> None:
        """`handle` one update, told whether it was tried in vain before; after an error
        `note_failure` counts it under the error's class.

        When `note_failure` says that the update is parked, `apologise` tells the person, and the
        lane goes on with the next one.
        """
        self._metrics = metrics or Metrics()
        self._handle = handle
        self._note_failure = note_failure
        self._apologise = apologise
        self._pauses = pauses
        self._parallel = parallel
        self._lanes: dict[str, deque[Taken]] = {}
        self._ready: deque[str] = deque()
        self._tries: dict[str, int] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._resting: set[asyncio.TimerHandle] = set()
        self._closed = False
        self._room = asyncio.Event()
        self._room.set()
        self._idle = asyncio.Event()
        self._idle.set()
        self.waiting = 0
        """Updates that are not handled yet."""
        self.parked = 0
        """Updates given up since the start."""

    def put(self, taken: Iterable[Taken]) -> None:
        """Line up updates, each behind the others of its person."""
        for one in taken:
            lane = self._lanes.get(one.lane)
            if lane is None:
                self._lanes[one.lane] = deque((one,))
                self._ready.append(one.lane)
            else:
                lane.append(one)
            self.waiting += 1
        self._measure()
        self._go()

    @property
    def full(self) -> bool:
        """Whether too many wait for more to be taken in."""
        return not self._room.is_set()

    def unknown(self, update_ids: Iterable[int]) -> list[int]:
        """Those updates that are not lined up here."""
        known = {one.update_id for lane in self._lanes.values() for one in lane}
        return [one for one in update_ids if one not in known]

    def put_unknown(self, taken: Iterable[Taken]) -> None:
        """Line up those that are not lined up already."""
        taken = list(taken)
        fresh = set(self.unknown(one.update_id for one in taken))
        self.put(one for one in taken if one.update_id in fresh)

    async def room(self) -> None:
        """Wait until more updates can be taken in."""
        await self._room.wait()

    async def idle(self) -> None:
        """Wait until every update is handled or parked."""
        await self._idle.wait()

    async def close(self, patience: float = 5.0) -> None:
        """Begin no more; give those at work `patience` seconds. The rest waits in the inbox."""
        self._closed = True
        for timer in self._resting:
            timer.cancel()
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=patience)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _go(self) -> None:
        while self._ready and not self._closed and len(self._running) < self._parallel:
            task = asyncio.create_task(self._turn(self._ready.popleft()))
            self._running.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._measure()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a turn ended badly: %s", where(error))
        self._go()

    def _measure(self) -> None:
        if self.waiting >= FULL:
            self._room.clear()
        else:
            self._room.set()
        if self.waiting:
            self._idle.clear()
        else:
            self._idle.set()

    async def _turn(self, name: str) -> None:
        lane = self._lanes[name]
        taken = lane[0]
        try:
            await self._handle(taken, name in self._tries)
        except Exception as error:  # whatever a handler did, the other persons go on
            if not await self._failed(taken, error):
                self._rest(name)
                return
        self._tries.pop(name, None)
        lane.popleft()
        self.waiting -= 1
        if lane:
            self._ready.append(name)
        else:
            del self._lanes[name]

    async def _failed(self, taken: Taken, error: Exception) -> bool:
        """Count a failure; True when the update is given up."""
        kind = type(error).__name__
        # Its text may carry what someone answered: the kind and the place must do.
        log.warning("update %d failed: %s", taken.update_id, where(error))
        self._metrics.failed.inc()
        try:
            parked = await self._note_failure(taken, kind)
            if parked:
                self.parked += 1
                self._metrics.parked.inc()
                log.error(
                    "update %d is parked after %s (%d since the start)",
                    taken.update_id, kind, self.parked,
                )  # fmt: skip
                await self._apologise(taken)
        except Exception as second:  # the database itself is away: the update waits for it
            log.error("a failure could not be noted: %s", where(second))
            return False
        return parked

    def _rest(self, name: str) -> None:
        """Let a lane whose update failed wait, and nobody else."""
        tries = self._tries.get(name, 0)
        self._tries[name] = tries + 1
        pause = self._pauses[min(tries, len(self._pauses) - 1)]

        def again() -> None:
            self._resting.discard(timer)
            self._ready.append(name)
            self._go()

        timer = asyncio.get_running_loop().call_later(pause, again)
        self._resting.add(timer)


def where(error: BaseException) -> str:
    """An error for the log: its class and the place it was raised at, nothing that it says."""
    frames = extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"
