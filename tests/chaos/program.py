"""The bot as `usegap run` starts it, without Telegram's limits, and with a clock that can jump.

The file USEGAP_TEST_CLOCK, where there is one, holds by how many seconds the clock is wrong.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.application import Halted, run
from bot.logs import set_up
from bot.settings import Settings


def main() -> None:
    """Run until terminated."""
    settings = Settings.read(os.environ)
    set_up(settings.log_level, settings.token, settings.secret_key)
    wrong = Path(os.environ["USEGAP_TEST_CLOCK"])

    def clock() -> datetime:
        with contextlib.suppress(FileNotFoundError, ValueError):
            return datetime.now(UTC) + timedelta(seconds=float(wrong.read_text()))
        return datetime.now(UTC)

    try:
        asyncio.run(run(settings, limits=False, clock=clock))
    except Halted as halted:
        raise SystemExit(str(halted)) from None


if __name__ == "__main__":
    main()
