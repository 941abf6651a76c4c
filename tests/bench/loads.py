"""What the bots of `make bench` are given to do, and what they needed for it."""

from __future__ import annotations

import asyncio
import statistics
import time
from dataclasses import dataclass, field

from bot.demo.server import Telegram
from bot.demo.world import Person, SeenMessage
from tests.bench.bots import PATIENCE, Running, Setup, running
from tests.bench.questions import QUESTIONS

SATURATED = "saturated"
LEVELS = (50, 95, 99)
AFTER = 0.5
"""Seconds after the last question: marks of what was sent belong to the answers, too."""

BEGINNERS = 2.0
"""People a second who begin where Telegram's limits hold: each beginning takes ten calls."""


@dataclass(slots=True)
class Measured:
    """What one bot needed in one kind of run; CPU in seconds, user and system."""

    setup: Setup
    load: str
    seconds: float = 0.0
    cpu: float = 0.0
    """Of the bot's processes."""
    database: float = 0.0
    """Of PostgreSQL's that serve it."""
    others: float = 0.0
    """Of the local server and the people, who are one process."""
    waits: list[float] = field(default_factory=list)
    """Seconds from each tap to the next question on the screen."""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.waits) / self.seconds

    def each(self, cpu: float) -> float:
        """CPU milliseconds an answer."""
        return cpu / len(self.waits) * 1000

    @property
    def levels(self) -> list[float]:
        """p50, p95 and p99 of the waits, milliseconds."""
        found = statistics.quantiles(self.waits, n=100, method="inclusive")
        return [found[level - 1] * 1000 for level in LEVELS]


@dataclass(frozen=True, slots=True)
class Load:
    """So many answers a second over all people for so many seconds; None: as fast as they tap."""

    rate: float | None = None
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """As the table has it."""
        return SATURATED if self.rate is None else f"{self.rate:g} answers/s"


async def measure(
    setup: Setup, people: int, loads: list[Load], *, limits: bool = False
) -> list[Measured]:
    """Start one bot, let everyone reach the first question, then put each load on it.

    `limits`: the server keeps Telegram's limits, and so does the bot.
    """
    async with (
        Telegram(limits=limits) as telegram,
        running(setup, telegram, limits=limits) as bot,
    ):
        crowd = Crowd(bot, [telegram.person(1000 + n, "en") for n in range(people)])
        await crowd.open(BEGINNERS if limits else None)
        found = [await crowd.under(load) for load in loads]
        if any("Too Many Requests" in sentence for _, sentence in telegram.refusals):
            raise RuntimeError("Telegram's limits were overstepped")
        return found


class Crowd:
    """People with a question on their screens."""

    def __init__(self, bot: Running, phones: list[Person]) -> None:
        self._bot = bot
        self._phones = phones
        self._screens: list[SeenMessage] = []
        self._at = [1] * len(phones)
        self._turn = 0
        self._free = asyncio.Semaphore(len(phones))
        self._waiting: set[int] = set()

    async def open(self, rate: float | None) -> None:
        """Everyone comes to the first question; so many a second begin."""

        async def begin(place: int) -> SeenMessage:
            if rate is not None:
                await asyncio.sleep(place / rate)
            return await self._bot.opening(self._phones[place])

        everyone = range(len(self._phones))
        self._screens = list(await asyncio.gather(*(begin(place) for place in everyone)))

    async def under(self, load: Load) -> Measured:
        """Let them answer."""
        measured = Measured(self._bot.setup, load.name)
        before = self._bot.cpu(), self._bot.database_cpu(), time.process_time()
        began = time.perf_counter()
        if load.rate is None:
            await asyncio.gather(
                *(self._all(place, measured) for place in range(len(self._phones)))
            )
        else:
            await self._steadily(load.rate, load.seconds, measured)
        measured.seconds = time.perf_counter() - began
        await asyncio.sleep(AFTER)
        measured.others = time.process_time() - before[2]
        measured.cpu = self._bot.cpu() - before[0]
        measured.database = self._bot.database_cpu() - before[1]
        return measured

    async def _all(self, place: int, measured: Measured) -> None:
        # The stock bot says nothing after the last one.
        while self._at[place] < QUESTIONS:
            await self._answer(place, measured)

    async def _steadily(self, rate: float, seconds: float, measured: Measured) -> None:
        began, tasks = time.perf_counter(), []
        for number in range(int(rate * seconds)):
            place = await self._next_free()
            tasks.append(asyncio.create_task(self._answer_in_turn(place, measured)))
            await asyncio.sleep(max(began + (number + 1) / rate - time.perf_counter(), 0))
        await asyncio.gather(*tasks)

    async def _next_free(self) -> int:
        """Nobody taps again before the next question is there."""
        await self._free.acquire()
        while True:
            self._turn = (self._turn + 1) % len(self._phones)
            if self._turn not in self._waiting:
                self._waiting.add(self._turn)
                return self._turn

    async def _answer_in_turn(self, place: int, measured: Measured) -> None:
        try:
            await self._answer(place, measured)
        finally:
            self._waiting.discard(place)
            self._free.release()

    async def _answer(self, place: int, measured: Measured) -> None:
        phone = self._phones[place]
        phone.read_all()
        began = time.perf_counter()
        await phone.tap(self._screens[place], 0)
        self._screens[place] = await phone.next_message(PATIENCE)
        measured.waits.append(time.perf_counter() - began)
        self._at[place] += 1
