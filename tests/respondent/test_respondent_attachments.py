"""Photos, voices and files as answers; pictures with questions; barcodes: over HTTP, end to end."""

import asyncio

import pytest
from sqlalchemy import select

from bot import barcodes
from bot.respondent import sent
from surveys.store.schema import (
    Administrator,
    Area,
    Attachment,
    Contact,
    Grant,
    Interview,
    InterviewEvent,
    Job,
)  # fmt: skip
from surveys.store.vault import Vault
from tests.respondent import phones
from tests.respondent.phones import PATIENCE, Clock, agree, at_work, moment, say, settle, tap
from tests.respondent.photographs import MAKER, code_of, place_in, taken

FORM = """
| survey | | | | | | | |
| | type | name | label::English (en) | label::中文 (zh) | media::image::English (en) | media::image::中文 (zh) | appearance |
| | image | photo | The **well**, please. | 请拍水井。 | well.png | well.png | |
| | audio | voice | Say a word. | 说一句话。 | | | |
| | file | paper | Your list, please. | 请发你的清单。 | | | |
| | image | map | Where is it? | 在哪里？ | | | with-place |
| | barcode | code | The code of the bag? | 袋子上的条码？ | | | |
| | text | end | Anything else? | 还有吗？ | | | |
| settings | | | | |
| | form_title | form_id | version | default_language |
| | Sent | sent | 1 | English (en) |
"""  # noqa: E501
WELL = code_of("what a well looks like")


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    """Jobs are looked for at once."""
    monkeypatch.setattr("bot.jobs.attachments.PAUSE", 0.02)


def asks(word):
    return lambda seen: word in seen.text and any(d.startswith("i:") for _, d in seen.buttons)


async def fetched(survey):
    """Everything that was sent has been fetched, or given up."""
    await survey.quiet()
    async with asyncio.timeout(PATIENCE):
        while survey.count(Job)[0]:
            await asyncio.sleep(0.02)
    await survey.quiet()


async def hours_later(survey, clock, hours=1.0):
    """By and by, until no job is left."""
    await survey.quiet()
    async with asyncio.timeout(PATIENCE):
        while survey.count(Job) != [0]:
            clock.forward(hours=hours)
            await asyncio.sleep(0.05)
    await survey.quiet()


def kept(survey):
    """The attachments of answers, by question: name, type, state, what was kept."""
    vault = Vault(survey.settings.secret_key.encode())
    return {
        row.node.rpartition("/")[2]: (
            row.name, row.media_type, row.state, row.content and vault.open(row.content)
        )
        for row in sorted(survey.rows(Attachment), key=lambda row: row.id)
        if row.interview_id is not None
    }  # fmt: skip


def answers(survey):
    with survey.database.read() as session:
        rows = session.execute(
            select(InterviewEvent.node, InterviewEvent.value)
            .where(InterviewEvent.kind.in_(("answered", "corrected")))
            .order_by(InterviewEvent.id)
        )
        return [(row.node.rpartition("/")[2], row.value) for row in rows]


async def test_everything_that_can_be_sent_is_kept_given_back_and_forgotten(
    database_url, tmp_path
):  # fmt: skip
    phones.made(database_url, FORM, files={"well.png": WELL})
    async with at_work(tmp_path, database_url) as survey:
        xiu = survey.telegram.person(88_123_456, "en", "Wang Xiuying")
        shown = await agree(xiu)
        assert shown.file.content == WELL
        question = await xiu.wait_for(asks("well"))
        assert question.message_id > shown.message_id
        # A photo sent as a file keeps what the camera wrote, until it is kept here.
        first = taken()
        await xiu.send_file("C:\\Users\\wang\\Wang Xiuying at home.JPG", first)
        await xiu.wait_for(asks("Say a word"))
        await xiu.send_voice(b"OggS a voice")
        await xiu.wait_for(asks("Your list"))
        await xiu.send_file("../../list of Wang.exe", b"MZ not a list")
        await xiu.wait_for(asks("Where is it"))
        with_place = taken("PNG")
        await xiu.send_file("map.png", with_place)
        await xiu.wait_for(asks("code of the bag"))
        await xiu.send_photo(taken())
        await xiu.wait_for(lambda seen: "I found no code in this picture." in seen.text)
        await xiu.send_photo(code_of("6901234567892"))
        await xiu.wait_for(asks("Anything else"))
        await fetched(survey)

        found = kept(survey)
        assert [(kind, state) for _, kind, state, _ in found.values()] == [
            ("image/jpeg", "fetched"), ("audio/ogg", "fetched"),
            ("application/octet-stream", "fetched"), ("image/png", "fetched"),
        ]  # fmt: skip
        endings = {"photo": ".jpg", "voice": ".ogg", "paper": ".bin", "map": ".png"}
        for node, (name, *_) in found.items():
            stem, ending = name[:-4], name[-4:]
            assert ending == endings[node]
            assert len(stem) == 20
            assert int(stem, 16) >= 0
        assert len({name for name, *_ in found.values()}) == 4
        assert MAKER.encode() not in found["photo"][3]
        assert not place_in(found["photo"][3])
        assert found["voice"][3] == b"OggS a voice"
        assert found["paper"][3] == b"MZ not a list"
        # The form wants it there.
        assert found["map"][3] == with_place
        assert place_in(with_place)
        given = dict(answers(survey))
        assert {node: given[node] for node in found} == {n: one[0] for n, one in found.items()}
        assert given["code"] == "6901234567892"
        rows = survey.rows(Attachment)
        assert [row.file_id for row in rows] == [None] * 5
        everything = survey.everything()
        for trace in (b"at home", b"list of Wang", b"OggS a voice", MAKER.encode()):
            assert trace not in everything, trace

        # Shown to themselves, and to nobody else.
        record = await say(xiu, "/mydata")
        assert "The well, please.\n  → 📷 a photo, 1 KB" in record.text
        assert "→ 🎤 a recording, 1 KB" in record.text
        assert found["photo"][0] not in record.text
        await xiu.tap(record, "📎 Send me these files")
        async with asyncio.timeout(PATIENCE):
            while sum(m.from_bot and bool(m.file) for m in xiu.messages) < 5:
                await xiu.change()
        back = [m.file.content for m in xiu.messages if m.from_bot and m.file][1:]
        assert back == [one[3] for one in found.values()]
        bob = survey.telegram.person(9, "en")
        await agree(bob)
        await bob.wait_for(asks("well"))
        await bob.tap(record, "📎 Send me these files")
        await survey.quiet()
        assert [bool(m.file) for m in bob.messages if m.from_bot].count(True) == 1

        # A corrected answer takes the place of the one before.
        for word in ("code of the bag", "Where is it", "Your list", "Say a word", "well"):
            await tap(xiu, "Back", None)
            await xiu.wait_for(asks(word))
        await xiu.send_photo(second := code_of("another"))
        await xiu.wait_for(asks("Anything else"))
        await fetched(survey)
        again = kept(survey)
        assert again["photo"][3] == second
        assert again["photo"][0] != found["photo"][0]
        assert len(again) == 4
        assert answers(survey)[-1] == ("photo", again["photo"][0])

        # And forgotten.
        await settle(xiu, "Delete the answers too", await say(xiu, "/forget"))
        await survey.tidy()
        assert kept(survey) == {}
        everything = survey.everything()
        for name, *_ in (*found.values(), *again.values()):
            assert name.encode() not in everything
        assert [m for m in xiu.messages if m.file] == []


PICTURED = """
| survey | | | |
| | type | name | label |
| | select_one crop | grown | What grows here? |
| choices | | | | |
| | list_name | name | label | media::image |
| | crop | rice | **Rice** | rice.png |
| | crop | corn | Corn | corn.png |
| | crop | none | Nothing | |
| settings | | | |
| | form_title | form_id | version |
| | Crops | crops | 1 |
"""


async def test_pictures_of_choices_come_with_their_numbers(sqlite_url, tmp_path):
    corn = code_of("corn")
    phones.made(sqlite_url, PICTURED, files={"rice.png": WELL, "corn.png": corn})
    async with at_work(tmp_path, sqlite_url) as survey:
        person = survey.telegram.person(1, "en")
        await agree(person)
        asked = await person.wait_for(asks("grows"))
        seen = person.messages[: person.messages.index(asked)]
        pictures = [(one.text, one.file.content) for one in seen if one.file is not None]
        assert pictures == [("1. Rice", WELL), ("2. Corn", corn)]


async def test_what_a_form_shows_is_uploaded_once_and_anew_where_telegram_lost_it(
    sqlite_url, tmp_path
):  # fmt: skip
    phones.made(sqlite_url, FORM, files={"well.png": WELL})
    async with at_work(tmp_path, sqlite_url) as survey:
        shelf = survey.telegram.world.files

        async def shown_to(number):
            person = survey.telegram.person(number, "en")
            file = (await agree(person)).file
            await person.wait_for(asks("well"))
            assert file.content == WELL
            return file.file_id

        ids = await asyncio.gather(*(shown_to(number) for number in range(1, 7)))
        assert len(set(ids)) == 1
        await survey.end()
        await survey.start()
        assert await shown_to(10) == ids[0]
        shelf.lose(ids[0])
        anew = await asyncio.gather(*(shown_to(number) for number in range(20, 24)))
        assert len(set(anew)) == 1
        assert anew[0] != ids[0]
        assert {sentence for _, sentence in survey.telegram.refusals} == {
            "Bad Request: wrong file identifier/HTTP URL specified"
        }
        survey.telegram.refusals.clear()
        (row,) = (row for row in survey.rows(Attachment) if row.form_version_id)
        assert row.sent_as == {"usegap_demo_bot": anew[0]}


async def test_a_file_that_cannot_be_had_is_tried_again_and_told_once(database_url, tmp_path):
    phones.made(database_url, FORM, files={"well.png": WELL})
    clock = Clock(moment())
    async with at_work(tmp_path, database_url, clock) as survey:
        telegram = survey.telegram
        ann = telegram.person(5, "en")
        await agree(ann)
        await ann.wait_for(asks("well"))
        # Six times nothing, then it comes after all.
        telegram.fault("getFile", 502, 3)
        telegram.fault("download", 502, 3)
        await ann.send_photo(WELL)
        await ann.wait_for(asks("Say a word"))
        await hours_later(survey, clock)
        assert kept(survey)["photo"][2:] == ("fetched", WELL)

        # The voice is gone from Telegram: after a while that is believed.
        await ann.send_voice(b"OggS")
        await ann.wait_for(asks("Your list"))
        telegram.world.files._files.clear()
        await hours_later(survey, clock)
        # It is told after it is noted.
        await ann.wait_for(lambda seen: "could not be kept" in seen.text, PATIENCE)
        await survey.quiet()
        told = [m.text for m in ann.messages if "could not be kept" in m.text]
        assert len(told) == 1
        assert "Say a word." in told[0]
        assert kept(survey)["voice"][2:] == ("failed", None)
        assert [row.file_id for row in survey.rows(Attachment)] == [None] * 3
        tries = [one for one in telegram.refusals if "wrong file_id" in one[1]]
        assert len(tries) == 10
        telegram.refusals.clear()
        record = await say(ann, "/mydata")
        assert "→ 🎤 a recording, could not be kept" in record.text


async def test_what_is_too_large_or_cannot_be_read_here_is_said_before_it_is_taken(
    sqlite_url, tmp_path, monkeypatch
):  # fmt: skip
    monkeypatch.setattr(sent, "LARGEST", 1024 * 1024)
    monkeypatch.setattr(barcodes, "can_read", lambda: False)
    phones.made(sqlite_url, FORM)
    async with at_work(tmp_path, sqlite_url) as survey:
        ann = survey.telegram.person(5, "zh-hans")
        await agree(ann, language="中文")
        await ann.wait_for(asks("水井"))
        await ann.send_file("a.png", code_of("x") + bytes(1024 * 1024))
        said = await ann.wait_for(lambda seen: "MB" in seen.text)
        assert said.text == "这个文件太大了，最多 1 MB。请发一个小一点的。"
        assert survey.count(Attachment, Job) == [0, 0]
        for word in ("说一句", "清单", "在哪里", "条码"):
            await tap(ann, "跳过")
            await ann.wait_for(asks(word))
        await ann.send_photo(code_of("6901234567892"))
        said = await ann.wait_for(lambda seen: "数字" in seen.text and not seen.buttons)
        assert said.text == "我在这里读不出照片里的条码，请直接输入数字。"
        await say(ann, "6901234567892")
        await ann.wait_for(asks("还有吗"))
        assert answers(survey) == [("code", "6901234567892")]
        assert survey.count(Attachment, Job) == [0, 0]


async def test_a_photo_of_a_barcode_that_cannot_be_had_is_answered_soon(sqlite_url, tmp_path):
    phones.made(sqlite_url, FORM)
    clock = Clock(moment())
    async with at_work(tmp_path, sqlite_url, clock) as survey:
        ann = survey.telegram.person(5, "en")
        await agree(ann)
        for word in ("well", "Say a word", "Your list", "Where is it"):
            await ann.wait_for(asks(word))
            await tap(ann, "Skip")
        await ann.wait_for(asks("code of the bag"))
        survey.telegram.fault("getFile", 502, 100)
        ann.read_all()
        await ann.send_photo(code_of("6901234567892"))
        await survey.quiet()
        assert survey.count(Job, Attachment) == [1, 1]
        await hours_later(survey, clock, 0.01)
        assert survey.count(Attachment) == [0]
        told = await ann.next_message(PATIENCE)
        assert told.text.startswith("I found no code in this picture.")
        assert answers(survey) == []
        assert survey.telegram.counts["getFile"] == 0
        await say(ann, "6901234567892")
        assert answers(survey) == [("code", "6901234567892")]


async def test_an_owner_who_is_asked_for_a_photo_answers_and_else_sets_up(sqlite_url, tmp_path):
    phones.made(sqlite_url, FORM)
    async with at_work(tmp_path, sqlite_url) as survey:
        boss = survey.telegram.person(5, "en")
        await agree(boss)
        await boss.wait_for(asks("well"))
        with survey.database.begin() as session:
            area = session.scalar(select(Area.id).where(Area.kind == "programme"))
            contact = session.scalar(select(Contact.id))
            administrator = Administrator(contact_id=contact, created_at=moment())
            session.add(administrator)
            session.flush()
            session.add(Grant(administrator_id=administrator.id, area_id=area, role="owner"))
        await boss.send_photo(WELL)
        for word in ("Say a word", "Your list", "Where is it", "code of the bag"):
            await boss.wait_for(asks(word))
            await tap(boss, "Skip")
        await boss.wait_for(asks("Anything else"))
        boss.read_all()
        await boss.send_photo(WELL)
        assert (await boss.next_message(PATIENCE)).text.startswith("I cannot read pictures.")
        await fetched(survey)
        assert kept(survey)["photo"][2:] == ("fetched", WELL)


async def test_what_belongs_to_nobody_any_more_is_not_fetched(sqlite_url, tmp_path):
    phones.made(sqlite_url, FORM)
    clock = Clock(moment())
    async with at_work(tmp_path, sqlite_url, clock) as survey:
        ann = survey.telegram.person(5, "en")
        await agree(ann)
        survey.telegram.fault("getFile", 502, 1)
        await ann.send_photo(WELL)
        await ann.wait_for(asks("Say a word"))
        await settle(ann, "Delete the answers too", await say(ann, "/forget"))
        clock.forward(hours=1)
        await fetched(survey)
        assert survey.count(Attachment, Interview) == [0, 0]
        assert survey.telegram.counts["getFile"] == 0
