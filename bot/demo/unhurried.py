"""The bot as `usegap run` starts it, but for Telegram's limits on sending: for the demo alone.

python -m bot.demo.unhurried        (settings from the environment)
"""

from __future__ import annotations

import asyncio
import os

from bot.application import run
from bot.logs import set_up
from bot.settings import Settings


def main() -> None:
    """Run until terminated."""
    settings = Settings.read(os.environ)
    set_up(settings.log_level, settings.token, settings.secret_key)
    asyncio.run(run(settings, limits=False))


if __name__ == "__main__":
    main()
