"""`make bench`: CPU per answered question, usegap beside a stock python-telegram-bot bot.

Every bot is a process of its own, measured from outside (user and system time of all its threads),
against the same local Bot API server with the same simulated people, in one run. The stock bot
asks the same questions with the same three calls an answer, and stores nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from bot.demo.server import Telegram
from bot.demo.world import Person, SeenMessage
from tests.bench.questions import QUESTIONS, prepared

TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE = 60.0
BOTS = ("usegap", "stock, concurrent_updates(64)", "stock, its defaults")


@dataclass(frozen=True, slots=True)
class Measured:
    """What one bot needed in one kind of run."""

    bot: str
    load: str
    answers: int
    seconds: float
    cpu: float
    """Seconds of the bot's process, user and system."""
    waits: list[float]
    """Seconds from each tap to the next question on the screen."""

    @property
    def each(self) -> float:
        """CPU milliseconds an answer."""
        return self.cpu / self.answers * 1000


def cpu_of(pid: int) -> float:
    """Seconds of CPU that a process has used, user and system, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def measure(bot: str, people: int, rate: float, seconds: float) -> list[Measured]:
    """Start one bot, let everyone reach the first question, then measure both loads."""
    async with Telegram(limits=False) as telegram:
        with tempfile.TemporaryDirectory() as folder:
            command, environment, opening = _bot(bot, telegram, Path(folder))
            process = await asyncio.create_subprocess_exec(
                *command, env=os.environ | environment, stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            try:
                phones = [telegram.person(1000 + n, "en") for n in range(people)]
                screens = await asyncio.gather(*(opening(phone) for phone in phones))
                steady = await _load("12 answers/s", bot, process.pid, phones, screens,
                                     rate=rate, answers=int(rate * seconds))  # fmt: skip
                full = await _load("saturated", bot, process.pid, phones, screens,
                                   rate=None, answers=people * (QUESTIONS - 12))  # fmt: skip
                return [full, steady]
            finally:
                process.terminate()
                await process.wait()


def _bot(
    bot: str, telegram: Telegram, folder: Path
) -> tuple[list[str], dict[str, str], Callable[[Person], Awaitable[SeenMessage]]]:
    if bot != "usegap":
        concurrent = "64" if "64" in bot else "1"
        script = [sys.executable, "-m", "tests.bench.stock_bot"]
        return [*script, telegram.url, telegram.token, concurrent], {}, _open_stock
    url = f"sqlite:///{folder / 'usegap.db'}"
    prepared(url).close()
    environment = {
        "USEGAP_TELEGRAM_TOKEN": telegram.token,
        "USEGAP_TELEGRAM_API": telegram.url,
        "USEGAP_DATABASE_URL": url,
        "USEGAP_ORGANISATION": "Bench",
        "USEGAP_CONTACT": "Bench",
        "USEGAP_LOG_LEVEL": "error",
    }
    return [sys.executable, "-m", "bot.demo.unhurried"], environment, _open_ours


async def _open_stock(phone: Person) -> SeenMessage:
    await phone.send("/start")
    return await phone.next_message(PATIENCE)


async def _open_ours(phone: Person) -> SeenMessage:
    await phone.send("/start V")
    greeting = await phone.next_message(PATIENCE)
    consent = await phone.tap_and_see(greeting, "English", PATIENCE)
    abroad = await phone.tap_and_see(consent, 0, PATIENCE)
    return await phone.tap_and_see(abroad, 0, PATIENCE)


async def _load(
    load: str,
    bot: str,
    pid: int,
    phones: list[Person],
    screens: list[SeenMessage],
    *,
    rate: float | None,
    answers: int,
) -> Measured:
    """So many answers, as fast as people can tap, or at a rate over all of them."""
    waits: list[float] = []

    async def answer(place: int) -> None:
        phone = phones[place]
        phone.read_all()
        began = time.perf_counter()
        await phone.tap(screens[place], 0)
        screens[place] = await phone.next_message(PATIENCE)
        waits.append(time.perf_counter() - began)

    async def one_after_the_other(place: int) -> None:
        for _ in range(answers // len(phones)):
            await answer(place)

    used, began = cpu_of(pid), time.perf_counter()
    if rate is None:
        await asyncio.gather(*(one_after_the_other(place) for place in range(len(phones))))
    else:
        tasks = []
        for number in range(answers):
            tasks.append(asyncio.create_task(answer(number % len(phones))))
            await asyncio.sleep(max(began + (number + 1) / rate - time.perf_counter(), 0))
        await asyncio.gather(*tasks)
    took = time.perf_counter() - began
    # What follows the last question (marks of what was sent) belongs to the answers too.
    await asyncio.sleep(0.5)
    return Measured(bot, load, len(waits), took, cpu_of(pid) - used, waits)


def report(measured: list[Measured], people: int) -> None:
    """Print the figures, and the ratios that matter."""
    print(
        f"{platform.python_version()} on {os.cpu_count()} cores, {people} people at once, SQLite\n"
    )
    print(f"{'bot':<31}{'load':<15}{'answers':>8}{'per s':>8}{'CPU ms each':>13}"
          f"{'p50 ms':>9}{'p95 ms':>9}")  # fmt: skip
    for one in measured:
        waits = statistics.quantiles(one.waits, n=100)
        print(f"{one.bot:<31}{one.load:<15}{one.answers:>8}{one.answers / one.seconds:>8.0f}"
              f"{one.each:>13.2f}{waits[49] * 1000:>9.1f}{waits[94] * 1000:>9.1f}")  # fmt: skip
    print()
    for load in dict.fromkeys(one.load for one in measured):
        each = {one.bot: one.each for one in measured if one.load == load}
        for peer, goal in ((BOTS[1], 0.4), (BOTS[2], 0.8)):
            ratio = each[BOTS[0]] / each[peer]
            print(f"{load}: {ratio:.2f} of '{peer}' (goal: at most {goal})")


def main() -> None:
    """Measure all bots in turn and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=20.0, help="of the load of 12 answers/s")
    parser.add_argument("--only", choices=("usegap", "stock"), help="for profiling")
    chosen = parser.parse_args()
    bots = [bot for bot in BOTS if not chosen.only or bot.startswith(chosen.only)]
    measured: list[Measured] = []
    for bot in bots:
        measured += asyncio.run(measure(bot, chosen.people, 12.0, chosen.seconds))
    if chosen.only:
        for one in measured:
            print(f"{one.bot}, {one.load}: {one.each:.2f} ms, {one.answers / one.seconds:.0f}/s")
    else:
        report(measured, chosen.people)


if __name__ == "__main__":
    main()
