"""A wave of any size for the benchmark of exports: villages, homes, persons, submissions.

The submissions are the engine's own, of the shipped instrument answered at random; some thousand of
them come again and again, so that a million rows are a matter of minutes.
"""

from __future__ import annotations

import json
import random
import re
import zlib
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import create_engine, insert, text

from surveys.estimation.frame import language_tag
from surveys.estimation.margins import VARIABLES
from surveys.estimation.measured import Layout, line
from surveys.form.model import Form
from surveys.form.xlsform import convert
from surveys.instruments import shipped
from surveys.interview.collected import can_be_given, collected
from surveys.interview.engine import submission
from surveys.interview.state import to_json
from surveys.publish import ensure_ready, import_villages, publish
from surveys.store.database import Database, url_of
from surveys.store.forms import compiled
from surveys.store.measured import layouts_of
from surveys.store.schema import Area, FormVersion, Margin
from surveys.store.upgrade import upgrade
from tests.instruments.conftest import sheets_of
from tests.instruments.respondents import respondent

PERSONS, IN_HOME, VILLAGES, TOWNSHIPS = 100, 2, 10, 10
"""In a village, in a home, in a township, in a county."""
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
Person = dict[str, str]
Margined = Literal["counties", "all", "villages"]
"""Whether every other county has margins, the programme one set for all, or every village."""
_SEEDS = re.compile(r'/seed_k\d+": "(\d+)"')
MOST_SEEDS = 6
"""What is drawn by lot of everybody is drawn anew for each row: no two have the same."""


def answered(form: Form, layout: Layout, different: int) -> list[Person]:
    """State, submission and line of persons who answered at random, by the form's rules."""
    sheets = sheets_of(shipped())
    paths = {one.name: one.path for one in form.questions if can_be_given(one)}
    people: list[Person] = []
    for seed in range(different):
        given = respondent(sheets, seed, skipping=0.05) | {"A3": random.Random(seed).choice(
            ("16", "25", "35", "45", "55", "65", "75"))}  # fmt: skip
        answers = {paths[name]: value for name, value in given.items() if name in paths}
        one, _ = collected(form, answers, seed, form.languages[seed % 2], NOW, NOW)
        assert language_tag(one.language) in ("en", "zh")
        state = json.dumps(to_json(one), ensure_ascii=False)
        answers_of = submission(form, one)
        # How long it took, and which questions were asked: as the log of events would say.
        asked = zlib.crc32(" ".join(answers_of).encode())
        timed = random.Random(seed).lognormvariate(6.4, 0.5), asked
        given_at = json.dumps(answers_of)
        for number, value in enumerate(_SEEDS.findall(given_at), 1):
            given_at = given_at.replace(f'": "{value}"', f'": "@{number}@"')
        people.append(
            {"state": state, "submission": given_at, "measured": line(layout, answers_of, timed)}
        )
    return people


def made(url: str, count: int, different: int = 2000, margins: Margined = "counties") -> None:
    """A database with so many finished interviews."""
    upgrade(url)
    database = Database(url)
    villages = max(count // PERSONS, 1)
    listed = ["code,name,area,households,adults,target,adults_offline"]
    for n in range(villages):
        township = n // VILLAGES
        county = township // TOWNSHIPS
        listed.append(f"V{n},Village {n},County {county}/Town {township},80,200,100,40")
    with database.begin() as session:
        published = publish(session, convert(shipped(), "village_digital.md"), "bench", NOW)
        wave = ensure_ready(session, organisation="O", contact="C", retention_months=24, now=NOW)
        import_villages(session, "\n".join(listed).encode(), NOW)
        version = session.get_one(FormVersion, published.form_version_id)
        layout = layouts_of(session, wave)[version.id]
        people = answered(compiled(version.xform), layout, different)
        kind = {"counties": "county", "all": "programme", "villages": "village"}[margins]
        places = session.query(Area.id).where(Area.kind == kind).order_by(Area.id)
        known = [
            {"area_id": row.id, "variable": one.name, "category": name, "count": 1000 + 100 * at}
            for row in places[:: 2 if margins == "counties" else 1]
            for one in VARIABLES
            for at, name in enumerate(one.categories)
        ]
        session.execute(insert(Margin), known)
        first = session.query(Area.id).where(Area.kind == "village").order_by(Area.id).first()
    assert first is not None
    database.close()
    _fill(url, count, people, wave, version.id, first.id)


def _fill(url: str, count: int, people: list[Person], wave: int, version: int, first: int) -> None:
    """The rows, made in the database: what is distinct goes there once."""
    address = url_of(url)
    engine = create_engine(address)
    lite = address.get_backend_name() == "sqlite"
    numbers = (
        f"WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n + 1 < {count})"
        if lite
        else f"WITH n(n) AS (SELECT generate_series(0::bigint, {count} - 1))"
    )
    key, json_of = ("lower(hex(randomblob(18)))", "") if lite else (
        "substr(md5(n::text) || md5((n + 7)::text), 1, 36)", "::jsonb")  # fmt: skip
    answers = "p.submission"
    for number in range(1, MOST_SEEDS + 1):
        seed = f"(n.n * {7_777_777 * number + 1} + {number}) % 2147483647"
        answers = f"replace({answers}, '@{number}@', CAST({seed} AS text))"
    padded = "printf('%031d', {})" if lite else "lpad(({})::text, 31, '0')"
    home = f"(n.n / {IN_HOME})"

    def at(column: str, seconds: str) -> str:
        start = "2026-03-02 09:00:00"
        if lite:
            return f"strftime('%Y-%m-%d %H:%M:%f000', '{start}', ({seconds}) || ' seconds')"
        return f"timestamptz '{start}+00' + make_interval(secs => {seconds})"

    village = f"{first} + n.n / {PERSONS}"
    with engine.begin() as connection:
        if lite:
            connection.exec_driver_sql("PRAGMA synchronous = OFF")
        connection.execute(
            text("CREATE TEMP TABLE people (i int, state text, submission text, measured text)")
        )
        connection.execute(
            text("INSERT INTO people VALUES (:i, :state, :submission, :measured)"),
            [{"i": i, **one} for i, one in enumerate(people)],
        )
        connection.execute(text("CREATE INDEX people_i ON people (i)"))
        for statement in (
            f"INSERT INTO household (id, area_id) {numbers} SELECT 'h' || {padded.format('n.n')},"
            f" {first} + n.n * {IN_HOME} / {PERSONS} FROM n WHERE n.n * {IN_HOME} < {count}",
            "INSERT INTO respondent (id, household_id, entry, number, created_at)"
            f" {numbers} SELECT 'r' || {padded.format('n.n')}, 'h' || {padded.format(home)},"
            f" 'e' || {padded.format('n.n')}, 1, {at('', '0')} FROM n",
            "INSERT INTO interview (key, respondent_id, wave_id, form_version_id, area_id, mode,"
            " status, consent_version, consented_at, state, started_at, updated_at, finished_at,"
            f" submission, review, measured) {numbers} SELECT 'uuid:' || {key},"
            f" 'r' || {padded.format('n.n')}, {wave}, {version}, {village}, 'self', 'finished',"
            f" '2', {at('', '0')}, p.state, {at('', 'n.n')}, {at('', 'n.n')},"
            # Not quite in the order of their numbers, as in life.
            f" {at('', 'n.n + 600 + n.n * 7919 % 3600')}, ({answers}){json_of}, 'received',"
            " p.measured"
            f" FROM n JOIN people p ON p.i = (n.n * 31 + n.n / 7) % {len(people)} ORDER BY n.n",
        ):
            connection.exec_driver_sql(statement.replace("%", "%%") if not lite else statement)
    with engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
    engine.dispose()
