"""The team in chat: who is in it, who invites whom, who goes; and what was done."""

import json
import re
from dataclasses import replace

import pytest
from sqlalchemy import select

from bot.admin.actions import what_was_done
from bot.texts import speak
from surveys.publish.team import may_appoint
from surveys.store.administrators import ROLES, Right
from surveys.store.schema import Administrator, Contact, Grant, Invite
from surveys.store.vault import Vault
from tests.administrators.conftest import fill, link, office
from tests.respondent.phones import PATIENCE, at_work, labels, say

STRANGE = "I do not know this command. /help says what I can do."


async def tap(person, label, message):
    """Tap the first button that has this in its label; what is seen next."""
    found = next(text for text, _ in message.buttons if label in text)
    return await person.tap_and_see(message, found, PATIENCE)


async def forged(person, message, *data):
    """Tap buttons that nobody sent."""
    for one in data:
        await person.tap(replace(message, rows=((("x", one),),)), 0)


async def invited(inviter, role, *path):
    """Go through the buttons of /team to an invite; the command that its link sends."""
    message = await say(inviter, "/team")
    message = await tap(inviter, "Invite someone", message)
    message = await tap(inviter, role, message)
    for place in path:
        message = await tap(inviter, place, message)
    code = re.search(r"start=(admin-\S+)", inviter.messages[-1].text)[1]
    return f"/start {code}"


async def test_a_team_is_built_and_taken_apart_in_chat(field_url, tmp_path):
    async with at_work(tmp_path, field_url) as survey:
        boss = await office(survey, 501, "en", "owner", None)
        wei, lan = survey.telegram.person(502, "zh-CN"), survey.telegram.person(503, "en")
        asked = await invited(boss, "Area administrator", "He", "Shang", "All of Shang")
        welcome = await say(wei, asked)
        assert "Shang" in welcome.text
        assert "地区管理员" in welcome.text
        await survey.quiet()
        assert "team" in dict(wei.menu)
        # An area's administrator gives less, and only below.
        message = await tap(wei, "邀请一个人", await say(wei, "/team"))
        assert [row[0].split(" – ")[0] for row in labels(message)[:-1]] == [
            "地区管理员", "协助员", "查看员",
        ]  # fmt: skip
        message = await tap(wei, "地区管理员", message)
        assert not any("整个" in row[0] for row in labels(message))
        assert {row[0] for row in labels(message)} >= {"Liuping"}
        assert not any("Tiny" in row[0] for row in labels(message))
        viewer = re.search(
            r"start=(admin-\S+)",
            (await _through(wei, "查看员", "整个Shang")).text,
        )[1]
        assert "viewer" in (await say(lan, f"/start {viewer}")).text
        listed = (await say(boss, "/team")).text
        assert "Area administrator · Shang" in listed
        assert "Viewer · Shang" in listed
        assert "(you)" in listed
        # Names are Telegram's, and one's own word goes first; nothing of them lies open.
        assert "Lan Renamed" in (await say(lan, "/team name  Lan   Renamed ")).text
        assert "Lan Renamed" in (await say(boss, "/team")).text
        assert "Lan Renamed" in (await say(lan, "/mydata")).text
        assert "name Li Mei" in (await say(lan, "/team name")).text
        with survey.database.read() as session:
            for sealed in session.scalars(select(Administrator.name)):
                assert b"Renamed" not in sealed
        # A viewer sees the team, and has only the own role to give up.
        message = await say(lan, "/team")
        assert len(message.rows) == 1
        # Out with the viewer, by the area's administrator; she is told, and her menu goes.
        message = await say(wei, "/team")
        assert not any("owner" in label for label, _ in message.buttons)
        message = await tap(wei, "✕ Lan Renamed", message)
        await tap(wei, "确定取消", message)
        told = await lan.wait_for(lambda seen: "no longer viewer" in seen.text, PATIENCE)
        assert "Shang" in told.text
        await survey.quiet()
        assert "team" not in dict(lan.menu)
        assert (await say(lan, "/team")).text == STRANGE
        with survey.database.read() as session:
            assert len(session.scalars(select(Administrator)).all()) == 2


async def _through(person, role, place):
    message = await tap(person, "邀请一个人", await say(person, "/team"))
    message = await tap(person, role, message)
    await tap(person, place, message)
    return person.messages[-1]


async def test_a_last_owner_stays(field_url, tmp_path):
    async with at_work(tmp_path, field_url) as survey:
        boss = await office(survey, 501, "en", "owner", None)
        message = await say(boss, "/team")
        message = await boss.tap_and_see(message, next(b for b, _ in message.buttons if "✕" in b))
        message = await tap(boss, "Yes, give it up", message)
        assert "last owner" in message.text
        refused = await say(boss, "/forget")
        assert "last owner" in refused.text
        assert not refused.rows
        # An old button of forgetting does not get around it.
        second = survey.telegram.person(502, "en")
        await say(second, await invited(boss, "Owner", "All of County office"))
        sure = await say(boss, "/forget")
        assert "not be an administrator" in sure.text
        message = await say(second, "/team")
        own = next(b for b, d in message.buttons if "✕" in b and _grant_of(survey, 502, d))
        message = await second.tap_and_see(message, own)
        await second.tap(message, "Yes, give it up")
        await second.wait_for(lambda seen: "You are no longer owner" in seen.text, PATIENCE)
        await boss.tap(sure, 0)
        await boss.wait_for(lambda seen: "last owner" in seen.text, PATIENCE)
        await survey.quiet()
        assert survey.count(Administrator, Grant) == [1, 1]


def _grant_of(survey, number, data):
    """Whether a button is for the role of this person's contact."""
    lane = Vault(survey.settings.secret_key.encode()).fingerprint(f"telegram:{number}")
    with survey.database.read() as session:
        own = session.scalars(
            select(Grant.id)
            .join(Administrator, Administrator.id == Grant.administrator_id)
            .join(Contact, Contact.id == Administrator.contact_id)
            .where(Contact.address_hash == lane)
        ).all()
    return data in {f"t:g:{one}" for one in own}


async def test_buttons_of_others_do_nothing(field_url, tmp_path):
    """Whatever numbers are put into a button: nobody's role changes, no invite is made."""
    async with at_work(tmp_path, field_url) as survey:
        boss = await office(survey, 501, "en", "owner", None)
        wei = await office(survey, 502, "en", "area", "He/Shang")
        xia = await office(survey, 503, "en", "area", "He/Xia")
        lan = await office(survey, 504, "en", "viewer", "He/Shang")
        await say(boss, link(survey, "viewer", "He/Xia"))
        await invited(boss, "Owner", "All of County office")
        before = survey.count(Grant, Invite, Administrator)
        with survey.database.read() as session:
            shang = session.scalars(select(Grant.area_id).where(Grant.role == "area")).first()
            invites = session.scalars(select(Invite.id)).all()
            grants = {grant.id: grant for grant in session.scalars(select(Grant))}
        message = await say(xia, "/team")
        tries = [f"t:w:{one}" for one in invites]
        tries += [f"t:{step}:{one}" for step in "gy" for one, grant in grants.items()
                  if grant.area_id == shang or grant.role == "owner"]  # fmt: skip
        tries += [f"t:m:{role}.{area}" for role in range(6) for area in (1, shang, 99999)]
        tries += [f"t:c:{role}.{area}.0" for role in (0, 1) for area in (1, shang)]
        tries += ["t:m:0", "t:m:1.2.3", "t:c:1", "t:r:9", "t:x:1", "t:y:x", "t:", "t:r:1.1"]
        await forged(xia, message, *tries)
        await survey.quiet()
        assert len(xia.notices) == len(tries)
        assert set(xia.notices) == {"This button no longer works. /start goes on."}
        # A viewer gives up nothing but the own role.
        message = await say(lan, "/team")
        others = (one for one, grant in grants.items() if grant.role != "viewer")
        await forged(lan, message, f"t:m:4.{shang}", "t:i:0", *(f"t:y:{one}" for one in others))
        await survey.quiet()
        assert survey.count(Grant, Invite, Administrator) == before
        assert wei.messages


@pytest.mark.parametrize("role", ROLES)
def test_nobody_gives_more_than_they_have(role):
    """Whoever is appointed by an area's administrator could be by an owner there, and not aside."""
    mine = {one: [Right(1, 1, one, 4, "/1/4/", "Shang")] for one in ROLES}
    for path in ("/1/", "/1/4/", "/1/4/7/", "/1/5/", "/1/45/"):
        given = {one for one in ROLES if may_appoint(mine[one], role, path)}
        inside = path.startswith("/1/4/")
        expected = {"owner"} if inside else set()
        if inside and (role in ("helper", "viewer") or (role == "area" and path != "/1/4/")):
            expected.add("area")
        assert given == expected


async def test_what_was_done_is_read_by_who_may(tmp_path, database_url):
    fill(database_url)
    async with at_work(tmp_path, database_url) as survey:
        boss = await office(survey, 501, "en", "owner", None)
        xia = await office(survey, 502, "en", "area", "He/Xia")
        viewer = await office(survey, 503, "en", "viewer", "He/Shang")
        read = (await say(boss, "/audit")).text
        assert "operator: opened a wave" in read
        assert "published a questionnaire" in read
        assert read.index("joined the team · Shang") < read.index("joined the team · Xia")
        read = (await say(xia, "/audit")).text
        assert "Xia" in read
        for hidden in ("Shang", "published", "opened a wave"):
            assert hidden not in read
        assert (await say(viewer, "/audit")).text.startswith("/audit is for: owner, area admin")
        # Many lines are turned over like pages.
        for _ in range(9):
            await invited(boss, "Viewer", "All of County office")
        first = await say(boss, "/audit")
        earlier = await tap(boss, "Earlier", first)
        assert not set(first.text.split("\n")[1:]) & set(earlier.text.split("\n")[2:])
        assert "Newest" in dict(earlier.buttons)


def test_the_command_line_lists_and_takes_away(tmp_path, sqlite_url, monkeypatch):
    from typer.testing import CliRunner

    from bot.cli.program import app
    from surveys.publish import accept_invite, invite
    from surveys.store.database import Database
    from tests.respondent.phones import moment

    fill(sqlite_url)
    database = Database(sqlite_url)
    with database.begin() as session:
        contact = Contact(channel="telegram", address=b"x", address_hash="h", language="en",
                          created_at=moment())  # fmt: skip
        session.add(contact)
        session.flush()
        vault = Vault(b"k" * 32)
        code = invite(session, vault, "owner", None, moment())
        accept_invite(session, vault, code, contact.id, moment())
    monkeypatch.setenv("USEGAP_DATABASE_URL", sqlite_url)

    def run(*words):
        return CliRunner().invoke(app, words)

    number, who, role, area = run("admin", "list").output.strip().split("\t")
    assert (who, role, area) == ("administrator 1", "owner", "County office")
    refused = run("admin", "revoke", number)
    assert "last owner" in str(refused.exception)
    assert run("admin", "revoke", number, "--force").exit_code == 0
    assert run("admin", "list").output == ""
    assert "No role has the number" in str(run("admin", "revoke", number).exception)
    lines = json.loads(run("audit", "--format", "json").output)
    assert lines[0]["action"] == "revoke"
    assert lines[0]["actor"] == "command line"
    assert lines[0]["area"] == "County office"
    assert {line["action"] for line in lines} >= {"publish", "open wave", "invite"}
    assert run("audit", "--format", "csv", "--limit", "2").output.count("\n") == 3
    assert run("audit", "--area", "He/Xia").output == ""
    database.close()


def test_every_action_that_is_noted_has_words():
    from pathlib import Path

    root = Path(__file__).parents[2]
    noted = set()
    for folder in ("bot", "surveys"):
        for file in (root / folder).rglob("*.py"):
            noted |= set(
                re.findall(r"\baudit\(\s*\w+,\s*[^,]+,\s*\"([^\"]+)\"", file.read_text("utf-8"))
            )
    assert len(noted) >= 10
    say = speak("zh")
    assert {one for one in noted if what_was_done(one, say) == one} == set()
