"""A whole interview: by taps in Chinese, by typing in English, and with all that goes wrong."""

import json
from dataclasses import replace

import pytest

from bot.demo.world import Person
from surveys.store.schema import Contact, Interview, InterviewEvent
from tests.respondent.phones import (
    agree,
    agree_to_both,
    at_work,
    finish,
    labels,
    made_once,
    of,
    say,
    settle,
    tap,
)  # fmt: skip


def answers(survey, number=0):
    """What is kept of an interview, by the names of its questions."""
    found = json.loads(survey.rows(Interview)[number].state).get("answers", {})
    return {path.rsplit("/", 1)[-1]: value for path, value in found.items()}


def asked(person):
    """Of every question in the chat, its text and its buttons."""
    return [
        (message.text, message.buttons) for message in person.messages
        if message.from_bot and message.text[:1].isdigit()
    ]  # fmt: skip


async def test_by_taps_in_chinese(small_url, tmp_path):
    async with at_work(tmp_path, small_url) as survey:
        lan = survey.telegram.person(7, "zh-hans")
        first = await agree(lan, language="中文")
        assert first.text == "1 / 5  谁来答？"
        assert labels(first) == [["我自己"], ["有人帮我"], ["别人代答"], ["⏸ 先停下"]]
        second = await tap(lan, "我自己")
        assert second.text == "2 / 5  你多大？\n\n周岁\n\n请写数字。"
        assert lan.now(first).text == "1 / 5  谁来答？\n\n✓ 我自己"
        third = await say(lan, "六十八岁")
        assert "3 / 5" in third.text
        assert lan.now(second).text == "2 / 5  你多大？\n\n✓ 68"
        assert lan.now(second).buttons == []
        # Several: each tap turns a box; "none of these" clears the others, and they clear it.
        for button, boxes in (
            ("新闻", "☑☐☐"), ("打电话", "☑☑☐"), ("都没有", "☐☐☑"), ("打电话", "☐☑☐"),
            ("新闻", "☑☑☐"),
        ):  # fmt: skip
            third = await tap(lan, button, third)
            assert "".join(label[0] for label, _ in third.buttons[:3]) == boxes
        fourth = await tap(lan, "选好了", third)
        assert lan.now(third).text.endswith("✓ 新闻、打电话")
        # Labels too long for a button: numbered in the message, numbers on the buttons.
        assert "1  村委会，每周固定一天有人坐班，专门教村里人怎么用手机\n2  已经会用" in fourth.text
        assert labels(fourth)[0] == ["1", "2"]
        assert labels(fourth)[1] == ["◀ 上一题", "跳过 ▶", "⏸ 先停下"]
        back = await tap(lan, "上一题", fourth)
        assert "".join(label[0] for label, _ in back.buttons[:3]) == "☑☑☐"
        fourth = await tap(lan, "选好了", back)
        fifth = await tap(lan, "2", fourth)
        assert lan.now(fourth).text.endswith(
            "\n\n✓ 已经会用手机的亲戚、邻居、朋友，或者家里的孩子们"
        )
        note = await tap(lan, "跳过", fifth)
        assert lan.now(fifth).text == "5 / 5  什么能帮到你？\n\n– 已跳过"
        assert note.text == "你做得不错：68岁。"
        link = await lan.wait_for(lambda seen: "start=home-" in seen.text)
        assert link.buttons == []
        assert [bool(buttons) for _, buttons in asked(lan)] == [False] * len(asked(lan))
        kept = answers(survey)
        del kept["instanceID"]
        assert kept == {"A1": "self", "A3": "68", "young": "0", "B1": "news call", "C1": "kin"}
        row = survey.rows(Interview)[0]
        assert (row.status, row.mode) == ("finished", "self")
        # Whoever goes on writing is told that it is over.
        assert "答完" in (await say(lan, "还有吗")).text
        await survey.quiet()
        refused = [one.kind for one in survey.rows(InterviewEvent) if one.kind == "refused"]
        assert refused == []


async def test_by_typing_in_english_and_what_cannot_be_taken(small_url, tmp_path):
    async with at_work(tmp_path, small_url) as survey:
        tom = survey.telegram.person(8, "en-GB")
        await agree(tom)
        for wrong, sentence in (
            ("9", "number from 1 to 3"), ("me", "fits more than one"), ("grass", "1 to 3"),
        ):  # fmt: skip
            assert sentence in (await say(tom, wrong)).text
        tom.read_all()
        await tom.send_sticker()
        assert (await tom.next_message()).text.startswith("I cannot read pictures")
        tom.read_all()
        await tom.send("x" * 10_000)
        for _ in range(3):
            assert "choices" in (await tom.next_message()).text
        assert "2 / 5" in (await say(tom, "１")).text
        typed = tom.messages[-2].message_id
        for wrong, sentence in (
            ("old", "only the number"), ("3.5", "whole number"), ("200", "does not fit"),
            ("/skip", "needs an answer"),
        ):  # fmt: skip
            assert sentence in (await say(tom, wrong)).text
        await tom.edit(typed, "2")
        assert "cannot see changes" in (await tom.wait_for(lambda m: "Back" in m.text)).text
        await tom.send_in_group("/start LP01")
        several = await say(tom, "三十四")
        assert "3 / 5" in several.text
        assert several.text.endswith("Tap all that fit, then Done.")
        assert "4 / 5" in (await say(tom, "1，2")).text
        assert tom.now(several).text == "3 / 5  What did you do online?\n\n✓ News, Calls"
        assert "5 / 5" in (await say(tom, "relatives and")).text
        assert "4 / 5" in (await say(tom, "/back")).text
        assert "5 / 5" in (await say(tom, "1")).text
        assert (await say(tom, "A <b>bold</b> & brave wish")).text == "You did well: 34 years."
        await survey.quiet()
        assert [text for text, buttons in asked(tom) if buttons] == []
        assert any(text.endswith("✓ A <b>bold</b> & brave wish") for text, _ in asked(tom))
        kept = answers(survey)
        assert (kept["A3"], kept["B1"], kept["C1"]) == ("34", "news call", "vil")
        assert kept["G2"] == "A <b>bold</b> & brave wish"
        assert "corrected" in [one.kind for one in survey.rows(InterviewEvent)]


async def test_stop_go_on_another_day_another_phone_another_language(small_url, tmp_path):
    async with at_work(tmp_path, small_url) as survey:
        lan = survey.telegram.person(7, "en")
        await agree(lan)
        await tap(lan, "I myself")
        halt = await tap(lan, "Stop")
        assert "Your answers so far are kept" in halt.text
        assert labels(halt) == [["▶ Go on now"], ["I go on later"], ["🗑 Delete my answers"]]
        assert survey.rows(Interview)[0].status == "stopped"
        later = await settle(lan, "I go on later", halt)
        assert "/start" in later.text
        await survey.quiet()
        await survey.end()
        # Written while the bot was away.
        lan.read_all()
        await lan.send("/start")
        await survey.start()
        menu = await lan.next_message()
        assert "1 answer so far" in menu.text
        assert labels(menu) == [
            ["▶ Go on: person 1"], ["Another person at home"], ["Someone of another home"]
        ]  # fmt: skip
        # A new telephone with the same account: nothing of the chat is there.
        new = survey.telegram.world.people[7] = Person(survey.telegram.world, 7, "en")
        menu = await say(new, "/start LP01")
        again = await tap(new, "Go on: person 1", menu)
        assert again.text.startswith("2 / 5")
        await survey.quiet()
        assert new.now(menu).buttons == []
        # Another language in the middle: the very same question, in it.
        choose = await say(new, "/language")
        await new.tap(choose, "中文")
        same = await new.wait_for(lambda seen: "你多大" in seen.text and bool(seen.buttons))
        assert same.text.startswith("2 / 5")
        assert survey.rows(Contact)[0].language == "zh"
        await say(new, "40")
        await say(new, "都没有")
        await say(new, "二")
        assert (await say(new, "修路")).text == "你做得不错：40岁。"
        assert answers(survey)["B1"] == "none"
        # Stop, and delete instead.
        mei = survey.telegram.person(9, "en")
        await agree(mei)
        await tap(mei, "Stop")
        sure = await settle(mei, "Delete my answers")
        gone = await settle(mei, "Delete the answers too", sure)
        assert "deleted" in gone.text
        assert survey.people() == [1, 1, 1]


GARBAGE = (
    "i:zz", "i:1:2:99", "i:1:999999999999999999999:1", "i:zzzzzzzzzzzzzzzzzz:1:1", "i:1:1:q",
    "i:1:-1:1", "i:::", "i:", "i:９:1:1", "w:g:!!!", "w:g:", "w:g:zzzzzz", "w::x", "w:ho:x",
    "w:q:1", "w:m:", "w:h:", "w:o:h.nothing", "f:d:99", "f:a:99", "f:z:1", "f:d", "f:d:x",
    "l:xx:", "l:", "l", "l:xx:v.LP01", "l:en:v.NOWHERE", "c:y:en:v.", "c:y:xx:v.LP01",
    "c:z:en:v.LP01", "c:y:en", "c:", "a:p:abc", "a:p:1", "a:n:-5", "a:", "s:d:!!", "s:l:",
    "s:q:1", "s:d:zz", "r:!!", "r:", "r:zz", "m:99", "m:x", "m:", "zz", ":", "::::",
    "i:1:1:1:1", "�", "i:\x00:1:1", "w:h:v.\x00",
    "w:r:p.1.NOWHERE", "w:r:p.x.LP01", "w:r:p.LP01", "w:r:p..LP01", "w:r:p.9.LP01", "w:r:p.1.\x00",
    "c:y:en:p.x.LP01", "c:n:en:p.-1.LP01",
)  # fmt: skip


async def test_buttons_that_are_none_of_ours(small_url, tmp_path):
    async with at_work(tmp_path, small_url) as survey:
        stranger = survey.telegram.person(1, "en")
        await say(stranger, "hello")
        lan = survey.telegram.person(2, "en")
        await agree(lan)
        await say(lan, "1")
        await survey.quiet()
        for person in (stranger, lan):
            for data in GARBAGE:
                seen, answered = len(person.messages), person.taps_answered
                edits = sum(message.edits for message in person.messages)
                notices = len(person.notices)
                await tap_raw(person, data)
                await survey.quiet()
                assert person.taps_answered == answered + 1, data
                said = len(person.messages) - seen + len(person.notices) - notices
                changed = sum(message.edits for message in person.messages) - edits
                assert 1 <= said + changed <= 3, (data, person.messages[seen:])
        assert survey.people() == [1, 1, 1]
        assert answers(survey)["A1"] == "self"
        assert "A3" not in answers(survey)
        await finish_from_age(lan)


async def tap_raw(person, data):
    """A tap with this data on the newest message of the bot (a program that lies could)."""
    await person.tap(replace(person.last, rows=((("x", data),),)), 0)


async def finish_from_age(person):
    for text in ("34", "News", "1"):
        await say(person, text)
    assert (await say(person, "words")).text == "You did well: 34 years."


async def test_old_buttons_never_harm(small_url, tmp_path):
    async with at_work(tmp_path, small_url) as survey:
        lan = survey.telegram.person(2, "en")
        first = await agree(lan)
        second = await tap(lan, "I myself")
        lan.read_all()
        await lan.tap(first, 2)
        shown = await lan.next_message()
        assert lan.notices == ["Already answered."]
        assert shown.text == second.text
        await survey.quiet()
        assert [bool(buttons) for _, buttons in asked(lan)] == [False, False, True]
        assert answers(survey)["A1"] == "self"
        # Another person on this phone; then a button of the first one's question.
        menu = await say(lan, "/start")
        consent = await tap(lan, "Another person at home", menu)
        other = await agree_to_both(lan, consent)
        await lan.tap(shown, 0)
        await survey.quiet()
        assert lan.notices[-1] == "Someone else is answering now. /start changes that."
        await finish(lan)
        await lan.tap(other, 2)
        await survey.quiet()
        assert lan.notices[-1] == "Already answered."
        assert [one.status for one in survey.rows(Interview)] == ["open", "finished"]
        sure = await tap(lan, "Everyone on this phone", await say(lan, "/forget"))
        await settle(lan, "Delete the answers too", sure)
        await lan.tap(other, 0)
        await survey.quiet()
        assert lan.notices[-1] == "This question is no longer there."
        assert survey.people() == [0, 0, 0]


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_shipped_questionnaire_to_its_result(instrument_url, tmp_path, language):
    english = language == "en"
    async with at_work(tmp_path, instrument_url) as survey:
        lan = survey.telegram.person(7, language)
        message = await agree(lan, language="English" if english else "中文")
        seen = 0
        while "start=home-" not in message.text:
            if not of(message, "Stop" if english else "先停下"):
                message = await lan.next_message()
                continue
            seen += 1
            assert message.text.split("  ")[0].startswith(f"{seen} / ")
            assert all(len(label) < 40 for label, _ in message.buttons)
            boxes = [label for label, _ in message.buttons if label[0] in "☐"]
            if boxes:
                message = await lan.tap_and_see(message, boxes[0])
                message = await tap(lan, "Done" if english else "选好了", message)
            elif message.buttons[0][1][-1].isdigit():
                message = await lan.tap_and_see(message, 0)
            elif seen % 2 == 0:
                message = await say(lan, "二" if not english else "2")
            else:
                message = await tap(lan, "Skip" if english else "跳过", message)
        assert seen >= 38
        notes = [m.text for m in lan.messages[-3:] if m.from_bot]
        assert any("online" in note or "上网" in note for note in notes), notes
        assert [text for text, buttons in asked(lan) if buttons] == []
        row = survey.rows(Interview)[0]
        assert row.status == "finished"
        names = {path.rsplit("/", 1)[-1]: value for path, value in row.submission.items()}
        assert {"user", "s_access", "s_use"} <= set(names)


HOSTILE = """
| survey | | | | |
| | type | name | label | hint |
| | select_one many | q1 | {long} | {hint} |
| | select_multiple many | q2 | {long} | |
| | select_one few | q3 | {long} | {hint} |
| | text | q4 | {long} | {hint} |
| | note | q5 | {long} {long} {long} | |
| choices | | | |
| | list_name | name | label |
{many}
{few}
| settings | | | |
| | form_title | form_id | version |
| | {hint} | hostile | 1 |
"""


async def test_texts_and_buttons_fit_whatever_a_form_and_a_village_say(tmp_path):
    long, label = "<b>&amp; 村" * 300, "<i>&lt;问" * 25
    form = HOSTILE.format(
        long=long, hint="<&>" * 300,
        many="\n".join(f"| | many | c{n} | {n} {label} |" for n in range(260)),
        few="\n".join(f"| | few | c{n} | {n}<&>{n} |" for n in range(40)),
    )  # fmt: skip
    name, code = "<b>&村" * 40, "A" * 32
    villages = f"code,name,area,households,adults,target\n{code},{name},He/Shang,200,480,1\n"
    made_once(tmp_path, form=form, villages=villages)
    async with at_work(tmp_path, f"sqlite:///{tmp_path / 'usegap.db'}") as survey:
        lan = survey.telegram.person(7, "en")
        question = await agree(lan, code.lower())
        assert labels(question)[0] == ["1", "2", "3", "4"]
        for data in (data for message in lan.messages for _, data in message.buttons):
            assert len(data.encode()) <= 64
        first, question = question, await say(lan, "c258")
        assert lan.now(first).buttons == []
        question = await tap(lan, "7", question)
        # 260 choices are 26 pages; what is chosen on one is told on all.
        question = await tap(lan, "2 ›", question)
        question = await tap(lan, "17", question)
        assert [label for label, _ in question.buttons if "☑" in label] == ["☑ 17"]
        assert "so far: 6 <问" in question.text
        question = await tap(lan, "Done", question)
        assert len(question.buttons) == 10 + 1 + 3
        question = await say(lan, "39<&>39")
        await say(lan, "<script>&")
        link = await lan.wait_for(lambda seen: "start=home-" in seen.text)
        home = survey.telegram.person(8, "zh")
        await agree(home, link.text.rsplit("start=")[-1], language="中文")
        assert "A" * 32 not in home.last.text
        kept = answers(survey)
        assert (kept["q1"], kept["q2"], kept["q3"]) == ("c258", "c6 c16", "c39")
