"""`make chaos`: all runs, three at the same time, a line each; the table in docs/reliability.md."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.runs import Plan, Verdict, run

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- made by `make chaos` -->", "<!-- end -->"
HEAVY = [
    Plan("sqlite", False, 1, 200, 25, 50),
    Plan("sqlite", True, 1, 200, 25, 50),
    Plan("postgresql", False, 1, 200, 25, 50),
    Plan("postgresql", True, 1, 200, 25, 50),
    Plan("postgresql", True, 3, 200, 25, 50),
]
OUTAGES = [
    Plan("postgresql", True, 3, 60, 20, outage="database", seconds=60),
    Plan("postgresql", False, 1, 60, 20, outage="database", seconds=60),
    Plan("sqlite", False, 1, 60, 20, outage="database", seconds=60),
    Plan("sqlite", False, 1, 60, 20, outage="disk", seconds=20),
    Plan("sqlite", False, 1, 60, 20, outage="clock"),
    Plan("postgresql", True, 3, 60, 20, outage="clock"),
    Plan("postgresql", True, 3, 60, 20, 9, outage="terms"),
    Plan("sqlite", False, 1, 60, 20, 6, outage="terms"),
]


def line(one: Verdict) -> str:
    """A row of the table."""
    right = "all right" if not one.wrong else f"**{len(one.wrong)} wrong**"
    drained = f"{one.drained:.1f}" if one.drained else ""
    more = one.most - 1 if one.most else 0
    return (
        f"| {one.plan.name} | {one.answers:,} | {one.faults} | {one.redelivered} | {one.unheard}"
        f" | {one.copies} | {more} | {drained} | {one.seconds:.0f} | {right} |"
    )


def table(verdicts: list[Verdict]) -> str:
    """What docs/reliability.md has."""
    when = f"{datetime.now(UTC):%d %B %Y}".lstrip("0")
    head = (
        "| run | answers | faults | redelivered | sent, answer lost | copies | most of one"
        " | SIGTERM, s | s | verdict |\n|" + " --- |" * 10
    )
    rows = "\n".join(line(one) for one in verdicts)
    machine = f"Python {platform.python_version()} on {os.cpu_count()} cores, {when}."
    return f"{BEGIN}\n{machine}\n\n{head}\n{rows}\n{END}"


def write(verdicts: list[Verdict]) -> None:
    """Put the table into the page."""
    page = PAGE.read_text("utf-8")
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(before + table(verdicts) + after, "utf-8")


def plans(only: str, *, small: bool, seed: int) -> list[Plan]:
    """What is asked for; small: a tenth of everything."""
    found = [replace(one, seed=seed) for one in (*HEAVY, *OUTAGES)]
    found = [one for one in found if only.lower() in one.name.lower()]
    if not small:
        return found
    return [
        replace(
            one,
            residents=max(one.residents // 10, 12),
            kills=-(-one.kills // 10),
            seconds=one.seconds / 4,
        )
        for one in found
    ]


async def all_of_it(
    asked: list[Plan], at_once: int, done: Callable[[list[Verdict]], None]
) -> list[Verdict]:
    """Carry the plans out, some at the same time: most of a run is waiting; `done` after each."""
    places = asyncio.Semaphore(at_once)
    found: dict[int, Verdict] = {}

    async def one_of_them(number: int, plan: Plan) -> None:
        async with places:
            verdict = found[number] = await run(plan)
        print(line(verdict), flush=True)
        for what in verdict.wrong[:12]:
            print(f"    {what}", flush=True)
        done([found[key] for key in sorted(found)])

    async with asyncio.TaskGroup() as group:
        for number, plan in enumerate(asked):
            group.create_task(one_of_them(number, plan))
    return [found[key] for key in sorted(found)]


def main() -> None:
    """Run what was asked for; 1 where anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="runs whose name holds this")
    parser.add_argument("--small", action="store_true", help="a tenth of everything")
    parser.add_argument("--at-once", type=int, default=3, help="runs at the same time")
    chosen = parser.parse_args()
    # After each: what was run stands there, whatever ends the rest.
    keep = write if not chosen.only and not chosen.small else lambda found: None
    asked = plans(chosen.only, small=chosen.small, seed=chosen.seed)
    verdicts = asyncio.run(all_of_it(asked, chosen.at_once, keep))
    if any(one.wrong for one in verdicts):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
