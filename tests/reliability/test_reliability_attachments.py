"""kill -9 between taking a photo and fetching it: the photo is there all the same, once."""

import asyncio

from sqlalchemy import select

from bot.demo.server import Telegram
from surveys.store.database import Database
from surveys.store.schema import Attachment, Job
from surveys.store.vault import Vault
from tests.reliability.bot_process import KEY, PATIENCE, Bot
from tests.respondent import phones
from tests.respondent.photographs import MAKER, code_of
from tests.respondent.test_respondent_attachments import FORM, asks


async def test_killed_between_taking_and_fetching(database_url):
    phones.made(database_url, FORM)
    database = Database(database_url)
    picture = code_of(MAKER)
    async with Telegram(limits=False) as telegram:
        bot = Bot(telegram, database_url)
        await bot.start()
        ann = telegram.person(7, "en")
        await phones.agree(ann)
        await ann.wait_for(asks("well"))
        # Asked for, and no answer ever: killed while the bot waits for it.
        call = "getfile" if database_url.startswith("sqlite") else "download"
        telegram.fault(call, "timeout")
        await ann.send_photo(picture)
        await ann.wait_for(asks("Say a word"), PATIENCE)
        async with asyncio.timeout(PATIENCE):
            while telegram._faults[call]:
                await asyncio.sleep(0.02)
        with database.read() as session:
            assert session.scalars(select(Attachment.state)).all() == ["waiting"]
        await bot.kill()
        async with asyncio.timeout(PATIENCE):
            while True:
                with database.read() as session:
                    row = session.scalars(select(Attachment)).one()
                    if row.state == "fetched":
                        break
                await asyncio.sleep(0.05)
        await bot.stop()
        assert telegram.counts["download"] == 1
    assert Vault(KEY.encode()).open(row.content) == picture
    with database.read() as session:
        assert session.scalars(select(Job)).all() == []
    database.close()
