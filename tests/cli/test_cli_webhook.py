"""`usegap webhook`: set, asked about, taken back, against a Bot API server; no secret is shown."""

import asyncio
import threading

import pytest

from bot.demo.server import TOKEN, Telegram
from bot.inbox import ASKED_FOR
from bot.webhook import PURPOSE
from surveys.store.vault import Vault

KEY = "a secret key of more than 32 characters"
URL = "http://127.0.0.1:9/telegram"


@pytest.fixture
def telegram(monkeypatch):
    """A Bot API server in a thread of its own, and the settings that lead there."""
    served = Telegram()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(served.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    monkeypatch.setenv("USEGAP_TELEGRAM_TOKEN", TOKEN)
    monkeypatch.setenv("USEGAP_TELEGRAM_API", served.url)
    monkeypatch.setenv("USEGAP_SECRET_KEY", KEY)
    served.do = lambda work: asyncio.run_coroutine_threadsafe(work, loop).result(10)
    yield served
    served.do(served.stop())
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def test_set_asked_about_and_taken_back(usegap, telegram, monkeypatch):
    assert usegap("webhook", "info")[:2] == (
        0, "Telegram sends the bot's messages nowhere: they wait to be asked for.\nNone waits.\n"
    )  # fmt: skip
    assert usegap("webhook", "set")[0] == 1
    assert telegram.world.delivering.target is None
    monkeypatch.setenv("USEGAP_WEBHOOK_URL", URL)
    code, out, err = usegap("webhook", "set", "--max-connections", "7")
    assert (code, out) == (0, f"Telegram now sends the bot's messages to {URL}.\n")
    target = telegram.world.delivering.target
    secret = Vault(KEY.encode()).token(PURPOSE)
    assert (target.url, target.secret, target.connections) == (URL, secret, 7)
    assert telegram.world.updates.allowed == set(ASKED_FOR)
    telegram.do(telegram.person(1, "en").send("hello"))
    code, told, noted = usegap("webhook", "info")
    assert told.startswith(f"Telegram sends the bot's messages to {URL}, at most 7 at a time.\n1 ")
    assert "UTC: Connection refused.\n" in told
    assert noted == ""
    monkeypatch.delenv("USEGAP_WEBHOOK_URL")
    noted = usegap("webhook", "info")[2]
    assert "usegap webhook set" in noted
    # Telegram sets a webhook once a second: the second time waits, and what waits stays there.
    monkeypatch.setenv("USEGAP_WEBHOOK_URL", URL)
    assert usegap("webhook", "set")[0] == 0
    assert telegram.world.delivering.target.connections == 40
    assert usegap("webhook", "delete")[0] == 0
    assert telegram.world.delivering.target is None
    assert len(telegram.world.updates) == 1
    assert usegap("webhook", "delete", "--drop-pending")[0] == 0
    assert len(telegram.world.updates) == 0
    everything = out + err + told + noted
    assert not any(hidden in everything for hidden in (secret, TOKEN, KEY))


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("USEGAP_WEBHOOK_URL", "https://127.0.0.1:9/x y", "USEGAP_WEBHOOK_URL must be"),
        ("USEGAP_TELEGRAM_TOKEN", f"{TOKEN[:-1]}9", "Telegram does not know this bot"),
        ("USEGAP_TELEGRAM_API", "http://127.0.0.1:9", "Telegram cannot be reached"),
        ("USEGAP_WEBHOOK_URL", "https://example.org:8444/x", "Telegram refuses: Bad webhook"),
    ],
)
def test_what_is_wrong_is_one_sentence(usegap, telegram, monkeypatch, name, value, sentence):
    monkeypatch.setenv("USEGAP_WEBHOOK_URL", URL)
    monkeypatch.setenv(name, value)
    code, out, err = usegap("webhook", "set")
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert sentence in err
    assert TOKEN not in err
