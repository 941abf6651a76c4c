"""usegap as `make bench` runs it: everything durable, without Telegram's limits on sending.

python -m tests.bench.our_bot        (settings from the environment)
"""

from __future__ import annotations

import asyncio
import os

from bot.application import run
from bot.settings import Settings


def main() -> None:
    """Run until terminated."""
    asyncio.run(run(Settings.read(os.environ), limits=False))


if __name__ == "__main__":
    main()
