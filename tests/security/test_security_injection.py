"""Names and words that would be code: in chat, in files, in the log, in what is looked for."""

import csv
import io
import re
import zipfile

import pytest

from surveys.publish import ensure_ready, import_villages, publish
from surveys.store.database import Database
from surveys.store.schema import Interview
from tests.administrators.conftest import link, parcel
from tests.respondent.phones import (
    NOW,
    PATIENCE,
    SMALL,
    agree,
    at_work,
    finish,
    say,
)  # fmt: skip

NASTY = (
    "<b>un</i>closed & <script>alert(1)</script>",
    "*bold* _it_ [a](tg://x) `c`",
    '=HYPERLINK("http://x","y")',
    "+1+cmd|' /C calc'!A0",
    "@SUM(1)",
    "-2+3",
    "\u202eevil\u202c\u200b\u200d\u2066",
    "../../etc/passwd",
    "100%_of\\them",
    "'; DROP TABLE area; --",
    "{village} {0} %s %(x)d ${A3}",
)
WORSE = ("a\x00b", "a\ud800b", "\ufffe\uffff", "line\r\n2026-01-01 ERROR bot: forged", "x" * 4000)
"""What a phone does not send and a client of one's own may."""


@pytest.fixture
def nasty_url(database_url):
    from surveys.form.xlsform import convert

    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(["code", "name", "area", "households", "adults", "target"])
    for number, name in enumerate(NASTY):
        # A target that nobody reaches: no profile comes in between by itself.
        rows.writerow([f"N{number:02}", name, "He/Shang", 40, 90, 80])
    database = Database(database_url)
    with database.begin() as session:
        publish(session, convert(SMALL.strip().encode(), "small.md"), "test", NOW)
        ensure_ready(session, organisation=NASTY[0], contact=NASTY[1], retention_months=24,
                     now=NOW, time_zone="Asia/Shanghai")  # fmt: skip
        import_villages(session, table.getvalue().encode(), NOW)
    database.close()
    return database_url


async def test_names_and_words_are_never_code(nasty_url, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("bot.jobs.PAUSE", 0.05)
    async with at_work(tmp_path, nasty_url) as survey:
        boss = survey.telegram.person(801, "en", NASTY[0])
        assert "&lt;" not in (await say(boss, link(survey, "owner", None))).text
        for name in NASTY:
            assert " ".join(name.split())[:40] in (await say(boss, f"/team name {name}")).text
        for number, name in enumerate(NASTY):
            person = survey.telegram.person(810 + number, "en", name)
            await agree(person, f"N{number:02}")
            await finish(person, text=name)
            assert name in (await say(person, "/mydata")).text
        for command in ("/summary", "/villages", "/team", "/audit"):
            assert (await say(boss, command)).text
        for name in (*NASTY, *WORSE, "%", "_"):
            await say(boss, f"/villages {name}")
            await say(boss, f"/find {name}")
        # A sign of LIKE is a sign like any other.
        assert "N00" not in (await say(boss, "/poster %%")).text
        await say(boss, "/profile N00")
        _, _, page = await parcel(boss)
        assert "<script>" not in page.file.content.decode()
        assert "/" not in page.file.filename
        await say(boss, "/export")
        await boss.tap(boss.last, "CSV (R, Python)")
        message = await boss.wait_for(lambda seen: "own analysis" in str(seen.rows), PATIENCE)
        await boss.tap(message, "For our own analysis")
        sent = await boss.wait_for(lambda seen: seen.file is not None and
                                   seen.file.filename.endswith(".zip"), PATIENCE)  # fmt: skip
        with zipfile.ZipFile(io.BytesIO(sent.file.content)) as files:
            for file in files.namelist():
                assert not file.startswith("/")
                assert ".." not in file
                if file.endswith(".csv"):
                    for row in csv.reader(io.StringIO(files.read(file).decode("utf-8-sig"))):
                        assert not [cell for cell in row if re.match(r"[=+@\t\r]", cell)], file
        for number, words in enumerate(WORSE[3:4]):
            person = survey.telegram.person(850 + number, "en", words[:60])
            await agree(person, "N05")
            await finish(person, text=words)
        await survey.quiet()
        finished = [one for one in survey.rows(Interview) if one.status == "finished"]
        assert len(finished) == len(NASTY) + 1
    assert "forged" not in caplog.text
    assert "plain text" not in caplog.text
