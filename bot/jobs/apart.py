"""Heavy work in a process of its own, which yields to the answers.

Threads share one interpreter: an export beside the conversation made people wait half a second for
a question (docs/performance.md). The process is started for the first piece of work, does one after
the other, and ends when there is none for a while, or when the program ends, however that happens.
What it needs goes through its standard input, what it made comes back through its standard output.
"""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from bot.desk import Desk
from bot.jobs.parcels import NotYet
from surveys.store.database import Database

LIMIT = timedelta(minutes=15)
"""A piece of work that takes longer hangs: it has failed."""
IDLE = 60.0
"""Seconds without work after which the process ends: what it holds in memory is free again."""
ELSEWHERE = True
"""False: on a thread of this process."""
SIZE = 8
"""Bytes that say how long what follows is."""


class Failed(Exception):  # noqa: N818
    """A piece of work failed elsewhere."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
        """The class of the error there; "Died": the process was killed or broke down; "Late"."""


class Stopped(Exception):  # noqa: N818
    """The program ends: the work is left as it was, for the next start."""


class Apart:
    """The process, if there is one."""

    def __init__(self, database: Database, desk: Desk, stop: asyncio.Event) -> None:
        """`stop` ends what is being done."""
        self._database = database
        self._desk = desk
        self._stop = stop
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._ending: asyncio.TimerHandle | None = None

    async def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What `function(*arguments, database, desk)` gives, which is done elsewhere.

        The function is one of a module; what goes there and comes back can be pickled. Raises
        `NotYet` as it does, `Failed` for every other error of it, where the process dies, and after
        `LIMIT`; `Stopped` where the program ends meanwhile.
        """
        if not ELSEWHERE:
            return await self._database.in_reader(function, *arguments, self._database, self._desk)
        async with self._turn:
            if self._ending is not None:
                self._ending.cancel()
            if self._stop.is_set():
                raise Stopped
            asked = asyncio.ensure_future(self._ask((self._desk.clock(), function, arguments)))
            stopped = asyncio.ensure_future(self._stop.wait())
            try:
                await asyncio.wait(
                    (asked, stopped), timeout=LIMIT.total_seconds(),
                    return_when=asyncio.FIRST_COMPLETED,
                )  # fmt: skip
                if not asked.done():
                    raise Stopped if stopped.done() else Failed("Late")
                outcome, result = asked.result()
            except (EOFError, OSError):
                await self.close()
                raise Failed("Died") from None
            except BaseException:
                # Whatever it was: what comes from it now is no answer to what is asked next.
                await self.close()
                raise
            finally:
                for task in (asked, stopped):
                    task.cancel()
                await asyncio.gather(asked, stopped, return_exceptions=True)
            self._ending = asyncio.get_running_loop().call_later(IDLE, self._kill)
        if outcome == "not yet":
            raise NotYet(result)
        if outcome == "failed":
            raise Failed(result)
        return result

    async def close(self) -> None:
        """End the process, in the middle of what it does."""
        if self._ending is not None:
            self._ending.cancel()
        process = self._process
        self._kill()
        if process is not None:
            await process.wait()

    def _kill(self) -> None:
        # Forgotten at once: nothing is asked of a process that is on its way out.
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()

    async def _ask(self, work: object) -> tuple[str, Any]:
        process = self._process
        fresh = process is None or process.returncode is not None
        if process is None or fresh:
            process = self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot.jobs.making", stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                # Ctrl+C on a terminal is for the program, which ends this one.
                start_new_session=True,
            )  # fmt: skip
        if process.stdin is None or process.stdout is None:
            raise OSError("no pipes")
        if fresh:
            own = self._desk
            process.stdin.write(_framed((self._database.url, own.settings, own.bot_username)))
        process.stdin.write(_framed(work))
        await process.stdin.drain()
        size = int.from_bytes(await process.stdout.readexactly(SIZE), "big")
        answer: tuple[str, Any] = pickle.loads(await process.stdout.readexactly(size))  # noqa: S301 - from our own process
        return answer


def _framed(what: object) -> bytes:
    body = pickle.dumps(what)
    return len(body).to_bytes(SIZE, "big") + body
