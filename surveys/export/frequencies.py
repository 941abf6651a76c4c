"""How often each answer was given, coarse enough to travel further than the data.

A codebook is passed on where the data are not, so its numbers keep to the rules of what is shown
(METHOD §2): persons are counted to the nearest 5; under 10 persons, or 5 homes, nothing is told; a
hidden answer has another one hidden beside it, until both together pass. Of numbers only quantiles
with 10 persons on either side, to three figures; never the least and the most. Nothing is weighed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from surveys.export.cells import alike
from surveys.export.table import MARK, Cell, Table, Variable

PERSONS, HOMES = 10, 5
QUANTILES = (10, 25, 50, 75, 90)
"""Per cent."""
FEW = 100
"""Different numbers that are counted one by one."""
TO = 5
"""What counts are rounded to."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many gave an answer."""

    value: str
    count: int | None
    """Rounded to 5; None: hidden."""
    percent: int | None
    """Of those who answered, 1 to 99."""


@dataclass(frozen=True, slots=True)
class Frequency:
    """What is told of one column."""

    answered: int | None = None
    """Rounded to 5; None: fewer than 10 persons or 5 homes, or not counted."""
    counted: bool = False
    """False for a table whose rows are not persons, and for ids, times, texts and what was drawn by
    lot."""
    shares: tuple[Share, ...] = ()
    quantiles: tuple[tuple[int, float], ...] = ()
    """(per cent, value)."""

    def share(self, value: str) -> Share:
        """What is told of one answer; hidden where nothing is."""
        return next((one for one in self.shares if one.value == value), Share(value, None, None))


class Counts:
    """The answers to one question."""

    def __init__(self, variable: Variable) -> None:
        self.variable = variable
        self.persons: Counter[Cell] = Counter()
        self.homes: defaultdict[Cell, set[Cell]] = defaultdict(set)
        self.all_homes: set[Cell] = set()
        self.numeric = variable.kind in ("integer", "decimal")
        self._rounded: Counter[str] = Counter()
        """Numbers as texts of three figures, which are still to be added to `persons`."""

    def add(self, cell: Cell, home: Cell, count: int = 1) -> None:
        """Persons of one home who gave an answer."""
        if cell is None:
            return
        key = self.more(cell, count)
        if len(self.all_homes) < HOMES:
            self.all_homes.add(home)
        if not self.numeric and len(self.homes[key]) < HOMES:
            self.homes[key].add(home)

    def add_all(self, cells: Sequence[Cell], homes: Sequence[Cell]) -> None:
        """The answers of some persons, and their homes."""
        found = Counter({cells[0]: len(cells)}) if alike(cells) else Counter(cells)
        del found[None]
        if self.numeric and len(found) > FEW and len(self.all_homes) >= HOMES:
            self.more_numbers([one for one in cells if isinstance(one, int | float)])
            return
        for cell, count in found.items():
            enough = self.all_homes if self.numeric else self.homes[str(cell)]
            if len(enough) >= HOMES:
                self.more(cell, count)
                continue
            for one, home in zip(cells, homes, strict=True):
                if one == cell:
                    self.add(one, home)

    def more(self, cell: Cell, count: int) -> Cell:
        """Persons who gave an answer of which enough homes were added before."""
        # To three figures, so that however many rows there are, few numbers are kept.
        key: Cell = float(f"{cell:.3g}") if self.numeric else str(cell)
        self.persons[key] += count
        return key

    def more_numbers(self, cells: Sequence[float]) -> None:
        """The same of many numbers, of which few come again."""
        # One format for all of them: a call for each takes half as long again.
        self._rounded.update(("%.3g " * len(cells) % tuple(cells)).split())

    def settle(self) -> None:
        """Add what is still to be added."""
        for text, count in self._rounded.items():
            self.persons[float(text)] += count
        self._rounded.clear()

    def take_in(self, other: Counts) -> None:
        """The answers to the same question that were counted elsewhere."""
        other.settle()
        self.persons.update(other.persons)
        for value, homes in other.homes.items():
            self.homes[value] |= homes
        self.all_homes |= other.all_homes

    def told(self) -> Frequency:
        """What is told of them."""
        self.settle()
        n = self.persons.total()
        if n < PERSONS or len(self.all_homes) < HOMES:
            return Frequency(counted=True)
        if self.numeric:
            return Frequency(rounded(n), True, quantiles=_quantiles(self.persons, n))
        values = self._values()
        hidden = self._hidden(values)
        return Frequency(
            rounded(n),
            True,
            tuple(
                Share(one, None, None)
                if one in hidden
                else Share(one, rounded(self.persons[one]), percent(self.persons[one], n))
                for one in values
            ),
        )

    def _values(self) -> list[str]:
        if self.variable.kind == "yes_no":
            return ["1", "0"]
        values = [one.value for one in self.variable.values]
        return values + sorted({str(one) for one in self.persons}.difference(values))

    def _hidden(self, values: Sequence[str]) -> set[str]:
        """Answers of too few; and, beside them, the rarest others until what is hidden passes."""
        hidden = {
            one
            for one in values
            if self.persons[one] < PERSONS or len(self.homes[one]) < HOMES
        }  # fmt: skip
        for one in sorted(set(values) - hidden, key=lambda one: (self.persons[one], one)):
            count = sum(self.persons[it] for it in hidden)
            homes = set().union(*(self.homes[it] for it in hidden))
            if not count or (len(hidden) > 1 and count >= PERSONS and len(homes) >= HOMES):
                break
            hidden.add(one)
        return hidden


class Counting:
    """The answers of a table, counted while its rows are read for something else."""

    def __init__(self, table: Table) -> None:
        self._names = [one.name for one in table.variables]
        ours = {one.name.removeprefix(MARK): at for at, one in enumerate(table.variables)
                if not one.question}  # fmt: skip
        self.home = ours.get("household")
        """Where the home stands in a row; None: its rows are not persons."""
        self.counts = {
            number: Counts(one)
            for number, one in enumerate(table.variables)
            if self.home is not None and counted(one)
        }
        """By the column's place."""

    def add(self, row: Sequence[Cell]) -> None:
        """The next row."""
        for number, one in self.counts.items():
            one.add(row[number], row[self.home or 0])

    def take_in(self, counts: Mapping[int, Counts]) -> None:
        """What was counted elsewhere of other rows of the table, by the column's place."""
        for number, one in counts.items():
            self.counts[number].take_in(one)

    def told(self) -> dict[str, Frequency]:
        """Of each column what is told."""
        return {
            name: self.counts[number].told() if number in self.counts else Frequency()
            for number, name in enumerate(self._names)
        }


def counted(variable: Variable) -> bool:
    """Whether it is told of a column how often each answer was given: not of places, and not of
    what is drawn by lot, which nobody answered.
    """
    kinds = ("category", "yes_no", "integer", "decimal")
    if variable.kind not in kinds or variable.question == "geopoint":
        return False
    # Only here: the process that makes lines has the standard library alone.
    from surveys.form.expression import draws_by_lot

    return not draws_by_lot(variable.calculation)


def frequencies(table: Table) -> dict[str, Frequency]:
    """Of each column of a table what is told, its rows read once."""
    counting = Counting(table)
    if counting.counts:
        for batch in table.rows():
            for row in batch:
                counting.add(row)
    return counting.told()


def rounded(count: int) -> int:
    """To the nearest 5.

    >>> rounded(12), rounded(13)
    (10, 15)
    """
    return TO * ((count + TO // 2) // TO)


def percent(count: int, of: int) -> int:
    """From the rounded counts, so that it tells no more than they do; 1 to 99.

    >>> percent(13, 101), percent(99, 99)
    (15, 99)
    """
    return min(max(round(100 * rounded(count) / rounded(of)), 1), 99)


def _quantiles(counts: Counter[Cell], n: int) -> tuple[tuple[int, float], ...]:
    ordered = sorted((value, count) for value, count in counts.items() if isinstance(value, float))
    return tuple(
        (share, _quantile(ordered, share * n / 100))
        for share in QUANTILES
        if min(share, 100 - share) * n >= 100 * PERSONS
    )


def _quantile(counts: Iterable[tuple[float, int]], rank: float) -> float:
    """The least number that so many persons do not exceed."""
    passed = 0
    for value, count in counts:
        passed += count
        if passed >= rank:
            return value
    raise ValueError("nobody answered")
