"""A wave of the shipped instrument in a database, with all that a profile's weights can be made of.

V1 plain, where two persons share a phone; V2 raked by itself; V3 and V4 raked together, as their
township; V5 with a follow-up; V6 where the adults offline are not counted and rosters are missing.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from surveys.form.xform import load
from surveys.form.xlsform import convert
from surveys.instruments import shipped
from surveys.publish import ensure_ready, import_villages, publish
from surveys.publish.margins import import_margins
from surveys.store.schema import Area, Household, Interview, Respondent
from surveys.store.submissions import labels_of

NOW = datetime(2026, 3, 20, 9, 0, tzinfo=UTC)
VILLAGES = """code,name,area,households,adults,target,adults_offline,reference
V1,一村,He/Plain,200,480,12,60,no
V2,二村,He/Alone,150,300,,30,no
V3,三村,He/Both,80,190,10,20,no
V4,四村,He/Both,90,200,10,25,no
V5,五村,He/Visits,100,240,10,30,no
V6,六村,He/Other,100,,10,,no
"""
MARGINS = """area,variable,category,count
V2,schooling,primary,90
V2,schooling,junior,80
V2,schooling,above,60
V2,sex_age,f 16-34,20
V2,sex_age,f 35-54,30
V2,sex_age,f 55-64,15
V2,sex_age,f 65+,15
V2,sex_age,m 16-34,25
V2,sex_age,m 35-54,25
V2,sex_age,m 55-64,20
V2,sex_age,m 65+,10
He/Both,schooling,primary,120
He/Both,schooling,junior,100
He/Both,schooling,above,60
"""
SIZES = {"V1": 50, "V2": 130, "V3": 60, "V4": 70, "V5": 40, "V6": 40}
"""Persons."""


@dataclass
class Simulated:
    wave: int
    areas: dict[str, int]
    programme: int


def simulate(database, seed=5):
    """Makes it all."""
    rng = np.random.default_rng(seed)
    form = convert(shipped(), "village_digital.md")
    paths = {path.rpartition("/")[2]: path for path in load(form.xform).nodes}
    options = options_of(form)
    with database.begin() as session:
        version = publish(session, form, "test", NOW - timedelta(days=30)).form_version_id
        wave = ensure_ready(
            session, organisation="County office", contact="Li Mei", retention_months=24,
            now=NOW - timedelta(days=20), time_zone="Asia/Shanghai",
        )  # fmt: skip
        import_villages(session, VILLAGES.encode(), NOW)
        import_margins(session, MARGINS.encode(), NOW)
        areas = {one.code: one.id for one in session.query(Area).where(Area.kind == "village")}
        number = 0
        for code, size in SIZES.items():
            for at in range(size):
                number += 1
                home = f"{code}-{at // 2 if at % 5 else at}"
                entry = f"{home}-a" if rng.random() < 0.3 else f"{home}-{at}"
                visited = code == "V5" and at >= 12
                if session.get(Household, home) is None:
                    session.add(Household(id=home, area_id=areas[code]))
                    session.flush()
                time = NOW - timedelta(days=9) + timedelta(minutes=number)
                who = Respondent(id=f"r{number}", household_id=home, entry=entry, number=1,
                                 created_at=time)  # fmt: skip
                session.add(who)
                session.flush()
                session.add(
                    Interview(
                        key=f"uuid:{number:08}", respondent_id=who.id, wave_id=wave,
                        form_version_id=version, area_id=areas[code],
                        mode="visited" if visited else str(rng.choice(["self", "helped"])),
                        status="finished", consent_version="1", consented_at=time,
                        started_at=time, updated_at=time,
                        finished_at=time + timedelta(seconds=90),
                        state=json.dumps({"form": "village_digital", "version": "1", "seed": 1,
                                          "language": "中文 (zh)"}),
                        submission=answered(rng, options, paths, roster=code != "V6" or at > 14),
                    )
                )  # fmt: skip
        programme = session.query(Area).where(Area.kind == "programme").one().id
    return Simulated(wave, areas, programme)


def options_of(form):
    """What each node of the form may be."""
    values = {
        "score": [str(score) for score in range(0, 101, 5)],
        "item": ["0", "1"],
        "proportion": ["0", "1"],
        "category": ["none", "limited", "narrow", "low", "basic", "above"],
    }
    found = {name: [v for v, _ in levels] for name, levels in labels_of(load(form.xform)).items()}
    for one in form.indicators:
        if one.name not in found and one.kind:
            found[one.name] = values.get(one.kind, [""])
    return found


def answered(rng, options, paths, *, roster):
    """One person's answers by chance; one in twelve is missing."""
    user = str(int(rng.random() < 0.75))
    found = {name: str(rng.choice(some)) for name, some in options.items()
             if rng.random() > 1 / 12}  # fmt: skip
    found |= {"user": user, "exclude": "0", "A3": str(rng.choice(["16", "35", "55", "65"]))}
    for name in ("C1", "C2", "B1"):
        found[name] = " ".join(rng.choice(options[name], 2, replace=False))
    if user == "0":
        found |= {"s_use": "0", "p_meaningful": "0", "s_outcome": "0"}
    if roster:
        adults = int(rng.integers(2, 6))
        found |= {"A6": str(adults), "A7": "0", "A8": str(rng.integers(1, adults + 1))}
    return {paths[name]: value for name, value in found.items() if name in paths}
