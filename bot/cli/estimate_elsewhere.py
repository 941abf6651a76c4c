"""`usegap estimate` with the rows elsewhere: columns as expressions, in DuckDB or Spark.

The sentences are those of `columns`, but count rows, which have no number there.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bot.cli.columns import MISSING, WORDS
from bot.cli.estimate_design import CROSS, Columns, compared_with
from bot.cli.estimate_engines import Source
from bot.cli.estimate_wanted import Wanted, splits
from bot.cli.opening import Problem, note

if TYPE_CHECKING:
    import narwhals as nw

    from surveys.estimation.design import Lonely
    from surveys.estimation.design_table import Conventions, Row
    from surveys.estimation.passes_table import Asked

NUMBER = r"^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$"
BETWEEN = "\x1f"
"""Between the values that a domain is crossed from, in its key."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The columns of a file as expressions."""

    source: Source

    def _at(self, column: str) -> tuple[nw.Expr, Any]:
        import narwhals as nw

        header = self.source.header
        if column not in header:
            raise Problem(f"{self.source.name} has no column {column}.")
        if header.count(column) > 1:
            raise Problem(f"{self.source.name} has the column {column} twice.")
        name = f"k{header.index(column)}"
        return nw.col(name), self.source.frame.collect_schema()[name]

    def key(self, column: str) -> nw.Expr:
        """Texts, null where missing."""
        import narwhals as nw

        one, kind = self._at(column)
        if kind.is_float():
            one = nw.when(one.is_finite()).then(one)
            return one.cast(nw.String).str.replace_all(r"\.0$", "")
        text = one.cast(nw.String).str.strip_chars()
        return text if kind.is_numeric() else nw.when(~text.is_in(list(MISSING))).then(text)

    def number(self, column: str) -> tuple[nw.Expr, dict[str, nw.Expr]]:
        """Numbers, null where missing; and what tells whether something is none."""
        import narwhals as nw

        one, kind = self._at(column)
        if kind.is_numeric():
            value = one.cast(nw.Float64)
            return nw.when(value.is_finite()).then(value), {}
        text = self.key(column)
        plain, word = text.str.contains(NUMBER), text.is_in(list(WORDS))
        number = nw.when(plain).then(text).cast(nw.Float64)
        true = text.is_in([name for name, truth in WORDS.items() if truth])
        value = nw.when(word).then(nw.when(true).then(1.0).otherwise(0.0)).otherwise(number)
        return value, {
            "wrong": ~text.is_null() & ~plain & ~word, "word": word,
            "many": plain & ~number.is_in([0, 1]),
        }  # fmt: skip

    def split(self, wanted: str) -> tuple[str, str | None]:
        """The column and the value of `COLUMN=VALUE`."""
        column, sign, value = wanted.rpartition("=")
        plain = wanted in self.source.header or not sign
        return (wanted, None) if plain else (column, value.strip())

    def share(self, column: str, value: str) -> nw.Expr:
        """1 where the column has the value, null where it has none."""
        import narwhals as nw

        key = self.key(column)
        same = key == value
        number, _ = self.number(column)
        with suppress(ValueError):
            same |= (number == float(value)).fill_null(False)
        return nw.when(~key.is_null()).then(nw.when(same).then(1.0).otherwise(0.0))


def rows_elsewhere(
    source: Source,
    wanted: Wanted,
    by: Sequence[str],
    columns: Columns,
    *,
    lonely: Lonely,
    how: Conventions,
    compare: str | None,
) -> list[Row]:
    """The table; raises `Problem` and `DesignError`."""
    import narwhals as nw

    from surveys.estimation.design_table import rows_of
    from surveys.estimation.passes import Rows
    from surveys.estimation.passes_estimates import sampled
    from surveys.estimation.passes_table import estimated, totals

    if wanted.quantiles:
        raise Problem("A quantile needs all rows in one place: take it with --engine pandas.")
    file, checks = Elsewhere(source), _Checks(source.name)
    made: dict[str, nw.Expr] = {"h": nw.lit("0"), "d": nw.lit("0"), "w": nw.lit(1.0)}
    if columns.strata:
        made["h"] = file.key(columns.strata)
    if columns.cluster:
        made["c"] = file.key(columns.cluster)
    if columns.weight:
        made["w"] = checks.number(file, columns.weight)
    if columns.fpc:
        made["fpc"] = checks.number(file, columns.fpc)
    if by:
        keys = [file.key(one) for one in by]
        made["d"] = keys[0] if len(keys) == 1 else nw.concat_str(keys, separator=BETWEEN)
    asked, sources = _variables(file, checks, wanted, made)
    frame = source.frame.select(*(one.alias(name) for name, one in (made | checks.flags).items()))
    _refuse(source.name, frame, columns, by, made=made, asked=asked, checks=checks)
    if columns.weight:
        frame = frame.filter(~nw.col("w").is_null())
    drop = [*checks.flags]
    if columns.fpc and not columns.weight:
        drop.append("w")
    rows = Rows(frame.drop(*drop), columns.cluster is not None, source.keep, source.send)
    sample = sampled(
        rows, fpc=columns.fpc is not None, weight=columns.weight is not None, lonely=lonely
    )
    found = totals(sample, asked)
    domains = _ordered([str(one) for one in found["d"].unique()])
    if not domains:
        raise Problem(f"{source.name}: no row has a value of each of {', '.join(by)}.")
    names: list[str | None] = [one.replace(BETWEEN, CROSS) for one in domains] if by else [None]
    how = replace(how, compare=compared_with(names, compare))
    return rows_of(estimated(sample, asked, found, domains, how), sources, names, how)


class _Checks:
    """What is counted before anything is estimated, so that what is wrong is one sentence."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.flags: dict[str, nw.Expr] = {}
        self.of: list[tuple[str, list[str]]] = []

    def number(self, file: Elsewhere, column: str) -> nw.Expr:
        import narwhals as nw

        value, wrong = file.number(column)
        names = []
        for kind, flag in wrong.items():
            name = f"f{len(self.flags)}"
            self.flags[name] = nw.when(flag).then(nw.lit(1)).otherwise(nw.lit(0))
            names.append(f"{kind}:{name}")
        self.of.append((column, names))
        return value

    def shares(self, file: Elsewhere, column: str) -> nw.Expr:
        import narwhals as nw

        value = self.number(file, column)
        name = f"f{len(self.flags)}"
        self.flags[name] = nw.when(~value.is_in([0, 1])).then(nw.lit(1)).otherwise(nw.lit(0))
        self.of[-1][1].append(f"share:{name}")
        return value

    def tell(self, counted: dict[str, float]) -> None:
        for column, names in self.of:
            many = {one.partition(":")[0]: counted[one.partition(":")[2]] for one in names}
            words = many.get("word", 0) if many.get("many") else 0
            if many.get("wrong", 0) + words:
                raise Problem(
                    f"{self.name}: the column {column} holds something that is no number in"
                    f" {int(many.get('wrong', 0) + words)} rows."
                )
            if many.get("share"):
                raise Problem(
                    f"{self.name}: the column {column} is not of 0 and 1: write {column}=VALUE."
                )


def _variables(
    file: Elsewhere, checks: _Checks, wanted: Wanted, made: dict[str, nw.Expr]
) -> tuple[list[Asked], list[str]]:
    """What to estimate, its columns put into `made`; and the columns of shares of a value."""
    from surveys.estimation.passes_table import Asked

    asked: list[Asked] = []
    sources: list[str] = []

    def add(name: str, kind: Any, y: nw.Expr, x: nw.Expr | None = None, of: str = "") -> None:
        made[f"y{len(asked)}"] = y
        if x is not None:
            made[f"x{len(asked)}"] = x
        asked.append(Asked(name, kind))
        sources.append(of)

    def measured(name: str) -> nw.Expr:
        column, value = file.split(name)
        return checks.number(file, column) if value is None else file.share(column, value)

    for name in wanted.measures:
        add(name, "mean", checks.number(file, name))
    for name in wanted.proportions:
        column, value = file.split(name)
        if value is None:
            add(name, "proportion", checks.shares(file, column))
        else:
            add(name, "proportion", file.share(column, value), of=column)
    for name in wanted.totals:
        add(f"total({name})", "total", measured(name))
    for name in wanted.ratios:
        header = file.source.header
        able = [two for two in splits(name) if all(file.split(one)[0] in header for one in two)]
        if len(able) != 1:
            raise Problem(f"{file.source.name} has no two columns that make {name}.")
        add(name, "ratio", measured(able[0][0]), measured(able[0][1]))
    return asked, sources


def _refuse(
    name: str,
    frame: Any,
    columns: Columns,
    by: Sequence[str],
    *,
    made: dict[str, Any],
    asked: Sequence[Asked],
    checks: _Checks,
) -> None:
    """A `Problem` for what is wrong, a note for what is left out; one pass over the rows."""
    import narwhals as nw

    from surveys.estimation.design import NO_WEIGHT
    from surveys.estimation.passes import collected

    def many(condition: nw.Expr) -> nw.Expr:
        return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0)).sum()

    weighed = ~nw.col("w").is_null()
    sums = {"rows": nw.len(), "weighed": many(weighed), "below": many(nw.col("w") < 0)}
    whole = [(key, one) for key, one in (
        ("c", columns.cluster), ("h", columns.strata), ("fpc", columns.fpc)) if one]  # fmt: skip
    for key in [*(key for key, _ in whole), "d"]:
        sums[f"no_{key}"] = many(weighed & nw.col(key).is_null())
    for at in range(len(asked)):
        lacks = nw.col(f"y{at}").is_null()
        if f"x{at}" in made:
            lacks |= nw.col(f"x{at}").is_null()
        sums[f"lack{at}"] = many(weighed & lacks)
    sums |= {flag: nw.col(flag).sum() for flag in checks.flags}
    table = collected(frame.select(*(one.alias(key) for key, one in sums.items())))
    counted = {key: float(table[key].iloc[0] or 0) for key in sums}
    if not counted["rows"]:
        raise Problem(f"{name} has no rows below its header.")
    checks.tell(counted)
    if not counted["weighed"]:
        raise Problem(f"{name}: the column {columns.weight} is empty.")
    if counted["below"]:
        raise Problem(NO_WEIGHT)
    if counted["weighed"] < counted["rows"]:
        note(f"{int(counted['rows'] - counted['weighed'])} rows without a weight are left out.")
    for key, column in whole:
        if counted[f"no_{key}"]:
            raise Problem(
                f"{name}: the column {column} has no value in {int(counted[f'no_{key}'])} rows."
            )
    if by and counted["no_d"]:
        note(
            f"{int(counted['no_d'])} rows have no value of {' or '.join(by)}: they are in no"
            " domain."
        )
    for at, one in enumerate(asked):
        if counted[f"lack{at}"]:
            note(f"{int(counted[f'lack{at}'])} rows without a value of {one.name} are left out"
                 " of it.")  # fmt: skip


def _ordered(keys: list[str]) -> list[str]:
    """By each column in turn, as numbers where all are."""
    parts = [key.split(BETWEEN) for key in keys]
    orders = []
    for values in zip(*parts, strict=True):
        try:
            orders.append([float(one) for one in values])
        except ValueError:
            orders.append(list(values))
    order = sorted(range(len(keys)), key=lambda at: tuple(one[at] for one in orders))
    return [keys[at] for at in order]
