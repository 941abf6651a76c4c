"""Who may see what: a role on an area reaches all below it and nothing beside it."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, update

from surveys.store.administrators import (
    addressee,
    administrators_of,
    rights_of,
    villages_below,
)
from surveys.store.schema import Administrator, Area, Contact, Grant

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def areas(database):
    """Ids by name; ids of one digit and of two, so that "/1/" is no beginning of "/10/"."""
    tree = {"P": None, "East": "P", "West": "P", **{f"v{n}": "East" for n in range(9)}, "w": "West"}
    found, paths = {}, {None: "/"}
    with database.begin() as session:
        for name, parent in tree.items():
            village = name[0] in "vw"
            row = insert(Area).values(
                parent_id=found.get(parent), path="/", name=name,
                kind="village" if village else "county", code=name if village else None,
            )  # fmt: skip
            found[name] = session.execute(row.returning(Area.id)).scalar_one()
            paths[name] = f"{paths[parent]}{found[name]}/"
            session.execute(update(Area).where(Area.id == found[name]).values(path=paths[name]))
    return found


def appoint(session, lane, *grants, blocked=None):
    contact = session.execute(
        insert(Contact)
        .values(channel="telegram", address=b"x", address_hash=lane, language="en",
                created_at=NOW, blocked_at=blocked)
        .returning(Contact.id)
    ).scalar_one()  # fmt: skip
    administrator = session.execute(
        insert(Administrator).values(contact_id=contact, created_at=NOW).returning(Administrator.id)
    ).scalar_one()
    for role, area in grants:
        session.execute(
            insert(Grant).values(administrator_id=administrator, area_id=area, role=role)
        )
    return contact


def test_rights_reach_down_and_not_aside(database, areas):
    with database.begin() as session:
        appoint(session, "top", ("owner", areas["P"]))
        appoint(session, "east", ("area", areas["v3"]), ("area", areas["East"]))
        appoint(session, "one", ("area", areas["v1"]))
        appoint(session, "none")
        reached = {
            lane: [village.name for village in villages_below(session, rights_of(session, lane))]
            for lane in ("top", "east", "one", "none", "nobody")
        }
        east = [f"v{number}" for number in range(9)]
        assert reached == {
            "top": [*east, "w"], "east": east, "one": ["v1"], "none": [], "nobody": [],
        }  # fmt: skip
        assert [right.area for right in rights_of(session, "east")] == ["East", "v3"]


def test_a_village_writes_to_those_above_it_who_listen(database, areas):
    with database.begin() as session:
        top = appoint(session, "top", ("owner", areas["P"]), ("area", areas["East"]))
        one = appoint(session, "one", ("area", areas["v1"]))
        appoint(session, "west", ("area", areas["West"]))
        gone = appoint(session, "gone", ("area", areas["v1"]), blocked=NOW)

        def addressees(name):
            return [found.contact_id for found in administrators_of(session, areas[name])]

        assert addressees("v1") == [top, one]
        assert addressees("v2") == [top]
        assert addressees("East") == [top]
        assert addressee(session, one).lane == "one"
        assert addressee(session, gone) is None
        assert addressee(session, 404) is None
