"""May I write to you again? Who said yes stays known; of who did not, nothing leads to the answers
once the survey has ended."""

from datetime import UTC, datetime

from sqlalchemy import select

from surveys.conduct.people import know
from surveys.conduct.retention import expire
from surveys.publish import accept_invite, close_wave, invite, open_wave
from surveys.store.schema import Contact, Interview, Respondent
from surveys.store.vault import Vault
from tests.respondent.phones import (
    NOW,
    ORGANISATION,
    agree,
    agree_to_both,
    at_work,
    finish,
    is_last_question,
    labels,
    say,
    settle,
    tap,
)

YES, NO = "Yes, write to me again", "No, do not write to me again"


def close(survey):
    with survey.database.begin() as session:
        close_wave(session, datetime.now(UTC))


def following(survey):
    with survey.database.begin() as session:
        return open_wave(
            session, organisation=ORGANISATION, contact="Li Mei", retention_months=24,
            now=datetime.now(UTC), name="next",
        )  # fmt: skip


async def end_of_wave(survey):
    """The wave is closed and the hour of retention has come."""
    close(survey)
    await survey.quiet()
    await survey.database.in_thread(expire, survey.database, datetime.now(UTC))
    await survey.tidy()


async def asked(person):
    return await person.wait_for(is_last_question)


async def test_who_said_yes_answers_again_and_of_the_others_nothing_is_left(small_url, tmp_path):
    async with at_work(tmp_path, small_url) as survey:
        lan = survey.telegram.person(990_000_051, "en", "Wang Lan")
        mei = survey.telegram.person(990_000_052, "en", "Li Mei Xiu")
        hua = survey.telegram.person(990_000_053, "en", "Zhao Hua Hua")
        for person, words in ((lan, "zebrafish"), (mei, "axolotl"), (hua, "capybara")):
            await agree(person)
            await finish(person, text=words)
        question = await asked(lan)
        assert question.message_id == lan.last.message_id
        assert labels(question) == [[f"✅ {YES}"], [NO]]
        yes = await settle(lan, YES, question)
        assert yes.text.startswith("✓ I may write to you again.")
        # Tapped twice, and once the other: the last one counts.
        await lan.tap(question, 1)
        await lan.tap(question, 0)
        no = await settle(mei, NO, await asked(mei))
        assert "nothing leads from your answers to you any more" in no.text
        # Hua does not answer at all. Until the end of the survey everything is there for all.
        await asked(hua)
        assert "capybara" in (await say(hua, "/mydata")).text
        assert "you have not said yes" in (await say(hua, "/mydata")).text
        link = next(m.text for m in mei.messages if "start=home-" in m.text).rsplit("start=")[-1]
        before = {
            row.key: (row.submission, row.respondent_id) for row in survey.rows(Interview)
        }  # fmt: skip
        await end_of_wave(survey)
        assert survey.people() == [1, 3, 3]
        everything = survey.everything()
        for person in (mei, hua):
            for trace in survey.traces(person):
                assert trace not in everything
        assert link.removeprefix("home-").encode() not in everything
        after = {row.key: (row.submission, row.respondent_id) for row in survey.rows(Interview)}
        assert after == before
        assert sum(row.contact_id is None for row in survey.rows(Respondent)) == 2
        assert (await say(mei, "/mydata")).text == "Nothing is kept about you."
        # The buttons of before say so, too.
        late = await settle(hua, YES, await asked(hua))
        assert late.text == "Nothing is kept about you."
        # In the next survey Lan is the same person, Mei is somebody new.
        wave = following(survey)
        menu = await say(lan, "/start LP01")
        consent = await tap(lan, "Yes, the same person", menu)
        assert "kept for the next round, as you agreed" in consent.text
        assert "/forget deletes everything, at any time" in consent.text
        await agree_to_both(lan, consent)
        end = await finish(lan, text="tapir")
        await agree(mei)
        await survey.quiet()
        assert lan.last.message_id == end.message_id, "who agreed is not asked again"
        assert survey.people() == [2, 4, 5]
        with survey.database.read() as session:
            waves = session.execute(
                select(Interview.wave_id)
                .join(Respondent)
                .join(Contact, Contact.id == Respondent.contact_id)
                .where(Contact.panel_at.is_not(None))
                .order_by(Interview.id)
            ).scalars()
            assert list(waves)[-1] == wave
        record = await say(lan, "/mydata")
        assert "Written to again in the next round: yes" in record.text
        assert "zebrafish" in record.text


async def test_who_changes_their_mind_after_the_end_is_let_go_at_once(small_url, tmp_path):
    async with at_work(tmp_path, small_url) as survey:
        lan = survey.telegram.person(990_000_061, "en", "Wang Lan")
        await agree(lan)
        await finish(lan, text="zebrafish")
        await settle(lan, YES, await asked(lan))
        await end_of_wave(survey)
        record = await say(lan, "/mydata")
        assert labels(record)[-1] == [NO]
        done = await tap(lan, NO, record)
        assert done.text == "Done. Your answers stay, and nothing leads from them to you any more."
        await survey.tidy()
        assert survey.people() == [0, 1, 1]
        for trace in survey.traces(lan):
            assert trace not in survey.everything()


async def test_one_of_a_phone_is_asked_once_and_no_neighbour_is(small_url, tmp_path):
    async with at_work(tmp_path, small_url) as survey:

        async def another(label):
            menu = await say(lan, "/start")
            await agree_to_both(lan, await tap(lan, label, menu))
            await finish(lan)
            await survey.quiet()
            return sum(map(is_last_question, lan.messages))

        lan = survey.telegram.person(74, "en")
        await agree(lan)
        begun = (await tap(lan, "Someone helps me")).message_id
        for words in ("34", "News", "1", "/skip"):
            await say(lan, words)
        await lan.wait_for(lambda seen: seen.message_id > begun and "start=home-" in seen.text)
        await survey.quiet()
        # Who was helped is not asked; who answers alone at home is, and then nobody any more.
        assert not any(map(is_last_question, lan.messages))
        assert await another("Another person at home") == 1
        assert await another("Another person at home") == 1
        # A neighbour on this phone cannot be found by it.
        await settle(lan, NO, await asked(lan))
        assert await another("Someone of another home") == 0


async def test_an_administrator_stays_and_leaves_the_answers(small_url, tmp_path):
    async with at_work(tmp_path, small_url) as survey:
        lan = survey.telegram.person(990_000_081, "en", "Wang Lan")
        await agree(lan)
        await finish(lan, text="zebrafish")
        vault = Vault(survey.settings.secret_key.encode())
        with survey.database.begin() as session:
            lane = vault.fingerprint(f"telegram:{lan.id}")
            contact = know(session, vault, lane, str(lan.id), "en", NOW)
            code = invite(session, vault, "area", "He/Shang", NOW)
            accept_invite(session, vault, code, contact, NOW)
        await end_of_wave(survey)
        assert survey.people() == [1, 1, 1]
        assert [row.contact_id for row in survey.rows(Respondent)] == [None]
        assert survey.rows(Contact)[0].current_interview_id is None
        record = (await say(lan, "/mydata")).text
        assert "zebrafish" not in record
        assert "Administrator of" in record
        following(survey)
        # Nobody is recognised: the survey of before is not theirs any more.
        assert "I am 16 or older" in labels(await say(lan, "/start LP01"))[0][0]


async def test_what_was_promised_before_this_version_is_kept(small_url, tmp_path):
    async with at_work(tmp_path, small_url) as survey:
        lan = survey.telegram.person(990_000_091, "en", "Wang Lan")
        await agree(lan)
        await finish(lan)
        with survey.database.begin() as session:
            session.execute(Interview.__table__.update().values(consent_version="3"))
        await end_of_wave(survey)
        assert survey.people() == [1, 1, 1]
        # Until they say no.
        await tap(lan, NO, await say(lan, "/mydata"))
        assert survey.people() == [0, 1, 1]
