"""`make bench-memory`: what the bot holds in memory after more and more residents.

Each resident opens the village's link, agrees, gives three answers and is never seen again; so many
do it at the same time. The bot is one process on SQLite, its memory is read from outside.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import time

from bot.demo.server import Telegram
from tests.bench.bots import PATIENCE, SQLITE, Running, running

AT_ONCE = 40
ANSWERS = 3
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
QUIET = 2.0
"""Seconds until what was sent is marked, and all is at rest."""


async def passing(bot: Running, telegram: Telegram, numbers: range) -> None:
    """So many residents, some at the same time; the server forgets each afterwards."""
    left = iter(numbers)

    async def one_after_the_other() -> None:
        for number in left:
            phone = telegram.person(1000 + number, "en")
            screen = await bot.opening(phone)
            for _ in range(ANSWERS):
                phone.read_all()
                await phone.tap(screen, number % 5)
                screen = await phone.next_message(PATIENCE)
            # All of them in memory would be the server's memory, which nobody wants to know.
            del telegram.world.people[phone.id]
            if number % 1000 == 0:
                telegram.world.taps.clear()

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))


async def measure(residents: int) -> list[tuple[int, float]]:
    """(residents so far, MiB) at the beginning and at each share of them."""
    async with Telegram(limits=False) as telegram, running(SQLITE, telegram) as bot:
        await passing(bot, telegram, range(AT_ONCE))
        found = [(AT_ONCE, bot.memory())]
        done = AT_ONCE
        began = time.monotonic()
        print(f"{'residents':>10}{'MiB':>8}{'minutes':>9}")
        print(f"{done:>10}{found[0][1]:>8.1f}", flush=True)
        for share in SHARES:
            upto = max(int(residents * share), done)
            await passing(bot, telegram, range(done, upto))
            done = upto
            await asyncio.sleep(QUIET)
            found.append((done, bot.memory()))
            print(f"{done:>10}{found[-1][1]:>8.1f}{(time.monotonic() - began) / 60:>9.1f}",
                  flush=True)  # fmt: skip
        return found


def main() -> None:
    """Measure and print how memory grew."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.memory")
    parser.add_argument("--residents", type=int, default=100_000)
    chosen = parser.parse_args()
    print(f"Python {platform.python_version()} on {os.cpu_count()} cores, SQLite\n")
    found = asyncio.run(measure(chosen.residents))
    (few, least), (many, most) = found[1], found[-1]
    kilobytes = (most - least) * 1024 / max(many - few, 1)
    print(f"\nFrom {few:,} to {many:,}: {most - least:+.1f} MiB, {kilobytes:+.2f} KiB a resident")


if __name__ == "__main__":
    main()
