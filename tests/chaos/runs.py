"""One run: residents answer, everything around them fails, and in the end all is told and right."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from sqlalchemy import create_engine, func, make_url, select, text

from bot.demo.server import Telegram
from surveys.store.database import Database, url_of
from surveys.store.schema import Contact, Inbox, Interview, InterviewEvent, Outbox
from surveys.store.vault import Vault
from tests.bench.questions import prepared
from tests.chaos.outages import Proxy, disk_full, locked, trouble
from tests.chaos.people import WAYS, Resident, live
from tests.chaos.programs import KEY, Program, environment, free_port, set_webhook

SERVER = os.environ.get("USEGAP_TEST_POSTGRES") or "postgresql://127.0.0.1:5432/postgres"


WAITING = {
    Inbox: (Inbox.done_at.is_(None),),
    # Eight failures while others go through: a message is put off for ten minutes, and not lost.
    Outbox: (Outbox.done_at.is_(None), Outbox.not_before.is_(None)),
}
"""What is to be done, by where it waits."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one run is."""

    database: str
    webhook: bool
    replicas: int
    residents: int
    each: int
    """Answers of each resident."""
    kills: int = 0
    faults: bool = True
    outage: str = ""
    """"", "database", "disk", "clock", "terms"."""
    seconds: float = 0.0
    """How long the outage lasts."""
    seed: int = 1

    @property
    def name(self) -> str:
        """In words, for the table."""
        way = "webhook" if self.webhook else "polling"
        what = {
            "": f"{self.kills} × SIGKILL",
            "database": f"database away for {self.seconds:.0f} s",
            "disk": f"disk full for {self.seconds:.0f} s",
            "clock": "clock jumps by a day and back",
            "terms": f"{self.kills} × SIGTERM",
        }[self.outage]
        kind = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[self.database]
        return f"{kind}, {way}, {self.replicas} × usegap run: {what}"


@dataclass(slots=True)
class Verdict:
    """What came of it."""

    plan: Plan
    answers: int = 0
    kills: int = 0
    faults: int = 0
    unheard: int = 0
    """Messages that Telegram sent on and whose answer did not arrive: they are sent twice."""
    redelivered: int = 0
    copies: int = 0
    """Questions shown once too often, to residents to whom each is shown once."""
    most: int = 0
    """The most copies of one question."""
    restarts: int = 0
    seconds: float = 0.0
    drained: float = 0.0
    """The longest that a SIGTERM took."""
    wrong: list[str] = field(default_factory=list)


async def run(plan: Plan) -> Verdict:
    """Carry a plan out; `wrong` of the verdict says what is not as it must be."""
    verdict, chance = Verdict(plan), random.Random(plan.seed)
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        direct = await stack.enter_async_context(_database(plan, folder))
        prepared(direct).close()
        telegram = await stack.enter_async_context(Telegram(limits=False))
        telegram.world.delivering.pace = 0.05
        proxy = Proxy(direct) if plan.database == "postgresql" else None
        url = await proxy.start() if proxy else direct
        programs = await _programs(plan, telegram, url, folder)
        residents = [
            Resident(
                telegram.person(1000 + n, "en"), WAYS[n % len(WAYS)], random.Random(chance.random())
            )
            for n in range(plan.residents)
        ]
        given: Counter[str] = Counter()
        seen: dict[str, int] = {}
        beside = [asyncio.create_task(_harm(plan, programs, proxy, folder, direct, given, chance))]
        if plan.faults:
            beside.append(asyncio.create_task(trouble(telegram, chance, seen)))
            beside.append(asyncio.create_task(_redeliver(telegram, chance, seen)))
        ended = await asyncio.gather(
            *(live(one, plan.each, given) for one in residents), return_exceptions=True
        )
        for one, error in zip(residents, ended, strict=True):
            if isinstance(error, BaseException):
                verdict.wrong.append(
                    f"{one.phone.id} ({one.way}) at {one.at}: {type(error).__name__};"
                    f" the chat ends\n{one.told()}"
                )
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(beside[0], 60)
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        telegram._faults.clear()
        if not verdict.wrong:
            await _quiet(direct, telegram)
        verdict.seconds = time.monotonic() - began
        for one in programs:
            await one.stop()
        verdict.answers = given["answers"]
        verdict.kills = sum(one.kills for one in programs)
        verdict.restarts = sum(one.ended for one in programs)
        verdict.drained = max((t for one in programs for t in one.drained), default=0.0)
        verdict.faults, verdict.unheard = seen.get("faults", 0), seen.get("unheard", 0)
        verdict.redelivered = seen.get("redelivered", 0)
        _judge(direct, residents, verdict)
        if verdict.wrong:
            for one in programs:
                verdict.wrong += [
                    line[:200] for line in one.log.read_text("utf-8", "replace").split("\n")[-30:]
                ]
    return verdict


@asynccontextmanager
async def _database(plan: Plan, folder: Path):
    if plan.database == "sqlite":
        yield f"sqlite:///{folder / 'usegap.db'}"
        return
    engine = create_engine(url_of(SERVER), isolation_level="AUTOCOMMIT")
    name = f"usegap_chaos_{uuid4().hex[:12]}"
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    try:
        yield make_url(SERVER).set(database=name).render_as_string(False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        engine.dispose()


async def _programs(plan: Plan, telegram: Telegram, url: str, folder: Path) -> list[Program]:
    ports = [free_port() for _ in range(plan.replicas)]
    webhook = f"http://127.0.0.1:{ports[0]}/telegram" if plan.webhook else ""
    programs = [
        Program(environment(telegram, url, folder, webhook, port), folder / f"log{port}")
        for port in ports
    ]
    if plan.webhook:
        telegram.world.delivering.behind = tuple(f"127.0.0.1:{port}" for port in ports)
        await set_webhook(programs[0].environment)
    for one in programs:
        await one.start()
    return programs


async def _harm(
    plan: Plan, programs: list[Program], proxy: Proxy | None, folder: Path, url: str,
    given: Counter[str], chance: random.Random,
) -> None:  # fmt: skip
    """What the plan says, spread over the run by how many answers were given."""
    total = plan.residents * plan.each

    async def after(share: float) -> None:
        while given["answers"] < share * total:
            await asyncio.sleep(0.01)

    if plan.outage in ("", "terms"):
        for number in range(plan.kills):
            await after((number + 0.5) / (plan.kills + 1))
            one = chance.choice(programs)
            await (one.terminate() if plan.outage else one.kill())
        return
    await after(0.3)
    if plan.outage == "database" and proxy is not None:
        await proxy.cut()
        await asyncio.sleep(plan.seconds)
        await proxy.start()
    elif plan.outage == "database":
        with locked(Path(url_of(url).database or "")):
            await asyncio.sleep(plan.seconds)
    elif plan.outage == "disk":
        await disk_full(programs, plan.seconds)
    elif plan.outage == "clock":
        for share, wrong in ((0.3, 86400), (0.5, -86400), (0.7, 3600), (0.8, 0)):
            await after(share)
            (folder / "clock").write_text(str(wrong))


async def _redeliver(telegram: Telegram, chance: random.Random, seen: dict[str, int]) -> None:
    while True:
        await asyncio.sleep(chance.uniform(0.5, 2))
        seen["redelivered"] = seen.get("redelivered", 0) + telegram.redeliver(chance.randint(1, 10))


async def _quiet(url: str, telegram: Telegram) -> None:
    """Until nothing waits any more: not at Telegram, not in the inbox, not in the outbox."""
    database = Database(url)

    def waits() -> bool:
        with database.read() as session:
            return any(
                session.scalar(select(func.count()).select_from(table).where(*left))
                for table, left in WAITING.items()
            )

    try:
        async with asyncio.timeout(60):
            while len(telegram.world.updates) or await database.in_reader(waits):
                await asyncio.sleep(0.1)
    except TimeoutError:
        pass
    finally:
        database.close()


def _judge(url: str, residents: list[Resident], verdict: Verdict) -> None:
    database, vault = Database(url), Vault(KEY.encode())
    with database.read() as session:
        for one in residents:
            lane = vault.fingerprint(f"telegram:{one.phone.id}")
            current = select(Contact.current_interview_id).where(Contact.address_hash == lane)
            interview = session.get(Interview, session.scalar(current) or 0)
            if interview is None:
                verdict.wrong.append(f"{one.phone.id}: no interview")
                continue
            state = json.loads(interview.state)
            stored = {path: value for path, value in state["answers"].items() if "/q" in path}
            if stored != one.answers:
                verdict.wrong.append(
                    f"{one.phone.id} ({one.way}): {len(stored)} answers, not {len(one.answers)}"
                )
            events = session.execute(
                select(InterviewEvent.node, InterviewEvent.value)
                .where(InterviewEvent.interview_id == interview.id)
                .where(InterviewEvent.kind.in_(("answered", "corrected")))
                .order_by(InterviewEvent.id)
            ).all()
            if [tuple(event) for event in events] != one.log:
                here = [tuple(event) for event in events]
                first = next(
                    (
                        n
                        for n, pair in enumerate(zip(here, one.log, strict=False))
                        if pair[0] != pair[1]
                    ),
                    min(len(here), len(one.log)),
                )
                verdict.wrong.append(
                    f"{one.phone.id} ({one.way}): the log is another from {first} of {len(here)},"
                    f" {len(one.log)}: {here[first : first + 3]} {one.log[first : first + 3]}"
                )
            if state["current"] != f"/data/q{one.at}" and one.at <= 40:
                verdict.wrong.append(
                    f"{one.phone.id} ({one.way}): at {state['current']}, not q{one.at}"
                )
            if one.asks_once:
                copies = one.copies()
                verdict.copies += sum(copies.values()) - len(copies)
                verdict.most = max(verdict.most, *copies.values())
        twice = session.scalars(
            select(InterviewEvent.update_id)
            .where(InterviewEvent.kind.in_(("answered", "corrected")))
            .group_by(InterviewEvent.update_id)
            .having(func.count() > 1)
        ).all()
        if twice:
            verdict.wrong.append(f"{len(twice)} updates were answered twice")
        for (table, waiting), what in zip(WAITING.items(), ("updates", "messages"), strict=True):
            left = session.scalar(select(func.count()).select_from(table).where(*waiting))
            if left:
                verdict.wrong.append(f"{left} {what} wait")
    database.close()
