"""Deprivation and inequality in profiles: by loops over persons and homes, and what is shown."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from estimation_samples import (
    ABOUT,
    CHOICES,
    INDICATORS,
    frame_of,
    indicator,
    person,
    table_of,
)
from profile_samples import Plain, near
from scipy import stats

from surveys.estimation.computed import Computed
from surveys.estimation.profile import Deprivation, Figure, VillageProfile
from surveys.estimation.villages import about_of, compute

LACKS = tuple(indicator(f"d{at}", kind="item", dimension="deprivation") for at in range(1, 10))
ALL = (*INDICATORS, *LACKS, indicator("A4", role="schooling"))
SAID = about_of(ABOUT)
Row = Mapping[str, object]


def people(
    village: str, homes: int, others: int, lack: float = 0.35, seed: int = 3
) -> list[dict[str, object]]:
    """Homes of one or two users each; in the first `others` somebody who is not online, too."""
    dice = np.random.default_rng(seed)
    rows = []
    for home in range(homes):
        count, share = int(dice.integers(1, 3)), lack * dice.uniform(0.4, 1.6)
        roster = {"A6": str(count + 1 + home % 2), "A7": "0", "A8": str(count)}
        for number in range(count + (home < others)):
            online = number < count
            lacks = {
                one.name: "" if dice.random() < 0.05 else str(int(dice.random() < chance))
                for one, chance in zip(LACKS, [share if online else 0.6] * 9, strict=True)
            }
            score = float(np.clip(dice.normal(50, 25), 0, 100)) if online else 0.0
            rows.append(
                person(village, home, number, **roster)
                | {"user": str(int(online)), "mode": "self" if online else "proxy"}
                | {"s_use": f"{score:.1f}", "A4": str(dice.choice([0, 1, 2, 3, 4, 99]))}
                | lacks
            )
    return rows


def computed(rows: Sequence[Row], asked: Sequence[object] = ALL, **census: float) -> Computed:
    codes = sorted({str(row["village"]) for row in rows})
    return compute(frame_of(rows), table_of(codes, **census), asked, CHOICES, ())  # type: ignore[arg-type]


def profile(rows: Sequence[Row], **census: float) -> VillageProfile:
    return computed(rows, **census).village("v", SAID)


def deprived(row: Row) -> float | None:
    """The share of the nine that somebody lacks, 0 under a third; None of who said too little."""
    known = [float(str(row[one.name])) for one in LACKS if row[one.name] != ""]
    if len(known) < 6:
        return None
    share = sum(known) / len(known)
    return share if share >= 1 / 3 - 1e-9 else 0.0


def mean_of(rows: Sequence[Row], user: str, yes: bool) -> tuple[float, dict[str, float], float]:
    """H (yes) or M0 of users or of others, √((m-1)/m)·z of each home, and df."""
    values: dict[str, list[float]] = {}
    for row in rows:
        one = deprived(row)
        if row["user"] == user and one is not None:
            values.setdefault(str(row["home"]), []).append(float(one > 0) if yes else one)

    def mean(without: str | None) -> float:
        some = [one for home, of in values.items() if home != without for one in of]
        return sum(some) / len(some)

    m, n = len(values), sum(map(len, values.values()))
    z = {home: math.sqrt((m - 1) / m) * (mean(None) - mean(home)) for home in values}
    df = n**2 / sum(len(of) ** 2 for of in values.values()) - 1
    return mean(None), z, df


def by_loops(
    rows: Sequence[Row], full: bool, g: float = 0.9
) -> tuple[list[float], list[float], float]:
    """H, A and M0 in per cent, the standard errors of A and M0, and the fewest df."""
    own = Plain([row for row in rows if row["user"] == "1"], g)
    names = list(dict.fromkeys(str(row["home"]) for row in rows if row["user"] == "1"))
    homes = dict.fromkeys([str(row["home"]) for row in rows], 0.0)
    found, moved, df = [], [], own.df(0)
    for yes in (True, False):
        users, z_users, df_users = mean_of(rows, "1", yes)
        value, z = users, homes | z_users
        df = min(df, df_users) if full else df_users
        if full:
            others, z_others, df_others = mean_of(rows, "0", yes)
            df = min(df, df_others)
            value = own.pi * users + (1 - own.pi) * others
            z = {home: own.pi * one for home, one in z.items()}
            for home, one in z_others.items():
                z[home] += (1 - own.pi) * one
            for home, one in zip(names, own.z(0), strict=True):
                z[home] += (users - others) * one
        found.append(value)
        moved.append(z)
    h, m0 = found
    a = m0 / h
    z_a = [(moved[1][home] - a * moved[0][home]) / h for home in homes]
    se = [100 * math.sqrt(sum(one**2 for one in z)) for z in (z_a, moved[1].values())]
    return [100 * one for one in (h, a, m0)], se, df


@pytest.mark.parametrize(("others", "full"), [(30, True), (9, False)])
def test_deprivation_is_that_of_loops_over_persons(others: int, full: bool) -> None:
    rows = people("v", 90, others)
    found = profile(rows).deprivation
    assert found is not None
    values, se, df = by_loops(rows, full)
    assert found.of == ("all" if full else "users")
    assert near(found.headcount.value, values[0])
    for figure, value, error in zip((found.intensity, found.adjusted), values[1:], se, strict=True):
        half = stats.t.ppf(0.975, df) * error
        assert near(figure.value, value)
        assert near(figure.low, value - half)
        assert near(figure.high, value + half)
    # Of each thing: who lacks it, whether deprived or not.
    assert [one.value for one in found.lacks] == [one.name for one in LACKS]
    assert found.lacks[0].label == {"en": "d1", "zh": "d1（中文）"}
    pi = Plain([row for row in rows if row["user"] == "1"], 0.9).pi
    for share in found.lacks:
        sides = []
        for user in "10":
            some = [
                float(str(row[share.value]))
                for row in rows
                if row["user"] == user and row[share.value] != ""
            ]
            sides.append(100 * sum(some) / len(some))
        expected = pi * sides[0] + (1 - pi) * sides[1] if full else sides[0]
        figure = share.figure
        assert near(figure.value, expected) or (
            figure.withheld == "imprecise"
            and figure.low is not None
            and figure.high is not None
            and figure.low <= expected <= figure.high
        )


def test_without_rosters_or_items() -> None:
    rows = people("v", 60, 40)
    few = [one for one in ALL if one.name != "A8"]
    found = computed(rows, few).village("v", SAID)
    assert found.deprivation is not None
    # No one can say how many are not online: users only, and no inequality of all adults.
    assert found.deprivation.of == "users"
    assert found.inequality is None
    none = [one for one in ALL if one not in LACKS]
    assert computed(rows, none).village("v", SAID).deprivation is None
    no_use = [one for one in ALL if one.name != "s_use"]
    assert computed(rows, no_use).village("v", SAID).inequality is None


def all_or_nothing(lacking: int, count: int, home_of: int = 10**6) -> Deprivation:
    """`lacking` of so many users lack everything, the others nothing."""
    rows = [
        person("v", at if at >= lacking else at % home_of, at, A6="90", A7="0", A8="90")
        | dict.fromkeys([one.name for one in LACKS], str(int(at < lacking)))
        for at in range(count)
    ]
    found = profile(rows).deprivation
    assert found is not None
    return found


def test_what_few_lack_is_theirs() -> None:
    for lacking in (0, 1, 2):
        few = all_or_nothing(lacking, 60)
        assert few.headcount == Figure(None, words="few")
        assert few.adjusted == Figure(None, withheld="too_few_for_this")
        assert few.intensity == Figure(None, withheld="few_persons")
        assert few.lacks[0].figure == Figure(None, words="few")
    nine, ten = all_or_nothing(9, 60), all_or_nothing(10, 60)
    assert nine.adjusted.value == half_points(100 * 9 / 60)
    assert nine.intensity.withheld == "few_persons"
    # Of the ten, each lacks all: A is 100, and M0 is H.
    assert ten.intensity.value == 100
    assert ten.adjusted.value == half_points(100 * 10 / 60)
    # The ten live in four homes.
    assert all_or_nothing(10, 60, 4).intensity.withheld == "few_homes"
    small = all_or_nothing(9, 29)
    assert small.headcount.withheld == small.adjusted.withheld == "too_few_for_this"


def test_who_is_not_online_is_one_of_the_three() -> None:
    rows = [
        person("v", at, user, A6="2", A7="0", A8="1", user=str(user), mode="self")
        | dict.fromkeys([one.name for one in LACKS], str(int(at < 2 and user + at > 0)))
        for at in range(60)
        for user in (1, 0)
    ]
    found = profile(rows).deprivation
    assert found is not None
    assert (found.of, found.headcount.words) == ("all", "")
    # Two users and one of those who are not online, of sixty each.
    assert found.adjusted.value == half_points(100 * (0.45 * 2 / 60 + 0.55 / 60))
    fewer = [row for row in rows if (row["home"], row["user"]) != ("v/1", "0")]
    assert profile(fewer).deprivation.headcount.words == "few"  # type: ignore[union-attr]


def half_points(value: float) -> float:
    return float(math.floor(value + 0.5))


def test_homes_of_those_who_are_not_meant_do_not_count() -> None:
    """Ten users of four homes lack everything; a non-user of another home is no fifth."""
    rows = [
        person("v", at % 4 if at < 10 else at, at, A6="90", A7="0", A8="80")
        | dict.fromkeys([one.name for one in LACKS], str(int(at < 10)))
        for at in range(60)
    ]
    rows += [
        person("v", 100 + at, 1, A6="2", A7="0", A8="1", user="0", mode="proxy")
        | dict.fromkeys([one.name for one in LACKS], "1")
        for at in range(3)
    ]
    found = profile(rows).deprivation
    assert found is not None
    assert found.of == "users"
    assert found.intensity.withheld == "few_homes"


# Inequality --------------------------------------------------------------------------------------


def test_inequality_is_that_of_pairs_of_persons() -> None:
    rows = people("v", 60, 5)
    found = profile(rows).inequality
    assert found is not None
    users = [row for row in rows if row["user"] == "1"]
    y = [float(str(row["s_use"])) for row in users]
    # Half the mean difference between two persons, over the mean; who is not online has 0.
    among = sum(abs(a - b) for a in y for b in y) / len(y) ** 2 / 2 / (sum(y) / len(y))
    pi = Plain(users, 0.9).pi
    assert near(found.gini.value, 100 * (1 - pi * (1 - among)))
    # By schooling: 8·cov with the mid-rank, of those who said; 99 is rather not.
    said = [(float(str(row["s_use"])), int(str(row["A4"]))) for row in users if row["A4"] != "99"]
    level = stats.rankdata([one for _, one in said])
    ranks = (level - 0.5) / len(said)
    expected = 8 * float(np.cov([one for one, _ in said], ranks, ddof=0)[0, 1])
    assert near(found.by_schooling.value, expected)
    for figure in (found.gini, found.by_schooling):
        assert figure.low is not None
        assert figure.high is not None
        assert figure.value is not None
        assert figure.low < figure.value < figure.high
    # Nobody is offline, all alike: no inequality at all.
    same = [row | {"s_use": "40", "A6": "1", "A8": "1"} for row in users]
    same = [row | {"home": f"{row['home']}-{at}"} for at, row in enumerate(same)]
    flat = profile(same, adults=400, offline=0).inequality
    assert flat is not None
    assert (flat.gini.value, flat.by_schooling.value) == (0, 0)


def test_inequality_is_shown_from_fifty_and_where_schooling_is_asked() -> None:
    def of(count: int, **more: object) -> VillageProfile:
        rows = [
            person("v", at, 1, A6="2", A7="0", A8="1", A4=str(at % 4), s_use=str(at % 9 * 10))
            | more
            for at in range(count)
        ]
        return profile(rows)

    small, enough = of(49).inequality, of(50).inequality
    assert small is not None
    assert enough is not None
    assert {small.gini.withheld, small.by_schooling.withheld} == {"too_few_for_this"}
    assert {enough.gini.withheld, enough.by_schooling.withheld} == {""}
    # Less used by the more schooled would be under 0.
    rows = [
        person("v", at, 1, A6="2", A7="0", A8="1", A4=str(at % 4), s_use=str(90 - at % 4 * 30))
        for at in range(60)
    ]
    turned = profile(rows).inequality
    assert turned is not None
    assert turned.by_schooling.value is not None
    assert turned.by_schooling.value < -50
    unasked = [one for one in ALL if one.name != "A4"]
    found = computed(rows, unasked).village("v", SAID).inequality
    assert found is not None
    assert found.by_schooling == Figure(None, withheld="not_asked")
    assert found.gini == turned.gini


def test_an_area_s_inequality_weighs_its_villages_by_who_is_online() -> None:
    low = [row | {"s_use": str(float(str(row["s_use"])) / 5)} for row in people("w", 30, 5, seed=9)]
    rows = people("v", 40, 5) + low
    table = table_of("vw")
    table.loc["w", ["adults", "adults_offline"]] = [1200.0, 700.0]
    found = compute(frame_of(rows), table, ALL, CHOICES, ())
    one = found.area(("County", "Township"), SAID).inequality
    assert one is not None
    weighed, total = [], 0.0
    for code, share in (("v", 0.25), ("w", 0.75)):
        users = [row for row in rows if (row["village"], row["user"]) == (code, "1")]
        census = table.loc[code]
        pi = Plain(users, 1 - census["adults_offline"] / census["adults"]).pi
        total += share * pi
        weighed += [(float(str(row["s_use"])), share * pi / len(users)) for row in users]
    y, w = (np.array(column) for column in zip(*weighed, strict=True))
    pairs = (np.outer(w, w) * np.abs(np.subtract.outer(y, y))).sum() / w.sum() ** 2
    among = pairs / 2 / np.average(y, weights=w)
    assert near(one.gini.value, 100 * (1 - total * (1 - among)))
