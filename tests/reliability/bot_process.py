"""The bot in a process of its own, which tests kill and start again."""

import os

from tests.forked import Forked

KEY = "k" * 40
PATIENCE = 40


class Bot:
    """The bot in a process of its own, killed without a word and started again."""

    def __init__(self, telegram, url):
        self.environment = os.environ | {
            "USEGAP_TELEGRAM_TOKEN": telegram.token,
            "USEGAP_TELEGRAM_API": telegram.url,
            "USEGAP_DATABASE_URL": url,
            "USEGAP_SECRET_KEY": KEY,
            "USEGAP_ORGANISATION": "O",
            "USEGAP_CONTACT": "C",
        }
        self.process = None
        self.kills = 0

    async def start(self):
        self.process = Forked("bot.demo.unhurried", environment=self.environment)

    async def kill(self):
        self.process.kill()
        await self.process.wait()
        self.kills += 1
        await self.start()

    async def stop(self):
        self.process.terminate()
        await self.process.wait()
