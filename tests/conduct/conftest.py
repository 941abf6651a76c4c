"""A county with two villages and a small form that is asked there."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, update

from surveys.conduct.advance import advance
from surveys.conduct.people import enrol, open_wave
from surveys.interview.state import Ask, Begin, Typed
from surveys.store.schema import Area, Base, Form, FormVersion, Wave

NOW = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
FORM = """
| survey | | | | | | |
| | type | name | label::English (en) | label::中文 (zh) | constraint | calculation |
| | select_one who | A1 | Who answers? | 谁答题？ | | |
| | integer | A3 | How old are you? | 你多大？ | . < 120 | |
| | calculate | young | | | | if(${A3} < 16, 1, 0) |
| | select_multiple did | B1 | What did you do online? | 你上网做什么？ | | |
| | text | G2 | What would help? | 什么能帮到你？ | | |
| choices | | | | |
| | list_name | name | label::English (en) | label::中文 (zh) |
| | who | self | I myself | 我自己 |
| | who | proxy | Someone for me | 别人代答 |
| | did | news | News | 新闻 |
| | did | call | Calls | 打电话 |
| | did | pay | Payment | 付款 |
| | did | shop | Shopping | 购物 |
| settings | | | | |
| | form_title | form_id | version | default_language |
| | Four questions | four | 1 | English (en) |
"""
ROLES = [("A1", "mode"), ("young", "exclude"), ("G2", "private")]


@dataclass
class County:
    """The ids of what was made."""

    county: int
    village: int
    other: int
    version: int
    wave: int


@pytest.fixture(scope="session")
def xform():
    from pyxform.xls2xform import convert

    return convert(FORM, file_type=".md").xform


@pytest.fixture
def county_in(xform):
    """Makes the county in a database."""

    def make(database):
        def add(session, table, **values):
            return session.execute(insert(table).values(**values).returning(table.id)).scalar_one()

        with database.begin() as session:
            top = add(
                session, Area, path="/", kind="programme", name="P", time_zone="Asia/Shanghai"
            )
            county = add(session, Area, parent_id=top, path="/", kind="county", name="河西")
            villages = [
                add(session, Area, parent_id=county, path="/", kind="village", name=name, code=code)
                for name, code in (("清水", "LP01"), ("Other", "LP02"))
            ]
            paths = {top: f"/{top}/", county: f"/{top}/{county}/"}
            paths |= {one: f"/{top}/{county}/{one}/" for one in villages}
            for area, path in paths.items():
                session.execute(update(Area).where(Area.id == area).values(path=path))
            form = add(session, Form, form_id="four", title="Four questions")
            version = add(
                session, FormVersion, form_id=form, version="1", xform=xform,
                indicators=[{"name": name, "label": {}, "role": role} for name, role in ROLES],
                published_at=NOW, published_by="test",
            )  # fmt: skip
            wave = add(
                session, Wave, name="2026", area_id=county, form_version_id=version,
                organisation="County office", contact="0931", retention_months=24, opened_at=NOW,
            )  # fmt: skip
        return County(county, *villages, version, wave)

    return make


@pytest.fixture
def county(database, county_in):
    return county_in(database)


def agree(session, vault, *, person="alice", code="LP01", home=None, language="zh", now=NOW):
    """Someone opens a village's link and agrees; the id of the interview."""
    return enrol(
        session, vault, lane=vault.fingerprint(person), address=person, language=language,
        wave=open_wave(session, code), household_id=home, consent_version="1", now=now,
    )  # fmt: skip


def answer(session, interview_id, *texts, now=NOW):
    """Type answers one after the other; the last turn."""
    turn = advance(session, interview_id, Begin(), now, None)
    for number, typed in enumerate(texts):
        assert any(isinstance(effect, Ask) for effect in turn.effects), turn.effects
        turn = advance(session, interview_id, Typed(typed), now, number)
    return turn


def everything(session):
    """Every value of every column of every table, as text."""
    return "\n".join(
        f"{table.name}.{name}: {value!r}"
        for table in Base.metadata.sorted_tables
        for row in session.execute(table.select()).mappings()
        for name, value in row.items()
    )
