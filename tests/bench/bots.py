"""The bots of `make bench`, each as the processes that an operator would run."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Engine, create_engine, make_url, text

from bot.demo.server import Telegram
from bot.demo.world import Person, SeenMessage
from surveys.store.database import url_of
from tests.bench.questions import prepared
from tests.chaos.programs import free_port, set_webhook

TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE = 60.0
KEY = "a key for this measurement, and for nothing else"
SERVER = "postgresql://127.0.0.1:5432/postgres"

Opening = Callable[[Person], Awaitable[SeenMessage]]


@dataclass(frozen=True, slots=True)
class Setup:
    """One way to run one bot."""

    name: str
    database: str = ""
    """"sqlite", "postgresql"; "" for the stock bot, which stores nothing."""
    replicas: int = 1
    """More than one receive through a webhook, one after the other in turn."""
    concurrent: int = 1
    """Of the stock bot: `concurrent_updates`."""

    @property
    def ours(self) -> bool:
        """Whether it is usegap."""
        return bool(self.database)


SQLITE = Setup("usegap, SQLite", "sqlite")
POSTGRESQL = Setup("usegap, PostgreSQL", "postgresql")
REPLICAS = Setup("usegap, PostgreSQL × 3", "postgresql", replicas=3)
CONCURRENT = Setup("stock, concurrent_updates(64)", concurrent=64)
DEFAULTS = Setup("stock, its defaults")
SETUPS = (SQLITE, POSTGRESQL, REPLICAS, CONCURRENT, DEFAULTS)


class Running:
    """A bot at work."""

    def __init__(
        self,
        setup: Setup,
        opening: Opening,
        command: list[str],
        environments: list[dict[str, str]],
        server: Engine | None = None,
        name: str = "",
    ) -> None:
        self.setup = setup
        self.opening = opening
        """How somebody comes to the first question."""
        self.processes: list[asyncio.subprocess.Process] = []
        self._command, self._environments = command, environments
        self._server, self._name = server, name

    @property
    def url(self) -> str:
        """Of its database."""
        return self._environments[0]["USEGAP_DATABASE_URL"]

    async def start(self) -> None:
        """Start its processes."""
        nothing = asyncio.subprocess.DEVNULL
        self.processes = [
            await asyncio.create_subprocess_exec(
                *self._command, env=environment, stdout=nothing, stderr=nothing
            )
            for environment in self._environments
        ]

    async def stop(self) -> None:
        """Ask them to end, and wait until they have."""
        for process in self.processes:
            if process.returncode is None:
                process.terminate()
        for process in self.processes:
            await process.wait()

    def cpu(self) -> float:
        """Seconds of CPU of all its processes so far, user and system, threads included."""
        return sum(cpu_of(one.pid) for one in self.processes)

    def database_cpu(self) -> float:
        """The same of PostgreSQL's processes that serve it, where they are on this machine."""
        if self._server is None:
            return 0.0
        whose = text("SELECT pid FROM pg_stat_activity WHERE datname = :name")
        with self._server.connect() as connection:
            pids = connection.execute(whose, {"name": self._name}).scalars().all()
        return sum(cpu_of(pid) for pid in pids)

    def memory(self) -> float:
        """MiB that its processes hold in memory (RSS)."""
        return sum(_resident(one.pid) for one in self.processes) / 2**20


def cpu_of(pid: int) -> float:
    """Seconds of CPU that a process has used; 0 where there is none such here."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


@asynccontextmanager
async def running(
    setup: Setup, telegram: Telegram, *, limits: bool = False
) -> AsyncIterator[Running]:
    """Start a bot against this server; stopped, and its database dropped, at the end.

    `limits`: ours keeps Telegram's limits, as `usegap run` does.
    """
    if not setup.ours:
        script = [sys.executable, "-m", "tests.bench.stock_bot"]
        command = [*script, telegram.url, telegram.token, str(setup.concurrent)]
        async with _started(Running(setup, _open_stock, command, [dict(os.environ)])) as bot:
            yield bot
        return
    script = [sys.executable, "-m", *(("bot.cli", "run") if limits else ("bot.demo.unhurried",))]
    with _database(setup.database) as (url, server, name):
        prepared(url).close()
        environments = _environments(setup, telegram, url)
        if setup.replicas > 1:
            await set_webhook(environments[0])
        async with _started(Running(setup, _open_ours, script, environments, server, name)) as bot:
            yield bot


@asynccontextmanager
async def _started(bot: Running) -> AsyncIterator[Running]:
    try:
        await bot.start()
        yield bot
    finally:
        await bot.stop()


@contextmanager
def _database(kind: str) -> Iterator[tuple[str, Engine | None, str]]:
    """A database of its own: its URL; on PostgreSQL also the server that it is on, and its name."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'usegap.db'}", None, ""
        return
    server = create_engine(url_of(SERVER), isolation_level="AUTOCOMMIT")
    name = f"usegap_bench_{uuid4().hex[:12]}"
    with server.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    try:
        yield make_url(SERVER).set(database=name).render_as_string(False), server, name
    finally:
        with server.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        server.dispose()


def _environments(setup: Setup, telegram: Telegram, url: str) -> list[dict[str, str]]:
    given = {name: value for name, value in os.environ.items() if not name.startswith("USEGAP_")}
    given |= {
        "USEGAP_TELEGRAM_TOKEN": telegram.token,
        "USEGAP_TELEGRAM_API": telegram.url,
        "USEGAP_DATABASE_URL": url,
        "USEGAP_SECRET_KEY": KEY,
        "USEGAP_ORGANISATION": "Bench",
        "USEGAP_CONTACT": "Bench",
        "USEGAP_LOG_LEVEL": "error",
    }
    if setup.replicas == 1:
        return [given]
    ports = [free_port() for _ in range(setup.replicas)]
    telegram.world.delivering.behind = tuple(f"127.0.0.1:{port}" for port in ports)
    # Nobody listens yet when the first update is sent: it comes again soon.
    telegram.world.delivering.pace = 0.1
    webhook = f"http://127.0.0.1:{ports[0]}/telegram"
    return [
        given | {"USEGAP_WEBHOOK_URL": webhook, "USEGAP_LISTEN": f"127.0.0.1:{port}"}
        for port in ports
    ]


async def _open_stock(phone: Person) -> SeenMessage:
    await phone.send("/start")
    return await phone.next_message(PATIENCE)


async def _open_ours(phone: Person) -> SeenMessage:
    await phone.send("/start V")
    greeting = await phone.next_message(PATIENCE)
    consent = await phone.tap_and_see(greeting, "English", PATIENCE)
    abroad = await phone.tap_and_see(consent, 0, PATIENCE)
    return await phone.tap_and_see(abroad, 0, PATIENCE)
