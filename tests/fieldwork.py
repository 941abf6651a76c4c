"""A small survey in the field: a form in two versions, four places, and people who answered."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from surveys.form.xlsform import convert
from surveys.publish import ensure_ready, import_villages, publish
from surveys.store.messages import written
from surveys.store.schema import Area, Household, Interview, Respondent, Wave

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
VILLAGES = """code,name,area,households,adults,target,adults_offline,reference
LP01,Liuping,He/Shang,200,480,12,60,no
LP02,"=Cmd Village",He/Shang,150,300,,30,no
LP03,Tiny,He/Xia,40,90,10,,no
TOWN,Town,He/Seat,9000,20000,50,1500,yes
"""
HEAD = """
| survey | | | | | | |
| | type | name | label::English (en) | label::中文 (zh) | relevant | calculation |
"""
ROWS = """
| | begin group | home | Your home | 你家 | | |
| | integer | A6 | How many adults? | 几口大人？ | | |
| | integer | A8 | How many of them go online? | 几口上网？ | | |
| | end group | | | | | |
| | select_one yesno | Q1 | Do you go online? | 你上网吗？ | | |
| | calculate | user | | | | if(${Q1} = '', '', if(${Q1} = 'yes', 1, 0)) |
| | begin group | use | What you do | 你做什么 | ${user} = 1 | |
| | select_multiple did | Q2 | What did you do? | 你做过哪些？ | | |
| | end group | | | | | |
| | calculate | s_use | | | | if(${user} = '', '', if(${user} = 0, 0, 50 * count-selected(${Q2}))) |
| | text | village | Where were you born? | 你在哪里出生？ | | |
| | text | G2 | Anything for the township? | 想对乡镇说的话？ | | |
| | note | bye | Thanks | 谢谢 | | |
"""
LISTS = """
| choices | | | | |
| | list_name | name | label::English (en) | label::中文 (zh) |
| | yesno | yes | Yes | 上 |
| | yesno | no | No | 不上 |
| | did | news | Read the news | 看新闻 |
| | did | call | Called | 打电话 |
"""
SETTINGS = """
| settings | | | | |
| | form_title | form_id | version | default_language |
| | Small | small | {version} | English (en) |
| indicators | | | | | | | |
| | name | label::English (en) | label::中文 (zh) | role | dimension | kind | base |
| | A6 | Adults | 大人 | adults | | | |
| | A8 | Online adults | 上网的大人 | online_adults | | | |
| | user | Online | 上网 | user | access | proportion | zero |
| | s_use | Use | 用网 | | use | score | zero |
| | G2 | Message | 留言 | private | | | |
"""


def small_form(version="1", more_rows="", more_choices=""):
    """The form, as a workbook ready to publish."""
    text = HEAD.strip() + ROWS.rstrip() + more_rows + LISTS.rstrip() + more_choices
    return convert((text + SETTINGS.format(version=version)).encode(), "small.md")


@dataclass
class Field:
    """What was made."""

    wave: int
    versions: list = field(default_factory=list)
    villages: dict = field(default_factory=dict)
    made: int = 0


def open_field(database, villages=VILLAGES):
    """Villages, the small form and an open wave."""
    with database.begin() as session:
        version = publish(session, small_form(), "test", NOW)
        wave = ensure_ready(
            session, organisation="County office", contact="Li Mei", retention_months=24,
            now=NOW, time_zone="Asia/Shanghai",
        )  # fmt: skip
        import_villages(session, villages.encode(), NOW)
        found = Field(wave, [version.form_version_id])
        found.villages = {a.code: a.id for a in session.query(Area).where(Area.kind == "village")}
    return found


def interview(
    session, where, place, home, /, *, entry=None, status="finished", version=None, at=None,
    mode="self", language="English (en)", **answers,
):  # fmt: skip
    """One person's interview; `answers` by path with __ for /: home__A6="3"."""
    where.made += 1
    area, number = where.villages[place], where.made
    if session.get(Household, home) is None:
        session.add(Household(id=home, area_id=area))
        session.flush()
    at = at or NOW + timedelta(minutes=number)
    person = Respondent(
        id=f"r{number}", household_id=home, entry=entry or home, number=1, created_at=at
    )
    session.add(person)
    session.flush()
    one = Interview(
        key=f"uuid:{number:08}", respondent_id=person.id, wave_id=where.wave,
        form_version_id=version or where.versions[0], area_id=area, mode=mode, status=status,
        consent_version="1", consented_at=at, started_at=at, updated_at=at,
        state=written({"form": "small", "version": "1", "seed": 1, "language": language}),
        finished_at=at + timedelta(seconds=90) if status == "finished" else None,
        submission={"/data/" + name.replace("__", "/"): value for name, value in answers.items()}
        if status == "finished" else None,
    )  # fmt: skip
    session.add(one)
    session.flush()
    return one


def answered(session, where, village, homes, share=2):
    """Two persons in each of so many homes: of every `share` homes one has a non-user."""
    for number in range(homes):
        home = f"{village}-{number}"
        common = {"home__A6": "3", "home__A8": "2"}
        interview(
            session, where, village, home, entry=f"{home}-a", Q1="yes", user="1", use__Q2="news",
            s_use="50", **common,
        )  # fmt: skip
        if number % share:
            interview(session, where, village, home, entry=f"{home}-b", Q1="yes", user="1",
                      use__Q2="news call", s_use="100", **common)  # fmt: skip
        else:
            interview(session, where, village, home, entry=f"{home}-a", Q1="no", user="0",
                      s_use="0", **common)  # fmt: skip


def newest(database):
    """The wave opened last."""
    with database.read() as session:
        return session.query(Wave).order_by(Wave.id.desc()).first()
