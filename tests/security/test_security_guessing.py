"""Codes that let someone in: guessed a thousand times, they let nobody in, and cost little."""

import hashlib
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from bot.admin.joining import accept
from bot.application import handle
from bot.desk import Desk
from bot.inbox import Incoming
from bot.settings import Settings
from surveys.conduct.guessing import MOST
from surveys.conduct.people import home_link
from surveys.conduct.retention import expire
from surveys.publish import invite
from surveys.store.administrators import rights_of
from surveys.store.areas import village_by_code
from surveys.store.schema import (
    Administrator,
    Audit,
    Contact,
    Guess,
    Household,
    Invite,
    Respondent,
)  # fmt: skip
from surveys.store.vault import Vault
from tests.fieldwork import NOW, open_field
from tests.respondent.phones import Clock, at_work, made, moment, say

GUESSES = 1000
NOT_VALID = "This link is not valid, or was used already. Please ask for a new one."


@pytest.fixture
def desk(vault):
    return Desk(Settings.read({}), vault, "bot", Clock(NOW))


def opens(vault, number, payload):
    lane = vault.fingerprint(f"telegram:{number}")
    return Incoming(number, "text", lane, number, "en", f"/start {payload}", sender="S")


def text_of(outgoings):
    return [one.payload["text"] for one in outgoings if "text" in one.payload]


def test_a_thousand_guesses_find_nothing_and_cost_little(database, vault, desk):
    open_field(database)
    with database.begin() as session:
        code = invite(session, vault, "owner", None, NOW)
    statements = []
    event.listen(
        database.engine, "before_cursor_execute",
        lambda connection, cursor, statement, *rest: statements.append(statement),
    )  # fmt: skip
    alike = [
        code[:-1] + ("0" if code[-1] != "0" else "1"),
        ("B" if code[0] == "A" else "A") + code[1:],
        code[:24],
        "",
        code * 2,
    ]
    guesses = alike + [vault.fingerprint(f"guess {n}")[:36] for n in range(GUESSES)]
    with database.begin() as session:
        for number, guess in enumerate(guesses):
            # Four people; then each of a thousand, once.
            who = number % 4 if number < GUESSES // 2 else number
            assert text_of(accept(session, opens(vault, who, f"admin-{guess}"), desk)) == [
                NOT_VALID
            ]
    # No look at the invites, and for whoever has guessed too often one at their count.
    assert not [one for one in statements if re.search(r"\binvite\b", one, re.IGNORECASE)]
    assert not [one for one in statements if "INSERT INTO contact" in one]
    assert len(statements) < 7 * GUESSES
    with database.begin() as session:
        assert session.scalar(select(func.count()).select_from(Contact)) == 0
        counted = {row.lane: row.count for row in session.scalars(select(Guess))}
        assert counted.pop("") == sum(counted.values()) == len(guesses) - GUESSES // 2 + 4 * MOST
        assert max(counted.values()) == MOST
        noted = session.scalars(select(Audit.object).where(Audit.action == "wrong codes")).all()
        assert noted[0] == "5 in this hour"
        assert len(noted) <= 8
        # Whoever guessed has to wait, even with the right code; whoever was invited has not.
        assert text_of(accept(session, opens(vault, 1, f"admin-{code}"), desk)) == [NOT_VALID]
        assert session.scalar(select(func.count()).select_from(Administrator)) == 0
        welcome = text_of(accept(session, opens(vault, 5_000, f"admin-{code}"), desk))
        assert "You are now owner" in welcome[0]
        assert text_of(accept(session, opens(vault, 5_001, f"admin-{code}"), desk)) == [NOT_VALID]
        assert rights_of(session, vault.fingerprint("telegram:5000"))
    # An hour later no count is left.
    expire(database, NOW + timedelta(hours=1))
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Guess)) == 0


def test_who_reads_the_database_can_test_no_code(database, vault):
    open_field(database)
    with database.begin() as session:
        code = invite(session, vault, "owner", None, NOW)
        kept = session.scalar(select(Invite.code_hash))
    assert kept not in (hashlib.sha256(code.encode()).hexdigest(), code)
    assert kept != Vault(b"another key, another key").fingerprint(f"invite code:{code}")


async def test_whoever_mistyped_may_come_back_in_an_hour(database_url, tmp_path):
    made(database_url)
    clock = Clock(moment())
    async with at_work(tmp_path, database_url, clock) as survey:
        vault = Vault(survey.settings.secret_key.encode())
        with survey.database.begin() as session:
            code = invite(session, vault, "viewer", "He/Shang", clock())
        wei = survey.telegram.person(611, "en")
        for place in range(MOST):
            assert (await say(wei, f"/start admin-{code[:-1]}{place}x")).text == NOT_VALID
        assert (await say(wei, f"/start admin-{code}")).text == NOT_VALID
        # What is no code to be let in by is not counted, and not hindered.
        assert "choose your language" in (await say(wei, "/start LP01")).text
        clock.forward(hours=1)
        await wei.send(f"/start admin-{code}")
        welcome = await wei.wait_for(lambda seen: "You are now viewer" in seen.text)
        assert "Shang" in welcome.text


def test_a_family_link_is_not_to_be_guessed_either(database, vault, desk):
    open_field(database)
    with database.begin() as session:
        place = village_by_code(session, "LP01").area_id
        session.add(Household(id="h1", area_id=place))
        session.flush()
        link = home_link(session, "h1")
        lost = [text_of(handle(session, opens(vault, 1, f"home-{n:016}"), desk))[0]
                for n in range(MOST + 3)]  # fmt: skip
        assert len(set(lost)) == 1
        assert lost[0].startswith("I do not know this village code")
        # The same by buttons that nobody sent; and the right link is not looked at any more.
        assert text_of(handle(session, opens(vault, 1, f"home-{link}"), desk)) == lost[:1]
        tap = replace(
            opens(vault, 1, ""), kind="tap", text=f"c:y:en:h.{link}", message_id=1, callback_id="1"
        )
        assert "no longer open" in text_of(handle(session, tap, desk))[0]
        assert session.scalar(select(func.count()).select_from(Respondent)) == 0
        # Another phone, with the right one, is let in.
        other = text_of(handle(session, opens(vault, 2, f"home-{link}"), desk))
        assert "Liuping" in other[0]
