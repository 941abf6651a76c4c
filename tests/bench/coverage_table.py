"""Rows of figures with their goals, as `make bench-coverage` prints them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tests.bench.coverage_population import Bools, Floats

TWO_SIDED = 1.96
"""Standard errors in the simulation's own margin of error."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure seen, and how far it may be from what endless repetition would give (95 %)."""

    figure: float
    error: float


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table; None: not simulated there."""

    what: str
    cells: tuple[Cell | None, ...]
    goal: str = ""
    met: Callable[[float], bool] | None = None
    judged: tuple[str, ...] = ()
    """The columns that the goal is for; none named: all."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under one heading."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def mean(values: Floats | Bools, repeats: int = 1) -> Cell:
    """The mean with its error; values come in blocks of `repeats` that are not independent."""
    found = np.asarray(values, np.float64).reshape(-1, repeats).mean(axis=1)
    return Cell(float(found.mean()), float(TWO_SIDED * found.std() / np.sqrt(len(found))))


def percent(values: Floats | Bools, repeats: int = 1) -> Cell:
    """The same in per cent."""
    return mean(100 * np.asarray(values, np.float64), repeats)


def root_mean_square(errors: Floats, repeats: int = 1) -> Cell:
    """√ of the mean of squares, with its error by the delta method."""
    square = mean(errors**2, repeats)
    root = float(np.sqrt(square.figure))
    return Cell(root, square.error / (2 * root))


def at_least(goal: float) -> tuple[str, Callable[[float], bool]]:
    """A goal as it is printed, and whether a figure as printed meets it."""
    return f"≥ {goal:g}", lambda figure: round(figure, 1) >= goal


def at_most(goal: float) -> tuple[str, Callable[[float], bool]]:
    """As above."""
    return f"≤ {goal:g}", lambda figure: round(figure, 1) <= goal


def within(goal: float) -> tuple[str, Callable[[float], bool]]:
    """As above, of a bias."""
    return f"< {goal:g}", lambda figure: abs(round(figure, 1)) < goal


def row(
    what: str,
    cells: Sequence[Cell | None],
    goal: tuple[str, Callable[[float], bool]] | None = None,
) -> Row:
    """A row; without a goal it is shown for what it is."""
    return Row(what, tuple(cells), *(goal or ()))


def verdict(one: Row, columns: Sequence[str]) -> str:
    """met, or missed and where; empty without a goal."""
    if one.met is None:
        return ""
    missed = [
        column
        for column, cell in zip(columns, one.cells, strict=True)
        if cell is not None
        and (not one.judged or column in one.judged)
        and not one.met(cell.figure)
    ]
    return f"missed: {', '.join(missed)}" if missed else "met"


def lines(table: Table) -> list[str]:
    """The table as text: each figure, its error after it."""
    first = 2 + max(len(one.what) for one in table.rows)
    wide = max(14, *(len(column) + 2 for column in table.columns))
    found = [
        "",
        table.title,
        f"{'':<{first}}" + "".join(f"{column:>{wide}}" for column in table.columns) + "   goal",
    ]
    for one in table.rows:
        cells = [
            "" if cell is None else f"{cell.figure:.1f} ±{cell.error:.1f}" for cell in one.cells
        ]
        text = f"{one.what:<{first}}" + "".join(f"{cell:>{wide}}" for cell in cells)
        found.append(f"{text}   {one.goal:<10}{verdict(one, table.columns)}".rstrip())
    return found
