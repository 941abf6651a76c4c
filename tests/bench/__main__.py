"""`make bench`: answers a second, CPU of an answer and waiting times, beside a stock bot.

Every bot is a process or several, measured from outside (user and system time of all threads),
against the same local Bot API server with the same simulated people, in one run. The stock bot
(python-telegram-bot as it comes) asks the same questions with the same three calls an answer, and
stores nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import os

from tests.bench.bots import CONCURRENT, DEFAULTS, SETUPS, Setup
from tests.bench.loads import SATURATED, Load, Measured, measure
from tests.bench.machine import machine

GOALS = ((CONCURRENT, 0.35), (DEFAULTS, 0.6))
"""Of the CPU that the peer needs for an answer, so much at most."""
LIMITED = 12.0
"""Answers a second under Telegram's limits: three calls each, more than it takes."""
FREE = (12.0, 30.0)


def line(one: Measured, load: str | None = None) -> str:
    """A row of the table."""
    p50, p95, p99 = one.levels
    database = f"{one.each(one.database):.1f}" if one.database else ""
    return (
        f"| {one.setup.name} | {load or one.load} | {one.rate:.0f} | {one.each(one.cpu):.2f}"
        f" | {database} | {one.each(one.others):.1f} | {p50:.1f} | {p95:.1f} | {p99:.1f} |"
    )


def ratios(found: list[Measured]) -> list[str]:
    """What each of ours needs beside each peer, at each load."""
    lines = []
    for peer, goal in GOALS:
        for theirs in found:
            if theirs.setup != peer:
                continue
            said = ", ".join(
                f"{one.setup.name} {one.each(one.cpu) / theirs.each(theirs.cpu):.2f}"
                for one in found
                if one.setup.ours and one.load == theirs.load
            )
            lines.append(f"of '{peer.name}', {theirs.load} (goal {goal}): {said}")
    return lines


async def all_of_it(setups: list[Setup], people: int, seconds: float, *, limited: bool) -> None:
    """Measure one bot after the other, and print a row for each load."""
    print(f"{machine()}, {people} people, load average before {os.getloadavg()[0]:.1f}\n")
    print(
        "| bot | load | answers/s | CPU ms an answer | PostgreSQL's | server and people's"
        " | p50 ms | p95 ms | p99 ms |\n|" + " --- |" * 9
    )
    found: list[Measured] = []
    for setup in setups:
        loads = [*(Load(rate, seconds) for rate in FREE), Load()]
        for one in await measure(setup, people, loads):
            print(line(one), flush=True)
            found.append(one)
    for setup in setups if limited else []:
        if setup.ours:
            for one in await measure(setup, people, [Load(LIMITED, seconds)], limits=True):
                print(line(one, f"{one.load}, limits"), flush=True)
    print()
    for one in found:
        if one.setup.ours and one.load == SATURATED:
            apart = one.cpu / one.setup.replicas
            print(
                f"{one.setup.name}: {len(one.waits) / one.cpu:.0f} answers a second of one core"
                f" for the bot alone, {len(one.waits) / (one.cpu + one.database):.0f} with the"
                f" database's; a process was busy {apart / one.seconds:.0%} of the time"
            )
    print(*ratios(found), sep="\n")


def main() -> None:
    """Measure all bots in turn and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--people", type=int, default=60, help="at most 100")
    parser.add_argument("--seconds", type=float, default=15.0, help="of each steady load")
    parser.add_argument("--only", default="", help="bots whose name holds this")
    parser.add_argument("--no-limits", action="store_true", help="leave Telegram's limits out")
    chosen = parser.parse_args()
    # 12 and 30 answers a second must leave questions for the load that saturates.
    seconds = min(chosen.seconds, chosen.people * 25 / sum(FREE))
    setups = [one for one in SETUPS if chosen.only.lower() in one.name.lower()]
    asyncio.run(all_of_it(setups, chosen.people, seconds, limited=not chosen.no_limits))


if __name__ == "__main__":
    main()
