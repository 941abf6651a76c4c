"""An owner sets a survey up from a phone: files, what they would do, what is wrong, what next."""

import csv
import io
import re
import sys
import zipfile
from datetime import timedelta

import openpyxl
import pytest

from bot.admin.tour import texts
from bot.application import greet_first_owner
from bot.desk import Desk
from bot.jobs.templates import villages_csv
from bot.settings import Settings
from bot.texts import speak
from surveys.conduct.people import know
from surveys.conduct.retention import expire
from surveys.estimation.margins import VARIABLES
from surveys.form.sheets import read_sheets
from surveys.form.workbook import to_excel
from surveys.form.xlsform import convert
from surveys.instruments import shipped
from surveys.publish import (
    VillagesRefused,
    accept_invite,
    find_area,
    import_villages,
    programme,
)  # fmt: skip
from surveys.publish.margins import read_margins
from surveys.publish.sentences import Sentence
from surveys.publish.villages import look_at_villages
from surveys.store.schema import Area, Audit, Draft, FormVersion, Invite, Job, Margin
from tests.administrators.conftest import fill, office
from tests.respondent.phones import (
    PATIENCE,
    SMALL,
    agree,
    at_work,
    labels,
    moment,
    say,
    settle,
)  # fmt: skip

HEAD = "code,name,area,households,adults,target"
GOOD = f"""{HEAD},adults_offline,reference
LP01,Liuping 柳坪,He/Shang,200,480,12,60,no
LP02,Qingshui 清水,He/Shang,150,,10,,no
TOWN,Seat 镇上,He/Seat,9000,20000,50,1500,yes
""".encode()
BAD = f"""{HEAD}
LP01,Liuping,He/Shang,200,480,12
LP01,Twin,He/Shang,200,480,12
LP 3,<b>Odd,He/Shang/Else/More,many,480,12
""".encode()
SENTENCES = 30
BOSS = {"role": "owner", "area": None}


async def reply(person, *file):
    """Send a file; what is said of it."""
    first = await said(person, *file)
    assert "file" in first.text or "文件" in first.text
    return await person.next_message(PATIENCE)


async def said(person, name, content, caption=""):
    """Send a file; the next message, whatever it is."""
    person.read_all()
    await person.send_file(name, content, caption)
    return await person.next_message(PATIENCE)


def excel(text):
    """A list as a phone's spreadsheet saves it."""
    book = openpyxl.Workbook()
    for row in csv.reader(io.StringIO(text)):
        book.active.append(row)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def margins(area="He/Shang", count=7):
    rows = [f"{area},{one.name},{part},{count}" for one in VARIABLES for part in one.categories]
    return "\n".join(["area,variable,category,count", *rows]).encode()


def actions(survey):
    """What was done by whom, in order."""
    return [(one.actor, one.action) for one in survey.rows(Audit)]


async def test_a_survey_is_set_up_from_nothing(database_url, tmp_path):
    async with at_work(tmp_path, database_url) as survey:
        wei = await office(survey, 501, "zh", **BOSS)
        todo = await say(wei, "/setup")
        assert "⬜ 1. 村庄：还没有" in todo.text
        assert "✅ 2. 问卷" in todo.text
        assert "👉 下一步：请把村庄名单以文件形式发来" in todo.text

        # A broken list: every problem with its line, in their language; nothing is taken in.
        wrong = await reply(wei, "v.csv", BAD)
        assert "有 4 处要改" in wrong.text
        assert "第 3 行：代码 LP01 重复了，第 2 行已经用过。" in wrong.text
        assert "第 4 行：households 要填不小于 1 的整数，不能是 many。" in wrong.text
        assert wrong.buttons == []
        assert survey.count(Draft) == [0]

        # A good one waits, sealed, until it is confirmed.
        asked = await reply(wei, "my list.txt", GOOD)
        assert "2 个乡镇的 3 个村：新增 3 个，有改动 0 个。" in asked.text
        assert "共有成年人 20,480 人。" in asked.text
        assert "1 个村没有填成年人数" in asked.text
        assert labels(asked) == [["✅ 收下"], ["先不用"]]
        assert survey.count(Draft) == [1]
        kept = survey.everything()
        assert not any(name.encode() in kept for name in ("柳坪", "清水", "Liuping", "LP02"))
        assert [one.kind for one in survey.rows(Area)] == ["programme"]
        done = await settle(wei, "收下", asked)
        assert done.text.startswith("✅ 已收下：新增 3 个村，有改动 0 个。")
        assert "👉 下一步：发 /poster" in done.text
        assert "发 /team 邀请" in done.text
        assert done.buttons == []
        assert survey.count(Draft) == [0]
        await wei.tap(asked, 0)
        await survey.quiet()
        assert wei.notices[-1].startswith("这件事已经办过了")
        areas = {one.code: one for one in survey.rows(Area) if one.kind == "village"}
        assert set(areas) == {"LP01", "LP02", "TOWN"}
        assert areas["LP01"].name == "Liuping 柳坪"
        assert actions(survey).count(("administrator 1", "import villages")) == 1

        # From a spreadsheet, changed; then the same again.
        text = GOOD.decode().replace("150,,10", "150,300,10").replace("no\nTOWN", "no\n\nTOWN")
        asked = await reply(wei, "村.xlsx", excel(text))
        assert "新增 0 个，有改动 1 个" in asked.text
        await settle(wei, "收下", asked)
        again = await reply(wei, "村.xlsx", excel(text))
        assert "这里都有了" in again.text
        assert again.buttons == []

        # Margins.
        wrong = await reply(wei, "m.csv", margins("Nowhere"))
        assert "第 2 行：您管的地区里没有 Nowhere，请写成“县/乡镇”。" in wrong.text
        asked = await reply(wei, "m.csv", margins())
        assert "涉及 1 个地区" in asked.text
        await settle(wei, "收下", asked)
        parts = sum(len(one.categories) for one in VARIABLES)
        assert survey.count(Margin) == [parts]

        # A questionnaire: with errors, then right, as a workbook.
        bad = SMALL.replace("${young} = 1", "${yung} = 1")
        wrong = await reply(wei, "form.md", bad.strip().encode())
        assert "有 1 处要改" in wrong.text
        assert "survey 第 5 行，relevant：没有题目“yung”。是不是 young？" in wrong.text
        workbook = to_excel(read_sheets(SMALL.strip().encode(), "md"))
        asked = await reply(wei, "ours.xlsx", workbook)
        assert "《Small》，版本 1：5 个问题，2 种语言，大约 1 分钟。" in asked.text
        assert survey.count(FormVersion) == [1]
        done = await settle(wei, "收下", asked)
        assert "问卷《Small》已收下" in done.text
        assert survey.count(FormVersion) == [2]
        assert "以前已经原样发布过" in (await reply(wei, "ours.xlsx", workbook)).text
        other = SMALL.replace("Who answers?", "Who is it?").strip().encode()
        assert "版本号的问卷以前发布过" in (await reply(wei, "ours.md", other)).text
        todo = await say(wei, "/setup")
        assert "✅ 1. 村庄：2 个乡镇，3 个村" in todo.text
        assert "要用新问卷，请先结束这一轮" in todo.text
        assert "✅ 6. 人口构成数据：1" in todo.text
        # What was fetched is nowhere any more.
        assert survey.count(Draft, Job) == [0, 0]
        assert actions(survey)[-1] == ("administrator 1", "publish")


async def test_who_may_send_what(field_url, tmp_path):
    async with at_work(tmp_path, field_url) as survey:
        lan, ann = survey.telegram.person(7, "en"), await office(survey, 8, role="viewer")
        # A resident, before and within an interview: as ever. Other administrators learn why not.
        nothing = (await say(lan, "x")).text
        assert (await said(lan, "villages.csv", GOOD)).text == nothing
        sue = await office(survey, 9, role="area")
        whose = (await say(sue, "/setup")).text
        assert whose.startswith("/setup is for: owner.")
        for one in (ann, sue):
            assert (await said(one, "villages.csv", GOOD)).text == whose
        assert (await say(ann, "hello")).text == (
            "I do not know what to do with this. If you see a button above, tap it."
            " /help says what I can do for you."
        )
        await agree(lan)
        assert "cannot read pictures" in (await said(lan, "villages.csv", GOOD)).text
        assert survey.count(Draft, Job) == [0, 0]
        assert "getFile" not in survey.telegram.counts

        # The owner of a county, or of a township of it, changes nothing elsewhere.
        xia = await office(survey, 10, role="owner", area="He/Xia")
        row = "X1,New,He/Xia,10,20,5"
        taken = "LP01,Mine now,He/Xia,10,20,5"
        wrong = await reply(xia, "v.csv", f"{HEAD}\nQ1,Q,He/Shang,1,2,3\n{row}\n{taken}".encode())
        assert "2 things are to be put right" in wrong.text
        assert "Line 2: He/Shang is not among your areas: you can take in villages of He/Xia." in (
            wrong.text
        )
        assert "Line 4: the code LP01 is used already" in wrong.text
        # Another's area reads as one that is not there.
        elsewhere = (await reply(xia, "m.csv", margins("He/Shang"))).text
        nowhere = (await reply(xia, "m.csv", margins("No/Where"))).text
        assert elsewhere.replace("He/Shang", "No/Where") == nowhere
        form = SMALL.strip().encode()
        assert "only an owner of the whole programme" in (await reply(xia, "f.md", form)).text
        asked = await reply(xia, "v.csv", f"{HEAD}\n{row}".encode())
        # A button of hers opens nothing to another owner, nor to a viewer.
        boss = await office(survey, 11, **BOSS)
        for other in (boss, ann):
            shown = await say(other, "/help")
            await other.tap(type(shown)(**{**fields(shown), "rows": asked.rows}), 0)
            await survey.quiet()
            assert "no longer works" in other.notices[-1] or "done already" in other.notices[-1]
        done = await settle(xia, "Take it in", asked)
        assert "1 village new" in done.text
        (audited,) = [one for one in survey.rows(Audit) if one.action == "import villages"][-1:]
        where = {one.name: one.id for one in survey.rows(Area)}
        assert audited.area_id == where["Xia"]
        # Rights that are gone meanwhile take nothing in.
        asked = await reply(xia, "v.csv", f"{HEAD}\n{row.replace('New', 'Newer')}".encode())
        mine = next(
            button
            for button in (await say(xia, "/team")).buttons
            if button[1].startswith("t:g:") and "owner" in button[0]
        )
        await settle(xia, "Yes, give it up", await xia.tap_and_see(xia.last, mine[1]))
        await xia.tap(asked, 0)
        await survey.quiet()
        assert "no longer works" in xia.notices[-1]
        assert "Newer" not in {one.name for one in survey.rows(Area)}


def fields(message):
    return {name: getattr(message, name) for name in message.__slots__}


async def test_what_is_no_list_and_what_goes_wrong_on_the_way(sqlite_url, tmp_path, monkeypatch):
    fill(sqlite_url, homes=())
    async with at_work(tmp_path, sqlite_url) as survey:
        boss = await office(survey, 501, **BOSS)
        boss.read_all()
        await boss.send_other("photo")
        helped = (await boss.next_message(PATIENCE)).text
        assert helped.startswith("I cannot read pictures. I take in a list")
        assert HEAD in helped
        assert helped.endswith((await say(boss, GOOD.decode())).text)
        for name, content in (("villages.csv", b"%PDF-1.7 \xff\xfe\x00"), ("villages.csv", b"a,b"),
                              ("x.xml", b"<html>"), ("e.zip", bundle({"a": b"x"}))):  # fmt: skip
            assert HEAD in (await reply(boss, name, content)).text or name == "e.zip"
        # Too large to fetch; too large once unpacked; a million rows of nothing.
        large = "This file is too large for me: 5 MB at most. Take out pictures, or split it."
        before = survey.telegram.counts["getFile"]
        assert (await said(boss, "v.csv", bytes(5 * 1024 * 1024 + 1))).text == large
        assert survey.telegram.counts["getFile"] == before
        bomb = bundle({"xl/worksheets/sheet1.xml": bytes(21 * 1024 * 1024)})
        assert len(bomb) < 30_000
        assert (await reply(boss, "v.xlsx", bomb)).text == large
        # The template as it came: its examples are no villages.
        wrong = (await reply(boss, "villages.csv", villages_csv(speak("en")))).text
        assert "Line 2: this is an example of the template: take the line out." in wrong
        # Ten problems, and how many more; within what a message holds.
        rows = "\n".join(f"{'<&' * 40}{n},{'n' * 300},a/b/c,{'x' * 500},-1,0" for n in range(40))
        wrong = await reply(boss, "v.csv", f"{HEAD}\n{rows}".encode())
        assert "… and 230 more." in wrong.text
        assert wrong.text.count("\n• ") == 10
        # The network fails twice, and the path to the file is over once.
        survey.telegram.fault("getFile", 502)
        survey.telegram.fault("download", 502)
        monkeypatch.setattr("bot.jobs.timedelta", lambda seconds: timedelta(seconds=0.01))
        asked = await reply(boss, "v.csv", GOOD.replace(b"LP", b"NP"))
        assert "3 villages in 2 townships: 2 new, 1 changed." in asked.text
        # A new file takes the place of one that waits.
        newer = await reply(boss, "v.csv", f"{HEAD}\nZZ1,Zz,He/Xia,1,2,3".encode())
        await boss.tap(asked, 0)
        await survey.quiet()
        assert boss.notices[-1].startswith("This is done already, or it waited too long.")
        assert "Nothing was changed" in (await settle(boss, "Not now", newer)).text
        assert survey.count(Draft) == [0]
        assert "ZZ1" not in {one.code for one in survey.rows(Area)}
        # What nobody confirms is gone after a day, and with whoever is forgotten.
        await reply(boss, "v.csv", f"{HEAD}\nZZ1,Zz,He/Xia,1,2,3".encode())
        expire(survey.database, moment() + timedelta(hours=23))
        assert survey.count(Draft) == [1]
        expire(survey.database, moment() + timedelta(hours=25))
        assert survey.count(Draft) == [0]
        await office(survey, 502, **BOSS)
        await reply(boss, "v.csv", f"{HEAD}\nZZ1,Zz,He/Xia,1,2,3".encode())
        await boss.tap(await say(boss, "/forget"), 0)
        await survey.quiet()
        assert survey.count(Draft) == [0]
        assert [job.error for job in survey.rows(Job) if job.error] == []


def bundle(parts):
    """A zip."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return kept.getvalue()


async def test_files_to_fill_in_come_and_go_back(sqlite_url, tmp_path):
    fill(sqlite_url, homes=())
    async with at_work(tmp_path, sqlite_url) as survey:
        boss = await office(survey, 501, role="owner", area="He")
        todo = await say(boss, "/setup")
        assert labels(todo) == [["📄 Files to fill in"]]
        await boss.tap(todo, 0)
        last = await boss.wait_for(
            lambda seen: seen.file is not None and seen.file.filename.endswith(".xlsx"), PATIENCE
        )
        files = {one.file.filename: one.file.content for one in boss.messages if one.file}
        assert list(files) == ["villages.csv", "margins.csv", "village_digital.xlsx"]
        assert "Excel" in last.text
        filled = files["villages.csv"].replace(b"EXAMPLE", b"UP").replace(b"County", b"He")
        assert "2 villages in 1 township: 2 new" in (await reply(boss, "v.csv", filled)).text
        rows = files["margins.csv"].decode("utf-8-sig").splitlines()
        filled = "\n".join([rows[0], *(f"{row}12" for row in rows[1:])]).encode()
        assert "For 1 area." in (await reply(boss, "margins.csv", filled)).text
        ours = convert(shipped(), "village_digital.md")
        assert convert(files["village_digital.xlsx"], "x.xlsx").xform == ours.xform


def test_everything_that_can_be_wrong_with_a_list_is_said_in_chinese(database):
    lists = [
        b"", HEAD.encode(), b"code,name,adults", b"code,name,area,name,ring,cod", b"\xff\xff\xff",
        b"PK\x03\x04", f'{HEAD}\n"{"x" * 140_000}'.encode(),
        f"{HEAD},adults_offline,ring,latitude,longitude,reference,time_zone\n"
        ",,/,a,a,a,9,-1,91,x,perhaps,Mars\nA,A,B,1,2,3,,,1,,,\nA,A,B,1,2,3,9,,,,,\n"
        f"h.x,{'n' * 201},B,1,2,3,,x,,,,\n".encode(),
        f"{HEAD}\nEXAMPLE1,A,B,1,2,3\nQ,Q,Elsewhere,1,2,3\nLP01,L,He,1,2,3".encode(),
        f"{HEAD}\nA,Same,He/Xia,1,2,3\nB,Same,He/Xia,1,2,3".encode(),
    ]  # fmt: skip
    counts = [
        b"x", b"area,variable,category,count", b'area,variable,category,count\n"' + b"x" * 140_000,
        b"area,variable,category,count\n,income,x,y\nHe,sex_age,x,\nHe,schooling,none,1\n"
        b"He,schooling,none,1",
        b"area,variable,category,count\nHe,sex_age,f 16-34,1",
        margins("Nowhere"), margins("He") + b"\n" + margins("he").split(b"\n", 1)[1],
    ]  # fmt: skip
    found = {}
    with database.begin() as session:
        import_villages(session, GOOD, moment())
        he, top = find_area(session, "He").path, find_area(session, None).path
        for content in lists:
            for within in ([he], [top]):
                with pytest.raises(VillagesRefused) as refused:
                    look_at_villages(session, content, within)
                found |= {str(one.what): one.what for one in refused.value.problems}
        for content in counts:
            with pytest.raises(VillagesRefused) as refused:
                read_margins(session, content, [he])
            found |= {str(one.what): one.what for one in refused.value.problems}
    assert all(isinstance(one, Sentence) for one in found.values()), found
    zh = speak("zh")
    templates = {one.template for one in found.values()}
    assert [one for one in templates if zh(one) == one] == []
    # Every sentence of the two readers is among them.
    assert len(templates) >= SENTENCES, templates


async def test_the_tour_is_five_short_messages(sqlite_url, tmp_path):
    fill(sqlite_url, homes=())
    async with at_work(tmp_path, sqlite_url) as survey:
        for number, role in enumerate(("owner", "area", "helper", "analyst", "viewer")):
            area = None if role in ("owner", "analyst") else "He/Shang"
            wei = await office(survey, 501 + number, ("zh", "en")[number % 2], role, area)
            await shown_round(survey, wei, role)
            for language, longest in (("zh", 170), ("en", 400)):
                found = texts(role, speak(language))
                assert [len(text) < longest for text in found] == [True] * 5


async def shown_round(survey, wei, role):
    """From the welcome to the end of the tour."""
    step, read = await wei.wait_for(lambda seen: bool(seen.buttons), PATIENCE), []
    while step.buttons:
        begun = step.message_id
        await wei.tap(step, 0)
        step = await wei.wait_for(
            lambda seen, begun=begun: seen.message_id > begun and seen.file is None, PATIENCE
        )
        read.append(step.text)
    assert [text[:3] for text in read] == [f"{n}/5" for n in range(1, 6)]
    assert [text[5:] for text in read] == texts(role, speak(wei.language_code))
    # To be read again later: every message stands there, without its button.
    await survey.quiet()
    assert [one.buttons for one in wei.messages if one.text[1:3] == "/5"] == [[]] * 5
    # Commands that it names are there for this role.
    named = {word for text in read for word in re.findall(r"(?<![\w/<])/([a-z]+)", text)}
    assert named <= dict(wei.menu).keys()
    assert ("setup" in dict(wei.menu)) == (role == "owner")
    if role != "helper":
        card = await wei.wait_for(lambda seen: seen.file is not None, PATIENCE)
        assert card.file.content.startswith(b"\x89PNG")
        assert "invented" in card.text or "虚构" in card.text


def test_whoever_starts_the_program_first_is_given_a_link(database, vault, monkeypatch, caplog):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    settings = Settings.read({"USEGAP_ORGANISATION": "Office", "USEGAP_CONTACT": "Li"})
    desk = Desk(settings, vault, "our_bot")
    caplog.set_level("INFO")
    with database.begin() as session:
        programme(session, "Office")
    # Into a log nothing secret goes.
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    greet_first_owner(database, desk)
    assert sys.stderr.getvalue() == ""
    assert "usegap admin invite" in caplog.text
    assert "start=" not in caplog.text
    monkeypatch.setattr(sys, "stderr", Terminal())
    greet_first_owner(database, desk)
    shown = sys.stderr.getvalue()
    code = shown.partition("https://t.me/our_bot?start=admin-")[2].split()[0]
    with database.begin() as session:
        (made,) = session.query(Invite).all()
        assert timedelta(hours=23) < made.expires_at - moment() <= timedelta(hours=24)
        contact = know(session, vault, "lane", "1", "en", moment())
        assert accept_invite(session, vault, code, contact, moment()).role == "owner"
    monkeypatch.setattr(sys, "stderr", Terminal())
    greet_first_owner(database, desk)
    assert sys.stderr.getvalue() == ""
