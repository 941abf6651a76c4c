"""`usegap demo`: a county in a few minutes, over a real Bot API conversation, with nobody real.

A local Bot API server, the bot as `usegap run` would start it, simulated residents of villages and
of one urban area, and two administrators: one reads English, one Chinese. What they were sent is
what lies in the folder afterwards.
"""

from __future__ import annotations

import asyncio
import csv
import io
import os
import secrets
import sys
import zipfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Literal
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bot.demo.residents import Place, Resident, home
from bot.demo.server import Telegram
from bot.demo.talking import Tally, Wording, whole_home
from bot.demo.world import Person, SeenMessage
from bot.jobs.profiles import FEW
from bot.settings import Settings
from surveys.conduct.quiet import EVENING, MORNING
from surveys.form.model import Form
from surveys.form.xlsform import convert
from surveys.instruments import shipped
from surveys.publish import close_wave, ensure_ready, import_villages, invite
from surveys.store.database import Database
from surveys.store.upgrade import upgrade
from surveys.store.vault import Vault

SEED = 20261124
AT_ONCE = 24
"""Homes that answer at the same moment."""
WAIT = 120.0
"""Seconds that an administrator waits for what was ordered."""
NAMES = (
    ("LIUWAN", "Liuwan 柳湾村", "Qinghe/Lishan"), ("SHITOU", "Shitou 石头村", "Qinghe/Lishan"),
    ("QINGSHAN", "Qingshan 青山村", "Qinghe/Lishan"), ("BAIYUN", "Baiyun 白云村", "Qinghe/Shuinan"),
    ("DAHE", "Dahe 大河村", "Qinghe/Shuinan"), ("ZHULIN", "Zhulin 竹林村", "Qinghe/Shuinan"),
)  # fmt: skip


@dataclass(slots=True)
class Office:
    """An administrator at their phone."""

    phone: Person
    language: Literal["en", "zh"]


def play(villages: int, residents: int, out: Path, console: Console) -> None:
    """Run the demo into the folder `out`; `residents` answer in each village and in the town."""
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("usegap.db*"):
        old.unlink()
    asyncio.run(_play(places(villages, residents), residents, out, console))


def places(villages: int, residents: int) -> list[Place]:
    """So many villages, of differing connection and skill, and the county seat to compare with."""
    random = Random(SEED)
    found = []
    for number in range(villages):
        code, name, area = NAMES[number % len(NAMES)]
        more = number // len(NAMES)
        households = max(round(residents * random.uniform(1.2, 2.0)), 12)
        adults = round(households * 2.4)
        found.append(
            Place(
                code=f"{code}{more or ''}",
                name=f"{name}{more + 1 if more else ''}",
                area=area,
                households=households,
                adults=adults,
                adults_offline=round(adults * random.uniform(0.08, 0.2)),
                skill=random.uniform(-0.5, 0.2),
                connection=random.uniform(0.45, 0.8),
            )
        )
    seat = residents * 20
    return [
        *found,
        Place("CHENGGUAN", "Chengguan 城关", "Qinghe/Chengguan", seat, round(seat * 2.4),
              round(seat * 0.1), skill=0.8, connection=0.95, reference=True),
    ]  # fmt: skip


def villages_csv(found: Sequence[Place], target: int) -> bytes:
    """The places as `usegap villages import` takes them."""
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(
        ["code", "name", "area", "households", "adults", "target", "adults_offline", "ring",
         "reference"]
    )  # fmt: skip
    for one in found:
        ring, reference = (0, "yes") if one.reference else (2, "no")
        table.writerow(
            [one.code, one.name, one.area, one.households, one.adults, target,
             one.adults_offline, ring, reference]
        )  # fmt: skip
    return written.getvalue().encode()


async def _play(found: list[Place], residents: int, out: Path, console: Console) -> None:
    telegram = Telegram(limits=False)
    async with telegram:
        environment = {
            "USEGAP_TELEGRAM_TOKEN": telegram.token,
            "USEGAP_TELEGRAM_API": telegram.url,
            "USEGAP_DATABASE_URL": f"sqlite:///{(out / 'usegap.db').absolute()}",
            "USEGAP_SECRET_KEY": secrets.token_urlsafe(32),
            "USEGAP_ORGANISATION": "Qinghe County Office of Agriculture (demo)",
            "USEGAP_CONTACT": "Li Mei, village office, 0000-000000",
            "USEGAP_LOG_LEVEL": "warning",
            "USEGAP_TIME_ZONE": where_it_is_day(datetime.now(UTC)),
        }
        settings = Settings.read(environment)
        codes = _prepare(settings, villages_csv(found, max(round(residents * 0.7), 1)))
        form = convert(shipped(), "village_digital.md").form
        async with _bot(environment):
            offices = [
                Office(telegram.person(1, "en", "County office"), "en"),
                Office(telegram.person(2, "zh-hans", "Lishan township"), "zh"),
            ]
            for office, code in zip(offices, codes, strict=True):
                await office.phone.send(f"/start admin-{code}")
                await office.phone.next_message(WAIT)
            tally = await _everyone(telegram, found, residents, form, console)
            await _close(settings, offices, found, tally, console)
    _write(offices, out)
    _show(offices[0], found, tally, out, console)


def where_it_is_day(now: datetime) -> str:
    """A time zone in which people may be written to for the next hours: China's, if they may there.

    The demo would else wait until the morning.
    """
    if MORNING.hour <= now.astimezone(ZoneInfo("Asia/Shanghai")).hour < EVENING.hour - 1:
        return "Asia/Shanghai"
    # Noon. Zones named by their distance count it from there to Greenwich.
    return f"Etc/GMT{now.astimezone(UTC).hour - 12:+d}"


@asynccontextmanager
async def _bot(environment: Mapping[str, str]) -> AsyncIterator[None]:
    """The bot at work in a process of its own; told to stop, and drained, at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.demo.unhurried", env=os.environ | environment
    )
    try:
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _prepare(settings: Settings, villages: bytes) -> list[str]:
    """What an operator does once: villages, the instrument, a wave, two invites; their codes."""
    upgrade(settings.database_url)
    database = Database(settings.database_url)
    now, vault = datetime.now(UTC), Vault(settings.secret_key.encode())
    try:
        with database.begin() as session:
            ensure_ready(
                session,
                organisation=settings.organisation,
                contact=settings.contact,
                retention_months=settings.retention_months,
                time_zone=settings.time_zone,
                now=now,
            )
            import_villages(session, villages, now)
            return [
                invite(session, vault, "owner", None, now),
                invite(session, vault, "area", "Qinghe/Lishan", now),
            ]
    finally:
        database.close()


async def _everyone(
    telegram: Telegram, found: Sequence[Place], residents: int, form: Form, console: Console
) -> Tally:
    """Let the residents of all places answer, many homes at the same moment."""
    random = Random(SEED)
    homes: list[list[Resident]] = []
    for place in found:
        people = 0
        while people < residents:
            homes.append(home(place, Random(random.getrandbits(32)))[: residents - people])
            people += len(homes[-1])
    random.shuffle(homes)
    wordings = {language: Wording(form, language) for language in ("en", "zh")}
    tally = Tally()
    gate = asyncio.Semaphore(AT_ONCE)
    progress = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("homes"),
        TimeElapsedColumn(), console=console,
    )  # fmt: skip

    async def one(number: int, people: list[Resident]) -> None:
        async with gate:
            phones = [
                telegram.person(1000 + 10 * number + place, _language(who.random))
                for place, who in enumerate(people)
                if who.mode != "proxy"
            ]
            await whole_home(people, phones, wordings, tally)
            progress.update(task, advance=1, description=f"{tally.answers} answers")

    with progress:
        task = progress.add_task("0 answers", total=len(homes))
        async with asyncio.TaskGroup() as group:
            for number, one_home in enumerate(homes):
                group.create_task(one(number, one_home))
    return tally


def _language(random: Random) -> str:
    return "zh-hans" if random.random() < 0.7 else "en"


async def _close(
    settings: Settings,
    offices: Sequence[Office],
    found: Sequence[Place],
    tally: Tally,
    console: Console,
) -> None:
    """The administrators look, the wave is closed, the last profiles and the files arrive."""
    for office in offices:
        await office.phone.send("/summary")
    database = Database(settings.database_url)
    with database.begin() as session:
        closed = close_wave(session, now=datetime.now(UTC))
    database.close()
    phone = offices[0].phone
    await phone.send("/export")
    for data in ("x:csv:", "x:csv:o"):
        await phone.tap(await phone.wait_for(_offers(data), WAIT), data)
    with console.status("The wave is closed: profiles and files are being made"):
        for office, villages in (
            (offices[0], closed),
            (offices[1], _below(found, "Qinghe/Lishan")),
        ):
            # That of the area, if it has several; one by one if they are few.
            wanted = (villages > 1) + (villages if villages <= FEW else 0)
            async with asyncio.timeout(WAIT):
                while _final_pages(office) < wanted:
                    await office.phone.change()
        await phone.wait_for(_is_zip, WAIT)


def _below(found: Sequence[Place], area: str) -> int:
    return sum(place.area == area for place in found)


def _final_pages(office: Office) -> int:
    """How many profiles of the closed wave have arrived whole."""
    words = {"en": "The survey is closed", "zh": "调查已结束"}
    messages = office.phone.messages
    heads = [n for n, message in enumerate(messages) if words[office.language] in message.text]
    if not heads:
        return 0
    return len({name for name, _ in _pages(messages[heads[0] :])})


def _pages(messages: Sequence[SeenMessage]) -> list[tuple[str, int]]:
    """The pages in a chat: the code of a village or name of an area, and which message it is."""
    return [
        (message.file.filename.removesuffix(".html"), place)
        for place, message in enumerate(messages)
        if message.file is not None and message.file.filename.endswith(".html")
    ]


def _offers(data: str) -> Callable[[SeenMessage], bool]:
    return lambda message: any(one == data for _, one in message.buttons)


def _write(offices: Sequence[Office], out: Path) -> None:
    """Lay what the administrators were sent into the folder, the newest of each kind."""
    for office in offices:
        ending = "" if office.language == "en" else ".zh"
        messages = office.phone.messages
        for code, place in _pages(messages):
            text, picture, page = messages[place - 2 : place + 1]
            (out / f"{code}{ending}.txt").write_text(text.text + "\n", "utf-8")
            for message, kind in ((picture, "png"), (page, "html")):
                if message.file is not None:
                    (out / f"{code}{ending}.{kind}").write_bytes(message.file.content)
        for message in messages:
            if message.file is not None and message.file.filename.endswith(".pdf"):
                name = message.file.filename.removesuffix(".pdf")
                (out / f"{name}{ending}.pdf").write_bytes(message.file.content)
            if message.file is not None and _is_zip(message):
                zipfile.ZipFile(io.BytesIO(message.file.content)).extractall(out)


def _show(
    office: Office, found: Sequence[Place], tally: Tally, out: Path, console: Console
) -> None:
    """Print the administrator's chat, and say which files to open."""
    console.rule("What the county office saw in its chat")
    newest: Mapping[str, int] = dict(_pages(office.phone.messages))
    shown = set(range(4)) | {
        near for code, place in newest.items() if code == found[0].code
        for near in range(place - 3, place + 1)
    }  # fmt: skip
    skipped = False
    messages = office.phone.messages
    asked = [place for place, one in enumerate(messages) if one.text == "/summary"]
    answered = {near for place in asked for near in range(place + 1, place + 4)}
    for place, message in enumerate(messages):
        command = message.text.startswith(("/", "The files"))
        if place in shown | answered or command or _is_zip(message):
            who = "bot" if message.from_bot else "you"
            what = f" \\[{message.file.filename}]" if message.file else ""
            console.print(f"[bold]{who}[/bold]{what}  ", end="", markup=True, highlight=False)
            console.print(message.text + "\n", markup=False, highlight=False)
            skipped = False
        elif not skipped:
            console.print("      … the other profiles …\n", markup=False, highlight=False)
            skipped = True
    console.rule("Done")
    console.print(
        f"{tally.begun} began, {tally.finished} finished, {tally.left} left for good,"
        f" {tally.declined} said no; {tally.answers} answers, {tally.slips} slips.",
        highlight=False,
    )
    console.print("Open these:", highlight=False)
    for village in found:
        console.print(f"  {out / village.code}.html, .png, .txt", markup=False, highlight=False)
    console.print(
        f"  {out / 'submissions.csv'} and {out / 'codebook.csv'}", markup=False, highlight=False
    )


def _is_zip(message: SeenMessage) -> bool:
    return message.file is not None and message.file.filename.endswith(".zip")
