"""Whose role was taken away is sent nothing more of what they ordered; who may is in the query."""

import asyncio
from itertools import product

import pytest
from sqlalchemy import delete, select, update

from bot.access import ROLES as COMMANDS
from bot.application import handle
from bot.desk import Desk
from bot.inbox import Incoming
from bot.jobs import MAKERS
from bot.settings import Settings
from surveys.conduct.people import know
from surveys.export import Filters, Wanted
from surveys.publish import accept_invite, invite
from surveys.publish.team import may_appoint
from surveys.store.administrators import ROLES, entitled, rights_of
from surveys.store.jobs import DueJob
from surveys.store.schema import Area, Grant, Job, Outbox
from surveys.store.team import area_at, areas_below
from tests.administrators.conftest import fill, link
from tests.fieldwork import NOW, open_field
from tests.respondent.phones import PATIENCE, Clock, at_work, say, tap


async def test_what_waits_in_memory_is_not_sent_any_more(database_url, tmp_path, monkeypatch):
    monkeypatch.setattr("bot.jobs.PAUSE", 0.05)
    monkeypatch.setattr("bot.jobs.apart.ELSEWHERE", False)
    fill(database_url)
    async with at_work(tmp_path, database_url) as survey:
        telegram = survey.telegram
        boss, ana = telegram.person(901, "en", "Boss"), telegram.person(902, "en", "Ana")
        vic = telegram.person(903, "en", "Vic")
        for one, role in ((boss, "owner"), (ana, "analyst"), (vic, "viewer")):
            assert "You are now" in (await say(one, link(survey, role, None))).text
        # Telegram is busy: the file, and a profile's picture, wait in the program's memory.
        telegram.fault("sendDocument", 500, 10_000, chat_id=ana.id)
        telegram.fault("sendPhoto", 500, 10_000, chat_id=vic.id)
        await say(ana, "/export")
        await ana.tap(ana.last, "CSV (R, Python)")
        seen = await ana.wait_for(lambda seen: "own analysis" in str(seen.rows), PATIENCE)
        await ana.tap(seen, "For our own analysis")
        await say(vic, "/profile LP01")
        async with asyncio.timeout(PATIENCE):
            waiting = [fault for faults in telegram._faults.values() for fault in faults]
            while any(fault.left == 10_000 for fault in waiting):
                await asyncio.sleep(0.02)
        for one in ("Ana", "Vic"):
            team = await say(boss, "/team")
            label = next(label for label, _ in team.buttons if label.startswith(f"✕ {one}"))
            await boss.tap(team, label)
            await tap(boss, "Yes, take it away")
        telegram._faults.clear()
        for one in (ana, vic):
            await one.wait_for(lambda seen: "You are no longer" in seen.text, PATIENCE)
        await survey.quiet()
        assert [seen.file for seen in (*ana.messages, *vic.messages) if seen.file] == []
        with survey.database.read() as session:
            # At most the words before the picture, which had gone out while the role was there.
            kept = select(Outbox.key, Outbox.done_at).where(Outbox.key.startswith("delivery:"))
            for key, done_at in session.execute(kept):
                assert key.endswith(":0")
                assert done_at is not None


@pytest.fixture
def team(database, vault):
    """A county with an administrator of every role on every area, by (role, area)."""
    where = open_field(database)
    people = {}
    with database.begin() as session:
        areas = session.scalars(select(Area).order_by(Area.id)).all()
        for number, (role, area) in enumerate(product(ROLES, areas), 1):
            lane = vault.fingerprint(f"telegram:{number}")
            contact = know(session, vault, lane, str(number), "en", NOW)
            code = invite(session, vault, "owner", None, NOW)
            granted = accept_invite(session, vault, code, contact, NOW)
            session.execute(
                update(Grant)
                .where(Grant.administrator_id == granted.administrator_id)
                .values(area_id=area.id, role=role)
            )
            people[role, area.id] = (number, contact, lane, area.path)
    return where, people


def test_who_appoints_whom_is_the_same_in_the_query(database, team):
    _, people = team
    with database.read() as session:
        paths = {area.id: area.path for area in session.scalars(select(Area))}
        for _, _, lane, held in people.values():
            mine = rights_of(session, lane)
            for area_id, path in paths.items():
                assert (area_at(session, area_id, mine) is not None) == path.startswith(held)
                below = {one.area_id for one in areas_below(session, area_id, mine)}
                assert all(paths[one].startswith(held) for one in below)
                for role in ROLES:
                    found = area_at(session, area_id, mine, giving=role)
                    assert (found is not None) == may_appoint(mine, role, path)


def test_taps_on_others_are_as_taps_on_nobody(database, vault, team):
    """Whatever number stands behind a button that was made up: the same words."""
    _, people = team
    desk = Desk(Settings.read({}), vault, "bot", Clock(NOW))
    with database.begin() as session:
        areas = session.scalars(select(Area).order_by(Area.id)).all()
        village = next(area for area in areas if area.code == "LP01")
        number, _, lane, held = people["area", village.id]
        grants = session.execute(
            select(Grant.id, Grant.role, Grant.administrator_id, Area.path)
            .join(Area, Area.id == Grant.area_id)
        ).all()  # fmt: skip
        mine = rights_of(session, lane)

        def answer(data):
            tapped = Incoming(1, "tap", lane, number, "en", data, message_id=1, callback_id="1")
            return [one.payload for one in handle(session, tapped, desk)]

        nobody = answer("t:g:999999")
        for grant in grants:
            theirs = grant.administrator_id == mine[0].administrator_id
            touchable = theirs or may_appoint(mine, grant.role, grant.path)
            assert (answer(f"t:g:{grant.id}") == nobody) != touchable
        for area in areas:
            for place, role in enumerate(ROLES):
                reached = area.path.startswith(held)
                assert (answer(f"t:c:{place}.{area.id}.0") == nobody) != reached
                given = may_appoint(mine, role, area.path)
                assert (answer(f"t:m:{place}.{area.id}") == nobody) != given


def test_each_job_asks_for_the_role_when_it_is_done(database, vault, team):
    where, people = team
    desk = Desk(Settings.read({}), vault, "bot", Clock(NOW))
    village = where.villages["LP01"]
    wanted = {
        "export": {"filters": Filters((village,)).to_json(), "released": False, "media": False,
                   "wanted": Wanted(("csv",), "en").to_json()},
        "stops": {"wave_id": where.wave, "area_ids": [village], "most": 3},
        "poster": {"area_id": village, "language": "en"},
        "compare": {"area_id": village},
        "profile": {"area_id": village, "reason": "asked"},
        "pdf": {"area_id": village, "wave_id": where.wave},
        "templates": {"area": "He"},
        "find": {"key": "uuid:00000000"},
    }  # fmt: skip
    roles = {"stops": "summary", "compare": "profile", "pdf": "profile", "templates": "setup"}
    with database.begin() as session:
        session.execute(delete(Job))
    for kind, arguments in wanted.items():
        for (role, area_id), (_, contact, _, path) in people.items():
            with database.read() as session:
                at = session.get_one(Area, village).path
            inside = at.startswith(path) or kind == "templates"
            if inside and role in COMMANDS[roles.get(kind, kind)]:
                continue
            job = DueJob(1, kind, arguments | {"contact_id": contact}, 0)
            assert MAKERS[kind](job, database, desk) == [], (kind, role, area_id)
    with database.read() as session:
        _, contact, _, _ = people["analyst", village]
        assert entitled(session, contact, ["analyst"], [village]) is not None
        assert entitled(session, contact, ["analyst"]) is not None
        assert entitled(session, contact, ["owner"], [village]) is None
        assert entitled(session, contact, ["analyst"], [village, where.villages["TOWN"]]) is None
