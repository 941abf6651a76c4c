"""Forms with every type of question, in chat over HTTP: answered, corrected, stopped, resumed."""

import asyncio
import json

import pytest

from surveys.store.schema import Interview
from tests.respondent.every_type import EVERY, HOMES
from tests.respondent.phones import agree, at_work, labels, made_once, of, say, settle, tap

LANGUAGES = pytest.mark.parametrize("zh", [False, True], ids=["en", "zh"])


def kept(survey):
    """The answers and the instances of the newest interview, without the form's name."""
    state = json.loads(survey.rows(Interview)[-1].state)
    answers = {path.split("/", 2)[2]: value for path, value in state["answers"].items()}
    answers.pop("meta/instanceID", None)
    return answers, {path.split("/", 2)[2]: n for path, n in state.get("instances", {}).items()}


def open_questions(person):
    """The texts in the chat that still have buttons of a question."""
    return [
        message.text for message in person.messages
        if any(data.startswith("i:") for _, data in message.buttons)
    ]  # fmt: skip


async def begin(survey, folder, zh):
    person = survey.telegram.person(7, "zh-hans" if zh else "en")
    return person, await agree(person, language="中文" if zh else "English")


@LANGUAGES
async def test_repeats_in_repeats_answered_gone_back_in_stopped_and_resumed(tmp_path, zh):
    yes, no, back = ("要", "不用了", "上一题") if zh else ("Yes", "No", "Back")
    made_once(tmp_path, form=HOMES)
    async with at_work(tmp_path, f"sqlite:///{tmp_path / 'usegap.db'}") as survey:
        lan, first = await begin(survey, tmp_path, zh)
        assert "哪个村" in first.text if zh else "Which village" in first.text
        name = await say(lan, "Liuping *1*")
        assert name.text.startswith(
            "2 / 3  家人 1\n叫" if zh else "2 / 3  Household member 1\nWhat"
        )
        age = await say(lan, "Lan <b>")
        assert "Lan <b>多大" in age.text if zh else "How old is Lan <b>?" in age.text
        day = await say(lan, "34")
        assert (
            "家人 1 › 看病 1\n" in day.text
            or "Household member 1 › Visit of a doctor 1\n" in day.text
        )
        more = await say(lan, "2026-05-01")
        assert "已经填了1个" in more.text if zh else "1 so far. Add another?" in more.text
        day = await tap(lan, yes, more)
        assert lan.now(more).text.endswith("– 再填一个" if zh else "– one more")
        assert "看病 2" in day.text or "doctor 2" in day.text
        more = await tap(lan, "昨天" if zh else "Yesterday", day)
        # Back into what was added, corrected, and on again.
        day = await tap(lan, back, more)
        more = await say(lan, "2026-05-03")
        people = await tap(lan, no, more)
        assert lan.now(more).text.endswith("✓ 一共2个" if zh else "✓ 2 in all")
        assert labels(people)[0] == [f"➕ {yes}", no]
        # Stopped in the middle, gone on another day.
        await tap(lan, "先停下" if zh else "Stop", people)
        menu = await say(lan, "/start")
        assert "已答5题" in menu.text if zh else "5 answers so far" in menu.text
        people = await tap(lan, "接着答：第1个人" if zh else "Go on: person 1", menu)
        name = await tap(lan, yes, people)
        assert "家人 2" in name.text or "Household member 2" in name.text
        age = await say(lan, "Bo")
        # A child sees no question about doctors.
        people = await say(lan, "7")
        assert "已经填了2个" in people.text if zh else "2 so far" in people.text
        # The first one's visits again, through the second one: five steps back.
        question = people
        for _ in range(3):
            question = await tap(lan, back, question)
        assert "1" in question.text
        offer = question
        assert of(offer, "删掉最后一个" if zh else "Remove the last one")
        offer = await tap(lan, "删掉最后一个" if zh else "Remove the last one", offer)
        assert "已经填了1个" in offer.text if zh else "1 so far" in offer.text
        people = await tap(lan, no, offer)
        note = await tap(lan, no, people)
        assert note.text in ("Liuping *1*: everyone is told.", "Liuping *1*：都记下了。")
        await survey.quiet()
        assert open_questions(lan) == []
        answers, instances = kept(survey)
        assert instances == {"person": 2, "person[1]/visit": 1}
        assert answers == {
            "village": "Liuping *1*", "person[1]/name": "Lan <b>", "person[1]/age": "34",
            "person[1]/visit[1]/day": "2026-05-01", "person[2]/name": "Bo", "person[2]/age": "7",
        }  # fmt: skip
        submission = survey.rows(Interview)[-1].submission
        assert [path.split("/", 2)[2] for path in submission][:4] == [
            "village", "person[1]", "person[1]/name", "person[1]/age",
        ]  # fmt: skip


@LANGUAGES
async def test_every_type_of_question_is_asked_and_answered(tmp_path, zh):
    made_once(tmp_path, form=EVERY)
    sent = "发完了" if zh else "All sent"
    async with at_work(tmp_path, f"sqlite:///{tmp_path / 'usegap.db'}") as survey:
        lan, ready = await begin(survey, tmp_path, zh)
        # Styles of the form, none of an answer.
        assert "<b>好了吗？</b>" in ready.html if zh else "<b>Ready?</b>" in ready.html
        name = await tap(lan, "知道了" if zh else "OK", ready)
        await lan.tap(name, of(name, "这题什么意思？" if zh else "More about this"))
        alert = "名字就行，像邻居那样叫。" if zh else "Only the first name, as neighbours say it."
        await seen(lan, lambda: lan.alerts == [alert])
        stars = await say(lan, "*Lan*")
        assert "*Lan*" in stars.text
        assert labels(stars)[0] == ["1", "2", "3", "4", "5"]
        metres = await tap(lan, "4", stars)
        assert [number in metres.text for number in ("0", "2000", "50")] == [True, True, True]
        assert "2000" in (await say(lan, "9999")).text
        assert "50" in (await say(lan, "70")).text
        since = await say(lan, "250")
        wakes = await tap(lan, "昨天" if zh else "Yesterday", since)
        # A day's button that stands further up answers nothing any more.
        lan.read_all()
        await lan.tap(since, "i:1:5:today")
        again = await lan.next_message()
        assert again.text == wakes.text
        assert "14:30" in (await say(lan, "grass")).text
        doctor = await say(lan, "05:30")
        assert lan.now(again).text.endswith("✓ 05:30")
        wants = await tap(lan, "现在" if zh else "Now", doctor)
        wants = await tap(lan, "水" if zh else "Water", wants)
        await lan.tap(wants, of(wants, "选好了" if zh else "Done"))
        await seen(lan, lambda: "全都点到" in lan.notices[-1] if zh else "all" in lan.notices[-1])
        wants = await tap(lan, "路" if zh else "A road", wants)
        assert [label[:1] for label, _ in wants.buttons[:3]] == ["②", "①", "③"]
        towns = await tap(lan, "选好了" if zh else "Done", wants)
        towns = await tap(lan, "2 ›", towns)
        towns = await tap(lan, "12镇" if zh else "Town 12", towns)
        towns = await tap(lan, "‹ 1", towns)
        towns = await tap(lan, "1镇" if zh else "Town 1", towns)
        await tap(lan, "选好了" if zh else "Done", towns)
        assert "12镇" in lan.now(towns).text if zh else "Town 1, Town 12" in lan.now(towns).text
        nothing = await say(lan, "火车站" if zh else "railway")
        assert "“火车站”" in nothing.text if zh else "“railway”" in nothing.text
        found = await say(lan, "张" if zh else "Zhang")
        assert all(label[0] in "张Z" for label, _ in found.buttons[:10])
        await tap(lan, "全部显示" if zh else "Show all", found)
        well = await tap(lan, "李1" if zh else "Li 1")
        # The big button comes with the question and goes with it.
        await seen(lan, lambda: len(lan.reply_keyboard) == 1)
        lan.read_all()
        await lan.send_location(30.27415, 120.15515, 12)
        path = await lan.next_message()
        assert lan.now(well).text.endswith("✓ 30.27415, 120.15515 (± 12 m)")
        for n in range(3):
            await lan.send_location(30.1, 120 + n / 10)
            words = f"{n + 1}个位置" if zh else "1 place" if not n else f"{n + 1} places"
            path = await lan.wait_for(lambda message, words=words: words in message.text)
        assert len(open_questions(lan)) == 1
        await tap(lan, sent, path)
        await lan.send_location(30.1, 120.1)
        words = "1个位置" if zh else "1 place"
        short = await lan.wait_for(lambda m: words in m.text and of(m, sent) is not None)
        await lan.tap(short, of(short, sent))
        await seen(lan, lambda: "三个角" in lan.notices[-1] if zh else "three" in lan.notices[-1])
        photo = await say(lan, "30.1 120.1; 30.2 120.1; 30.2 120.2")
        assert lan.now(short).text.endswith("✓ 4个位置" if zh else "✓ 4 places")
        await seen(lan, lambda: lan.reply_keyboard == ())
        # A place is no photo, and takes away what keyboard there may be.
        lan.read_all()
        await lan.send_location(1, 2)
        refused = await lan.next_message()
        assert ("照片" if zh else "photo") in refused.text
        voice = await send(lan, "photo")
        assert lan.now(photo).text.endswith("✓ 📷 照片" if zh else "✓ 📷 a photo")
        film = await send(lan, "voice")
        assert "照片" not in film.text
        paper = await send(lan, "video")
        lan.read_all()
        await lan.send_file("notes.txt", b"notes")
        code = await lan.next_message()
        assert lan.now(paper).text.endswith("✓ 📄 文件" if zh else "✓ 📄 a file")
        assert lan.now(voice).buttons == []
        bye = await say(lan, "6901028075831")
        assert lan.now(code).text.endswith("✓ 6901028075831")
        assert bye.text == ("谢谢，*Lan*！" if zh else "Thank you, *Lan*!")
        await survey.quiet()
        assert open_questions(lan) == []
        answers, _ = kept(survey)
        assert {name: answers[name] for name in KEPT} == KEPT
        assert answers["field"].count(";") == 3
        assert answers["photo"].endswith(".jpg")


KEPT = {
    "ready": "OK", "name": "*Lan*", "stars": "4", "metres": "250", "wants": "water road net",
    "towns": "t1 t12", "many": "s1", "code": "6901028075831",
}  # fmt: skip


async def seen(person, wanted):
    """Wait until something is so at this phone."""
    async with asyncio.timeout(60):
        while not wanted():
            await person.change()


async def send(person, what):
    """Send something that is no text; the bot's next message."""
    person.read_all()
    await person.send_other(what)
    return await person.next_message()


LONG = """
| survey | | | | |
| | type | name | label | guidance_hint |
| | text | who | Who? | |
| | select_multiple many | what | {long} | {more} |
| | geopoint | where | Where, ${who}? | |
| | note | bye | {long} ${who} | |
| choices | | | |
| | list_name | name | label |
| | many | a | A road that is so wide that two carts can pass each other |
| | many | b | Water |
| settings | | | | |
| | form_title | form_id | version |
| | Long | long | 1 |
"""


async def test_a_long_question_comes_in_parts_and_leaves_the_chat_with_all_of_them(tmp_path):
    long, more = "**All of this.** Is <b>to be read</b>. " * 200, "See [this](https://a.b). " * 20
    made_once(tmp_path, form=LONG.replace("{long}", long).replace("{more}", more))
    async with at_work(tmp_path, f"sqlite:///{tmp_path / 'usegap.db'}") as survey:
        lan, who = await begin(survey, tmp_path, zh=False)
        before = [message.message_id for message in lan.messages if message.from_bot][:-1]
        await say(lan, "Lan")
        what = await lan.wait_for(lambda seen: of(seen, "1") is not None)
        parts = [m for m in lan.messages if m.message_id > who.message_id and m.from_bot]
        assert [bool(part.buttons) for part in parts] == [False] * (len(parts) - 1) + [True]
        assert sum(part.html.count("<b>All of this.</b>") for part in parts) == 200
        # Too long for an alert, and something to tap is in it.
        told = await tap(lan, "More about this", what)
        assert told.html.count('<a href="https://a.b">this</a>') == 20
        ticked = await tap(lan, "1", what)
        assert ticked.message_id == what.message_id
        assert "1  ☑ A road that is so wide" in ticked.text
        where = await tap(lan, "Done", ticked)
        await seen(lan, lambda: lan.reply_keyboard == ("📍 Send where I am",))
        # Asked again on another day, the old keyboard goes with its message.
        await tap(lan, "Stop", where)
        await seen(lan, lambda: lan.reply_keyboard == ())
        menu = await say(lan, "/start")
        where = await tap(lan, "Go on: person 1", menu)
        await seen(lan, lambda: len(lan.reply_keyboard) == 1)
        await lan.edit((await lan.send_location(1.5, 2.5)), "")
        await lan.wait_for(lambda message: "start=home-" in message.text)
        await survey.quiet()
        assert lan.reply_keyboard == ()
        assert lan.now(where).text.endswith("✓ 1.5, 2.5")
        await settle(lan, "Remove answers from chat")
        await survey.quiet()
        left = [m.text for m in lan.messages if m.message_id not in before]
        assert not any("All of this" in text or "Lan" in text or "a.b" in text for text in left)
