"""From every earlier revision, with rows in every table it had: what was there is still there."""

import re
from datetime import UTC, date, datetime
from itertools import count

import pytest
import sqlalchemy as sa
from alembic.config import Config

from alembic import command
from surveys.store.database import connect, url_of
from surveys.store.schema import Base
from surveys.store.upgrade import HEAD, migrations, upgrade

EARLIER = [f"{number:04}" for number in range(1, int(HEAD))]
ROWS = 3
ROLES = {"programme": "owner"}
"""What revision 0004 calls otherwise: roles of grants and invites."""
AT = datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=UTC)


@pytest.mark.parametrize("revision", EARLIER)
def test_everything_is_still_there(empty_url, revision):
    engine = connect(url_of(empty_url), foreign_keys=False)
    with engine.connect() as connection:
        config = Config()
        config.set_main_option("script_location", str(migrations()))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    before = filled(engine)
    assert min(map(len, before.values())) == ROWS
    upgrade(empty_url)
    assert_kept(engine, before, revision)
    assert_whole(engine)
    engine.dispose()


def tables_of(engine):
    found = sa.MetaData()
    found.reflect(engine)
    found.remove(found.tables["alembic_version"])
    return found


def filled(engine):
    """Rows in every table, made from what the database says of it; by table, as they read back."""
    found = tables_of(engine)
    numbers = count(1)
    made = {}
    # A contact's interview comes later than the contact: set when it is there.
    circle = found.tables["contact"].c.current_interview_id
    order = sorted_but(found, circle)
    with engine.begin() as connection:
        looked = sa.inspect(connection)
        for table in order:
            checks = [one["sqltext"] for one in looked.get_check_constraints(table.name)]
            rows = [
                {
                    column.name: value_of(column, place, next(numbers), checks, made)
                    for column in table.columns
                    if column is not circle
                }
                for place in range(ROWS)
            ]
            for row in rows:
                connection.execute(table.insert().values(row))
            made[table.name] = rows
        contact = circle.table
        for row, interview in zip(made["contact"][:2], made["interview"], strict=False):
            connection.execute(
                contact.update().where(contact.c.id == row["id"]).values({circle: interview["id"]})
            )
    return read(engine, found)


def sorted_but(found, circle):
    """The tables, each after those that it refers to, one reference apart."""
    left, order = dict(found.tables), []
    while left:
        free = [
            table
            for table in left.values()
            if not {
                key.column.table.name
                for key in table.foreign_keys
                if key.parent is not circle and key.column.table is not table
            } & left.keys()
        ]  # fmt: skip
        assert free, sorted(left)
        for table in free:
            order.append(left.pop(table.name))
    return order


def value_of(column, place, number, checks, made):
    """Something that this column may hold; every second one that may be empty is."""
    owner = next((one for one in checks if "<>" in one and f"({column.name} IS NULL)" in one), None)
    if owner is not None:
        mine = re.findall(r"(\w+_id) IS NULL", owner).index(column.name) == place % 2
        return next(iter(made[referred(column).table.name]))["id"] if mine else None
    if column.nullable and place % 2:
        return None
    if column.foreign_keys:
        there = referred(column)
        if there.table is column.table:
            return None
        return made[there.table.name][place][there.name]
    allowed = next(
        (one for one in checks if re.match(rf"\W*{column.name}\b", one) and "'" in one), None
    )
    if allowed is not None:
        choices = re.findall(r"'([^']*)'", allowed)
        return choices[place % len(choices)]
    if column.name == "role":
        return ("programme", "area")[place % 2]
    return plain(column.type, number, place)


def referred(column):
    return next(iter(column.foreign_keys)).column


def plain(kind, number, place):
    if isinstance(kind, sa.Boolean):
        return bool(place % 2)
    if isinstance(kind, sa.DateTime):
        return AT.replace(year=2000 + number % 99) if kind.timezone else AT.replace(tzinfo=None)
    if isinstance(kind, sa.Date):
        return date(2026, 1, 1 + place)
    if isinstance(kind, sa.JSON):
        return [{"a": number, "b": [1.5, None, "中文"]}, {}, []][place]
    if isinstance(kind, sa.LargeBinary):
        return bytes([0, 255, number % 256])
    if isinstance(kind, sa.Integer):
        return number
    if isinstance(kind, sa.Numeric | sa.Float):
        return number + 0.1
    text = f"{number}/中文 'x'\n"
    length = getattr(kind, "length", None)
    return text if length is None else text[:length]


def read(engine, found):
    """Every row of these tables and columns, in an order that does not depend on the database."""
    with engine.connect() as connection:
        return {
            table.name: sorted(
                (dict(row._mapping) for row in connection.execute(table.select())), key=repr
            )
            for table in found.tables.values()
        }


def assert_kept(engine, before, revision):
    after = read(engine, tables_of(engine))
    for name, found in before.items():
        # Revision 0006: nobody can open an invite of before any more, those not used are gone.
        gone = name == "invite" and revision < "0006"
        rows = [row for row in found if not gone or row["used_at"] is not None]
        # What each program had to send is reckoned no more.
        columns = rows[0].keys() - ({"pressing"} if name == "replica" else set())
        expected = [
            {column: row[column] for column in columns}
            | ({"role": ROLES.get(row["role"], row["role"])}
               if "role" in row and revision < "0004" else {})
            for row in rows
        ]  # fmt: skip
        kept = [{column: row[column] for column in columns} for row in after[name]]
        assert sorted(kept, key=repr) == sorted(expected, key=repr), (name, revision)


def assert_whole(engine):
    """References lead somewhere, and every rule of the schema is in force."""
    looked = sa.inspect(engine)
    for table in Base.metadata.sorted_tables:
        checks = {one["name"] for one in looked.get_check_constraints(table.name)}
        wanted = {str(one.name) for one in table.constraints if isinstance(one, sa.CheckConstraint)}
        assert {
            f"ck_{table.name}_{one}" if not one.startswith("ck_") else one for one in wanted
        } <= checks
        keys = {
            (tuple(one["constrained_columns"]), one["referred_table"],
             one["options"].get("ondelete"))
            for one in looked.get_foreign_keys(table.name)
        }  # fmt: skip
        assert keys == {
            (tuple(one.column_keys), one.referred_table.name, one.ondelete)
            for one in table.foreign_key_constraints
        }
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            assert connection.execute(sa.text("PRAGMA foreign_key_check")).all() == []
            made = dict(connection.execute(sa.text("SELECT name, sql FROM sqlite_master")).all())
        for table in Base.metadata.sorted_tables:
            never_twice = table.dialect_options["sqlite"]["autoincrement"]
            assert ("AUTOINCREMENT" in made[table.name]) == bool(never_twice), table.name
