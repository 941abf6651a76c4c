"""`make chaos`: all runs one after the other, a line each, and the table in docs/reliability.md."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
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


def main() -> None:
    """Run what was asked for; 1 where anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="runs whose name holds this")
    parser.add_argument("--small", action="store_true", help="a tenth of everything")
    chosen = parser.parse_args()
    verdicts = []
    for whole in [*HEAVY, *OUTAGES]:
        if chosen.only.lower() not in whole.name.lower():
            continue
        plan = whole
        if chosen.small:
            plan = replace(
                whole,
                residents=max(plan.residents // 10, 12),
                kills=-(-plan.kills // 10),
                seconds=plan.seconds / 4,
            )
        verdict = asyncio.run(run(replace(plan, seed=chosen.seed)))
        print(line(verdict), flush=True)
        for what in verdict.wrong[:12]:
            print(f"    {what}", flush=True)
        verdicts.append(verdict)
    if not chosen.only and not chosen.small:
        write(verdicts)
    if any(one.wrong for one in verdicts):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
