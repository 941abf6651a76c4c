"""`make bench-backlog`: what was written while nobody listened, handled in one go.

Residents stand at the first of 40 questions when the bot is stopped. Each types 39 answers, one
after the other, and Telegram keeps them. Then the bot starts: how long until everyone is at the
last question, how much memory that takes, and whether each answer is kept once, in its order.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections import Counter, defaultdict

from sqlalchemy import select

from bot.demo.server import Telegram
from bot.demo.world import Person
from surveys.store.database import Database
from surveys.store.schema import InterviewEvent
from tests.bench.bots import SETUPS, Running, Setup, running
from tests.bench.machine import machine
from tests.bench.questions import CHOICES, QUESTIONS, text_of

ANSWERS = QUESTIONS - 1
AT_ONCE = 40
LOOK = 0.5
"""Seconds between two looks at what is left."""
LAST = f" {text_of(QUESTIONS)}"


async def opened(bot: Running, telegram: Telegram, residents: int) -> list[Person]:
    """So many residents with the first question on their screens, some at the same time."""
    phones = [telegram.person(1000 + number, "en") for number in range(residents)]
    left = iter(phones)

    async def one_after_the_other() -> None:
        for phone in left:
            await bot.opening(phone)

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
    return phones


async def typed(phones: list[Person], dice: random.Random) -> Counter[tuple[str, ...]]:
    """Everyone types their answers, all in a jumble; what each one's answers were."""
    said: dict[int, list[str]] = defaultdict(list)
    turns = [phone for phone in phones for _ in range(ANSWERS)]
    dice.shuffle(turns)
    for phone in turns:
        place = dice.randrange(len(CHOICES))
        said[phone.id].append(f"c{place}")
        await phone.send(str(place + 1))
    return Counter(tuple(one) for one in said.values())


def kept(url: str) -> Counter[tuple[str, ...]]:
    """What each interview's answers are, in the order of its log."""
    database = Database(url)
    with database.read() as session:
        rows = session.execute(
            select(InterviewEvent.interview_id, InterviewEvent.node, InterviewEvent.value)
            .where(InterviewEvent.kind == "answered")
            .order_by(InterviewEvent.id)
        ).all()
    database.close()
    found: dict[int, list[str]] = defaultdict(list)
    for interview, node, value in rows:
        # An answer that came to another question than it was given to is none of the right ones.
        right = node == f"/data/q{len(found[interview]) + 1}"
        found[interview].append(value if right else f"{node}={value}")
    return Counter(tuple(one) for one in found.values())


def at_the_last(phone: Person) -> bool:
    """Whether the last question is on the screen."""
    return LAST in phone.last.text


async def measure(setup: Setup, residents: int, *, limits: bool, seed: int = 1) -> None:
    """Print what it took."""
    async with (
        Telegram(limits=limits) as telegram,
        running(setup, telegram, limits=limits) as bot,
    ):
        phones = await opened(bot, telegram, residents)
        await bot.stop()
        said = await typed(phones, random.Random(seed))
        waiting = len(telegram.world.updates)
        began, most = time.monotonic(), 0.0
        await bot.start()
        left = set(range(residents))
        while left:
            await asyncio.sleep(LOOK)
            most = max(most, bot.memory())
            left = {place for place in left if not at_the_last(phones[place])}
        took, cpu = time.monotonic() - began, bot.cpu() + bot.database_cpu()
        await bot.stop()
        right = kept(bot.url) == said
        floods = sum("Too Many Requests" in sentence for _, sentence in telegram.refusals)
        print(
            f"| {setup.name}{', limits' if limits else ''} | {waiting:,} | {took:.0f}"
            f" | {waiting / took:.0f} | {cpu:.0f} | {most:.0f} | {floods}"
            f" | {'all once, in order' if right else '**wrong**'} |",
            flush=True,
        )


def main() -> None:
    """Measure each of ours in turn."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.backlog")
    parser.add_argument("--updates", type=int, default=50_000)
    parser.add_argument("--only", default="", help="bots whose name holds this")
    parser.add_argument("--limits", action="store_true", help="with Telegram's limits: 28 a second")
    chosen = parser.parse_args()
    residents = -(-chosen.updates // ANSWERS)
    print(
        f"{machine()}, {residents:,} residents\n\n"
        "| bot | updates | seconds | a second | CPU s | peak MiB | 429s | answers |\n|"
        + " --- |"
        * 8
    )
    for setup in SETUPS:
        if setup.ours and chosen.only.lower() in setup.name.lower():
            asyncio.run(measure(setup, residents, limits=chosen.limits))


if __name__ == "__main__":
    main()
