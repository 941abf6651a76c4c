"""What no database keeps (U+0000, half a character), sent everywhere: the answer is as usual."""

import pytest

from bot.demo.world import Person
from surveys.store.schema import Inbox
from tests.administrators.conftest import link
from tests.respondent.phones import agree, at_work, finish, made, say

SIGNS = ("\x00", "\ud83d", "\udc00")
NO_LINK = "not valid"
LIST = b"code,name,area,households,adults,target\nNUL1,Up\x00per,He/Xia,10,20,5\n"
COMMANDS = {
    "/summary": "No village of yours", "/villages": "No village of yours",
    "/poster": "No village of yours", "/profile": "No village of yours",
    "/quota": "did not understand", "/find": "too little", "/remind": "No village of yours",
    "/wave open": "where?", "/nothing": "do not know this command",
    "/start admin-": NO_LINK, "/start home-": "do not know this village code",
    "/start": "do not know this village code",
}  # fmt: skip
"""A command, and what is answered where something else stands after it."""


def tapped(world, person: Person, data: str) -> None:
    """A button that nobody sent, from a program of one's own."""
    message = next(one for one in reversed(person.messages) if one.from_bot)
    body = {
        "id": world.next_tap(person), "from": person.user(), "chat_instance": "1",
        "data": data,
        "message": {"message_id": message.message_id, "date": 1, "chat": person.chat()},
    }  # fmt: skip
    world.updates.push("callback_query", body)


async def test_signs_that_no_database_keeps(database_url, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("bot.jobs.PAUSE", 0.05)
    made(database_url)
    async with at_work(tmp_path, database_url) as survey:
        boss = survey.telegram.person(801, "en", "Li\x00 \ud83dMei")
        welcome = await say(boss, link(survey, "owner", None))
        assert "“Li Mei”" in welcome.text
        assert "“A B”" in (await say(boss, "/team name \x00A\ud83d B\udc00")).text
        for sign in SIGNS:
            for command, answer in COMMANDS.items():
                assert answer in (await say(boss, f"{command} zz{sign}{sign}")).text, command
        # In codes they are as if they were not there.
        person = survey.telegram.person(811, "e\x00n", "\ud83d")
        await agree(person, "LP\x0001\ud83d")
        await finish(person, text="one\x00 \ud83dtwo\udc00 \U0001f60a")
        assert "one two \U0001f60a" in (await say(person, "/mydata")).text
        # As files, their names and what is written under them; and many at the same moment.
        for sign in SIGNS:
            await boss.send_file(f"a{sign}.csv", LIST, sign)
            await boss.send_photo(caption=sign)
            tapped(survey.telegram.world, boss, f"t:l:{sign}")
            tapped(survey.telegram.world, boss, f"q:n:0:{sign}")
            await person.send(f"{sign}")
        await survey.all_done()
        assert all(one.done_at for one in survey.rows(Inbox))
        assert any(one.text.startswith("I take in a list") for one in boss.messages)
        assert "Who is in the team" in (await say(boss, "/team")).text
    assert "parked" not in caplog.text
    assert "could not be handled" not in caplog.text


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr("bot.jobs.apart.ELSEWHERE", False)
