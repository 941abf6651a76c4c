"""After the end: the home, other persons, what is kept, forgetting, blocking, help."""

from surveys.conduct.people import know
from surveys.publish import accept_invite, invite
from surveys.store.schema import Audit, Contact, Household, Interview, InterviewEvent, Respondent
from surveys.store.vault import Vault
from tests.respondent.phones import (
    NOW,
    agree,
    agree_to_both,
    at_work,
    finish,
    labels,
    of,
    say,
    settle,
    tap,
    the_end,
)


def secret_of(number):
    return f"secret wish {number}"


async def test_a_home_on_several_phones_and_a_helper(small_url, tmp_path):
    async with at_work(tmp_path, small_url) as survey:
        lan, son, stranger = (survey.telegram.person(n, "en") for n in (71, 72, 73))
        await agree(lan)
        link = (await finish(lan, text=secret_of(1))).text.rsplit("start=")[-1]
        texts = [message.text for message in lan.messages[-3:]]
        assert texts[0] == "You did well: 34 years."
        assert "16 or older" in texts[1]
        assert texts[2].startswith("Please answer a few questions about the internet")
        # The son opens the link that was forwarded to him: the same home, his own answers.
        await agree(son, link)
        await finish(son, text=secret_of(2))
        # Another person of the home on the first phone, and then somebody else's neighbour.
        menu = await tap(lan, "Someone else answers here")
        assert menu.text.splitlines() == [
            "Who is answering now?", "✓ Finished, thank you: person 1"
        ]  # fmt: skip
        assert labels(menu) == [["Another person at home"], ["Someone of another home"]]
        await agree_to_both(lan, await tap(lan, "Another person at home", menu))
        await say(lan, "Someone for me")
        menu = await say(lan, "/start")
        assert "Person 2 (" in menu.text
        assert menu.text.splitlines()[1].endswith("): 1 answer so far")
        consent = await tap(lan, "Someone of another home", menu)
        await agree_to_both(lan, consent)
        await finish(lan, text=secret_of(3))
        await agree(stranger)
        await survey.quiet()
        people = sorted(survey.rows(Respondent), key=lambda one: one.created_at)
        first, sons, second, neighbour, other = people
        assert first.household_id == sons.household_id == second.household_id
        assert len({first.household_id, neighbour.household_id, other.household_id}) == 3
        assert first.entry == second.entry == sons.entry
        assert len({first.entry, neighbour.entry, other.entry}) == 3
        assert [one.number for one in people] == [1, 1, 2, 3, 1]
        modes = {one.respondent_id: one.mode for one in survey.rows(Interview)}
        assert modes[second.id] == "proxy"
        # Nobody sees what another answered: not in a menu, not on another phone.
        menu = await say(lan, "/start")
        assert labels(menu)[0] == ["▶ Go on: person 2"]
        assert "1, 3" in menu.text
        for number in (1, 2, 3):
            assert secret_of(number) not in menu.text
        which = await say(lan, "/mydata")
        assert labels(which) == [["Person 1"], ["Person 2"], ["Person 3"]]
        record = await tap(lan, "Person 1", which)
        assert secret_of(1) in record.text
        assert secret_of(3) not in record.text
        await son.send("/mydata")
        own = await son.wait_for(lambda seen: "All that is kept" in seen.text)
        assert secret_of(2) in own.text
        assert secret_of(1) not in own.text
        # Answers leave the shared phone's chat, and stay in the survey.
        # By now it is noted which messages arrived.
        await survey.quiet()
        clean = next(m for m in lan.messages if of(m, "Remove answers from chat"))
        await settle(lan, "Remove answers from chat", clean)
        await survey.quiet()
        chat = "\n".join(message.text for message in lan.messages)
        assert "Who answers?\n\n✓ I myself" in chat
        assert record.message_id not in [message.message_id for message in lan.messages]
        removed = [m for m in lan.messages if m.from_bot and "What would help" in m.text]
        assert [secret_of(3) in message.text for message in removed] == [True]
        assert secret_of(1) not in chat
        assert [one.status for one in survey.rows(Interview)].count("finished") == 3


async def test_under_sixteen_leaves_nothing(small_url, tmp_path):
    async with at_work(tmp_path, small_url) as survey:
        boy = survey.telegram.person(990_000_001, "en", "Boy Zhang")
        await agree(boy)
        await tap(boy, "I myself")
        await say(boy, "12")
        end = await boy.wait_for(lambda seen: "Nothing of this was kept." in seen.text)
        assert "people of 16" in boy.messages[-2].text
        assert end.buttons == []
        await survey.tidy()
        assert [m.text for m in boy.messages if m.buttons] == []
        assert survey.people() == [0, 0, 0]
        assert survey.count(Household, InterviewEvent) == [0, 0]
        everything = survey.everything()
        for trace in survey.traces(boy):
            assert trace not in everything
        assert "If there is none, open the link" in (await say(boy, "hello")).text


async def test_forgetting_deletes_every_trace_or_keeps_only_the_answers(small_url, tmp_path):
    async with at_work(tmp_path, small_url) as survey:
        lan = survey.telegram.person(990_000_002, "en", "Wang Lan")
        mei = survey.telegram.person(990_000_003, "en", "Li Mei Xiu")
        for person, text in ((lan, "zebrafish"), (mei, "axolotl")):
            await agree(person)
            await finish(person, text=text)
        ask = await say(lan, "/forget")
        assert (
            ask.text == "Everything about you will be deleted.\nWhat shall become of the answers?"
        )
        assert labels(ask) == [
            ["🗑 Delete the answers too"], ["Keep them, forget who I am"], ["Do not delete anything"]
        ]  # fmt: skip
        no = await settle(lan, "Do not delete anything", ask)
        assert no.text == "All right. Nothing was deleted."
        assert survey.people() == [2, 2, 2]
        done = await settle(lan, "Delete the answers too", await say(lan, "/forget"))
        assert done.text == "Done. It is deleted, and cannot be brought back."
        assert (await say(lan, "/mydata")).text == "Nothing is kept about you."
        await survey.tidy()
        # The answers left the chat, too: on a shared phone others would read them there.
        chat = "".join(message.text for message in lan.messages)
        assert "zebrafish" not in chat
        assert "You did well" not in chat
        everything = survey.everything()
        for trace in (*survey.traces(lan), b"zebrafish"):
            assert trace not in everything
        assert survey.people() == [1, 1, 1]
        # The other keeps the answers for the survey, without any tie.
        kept = await settle(mei, "Keep them, forget who I am", await say(mei, "/forget"))
        assert "nothing that leads to you" in kept.text
        await survey.tidy()
        assert survey.people() == [0, 1, 1]
        everything = survey.everything()
        for trace in survey.traces(mei):
            assert trace not in everything
        row = survey.rows(Interview)[0]
        assert "axolotl" in row.submission.values()
        assert survey.count(InterviewEvent) == [0]
        assert "zebra" not in str([one.object for one in survey.rows(Audit)])
        # Coming back is a new beginning: nobody is recognised.
        assert "1 / 5" in (await agree(mei)).text


async def test_forgetting_one_of_several_persons(small_url, tmp_path):
    async with at_work(tmp_path, small_url) as survey:
        lan = survey.telegram.person(7, "en")
        await agree(lan)
        await finish(lan, text="first wish")
        consent = await tap(lan, "Another person at home", await say(lan, "/start"))
        await agree_to_both(lan, consent)
        await finish(lan, text="second wish")
        ask = await say(lan, "/forget")
        assert labels(ask) == [["Person 1"], ["Person 2"], ["Everyone on this phone"]]
        sure = await tap(lan, "Person 1", ask)
        assert sure.message_id == ask.message_id
        assert sure.text.startswith("Everything about person 1 will be deleted.")
        await settle(lan, "Delete the answers too", sure)
        # Tapped once more: person 2 is not meant.
        await lan.tap(sure, 0)
        await survey.quiet()
        assert survey.people() == [1, 1, 1]
        assert "first wish" not in survey.everything().decode("utf-8", "replace")
        record = await say(lan, "/mydata")
        assert "second wish" in record.text
        assert "Person 2 · Liuping 柳坪" in record.text


async def test_mydata_is_whole_and_comes_as_a_file_where_it_is_long(small_url, tmp_path):
    async with at_work(tmp_path, small_url) as survey:
        lan = survey.telegram.person(661, "zh")
        await agree(lan, language="中文")
        await tap(lan, "我自己")
        record = await say(lan, "/mydata")
        for words in ("661", "telegram", "语言：中文", "谁来答？", "→ 我自己", "柳坪"):
            assert words in record.text
        await say(lan, "34")
        await say(lan, "新闻")
        await say(lan, "1")
        await say(lan, "路" * 3900)
        await the_end(lan)
        record = await say(lan, "/mydata")
        assert record.file.filename == "mydata.txt"
        text = record.file.content.decode()
        for words in ("路" * 3900, "完成：", "young 0", "→ 34", "作答时间"):
            assert words in text


async def test_who_blocks_the_bot_hears_nothing_until_they_come_back(small_url, tmp_path):
    async with at_work(tmp_path, small_url) as survey:
        lan = survey.telegram.person(7, "en")
        await agree(lan)
        await tap(lan, "I myself")
        await lan.block()
        await survey.quiet()
        assert survey.rows(Contact)[0].blocked_at is not None
        seen = len(lan.messages)
        await lan.unblock()
        await survey.quiet()
        assert survey.rows(Contact)[0].blocked_at is None
        assert len(lan.messages) == seen
        # Blocked while an answer was under way: Telegram says so, and it is remembered.
        await lan.send("34")
        lan.blocked = True
        await survey.quiet()
        assert survey.rows(Contact)[0].blocked_at is not None
        lan.blocked = False
        menu = await say(lan, "/start")
        assert "2 answers so far" in menu.text
        assert survey.rows(Contact)[0].blocked_at is None
        assert "3 / 5" in (await tap(lan, "Go on: person 1", menu)).text
        survey.telegram.refusals = [
            one for one in survey.telegram.refusals if "blocked" not in one[1]
        ]


async def test_help_says_what_each_can_do(small_url, tmp_path):
    async with at_work(tmp_path, small_url) as survey:
        lan, wei = survey.telegram.person(7, "en"), survey.telegram.person(8, "zh-CN")
        text = (await say(lan, "/help")).text
        for name in ("/start", "/language", "/mydata", "/forget"):
            assert name in text
        assert "/summary" not in text
        assert "发 /start" not in text
        assert "换一种语言" in (await say(wei, "/help")).text
        vault = Vault(survey.settings.secret_key.encode())
        with survey.database.begin() as session:
            for number, role, area in ((7, "area", "He/Shang"), (8, "owner", None)):
                lane = vault.fingerprint(f"telegram:{number}")
                language = "en" if number == 7 else "zh"
                contact = know(session, vault, lane, str(number), language, NOW)
                code = invite(session, vault, role, area, NOW)
                accept_invite(session, vault, code, contact, NOW)
        text = (await say(lan, "/help")).text
        assert "/profile" in text
        assert "/export" not in text
        assert "/export" in (await say(wei, "/help")).text
