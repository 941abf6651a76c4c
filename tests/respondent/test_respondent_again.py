"""A new wave: who answered before answers again as the same person, or does not, as they like."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.respondent.answering import FEW, MOST_RETURNING, who_answers
from bot.respondent.where import Where
from bot.texts import speak
from surveys.conduct.people import OpenWave, Person
from surveys.publish import close_wave, open_wave
from surveys.store.schema import DailyCount, Interview, Respondent
from tests.respondent.phones import (
    NOW,
    ORGANISATION,
    agree,
    agree_to_both,
    at_work,
    finish,
    labels,
    of,
    say,
    settle,
    tap,
)


def next_wave(survey, title="2027"):
    with survey.database.begin() as session:
        now = datetime.now(UTC)
        close_wave(session, now)
        return open_wave(
            session, organisation=ORGANISATION, contact="Li Mei", retention_months=24, now=now,
            name=title,
        )  # fmt: skip


def who_is_who(survey, wave_id=None):
    """Of every person who answered in a wave: home, entry, phone, and the number on it."""
    with survey.database.read() as session:
        query = select(
            Respondent.household_id, Respondent.entry, Respondent.contact_id, Respondent.number
        ).join(Interview)
        if wave_id is not None:
            query = query.where(Interview.wave_id == wave_id)
        return sorted(tuple(row) for row in session.execute(query))


async def one_more(person, label, **said):
    """A new person on this phone, up to the end."""
    await agree_to_both(person, await tap(person, label))
    return await finish(person, **said)


async def test_a_home_and_a_neighbour_answer_again(small_url, tmp_path):
    async with at_work(tmp_path, small_url) as survey:
        lan, son = survey.telegram.person(71, "en"), survey.telegram.person(72, "en")
        await agree(lan)
        link = (await finish(lan, age="61", text="first wish")).text.rsplit("start=")[-1]
        await say(lan, "/start")
        await one_more(lan, "Another person at home", age="62", text="second wish")
        await say(lan, "/start")
        await one_more(lan, "Someone of another home", age="63", text="third wish")
        await agree(son, link)
        await finish(son, age="31")
        await survey.quiet()
        before = who_is_who(survey)
        assert len(before) == len(set(before)) == 4
        today = datetime.now(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d")
        wave = next_wave(survey)
        # Whoever only writes is told where to go.
        assert (await say(son, "hello")).text == "That survey has ended. A new one is open: /start"
        menu = await say(lan, "/start")
        assert menu.text.splitlines() == [
            "Welcome back! A new survey is open in Liuping 柳坪.",
            "Who is answering now?",
            *(f"Person {number}: answered on {today}" for number in (1, 2, 3)),
            "Not sure who is who? /mydata shows it.",
        ]
        assert labels(menu) == [
            ["Person 1 again"], ["Person 2 again"], ["Person 3 again"],
            ["Another person at home of person 1"], ["Someone of another home"],
        ]  # fmt: skip
        consent = await tap(lan, "Person 2 again", menu)
        assert consent.message_id == menu.message_id
        assert "You took part before" in consent.text
        assert "24 months" in consent.text
        assert survey.people()[2] == 4
        first = await agree_to_both(lan, consent)
        assert first.text == "1 / 5  Who answers?"
        # The same button twice: the same interview.
        await lan.tap(consent, 0)
        await survey.quiet()
        assert survey.people() == [2, 4, 5]
        await finish(lan, age="63", text="another wish")
        menu = await say(lan, "/start")
        assert menu.text.splitlines()[0] == "Who is answering now?"
        assert menu.text.splitlines()[-1] == "✓ Finished, thank you: person 2"
        assert labels(menu)[:2] == [["Person 1 again"], ["Person 3 again"]]
        assert labels(menu)[2] == ["Another person at home of person 2"]
        for secret in ("wish", "61", "62", "63", "I myself"):
            assert secret not in menu.text
        # Nobody is forced: the answers of before stay as they are.
        no = await settle(lan, "No, thank you", await tap(lan, "Person 1 again", menu))
        assert no.text.startswith("That is all right. Nothing new was kept.")
        assert {one.kind for one in survey.rows(DailyCount)} == {"opened", "declined"}
        # The menu of before, as it stood: who has begun meanwhile goes on, nobody is asked twice.
        await lan.tap(menu, of(menu, "Person 3 again"))
        await agree_to_both(lan)
        await lan.wait_for(lambda seen: seen.message_id > menu.message_id and bool(seen.buttons))
        await survey.quiet()
        assert "1 / 5" in (await lan.tap_and_see(menu, of(menu, "Person 3 again"))).text
        await finish(lan, age="64")
        # The son's own phone, by the family link: one tap says that it is he.
        menu = await say(son, f"/start {link}")
        assert menu.text.splitlines() == [
            "Welcome back! A new survey is open in Liuping 柳坪.",
            "Is it the same person as last time?",
        ]
        assert labels(menu) == [["▶ Yes, the same person"], ["Another person at home"]]
        await agree_to_both(son, await tap(son, "Yes, the same person", menu))
        await finish(son, age="32")
        await survey.quiet()
        assert who_is_who(survey, wave) == [one for one in before if one != _first(survey)]
        # Somebody new in the home of the son: on his phone, in the entry of the home.
        await say(son, "/start")
        await one_more(son, "Another person at home", age="33")
        await survey.quiet()
        added = set(who_is_who(survey, wave)) - set(before)
        sons = {one[:3] for one in before if one[2] != _first(survey)[2]}
        assert {one[:3] for one in added} == sons
        assert len(added) == 1
        assert survey.people() == [2, 5, 8]


def _first(survey):
    """The person who answered first of all, who did not want to answer again."""
    one = min(survey.rows(Respondent), key=lambda row: row.created_at)
    return one.household_id, one.entry, one.contact_id, one.number


async def test_in_chinese_and_by_the_link_of_the_village(small_url, tmp_path):
    async with at_work(tmp_path, small_url) as survey:
        wei = survey.telegram.person(81, "zh-hans")
        await agree(wei, language="中文")
        await tap(wei, "我自己")
        # Broken off, and the survey ended: the next time begins anew, and is the same person.
        next_wave(survey)
        menu = await say(wei, "/start LP01")
        assert menu.text == "欢迎回来！Liuping 柳坪又有新的问卷了。\n还是上次答题的那个人吗？"
        assert labels(menu) == [["▶ 是，同一个人"], ["家里另一个人"], ["别人家的人"]]
        consent = await tap(wei, "是，同一个人", menu)
        assert "你以前参加过" in consent.text
        assert (await agree_to_both(wei, consent, "中文")).text == "1 / 5  谁来答？"
        assert survey.people() == [1, 1, 2]
        # In another village nobody is known: it begins as for anyone.
        consent = await say(wei, "/start LP02")
        assert labels(consent)[0] == ["▶ 接着答：第1个人"]
        next_wave(survey, "2028")
        consent = await say(wei, "/start LP02")
        assert "你以前参加过" not in consent.text
        await agree_to_both(wei, consent, "中文")
        await survey.quiet()
        assert survey.people() == [1, 2, 3]
        assert len({home for home, *_ in who_is_who(survey)}) == 2


async def test_forgetting_after_two_waves(small_url, tmp_path):
    async with at_work(tmp_path, small_url) as survey:
        lan = survey.telegram.person(990_000_041, "en", "Wang Lan")
        mei = survey.telegram.person(990_000_042, "en", "Li Mei Xiu")
        for person, words in ((lan, "zebrafish"), (mei, "axolotl")):
            await agree(person)
            await finish(person, text=words)
        next_wave(survey)
        for person, words in ((lan, "capybara"), (mei, "pangolin")):
            await tap(person, "Yes, the same person", await say(person, "/start"))
            await agree_to_both(person)
            await finish(person, text=words)
        record = (await say(lan, "/mydata")).text
        assert "zebrafish" in record
        assert "capybara" in record
        assert record.count("Agreed (text, day)") == 2
        # What repeats the answers leaves the chat with those of the newest survey.
        newest = [m for m in lan.messages if of(m, "Remove answers from chat")][-1]
        await survey.quiet()
        await settle(lan, "Remove answers from chat", newest)
        await survey.quiet()
        assert "capybara" not in "".join(message.text for message in lan.messages)
        menu = await say(lan, "/start")
        ask = await say(lan, "/forget")
        assert ask.text.splitlines() == [
            "Everything about you will be deleted.",
            "This goes for the earlier surveys, too.",
            "What shall become of the answers?",
        ]
        await settle(lan, "Delete the answers too", ask)
        await survey.tidy()
        everything = survey.everything()
        for trace in (*survey.traces(lan), b"zebrafish", b"capybara"):
            assert trace not in everything
        assert survey.people() == [1, 1, 2]
        # A button from before leads to a new beginning: nobody is recognised.
        assert of(menu, "Another person at home") is not None
        await settle(mei, "Keep them, forget who I am", await say(mei, "/forget"))
        await survey.tidy()
        assert survey.people() == [0, 1, 2]
        for trace in survey.traces(mei):
            assert trace not in survey.everything()
        assert sorted(one.submission["/data/G2"] for one in survey.rows(Interview)) == [
            "axolotl", "pangolin",
        ]  # fmt: skip
        assert "1 / 5" in (await agree(mei)).text
        await survey.quiet()
        assert survey.people() == [1, 2, 3]


async def test_buttons_of_somebody_who_was_forgotten(small_url, tmp_path):
    async with at_work(tmp_path, small_url) as survey:
        lan = survey.telegram.person(43, "en")
        await agree(lan)
        await finish(lan)
        await say(lan, "/start")
        await one_more(lan, "Another person at home")
        next_wave(survey)
        menu = await say(lan, "/start")
        sure = await tap(lan, "Person 1", await say(lan, "/forget"))
        await settle(lan, "Delete the answers too", sure)
        anew = await lan.tap_and_see(menu, of(menu, "Person 1 again"))
        assert "Is it the same person as last time?" in anew.text
        consent = await tap(lan, "Yes, the same person", anew)
        sure = await say(lan, "/forget")
        await settle(lan, "Delete the answers too", sure)
        assert survey.people() == [0, 0, 0]
        # Agreed to all the same: somebody new.
        first = await agree_to_both(lan, consent)
        assert "1 / 5" in first.text
        await survey.quiet()
        assert survey.people() == [1, 1, 1]


async def test_who_is_too_young_now_was_not_then(small_url, tmp_path):
    """Somebody else tapped, or mistook the question: the earlier answers stay."""
    async with at_work(tmp_path, small_url) as survey:
        lan = survey.telegram.person(44, "en")
        await agree(lan)
        await finish(lan, text="first wish")
        next_wave(survey)
        await tap(lan, "Yes, the same person", await say(lan, "/start"))
        await agree_to_both(lan)
        await tap(lan, "I myself")
        await say(lan, "12")
        await lan.wait_for(lambda seen: "Nothing of this was kept." in seen.text)
        await survey.quiet()
        assert survey.people() == [1, 1, 1]
        assert "first wish" in (await say(lan, "/mydata")).text
        assert labels(await say(lan, "/start"))[0] == ["▶ Yes, the same person"]


@pytest.mark.parametrize("many", [FEW, FEW + 1, MOST_RETURNING + 5])
def test_a_helper_reaches_everybody(many):
    wave = OpenWave(7, "LP01", "V", ZoneInfo("UTC"), 2, 1, "F", "O", "C", 24)
    known = [
        Person(f"r{number}", number, "home", 7, None, "", None, 0, NOW)
        for number in range(1, many + 1)
    ]
    question, rows = who_answers(None, known, Where(wave, "home", "h.link"), speak("en"))
    *again, new = rows
    assert new == [("Another person at home", "w:h:h.link")]
    buttons = [button for row in again for button in row]
    named = min(many, MOST_RETURNING)
    assert [data for _, data in buttons] == [f"w:r:p.{n}.LP01" for n in range(1, named + 1)]
    assert max(len(row) for row in again) == (1 if many == FEW else 3)
    assert len(question) < 4000
    # As those who answered go from the list, the others come up.
    begun = [Person(f"r{n}", n, "home", 7, n, "finished", NOW, 4, NOW) for n in range(1, 11)]
    _, rows = who_answers(None, begun + known[10:], Where(wave, "home", "h.link"), speak("en"))
    assert rows[0][0][1] == (f"w:r:p.{11}.LP01" if many > 10 else "w:h:h.link")
