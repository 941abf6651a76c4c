"""From a village's link to the first question, and everything that ends before it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from bot.respondent.consent import CONSENT_VERSION
from surveys.publish import close_wave
from surveys.store.schema import Contact, DailyCount, Interview, Outbox
from tests.respondent.phones import agree, agree_to_both, at_work, finish, labels, say, settle, tap


async def test_what_someone_reads_before_they_agree(small_url, tmp_path):
    async with at_work(tmp_path, small_url) as survey:
        lan = survey.telegram.person(881234567, "zh-hans")
        hello = await say(lan, "/start lp01")
        assert "Liuping 柳坪" in hello.text
        assert labels(hello) == [["中文"], ["English"]]
        consent = await tap(lan, "English", hello)
        assert consent.message_id == hello.message_id
        for words in (
            "Bureau of <Fields> & Homes", "what is kept", "24 months", "costs you nothing",
            "stop or skip", "/forget", "Li Mei, 0931", "ten minutes", "at most twice", "90 days",
            "deleted when this survey ends",
        ):  # fmt: skip
            assert words.lower() in consent.text.lower()
        assert labels(consent) == [["✅ I am 16 or older and agree"], ["No, thank you"]]
        assert survey.people() == [0, 0, 0]
        abroad = await tap(lan, "I am 16 or older and agree")
        # The second step is short, in the same place, and asks one thing.
        assert abroad.message_id == consent.message_id
        assert "Telegram (telegram.org), whose computers stand abroad" in abroad.text
        assert labels(abroad) == [["✅ Yes, go on"], ["No, thank you"]]
        # The first one tapped twice: it is asked once.
        await lan.tap(consent, 0)
        await survey.quiet()
        assert survey.people() == [0, 0, 0]
        first = await tap(lan, "Yes, go on", abroad)
        assert first.text == "1 / 5  Who answers?"
        assert labels(first) == [["I myself"], ["Someone helps me"], ["Someone for me"], ["⏸ Stop"]]
        agreed = lan.now(consent)
        assert agreed.buttons == []
        assert agreed.text.splitlines()[-2:] == [
            "✓ I am 16 or older and agree", "✓ Messages may pass through Telegram, abroad"
        ]  # fmt: skip
        assert "costs you nothing" in agreed.text
        (kept,) = survey.rows(Interview)
        assert (kept.consent_version, kept.abroad_at) == (CONSENT_VERSION, kept.consented_at)
        # Tapped twice, as it stood before: still one person, and the question once more.
        await lan.tap(abroad, 0)
        again = await lan.wait_for(
            lambda seen: seen.message_id > first.message_id and bool(seen.buttons)
        )
        assert again.text == first.text
        assert survey.people() == [1, 1, 1]
        await survey.quiet()
        assert [bool(m.buttons) for m in lan.messages if m.text == first.text] == [False, True]


async def test_nothing_stays_of_someone_who_declines(small_url, tmp_path):
    async with at_work(tmp_path, small_url) as survey:
        lan = survey.telegram.person(881234567, "zh-hans", "Wang Lan")
        await say(lan, "/start LP01")
        await tap(lan, "中文")
        no = await settle(lan, "不参加")
        assert "没关系" in no.text
        assert no.buttons == []
        await survey.tidy()
        counted = {(one.kind, one.count) for one in survey.rows(DailyCount)}
        assert counted == {("declined", 1), ("opened", 1)}
        assert survey.people() == [0, 0, 0]
        assert survey.count(Outbox) == [0]
        everything = survey.everything()
        for trace in survey.traces(lan):
            assert trace not in everything
        # Another day they may think otherwise.
        assert "1 / 5" in (await agree(lan, language="中文")).text


@pytest.mark.parametrize("order", ["no", "no, then yes", "yes, then no"])
async def test_who_does_not_want_messages_to_pass_abroad(small_url, tmp_path, order):
    """The button tapped last counts, as long as no question is answered."""
    async with at_work(tmp_path, small_url) as survey:
        lan = survey.telegram.person(990_000_072, "en", "Wang Lan")
        abroad = await tap(lan, "I am 16 or older and agree", await agree_first(lan))
        if order == "yes, then no":
            await tap(lan, "Yes, go on", abroad)
            await survey.quiet()
        await lan.tap(abroad, "No, thank you")
        no = await lan.wait_for(lambda seen: "Nothing about you was kept" in seen.text)
        assert no.buttons == []
        if order == "no, then yes":
            assert "1 / 5" in (await lan.tap_and_see(abroad, 0)).text
            assert survey.people() == [1, 1, 1]
            return
        await survey.tidy()
        # Not even the question is left in the chat.
        assert [seen.message_id for seen in lan.messages if seen.from_bot] == [no.message_id]
        assert {one.kind for one in survey.rows(DailyCount)} == {"opened", "declined"}
        assert survey.people() == [0, 0, 0]
        everything = survey.everything()
        for trace in survey.traces(lan):
            assert trace not in everything


async def agree_first(person):
    """From the village's link to the first step of consent."""
    return await tap(person, "English", await say(person, "/start LP01"))


async def test_abroad_is_asked_once_on_a_phone_and_old_buttons_show_the_text_of_today(
    small_url, tmp_path
):
    async with at_work(tmp_path, small_url) as survey:
        lan = survey.telegram.person(73, "en")
        consent = await agree_first(lan)
        # As it stood before this version: it shows what is agreed to today, and keeps nothing.
        before = replace(consent, rows=((("I agree", "c:y:en:v.LP01"),),))
        await lan.tap(before, 0)
        await survey.quiet()
        again = lan.now(consent)
        assert (again.text, again.rows) == (consent.text, consent.rows)
        assert survey.people() == [0, 0, 0]
        await agree_to_both(lan, again)
        await finish(lan)
        consent = await tap(lan, "Another person at home", await say(lan, "/start"))
        assert "This was agreed to on this phone on" in consent.text
        assert "1 / 5" in (await tap(lan, "I am 16 or older and agree", consent)).text
        await survey.quiet()
        one, two = survey.rows(Interview)
        assert one.abroad_at == two.abroad_at < two.consented_at
        # To another text nobody on this phone has agreed.
        with survey.database.begin() as session:
            session.execute(update(Interview).values(consent_version="3"))
        consent = await tap(lan, "Someone of another home", await say(lan, "/start"))
        assert "agreed" not in consent.text
        assert "Yes, go on" in labels(await tap(lan, "I am 16 or older and agree", consent))[0][0]


async def test_links_that_lead_nowhere(small_url, tmp_path):
    async with at_work(tmp_path, small_url) as survey:
        lan = survey.telegram.person(1, "en")
        unknown = (await say(lan, "/start NOWHERE")).text
        assert unknown.startswith("I do not know this village code.")
        for link in ("home-nothing", "x" * 3000, "'; --", "LP01 LP02"):
            assert (await say(lan, f"/start {link}")).text == unknown
        assert "open the link of your village" in (await say(lan, "/start")).text
        consent = await tap(lan, "English", await say(lan, "/start LP01"))
        # Nobody is known before they agree, and still they are told what to do.
        assert "tap a button in the message above" in (await say(lan, "yes")).text
        assert "请点上面消息里的按钮" in (await say(lan, "你好")).text
        mei = survey.telegram.person(2, "en")
        await agree(mei)
        asked = mei.last
        await finish(mei)
        with survey.database.begin() as session:
            close_wave(session, now=datetime.now(UTC))
        for command in ("/start LP01", "/start"):
            closed = await say(mei, command)
            assert closed.text == "No survey is open in Liuping 柳坪 now. Thank you for asking."
        assert (await tap(mei, "Someone else answers here")).text == closed.text
        over = await settle(lan, "I am 16 or older and agree", consent)
        assert over.text == "This survey is no longer open. Thank you for your interest."
        assert "has ended" in (await say(mei, "1")).text
        assert "has ended" in (await mei.tap_and_see(asked, 0)).text
        # Another language is still had, without a word about the end.
        done = await settle(mei, "中文", await say(mei, "/language"))
        assert done.text == mei.last.text == "✓ 中文"
        assert survey.people() == [1, 1, 1]
        assert [one.language for one in survey.rows(Contact)] == ["zh"]
