"""The process of `bot.jobs.apart`: does one piece of work after the other, and nothing else.

    python -m bot.jobs.making        (everything else comes through standard input)

It ends when its standard input does, at once: then the program that started it is no more.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO

from sqlalchemy.engine import URL

from bot.desk import Desk
from bot.jobs.apart import SIZE
from bot.jobs.parcels import NotYet
from bot.logs import set_up
from bot.settings import Settings, key_of
from surveys.store.database import Database, file_of
from surveys.store.vault import Vault

NICE = 10
"""How far it stands back: who waits for a question comes first."""
EXPENDABLE = 500
"""Where memory is short the kernel ends this process rather than the conversation."""


def main() -> None:
    """Work until standard input ends."""
    _stand_back()
    # What a library prints must not get between the answers.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    waiting: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, waiting), daemon=True).start()
    work = _Work(*waiting.get())
    while True:
        body = work.do(*waiting.get())
        out.write(len(body).to_bytes(SIZE, "big") + body)
        out.flush()


class _Work:
    def __init__(self, url: URL, settings: Settings, username: str) -> None:
        set_up(settings.log_level, settings.token, settings.secret_key)
        self._database = Database(url.render_as_string(hide_password=False))
        self._own = settings, Vault(key_of(settings, file_of(url), create=False)), username

    def do(self, now: datetime, function: Any, arguments: tuple[Any, ...]) -> bytes:
        """What became of a piece of work, and what it gave."""
        try:
            desk = Desk(*self._own, clock=lambda: now)
            return pickle.dumps(("done", function(*arguments, self._database, desk)))
        except NotYet as night:
            return pickle.dumps(("not yet", night.until))
        except Exception as error:
            # The class alone: the text of an error may carry what someone answered.
            return pickle.dumps(("failed", type(error).__name__))


def _listen(given: BinaryIO, waiting: SimpleQueue[Any]) -> None:
    while True:
        size = given.read(SIZE)
        body = given.read(int.from_bytes(size, "big"))
        if not body:
            os._exit(0)
        waiting.put(pickle.loads(body))  # noqa: S301 - from the program that started this one


def _stand_back() -> None:
    # The program that started it ends it: a stop of all processes goes to both, and what is being
    # done here would count as failed.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    with suppress(OSError, AttributeError):
        os.nice(NICE)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(EXPENDABLE))


if __name__ == "__main__":
    main()
