"""Small villages in profiles: which are by the model, of what it is made, and that all adds up."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pytest
from estimation_samples import ABOUT, CHOICES, INDICATORS, frame_of, person, simulated, table_of
from profile_samples import Plain, half_up, near

from surveys.estimation.profile import Figure, VillageProfile
from surveys.estimation.small_areas import Modelled, modelled
from surveys.estimation.villages import about_of, compute, profiles

CODES = [f"v{number:02}" for number in range(24)]
LARGE = {"v03": 60, "v17": 50}
"""Villages with enough persons to be shown as they are, and their homes."""


def county() -> tuple[list[dict[str, object]], pd.DataFrame]:
    """24 villages of a county and a town beside it; further out fewer are online, and do less."""
    dice = np.random.default_rng(11)
    table = table_of([*CODES, "town"])
    rows = simulated("town", 60, 70)
    for number, code in enumerate(CODES):
        ring = number % 4
        homes = LARGE.get(code, 6 + number % 9)
        rows += simulated(code, homes, 55 - 9 * ring + 4 * dice.normal(), seed=3)
        table.loc[code, "adults"] = float(200 + 20 * number)
        table.loc[code, "adults_offline"] = float(10 + 15 * ring + number)
        table.loc[code, "ring"] = float(ring)
    table.loc["town", "ring"] = 0.0
    return rows, table


def found(
    rows: Sequence[Mapping[str, object]], table: pd.DataFrame, reference: Sequence[str] = ("town",)
) -> dict[str, VillageProfile]:
    return profiles(frame_of(rows), table, INDICATORS, CHOICES, reference, ABOUT)


def by_hand(
    rows: Sequence[Mapping[str, object]],
    table: pd.DataFrame,
    number: int,
    covariates: Sequence[str] = ("offline", "ring"),
) -> tuple[list[Plain], Modelled]:
    """Each village by loops, and the model of what they say. number: of π 0, of Ū 2."""
    own = []
    for code in CODES:
        census = table.loc[code]
        g = 1 - census["adults_offline"] / census["adults"]
        own.append(Plain([row for row in rows if row["village"] == code], g))
    scale = 100 if number == 0 else 1
    columns = {
        "offline": [1 - one.g for one in own],
        "ring": table.loc[CODES, "ring"] if "ring" in covariates else [],
    }
    model = modelled(
        [scale * (one.pi, one.mean, one.use)[number] for one in own],
        [scale**2 * one.v(number) for one in own],
        [1 / (one.df(number) + 1) for one in own],
        [one.m for one in own],
        table.loc[CODES, "adults"],
        covariates=np.column_stack([columns[name] for name in covariates]) if covariates else None,
    )
    return own, model


@pytest.fixture(scope="module")
def whole() -> dict[str, VillageProfile]:
    return found(*county())


def test_small_villages_are_shown_by_the_model_of_all(whole: dict[str, VillageProfile]) -> None:
    rows, table = county()
    for number, name in ((0, "online"), (2, "use")):
        own, model = by_hand(rows, table, number)
        assert model.used.all()
        for at, code in enumerate(CODES):
            figure: Figure = getattr(whole[code], name)
            if own[at].n < 10:
                assert figure == Figure(None, withheld="few_persons")
                continue
            assert figure.modelled == (own[at].n < 50), code
            if figure.modelled:
                assert near(figure.value, model.value[at])
                assert near(figure.low, model.low[at])
                assert near(figure.high, model.high[at])
            else:
                assert near(figure.value, (100 * own[at].pi, 0, own[at].use)[number])
    modelled_codes = {code for code in CODES if whole[code].use.modelled}
    assert 15 <= len(modelled_codes) <= 22
    assert not modelled_codes & {*LARGE, "town"}
    # Users' means are never modelled, and a grade is that of what is shown.
    assert not any(one.use_of_users.modelled for one in whole.values())
    for one in whole.values():
        if one.use.value is not None and one.use.high is not None and one.use.low is not None:
            half = (one.use.high - one.use.low) / 2
            assert one.grade == ("B" if half <= 10 else "C")


def test_modelled_villages_add_up_to_what_was_measured(whole: dict[str, VillageProfile]) -> None:
    rows, table = county()
    own, model = by_hand(rows, table, 2)
    adults = table.loc[CODES, "adults"].to_numpy()
    direct = sum(n * one.use for n, one in zip(adults, own, strict=True)) / adults.sum()
    assert adults @ model.value / adults.sum() == pytest.approx(direct)
    # What is shown of them is each rounded for itself.
    for code, value in zip(CODES, model.value, strict=True):
        if whole[code].use.modelled:
            assert whole[code].use.value == half_up(value)


def test_what_is_not_known_of_every_village_is_no_covariate() -> None:
    rows, table = county()
    told = [code for code in CODES if code not in LARGE]

    def same(profiles: Mapping[str, VillageProfile], model: Modelled) -> None:
        for code in told:
            figure = profiles[code].use
            assert figure.value is None or near(figure.value, model.value[CODES.index(code)])

    one = table.assign(ring=table["ring"].where(table.index != "v05"))
    same(found(rows, one), by_hand(rows, table, 2, ("offline",))[1])
    # Of the reference alone it is not needed.
    same(found(rows, table.assign(ring=table["ring"].where(table.index != "town"))),
         by_hand(rows, table, 2)[1])  # fmt: skip
    none = found(rows, table.drop(columns="ring").assign(adults_offline=np.nan))
    rosters = by_hand(rows, table.assign(adults_offline=0.0), 2, ())[1]
    same(none, rosters)
    assert none["v00"].use.bound == "at_most"
    assert none["v00"].use.modelled


def test_no_model_of_nineteen_and_none_of_the_reference() -> None:
    rows, table = county()
    reference = ["town", *CODES[:5]]
    few = found(rows, table, reference)
    assert not any(one.use.modelled for one in few.values())
    # With twenty there is one, and the reference's own have no part in it.
    enough = found(rows, table, reference[:5])
    assert sum(one.use.modelled for one in enough.values()) >= 12
    assert not any(enough[code].use.modelled for code in reference[:5])
    area = compute(frame_of(rows), table, INDICATORS, CHOICES, reference[:5])
    within = area.area(("County",), about_of(ABOUT)).within
    assert within is not None
    assert within.modelled == 20


def test_two_bases_are_two_models() -> None:
    """Where some villages have non-users and some not, each is modelled among its own."""
    rows, table = county()
    with_others = CODES[:20]
    rows += [
        person(code, home, 90, A6="9", A7="0", A8="1", user="0", mode="proxy")
        | {"s_access": str(5 + home % 9), "s_use": "0"}
        for code in with_others
        for home in range(12)
    ]
    # Ten users each, at least: of fewer nothing on all is shown.
    rows += [
        row | {name: f"{row[name]}+" for name in ("home", "entry", "submission")}
        for code in with_others
        for row in simulated(code, 8, 50, seed=9)
    ]
    profiles_of = found(rows, table)
    indices = {
        code: next(one for one in profile.indices if one.name == "s_access")
        for code, profile in profiles_of.items()
    }
    assert {indices[code].base for code in with_others} == {"all"}
    assert {indices[code].base for code in CODES[20:]} == {"users"}
    assert any(indices[code].village.modelled for code in with_others)
    # Four villages of users only are none to make a model of: they stand as they are.
    assert not any(indices[code].village.modelled for code in CODES[20:])
    assert any(indices[code].village.value is not None for code in CODES[20:])
    # The model of the twenty knows nothing of what the four say.
    for row in rows:
        if row["village"] in CODES[20:]:
            row["s_access"] = "0"
    again = found(rows, table)
    for code in with_others:
        other = next(one for one in again[code].indices if one.name == "s_access")
        assert other.village == indices[code].village


def test_a_visited_village_has_the_offline_adults_of_its_census() -> None:
    """Its π needs no N₀; what the model is told of it is the same all the same."""
    rows, table = county()
    for code in CODES:
        for home in range(6):
            rows.append(person(code, f"old{home}", 1, A6="2", A7="0", A8="1", s_use="30"))
    visited = [
        person("v07", f"door{home}", who, mode="visited", A6="2", A7="0", A8="1")
        | {"user": str(1 - who), "s_use": str(20 + 5 * (home % 4)) if who == 0 else "0"}
        for home in range(12)
        for who in range(2)
    ]
    computed = compute(frame_of(rows + visited), table, INDICATORS, CHOICES, ["town"])
    side = computed.wave.side(computed.own)
    assert side is not None
    assert computed.own.visited[CODES.index("v07")] == 12
    own = side.use
    shares = table["adults_offline"] / table["adults"]
    model = modelled(
        np.where(np.arange(len(CODES) + 1) < len(CODES), own.value, np.nan),
        own.v, 1 / (own.df + 1), own.homes, table["adults"],
        covariates=np.column_stack([shares, table["ring"]]),
    )  # fmt: skip
    for at, code in enumerate(CODES):
        figure = computed.village(code, about_of(ABOUT)).use
        if figure.modelled:
            assert near(figure.value, model.value[at])
    assert computed.village("v07", about_of(ABOUT)).followup == 12
