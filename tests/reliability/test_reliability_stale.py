"""The bot was off for a while: what was tapped and typed meanwhile ends in the right state, and
everyone sees the one question that they are at."""

import json
import logging
from datetime import timedelta

import pytest

from bot.demo.methods import TOO_OLD
from surveys.store.schema import Contact, Interview, Outbox
from surveys.store.vault import Vault
from tests.respondent import phones
from tests.respondent.phones import agree, say, tap

OFF = 200.0
"""Seconds. Telegram keeps a tap for 150, and whoever answers it must be quicker than that."""


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr("bot.marks.SOON", 0.005)


def later(telegram, seconds):
    """By the clock of the server all taps so far are so much older."""
    world = telegram.world
    for number, one in world.taps.items():
        world.taps[number] = type(one)(one.person, one.at - seconds)
    for update_id in world.updates._taps:
        world.updates._taps[update_id] -= seconds


def answers(survey, person):
    """What somebody's interview has."""
    vault = Vault(survey.settings.secret_key.encode())
    lane = vault.fingerprint(f"telegram:{person.id}")
    contact = next(one for one in survey.rows(Contact) if one.address_hash == lane)
    row = next(r for r in survey.rows(Interview) if r.id == contact.current_interview_id)
    found = json.loads(row.state)["answers"]
    named = {path.rpartition("/")[2]: value for path, value in found.items()}
    return {name: named[name] for name in ("A1", "A3", "B1", "C1") if name in named}


def asked(person):
    """The questions in a chat that still have their buttons."""
    return [one for one in person.messages
            if one.from_bot and any(data.startswith("i:") for _, data in one.buttons)]  # fmt: skip


async def test_taps_and_texts_from_while_it_was_off(database_url, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    phones.made(database_url)
    async with phones.at_work(tmp_path, database_url) as survey:
        telegram = survey.telegram
        ann, bea, carl, dan, eve, fay = (telegram.person(700 + n, "en") for n in range(6))
        first = {}
        for person in (ann, bea, carl, dan, eve):
            first[person.id] = await agree(person)
        await agree(fay)
        await tap(fay, "I myself")
        await say(fay, "34")
        before_end = fay.last
        await survey.quiet()
        await survey.end()

        # So early that Telegram no longer has it when the bot comes back.
        await ann.tap(first[ann.id], "I myself")
        # Typed: Telegram keeps that for a day.
        await carl.send("1")
        later(telegram, OFF - 80)
        # Late enough to arrive, too late to be answered.
        await bea.tap(first[bea.id], "Someone helps me")
        # Twice the same, then what comes next.
        await dan.tap(first[dan.id], "I myself")
        await dan.tap(first[dan.id], "I myself")
        await dan.send("34")
        # Answered by a word; then an old button that means something else.
        await eve.send("1")
        await eve.tap(first[eve.id], "Someone for me")
        # Several choices of one question, the button to go on, and what follows.
        for button in ("News", "Calls", "News"):
            await fay.tap(before_end, next(label for label, _ in before_end.buttons
                                           if button in label))  # fmt: skip
        done = next(label for label, _ in before_end.buttons if "Done" in label or "Next" in label)
        await fay.tap(before_end, done)
        later(telegram, 80)
        await carl.send("40")

        caplog.clear()
        await survey.start()
        await survey.quiet()
        old = [sentence for method, sentence in telegram.refusals if sentence.endswith(TOO_OLD)]
        # Each tap that arrived was answered once, in vain.
        assert len(old) == 1 + 2 + 1 + 4
        telegram.refusals[:] = [one for one in telegram.refusals if not one[1].endswith(TOO_OLD)]
        assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
        assert [row.error for row in survey.rows(Outbox) if row.error or row.tries] == []
        assert answers(survey, ann) == {}
        assert answers(survey, bea) == {"A1": "helped"}
        assert answers(survey, carl) == {"A1": "self", "A3": "40"}
        assert answers(survey, dan) == {"A1": "self", "A3": "34"}
        assert answers(survey, eve) == {"A1": "self"}
        assert answers(survey, fay) == {"A1": "self", "A3": "34", "B1": "call"}
        ends = {ann: "Who answers?", bea: "How old", carl: "online", dan: "online", eve: "How old",
                fay: "Who should help"}  # fmt: skip
        for person, question in ends.items():
            (only,) = asked(person)
            assert question in only.text, person.id
            assert person.messages[-1].message_id == only.message_id
        # All goes on from where they see themselves.
        assert "How old" in (await tap(ann, "I myself")).text
        assert "online" in (await say(bea, "50")).text
        assert "online" in (await say(eve, "30")).text


async def test_who_taps_again_and_again_sees_the_question_once(database_url, tmp_path, monkeypatch):
    monkeypatch.setattr("bot.respondent.telling.LATE", timedelta(0))
    phones.made(database_url)
    async with phones.at_work(tmp_path, database_url) as survey:
        telegram = survey.telegram
        ann = telegram.person(710, "en")
        first = await agree(ann)
        await survey.quiet()
        # The next question is late, and ann does not wait for it.
        telegram.fault("sendMessage", 500, 3, chat_id=ann.id)
        for _ in range(6):
            await ann.tap(first, "I myself")
        await survey.quiet()
        assert sum("How old" in one.text for one in ann.messages if one.from_bot) == 1
        (only,) = asked(ann)
        assert "How old" in only.text
        # Once it is there, a tap further up brings it down again.
        await ann.tap(first, "I myself")
        await survey.quiet()
        assert sum("How old" in one.text for one in ann.messages if one.from_bot) == 2
        (only,) = asked(ann)
        assert ann.messages[-1].message_id == only.message_id
        telegram.refusals.clear()
