"""Processes that begin with everything imported: programs as tests start and kill them.

Each is a fork of a process that has done the imports (three seconds of CPU) once. Else it is as any
other: it has its own environment, folder, streams and signals, and can be killed. What is tested
about the start itself (tests/security/test_security_secrets.py, test_the_version_is_one) starts
Python.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing import forkserver
from pathlib import Path

ROOT = Path(__file__).parents[1]
_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(
    ["pytest", "bot.application", "bot.cli.program", "psycopg", "alembic.config", "tests.forked"]
)


class Forked:
    """`python -m module …`, under way."""

    def __init__(
        self, module: str, *arguments: str, environment: Mapping[str, str],
        folder: Path | None = None, given: Path | None = None, out: Path | None = None,
        err: Path | None = None, session: bool = False,
    ) -> None:  # fmt: skip
        """`given`, `out`, `err`: the files that are its streams, written to at their ends; None:
        nothing. `session`: it has one of its own, away from any terminal."""
        words, streams = [module, *arguments], [str(one or os.devnull) for one in (given, out, err)]
        here = (dict(environment), str(folder or Path.cwd()), words, streams, session)
        self._process = _FORKING.Process(target=_run, args=here, daemon=True)
        _begin()
        self._process.start()
        self._over: asyncio.Event | None = None

    @property
    def pid(self) -> int:
        """The number of the process."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """None while it runs; else how it ended, as `subprocess` has it."""
        return self._process.exitcode

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()

    def terminate(self) -> None:
        """SIGTERM."""
        self._process.terminate()

    def join(self, seconds: float | None = None) -> int:
        """Wait until it has ended; raises `subprocess.TimeoutExpired` where that takes longer."""
        self._process.join(seconds)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(str(self.pid), seconds or 0.0)
        return self.returncode

    async def wait(self) -> int:
        """Wait until it has ended; several may, in one loop."""
        if self._over is None:
            self._over, loop = asyncio.Event(), asyncio.get_running_loop()

            def ended(
                over: asyncio.Event = self._over, number: int = self._process.sentinel
            ) -> None:
                loop.remove_reader(number)
                over.set()

            loop.add_reader(self._process.sentinel, ended)
        await self._over.wait()
        return self.join()


@cache
def _begin() -> None:
    with contextlib.chdir(ROOT):
        # What is forked is started here, and finds its modules.
        forkserver.ensure_running()


def ran(
    module: str, *arguments: str, environment: Mapping[str, str], folder: Path | None = None,
    given: str = "", session: bool = False, seconds: float = 60,
) -> subprocess.CompletedProcess[str]:  # fmt: skip
    """`python -m module …` to its end, with these words typed."""
    with tempfile.TemporaryDirectory() as there:
        typed, out, err = (Path(there) / name for name in ("in", "out", "err"))
        typed.write_text(given, "utf-8")
        process = Forked(
            module, *arguments, environment=environment, folder=folder, given=typed, out=out,
            err=err, session=session,
        )  # fmt: skip
        try:
            code = process.join(seconds)
        finally:
            process.kill()
        written = (file.read_text("utf-8") for file in (out, err))
        return subprocess.CompletedProcess([module, *arguments], code, *written)


def _run(
    environment: dict[str, str], folder: str, words: list[str], streams: Sequence[str],
    session: bool,
) -> None:  # fmt: skip
    assert "bot.application" in sys.modules, "nothing was imported beforehand"
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    if session:
        os.setsid()
    for number, (name, how) in enumerate(zip(streams, "raa", strict=True)):
        with open(name, how, encoding="utf-8") as file:
            os.dup2(file.fileno(), number)
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(number, how, encoding="utf-8", closefd=False, buffering=1)
        for number, how in enumerate("rww")
    )
    sys.argv = words
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)
