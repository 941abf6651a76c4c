"""Whatever goes wrong: nothing that is written holds a secret, a name, a chat or an answer."""

import asyncio
import base64
import logging
import os
import re
import socket
import sys
from urllib.parse import quote

import aiohttp
import pytest
from sqlalchemy import create_engine, make_url, select, text

from bot.cli import main
from bot.demo.server import Telegram
from surveys.store.database import url_of
from surveys.store.schema import Audit, Inbox, Job, Outbox
from tests.respondent.phones import PATIENCE, agree, made, say, tap

PASSWORD, KEY = "Pass%word/Kanarie-7781", "Key-Kanarie-4412-" + "k" * 30
NAME, WORDS, CHAT = "Zhaoxian Kanarievogel", "mijn buurman Kanarie leent 5530 yuan", 73_910_264
COLUMNS = (Audit.actor, Audit.action, Audit.object, Inbox.error, Outbox.error, Job.error)


def forms_of(secret):
    """A secret as it could be written: plain, in an address, in base64 at any offset, as bytes."""
    plain = str(secret)
    yield from (plain, quote(plain, safe=""), quote(plain), plain.encode().hex())
    for offset in range(3):
        coded = base64.b64encode(b"x" * offset + plain.encode()).decode()
        yield coded[4:-4]


def found_in(written, secrets):
    return [secret for secret in secrets for form in forms_of(secret) if form in written]


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def test_the_net_catches_what_it_should():
    for secret in (PASSWORD, KEY, NAME, WORDS, CHAT):
        for written in (f"a{secret}b", quote(f"x{secret}"), str(secret).encode().hex()):
            assert found_in(written, [secret])
        for lead in range(3):
            coded = base64.b64encode(b"-" * lead + str(secret).encode() + b"--").decode()
            assert found_in(coded, [secret])


async def test_nothing_leaks_whatever_goes_wrong(postgres_url, tmp_path):
    made(postgres_url)
    url = make_url(postgres_url).set(password=PASSWORD)
    if url.username is None:
        url = url.set(username=os.environ.get("USER", "root"))
    port = free_port()
    log = tmp_path / "log"
    scraped = []
    async with Telegram(limits=False) as telegram:
        environment = os.environ | {
            "USEGAP_TELEGRAM_TOKEN": telegram.token, "USEGAP_TELEGRAM_API": telegram.url,
            "USEGAP_DATABASE_URL": url.render_as_string(False), "USEGAP_SECRET_KEY": KEY,
            "USEGAP_ORGANISATION": "O", "USEGAP_CONTACT": "C", "USEGAP_LOG_LEVEL": "debug",
            "USEGAP_STATUS_LISTEN": f"127.0.0.1:{port}",
        }  # fmt: skip
        with log.open("wb") as file:
            bot = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot.cli", "run", env=environment, cwd=tmp_path,
                stdout=file, stderr=file,
            )  # fmt: skip
        try:
            alice = telegram.person(CHAT, "en", NAME)
            await agree(alice)
            # Telegram answers with its address, which holds the token; and with nothing at all.
            for what in (500, 502, "cut_before", "cut_after", 400, 429):
                telegram.fault("sendMessage", what, times=1)
            telegram.fault("getUpdates", 502, times=1)
            await tap(alice, "I myself")
            await say(alice, "34")
            await say(alice, "News")
            await say(alice, "1")
            # The database is cut off in the middle.
            owner = create_engine(url_of(postgres_url), isolation_level="AUTOCOMMIT")
            cut = text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            with owner.connect() as connection:
                connection.execute(cut)
            await alice.send(WORDS)
            with owner.connect() as connection:
                connection.execute(cut)
            await alice.wait_for(lambda seen: "start=home-" in seen.text, PATIENCE)
            # A handler fails: a row that it needs cannot be read.
            with owner.connect() as connection:
                connection.execute(text("ALTER TABLE interview RENAME state TO hidden"))
            await alice.send(WORDS + " again")
            await alice.send("/mydata")
            await alice.send("/start admin-" + "w" * 36)
            await alice.wait_for(lambda seen: "not valid" in seen.text, PATIENCE)
            await asyncio.sleep(1)
            async with aiohttp.ClientSession() as client:
                for path in ("metrics", "readyz", "healthz"):
                    async with client.get(f"http://127.0.0.1:{port}/{path}") as answer:
                        scraped.append(await answer.text())
            with owner.connect() as connection:
                connection.execute(text("ALTER TABLE interview RENAME hidden TO state"))
                kept = [
                    str(value)
                    for column in COLUMNS
                    for value in connection.execute(select(column)).scalars()
                ]
            owner.dispose()
        finally:
            bot.terminate()
            await asyncio.wait_for(bot.wait(), PATIENCE)
        token = telegram.token
    written = log.read_text() + "\n".join(scraped) + "\n".join(kept)
    # The net was cast where there was something to be caught.
    assert re.search(r"ERROR|WARNING", written)
    assert "usegap" in scraped[0]
    secrets = [token, token.partition(":")[2], PASSWORD, KEY, NAME, WORDS, CHAT]
    assert found_in(written, secrets) == []


@pytest.mark.parametrize("wrong", [
    {"USEGAP_TELEGRAM_API": "{secret}"},
    {"USEGAP_TELEGRAM_TOKEN": "{secret}"},
    {"USEGAP_DATABASE_URL": "{secret}"},
    {"USEGAP_DATABASE_URL": "postgresql://u:{secret}@127.0.0.1:1/none"},
    {"USEGAP_DATABASE_URL": "postgresql://u:{secret}@[::1/none"},
    {"USEGAP_LISTEN": "{secret}"},
    {"USEGAP_WEBHOOK_URL": "{secret}"},
    {"USEGAP_LOG_LEVEL": "{secret}"},
    {"USEGAP_TIME_ZONE": "{secret}"},
    {"USEGAP_RETENTION_MONTHS": "{secret}"},
], ids=" ".join)  # fmt: skip
def test_a_secret_in_the_wrong_place_is_not_repeated(tmp_path, wrong, monkeypatch, capfd):
    secret = "Sekreet-Kanarie-9921-zzzzzzzzzzzzzzzzzzzz"
    settings = {
        "USEGAP_TELEGRAM_TOKEN": "1:" + "A" * 35, "USEGAP_TELEGRAM_API": "http://127.0.0.1:1",
        "USEGAP_ORGANISATION": "O", "USEGAP_CONTACT": "C", "USEGAP_SECRET_KEY": secret,
    } | {name: value.format(secret=secret) for name, value in wrong.items()}  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["usegap", "run"])
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capfd.readouterr()
    assert ended.value.code == 1
    assert err
    assert found_in(out + err, [secret]) == []
