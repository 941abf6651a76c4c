"""`make bench-beside`: how long answers take while heavy work is done beside them.

One bot, as `usegap run` starts it, in a process of its own; sixty people answer 12 questions a
second over all, first alone, then while an administrator's export, profile, poster and workbook are
made, each again and again until `--seconds` are over.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bot.demo.server import Telegram
from bot.demo.world import Person, SeenMessage
from surveys.export import Filters, Wanted
from surveys.form.sheets import read_sheets
from surveys.form.workbook import to_excel
from surveys.form.xlsform import convert
from surveys.publish import import_villages, invite, open_wave, publish
from surveys.store.database import Database
from surveys.store.jobs import add_job
from surveys.store.schema import Administrator, Area, Job
from surveys.store.vault import Vault
from tests.bench.exports_made import NOW, PERSONS, made
from tests.bench.forms import like_who
from tests.bench.questions import QUESTIONS, workbook

PEOPLE, RATE, PATIENCE = 60, 12.0, 300.0
VILLAGES, TOWNS = 200, 5
"""Villages that answered; townships of the export, ten villages each: 5,000 of 20,000."""
KEY = "a key for this measurement, and for nothing else"
ASKED = "Quiet County/Quiet Town"
LEVELS = (50, 95, 99)


@dataclass(slots=True)
class Measured:
    """Answers during one piece of work."""

    name: str
    waits: list[float] = field(default_factory=list)
    """Seconds from each tap to the next question on the screen."""
    times: list[float] = field(default_factory=list)
    """Seconds of each piece of work."""


class County:
    """A county that has answered, and a village in which people answer now."""

    def __init__(self, telegram: Telegram, url: str) -> None:
        self.telegram = telegram
        self.url = url
        self.phones: list[Person] = []
        self.screens: list[SeenMessage] = []
        self.turn = 0

    def prepare(self) -> None:
        """Fill the database."""
        made(self.url, PERSONS * VILLAGES, different=500)
        now = datetime.now(UTC)
        database = Database(self.url)
        with database.begin() as session:
            publish(session, convert(workbook().encode(), "bench.md"), "bench", now)
            rows = f"code,name,area,households,adults,target\nQUIET,Quiet,{ASKED},99,99,\n"
            import_villages(session, rows.encode(), now)
            open_wave(session, organisation="O", contact="C", retention_months=1, now=now,
                      area_path=ASKED.partition("/")[0], form_id="bench")  # fmt: skip
            self.link = invite(session, Vault(KEY.encode()), "owner", None, now)
        database.close()

    async def begin(self) -> None:
        """Everyone is at the first question, and an owner has joined."""
        self.owner = self.telegram.person(1, "en")
        await self.owner.send(f"/start admin-{self.link}")
        await self.owner.next_message(PATIENCE)
        self.phones = [self.telegram.person(1000 + number, "en") for number in range(PEOPLE)]
        self.screens = list(await asyncio.gather(*(self._open(one) for one in self.phones)))

    async def _open(self, phone: Person) -> SeenMessage:
        await phone.send("/start QUIET")
        greeting = await phone.next_message(PATIENCE)
        consent = await phone.tap_and_see(greeting, "English", PATIENCE)
        abroad = await phone.tap_and_see(consent, 0, PATIENCE)
        return await phone.tap_and_see(abroad, 0, PATIENCE)

    async def answer(self, place: int, waits: list[float]) -> None:
        """One tap, and the next question; whoever is at the end goes back to the beginning."""
        phone = self.phones[place]
        phone.read_all()
        began = time.perf_counter()
        last = f"{QUESTIONS} / {QUESTIONS}" in self.screens[place].text
        await phone.tap(self.screens[place], "◀ Back" if last else 0)
        self.screens[place] = await phone.next_message(PATIENCE)
        waits.append(time.perf_counter() - began)

    async def during(self, name: str, work: Callable[[], Awaitable[None]]) -> Measured:
        """Answers at the rate until the work is done."""
        measured, done = Measured(name), asyncio.ensure_future(work())
        began, number, tasks = time.perf_counter(), 0, []
        while not done.done():
            self.turn = (self.turn + 1) % PEOPLE
            tasks.append(asyncio.create_task(self.answer(self.turn, measured.waits)))
            number += 1
            await asyncio.sleep(max(began + number / RATE - time.perf_counter(), 0))
        await asyncio.gather(done, *tasks)
        return measured


class Office:
    """What an administrator asks for, from outside the bot's process."""

    def __init__(self, county: County) -> None:
        self.county = county
        self.database = Database(county.url)
        with self.database.read() as session:
            self.contact = session.scalars(select(Administrator.contact_id)).one()
            towns = select(Area.id).where(Area.kind != "village", Area.name.like("Town %"))
            self.town = list(session.scalars(towns.limit(TOWNS)))
            self.village = session.scalars(select(Area.id).where(Area.code == "V0")).one()
            self.top = session.scalars(select(Area.id).where(Area.parent_id.is_(None))).one()
        sheets = read_sheets(like_who(), "md")
        self.workbook = to_excel(sheets)

    async def job(self, kind: str, **arguments: Any) -> None:
        """Order one, and wait until it is done."""
        with self.database.begin() as session:
            add_job(session, kind, {"contact_id": self.contact, **arguments}, datetime.now(UTC))
        await self.done()

    async def done(self) -> None:
        """Wait until there is nothing more to do."""
        waiting = select(func.count()).select_from(Job).where(Job.done_at.is_(None))
        while True:
            with self.database.read() as session:
                failed = session.scalar(select(Job.error).where(Job.error.is_not(None)).limit(1))
                if failed is not None:
                    raise RuntimeError(f"a job failed: {failed}")
                if not session.scalar(waiting):
                    return
            await asyncio.sleep(0.05)

    async def export(self) -> None:
        """5,000 submissions as CSV in a zip."""
        filters = Filters(tuple(self.town), wave=self.wave()).to_json()
        await self.job("export", filters=filters, wanted=Wanted(("csv",), "en", bom=True).to_json(),
                       released=False, media=False)  # fmt: skip

    def wave(self) -> str:
        """The name of the wave in which the county answered."""
        return f"{NOW:%Y-%m}"

    async def profile(self) -> None:
        """Of a programme with 200 villages."""
        await self.job("profile", area_id=self.top, reason="asked")

    async def poster(self) -> None:
        """As a picture and a PDF."""
        await self.job("poster", area_id=self.village, language="both")

    async def form(self) -> None:
        """A workbook as large as WHO's verbal autopsy, sent in chat."""
        self.county.owner.read_all()
        await self.county.owner.send_file("form.xlsx", self.workbook)
        await self.county.owner.next_message(PATIENCE)
        await self.done()


async def again(seconds: float, work: Callable[[], Awaitable[None]], times: list[float]) -> None:
    """The same piece of work until so many seconds are over."""
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends:
        began = time.perf_counter()
        await work()
        times.append(time.perf_counter() - began)


async def measure(seconds: float) -> list[Measured]:
    """All lines."""
    with tempfile.TemporaryDirectory() as folder:
        async with Telegram(limits=False) as telegram:
            url = f"sqlite:///{Path(folder) / 'usegap.db'}"
            county = County(telegram, url)
            county.prepare()
            environment = {
                "USEGAP_TELEGRAM_TOKEN": telegram.token,
                "USEGAP_TELEGRAM_API": telegram.url,
                "USEGAP_DATABASE_URL": url,
                "USEGAP_SECRET_KEY": KEY,
                "USEGAP_ORGANISATION": "Bench",
                "USEGAP_CONTACT": "Bench",
                "USEGAP_LOG_LEVEL": "error",
            }
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot.demo.unhurried", env=os.environ | environment
            )
            try:
                await county.begin()
                office = Office(county)
                found = [await county.during("nothing", lambda: asyncio.sleep(seconds))]
                for name, work in (
                    ("export of 5,000 of 20,000", office.export),
                    ("profile of 200 villages", office.profile),
                    ("poster, picture and PDF", office.poster),
                    ("workbook as large as WHO's", office.form),
                ):
                    times: list[float] = []
                    one = await county.during(name, lambda w=work, t=times: again(seconds, w, t))
                    one.times = times
                    found.append(one)
                return found
            finally:
                process.terminate()
                await process.wait()


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.beside")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each line, at least")
    chosen = parser.parse_args()
    print(f"{platform.python_version()} on {os.cpu_count()} cores, SQLite, {RATE:.0f} answers/s\n")
    print(f"{'beside':<29}{'answers':>8}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'max ms':>9}"
          f"{'work s':>9}")  # fmt: skip
    for one in asyncio.run(measure(chosen.seconds)):
        levels = statistics.quantiles(one.waits, n=100)
        shown = [levels[level - 1] for level in LEVELS] + [max(one.waits)]
        took = f"{statistics.median(one.times):9.1f}" if one.times else ""
        print(f"{one.name:<29}{len(one.waits):>8}"
              + "".join(f"{wait * 1000:>9.1f}" for wait in shown) + took)  # fmt: skip


if __name__ == "__main__":
    main()
