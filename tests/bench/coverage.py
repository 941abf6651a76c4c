"""`make bench-coverage`: are the numbers of a profile as good as they say?

Villages of 600 adults are simulated, people in them answer, and the estimators of
`surveys.estimation` are held to what is true there. Seeds are fixed: the same figures every time.
What is simulated, and what the figures mean: docs/accuracy.md.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from tests.bench import coverage_random, coverage_villages, coverage_volunteers
from tests.bench.coverage_table import Table, lines, verdict


@dataclass(frozen=True, slots=True)
class Part:
    """A simulation in chunks that have seeds of their own."""

    name: str
    simulated: Callable[[int, tuple[int, ...]], Any]
    tables: Callable[[list[Any]], list[Table]]
    size: int
    """Villages or repetitions of a chunk."""
    chunks: int
    quick: int
    """Chunks with --quick."""
    of: str


PARTS = (
    Part("random", coverage_random.simulated, coverage_random.tables, 2000, 6, 2, "villages"),
    Part("volunteers", coverage_volunteers.simulated, coverage_volunteers.tables, 2000, 3, 1,
         "villages"),
    Part("models", coverage_villages.simulated_models, coverage_villages.model_tables, 50, 6, 1,
         "repetitions"),
    Part("bands", coverage_villages.simulated_bands, coverage_villages.band_tables, 100, 16, 3,
         "repetitions"),
)  # fmt: skip


def main() -> None:
    """Simulate all parts, print their tables, and what was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.coverage")
    parser.add_argument("--quick", action="store_true", help="fewer villages, wider errors")
    parser.add_argument("--only", choices=[part.name for part in PARTS], help="one part")
    chosen = parser.parse_args()
    began = time.perf_counter()
    met, missed = 0, []
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        parts = [part for part in PARTS if chosen.only in (None, part.name)]
        running = []
        for number, part in enumerate(PARTS):
            if part in parts:
                count = part.quick if chosen.quick else part.chunks
                seeds = [(number, chunk) for chunk in range(count)]
                running.append([pool.submit(part.simulated, part.size, seed) for seed in seeds])
        for part, chunks in zip(parts, running, strict=True):
            tables = part.tables([one.result() for one in chunks])
            print(f"\n== {part.name}: {len(chunks) * part.size:,} {part.of} ==")
            for table in tables:
                print("\n".join(lines(table)), flush=True)
                found = [(one, verdict(one, table.columns)) for one in table.rows if one.met]
                met += sum(text == "met" for _, text in found)
                missed += [
                    f"{table.title}: {one.what.strip()}: {text}"
                    for one, text in found
                    if text != "met"
                ]
    print(f"\n{met} goals met, {len(missed)} missed, in {time.perf_counter() - began:.0f} s")
    print("±: how far a figure may be from what endless repetition would give (95 %)")
    for text in missed:
        print(f"  {text}")


if __name__ == "__main__":
    main()
