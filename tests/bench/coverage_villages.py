"""Several villages: the model for small ones beside direct estimates, and bands."""

from __future__ import annotations

import numpy as np

from surveys.estimation.bands import bands, moderated
from surveys.estimation.estimates import Estimate
from surveys.estimation.sample import of_villages
from surveys.estimation.small_areas import modelled
from surveys.estimation.suppression import HOMES_FROM, INDEX_FROM, score_limits
from tests.bench.coverage_population import ADULTS, Floats, Ints, population
from tests.bench.coverage_sampling import answers, by_homes, some_phones
from tests.bench.coverage_table import Row, Table, at_most, mean, percent, root_mean_square, row

PERSONS = (6, 12, 20, 40)
MODELLED = 40
"""Villages that a model is made of."""
COMPARED, DIFFERENT = 30, 6
"""Villages that get bands; of the different ones half are higher, half lower, by one step."""
STEP = 10.0
HOMES = ("5", "12", "40", "5 to 40")
POOL = 4000

Seen = dict[tuple[str, str], Floats]


def simulated_models(repetitions: int, seed: tuple[int, ...]) -> Seen:
    """Of each number of persons and each way (3, villages): error, whether held, width."""
    rng = np.random.default_rng(seed)
    people = population(repetitions * MODELLED, rng)
    truth = people.of_all("use")
    adults = np.full(people.villages, float(ADULTS))
    outside = np.column_stack([people.offline / ADULTS, people.ring])
    found: Seen = {}
    for persons in PERSONS:
        sample = answers(people, some_phones(people, persons, rng))
        villages = of_villages(sample, adults, people.offline)
        one = villages.of_all(sample.scores["use"])
        limits = score_limits(one, 100 * villages.g)
        ways = {
            "direct": (one.value, *limits),
            "model": _models(one, adults, outside),
            "without": _models(one, adults, None),
        }
        for way, (value, low, high) in ways.items():
            held = (low <= truth) & (truth <= high)
            found[str(persons), way] = np.stack([value - truth, held, high - low])
    return found


def _models(one: Estimate, adults: Floats, outside: Floats | None) -> tuple[Floats, Floats, Floats]:
    parts = []
    for start in range(0, len(one.value), MODELLED):
        at = slice(start, start + MODELLED)
        parts.append(
            modelled(
                one.value[at], one.v[at], 1 / (one.df[at] + 1), one.homes[at], adults[at],
                covariates=None if outside is None else outside[at],
            )
        )  # fmt: skip
    value, low, high = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("value", "low", "high")
    )
    return value, low, high


def model_tables(chunks: list[Seen]) -> list[Table]:
    """Errors and intervals by the number of persons."""
    seen = {key: np.concatenate([chunk[key] for chunk in chunks], axis=1) for key in chunks[0]}
    columns = tuple(f"{persons} persons" for persons in PERSONS)

    def cells(way: str, place: int) -> list[Floats]:
        return [seen[str(persons), way][place] for persons in PERSONS]

    direct = [root_mean_square(one, MODELLED) for one in cells("direct", 0)]
    rows = [row("direct Ū, root mean square error", direct)]
    for way, said in (("model", "EBLUP (N₀/N, ring)"), ("without", "EBLUP without covariates")):
        errors = [root_mean_square(one, MODELLED) for one in cells(way, 0)]
        missed = {one.figure for one, other in zip(errors, direct, strict=True)
                  if one.figure >= other.figure}  # fmt: skip
        goal = "< direct", lambda figure, missed=missed: figure not in missed
        rows.append(row(f"{said}, root mean square error", errors, goal))
    rows += [
        row(
            f"  {said}, 95 % intervals that hold, %",
            [percent(one, MODELLED) for one in cells(way, 1)],
        )
        for way, said in (("direct", "direct"), ("model", "EBLUP"), ("without", "EBLUP without"))
    ]
    rows += [
        row(f"  {said}, width of the interval", [mean(one, MODELLED) for one in cells(way, 2)])
        for way, said in (("direct", "direct"), ("model", "EBLUP"))
    ]
    return [Table(f"{MODELLED} villages of so many persons each", columns, tuple(rows))]


def simulated_bands(repetitions: int, seed: tuple[int, ...]) -> Seen:
    """(2, repetitions) of each case and each number of homes: false share, share found."""
    rng = np.random.default_rng(seed)
    base = population(POOL, rng)
    found: Seen = {}
    for different in (0, DIFFERENT):
        for homes in HOMES:
            people = base.take(_chosen(base.of_all("use"), different, repetitions, rng).ravel())
            goal = (
                rng.choice([5, 8, 12, 20, 40], people.villages)
                if homes == "5 to 40"
                else np.full(people.villages, int(homes))
            )
            sample = answers(people, by_homes(people, goal, rng))
            adults = np.full(people.villages, float(ADULTS))
            one = of_villages(sample, adults, people.offline).of_all(sample.scores["use"])
            for way in ("moderated", "own"):
                found[f"{different} {way}", homes] = np.array(
                    [
                        _judged(one, start, different, way)
                        for start in range(0, people.villages, COMPARED)
                    ]
                ).T
    return found


def _chosen(truth: Floats, different: int, repetitions: int, rng: np.random.Generator) -> Ints:
    """(repetitions, 30) villages at the mean, then higher ones, then lower ones."""

    def near(level: float, count: int) -> Ints:
        return np.argsort(np.abs(truth - level))[:count]

    middle = float(truth.mean())
    half = different // 2
    return np.concatenate(
        [
            rng.choice(near(middle, 80), (repetitions, COMPARED - different)),
            rng.choice(near(middle + STEP, 15), (repetitions, half)),
            rng.choice(near(middle - STEP, 15), (repetitions, half)),
        ],
        axis=1,
    )


def _judged(one: Estimate, start: int, different: int, way: str) -> tuple[float, float]:
    """Of one repetition: the false share of what is said to differ, and what share was found."""
    at = slice(start, start + COMPARED)
    v, df = one.v[at], one.df[at]
    if way == "moderated":
        v, df = moderated(v, df, one.homes[at])
    shown = (one.n[at] >= INDEX_FROM) & (one.homes[at] >= HOMES_FROM)
    band = bands(one.value[at], v, df, np.full(COMPARED, float(ADULTS)), shown).band
    truth = np.zeros(COMPARED)
    truth[COMPARED - different :] = np.repeat([1, -1], different // 2)
    told = int(np.count_nonzero(band))
    right = int(np.count_nonzero((band == truth) & (band != 0)))
    return (told - right) / max(told, 1), right / max(different, 1)


def band_tables(chunks: list[Seen]) -> list[Table]:
    """False discovery and power by the number of homes."""
    seen = {key: np.concatenate([chunk[key] for chunk in chunks], axis=1) for key in chunks[0]}
    rows: list[Row] = []
    for different, case in (
        (0, "all alike"),
        (DIFFERENT, f"{DIFFERENT} off by {STEP:g}"),
    ):
        for way, said, goal in (
            ("moderated", "", at_most(11)),
            ("own", "  if each village's own variance were used, ", None),
        ):
            cells = [seen[f"{different} {way}", homes] for homes in HOMES]
            false = [percent(one[0]) for one in cells]
            rows.append(row(f"{said}{case}: false, %", false, goal))
            if different:
                rows.append(row(f"{said}{case}: found, %", [percent(one[1]) for one in cells]))
    columns = tuple(f"{homes} homes" for homes in HOMES)
    return [
        Table(
            f"Bands of {COMPARED} villages: false discovery, and different ones found",
            columns,
            tuple(rows),
        )
    ]
