"""From a village's link to the first question, and everything that ends before it."""

from datetime import UTC, datetime

from surveys.publish import close_wave
from surveys.store.schema import Contact, DailyCount, Outbox
from tests.respondent.phones import agree, at_work, finish, labels, say, settle, tap


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
            "stop or skip", "/forget", "Li Mei, 0931", "ten minutes", "Telegram", "at most twice",
        ):  # fmt: skip
            assert words.lower() in consent.text.lower()
        assert labels(consent) == [["✅ I am 16 or older and agree"], ["No, thank you"]]
        assert survey.people() == [0, 0, 0]
        first = await tap(lan, "I am 16 or older and agree")
        assert first.text == "1 / 5  Who answers?"
        assert labels(first) == [["I myself"], ["Someone helps me"], ["Someone for me"], ["⏸ Stop"]]
        agreed = lan.now(consent)
        assert agreed.buttons == []
        assert agreed.text.endswith("✓ I am 16 or older and agree")
        # Tapped twice, as it stood before: still one person, and the question once more.
        await lan.tap(consent, 0)
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


async def test_links_that_lead_nowhere(small_url, tmp_path):
    async with at_work(tmp_path, small_url) as survey:
        lan = survey.telegram.person(1, "en")
        unknown = (await say(lan, "/start NOWHERE")).text
        assert unknown.startswith("I do not know this village code.")
        for link in ("home-nothing", "x" * 3000, "'; --", "LP01 LP02"):
            assert (await say(lan, f"/start {link}")).text == unknown
        assert "open the link of your village" in (await say(lan, "/start")).text
        assert "no question open" in (await say(lan, "hello")).text
        consent = await tap(lan, "English", await say(lan, "/start LP01"))
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
