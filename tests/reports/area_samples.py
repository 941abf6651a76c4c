"""Areas with any number of villages, of which each page can be drawn."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from surveys.estimation.profile import Band, Figure, Place, VillageProfile, Within
from surveys.reports.area import Beside
from surveys.reports.fieldwork import Fieldwork

NAMES = (
    "柳树沟村", "上坪苗寨", "河头", "青龙", "Nà Rì", "大榕树", "白岩脚", "新开田", "Shiban",
    "老鹰岩", "水尾", "对门坡",
)  # fmt: skip
MIDDLE = (26.58, 107.98)
"""Latitude and longitude around which the villages lie."""
NONE_SHOWN = Figure(None, withheld="few_persons")


@dataclass(frozen=True)
class Made:
    """An area's profile, and what its page shows beside it."""

    profile: VillageProfile
    beside: Beside


def area_of(
    full: VillageProfile,
    villages: int,
    *,
    bands: bool = True,
    located: bool = True,
    withheld: int = 1,
    parts: int = 1,
    seed: int = 7,
    names: Sequence[str] = NAMES,
) -> Made:
    """A county of `villages`, the last `withheld` of which are not shown; `full`: a village's."""
    dice = random.Random(seed)
    rows, own, places = [], {}, []
    for at in range(villages):
        code, name = f"V{at:03}", names[at % len(names)] + (str(at) if at >= len(names) else "")
        shown = at < villages - withheld
        use, online = dice.uniform(20, 70), dice.uniform(40, 90)
        band: Band | None = None
        if bands and shown:
            band = "below" if use < 30 else "above" if use > 60 else "same"
        row = Fieldwork(
            code, name, dice.randint(30, 70) if shown else dice.randint(0, 7), 60,
            expected=date(2026, 4, 1 + at % 28) if at % 3 else None,
            part=f"Township {at % parts}" if parts > 1 else "",
            ring=at % 3,
            latitude=MIDDLE[0] + dice.gauss(0, 0.12) if located else None,
            longitude=MIDDLE[1] + dice.gauss(0, 0.12) if located else None,
        )  # fmt: skip
        rows.append(row)
        own[code] = village(full, row, use=use, online=online, band=band, shown=shown)
        if shown:
            places.append(
                Place(code, name, row.answered, own[code].use, own[code].online, band,
                      latitude=row.latitude, longitude=row.longitude)
            )  # fmt: skip
    profile = replace(
        full, village="青溪县", code="", area=("乡村数字调查",), kind="county", band=None,
        target=60 * villages, persons=sum(row.answered for row in rows),
        level="full" if places else "withheld", use=Figure(45, 42, 48), online=Figure(66, 62, 70),
        within=Within(tuple(places), Figure(-4.2, -7.9, -0.5), villages - withheld, ())
        if places else None,
    )  # fmt: skip
    return Made(profile, Beside(fieldwork=rows, villages=own, parts=parts_of(profile, rows)))


def village(
    full: VillageProfile, row: Fieldwork, *, use: float, online: float, band: Band | None,
    shown: bool,
) -> VillageProfile:  # fmt: skip
    """A village's own profile: what is withheld holds numbers that nothing may show."""
    figure = Figure(round(use), round(use) - 8, round(use) + 9)
    return replace(
        full, village=row.name, code=row.code, persons=row.answered, homes=row.answered // 2,
        use=figure, online=Figure(round(online), round(online) - 9, round(online) + 7),
        band=band, level="full" if shown else "withheld",
    )  # fmt: skip


def parts_of(profile: VillageProfile, rows: list[Fieldwork]) -> Mapping[str, VillageProfile]:
    """The townships that some villages lie in."""
    names = sorted({row.part for row in rows if row.part})
    return {name: replace(profile, village=name, kind="township", within=None) for name in names}
