"""This program among several on one database: seen to be at work, and what others left.

Every second it writes its row anew and looks at the others' (surveys.store.replicas). One that does
not move any more is dead: what it was to send is sent by another, what it had taken in is handled
by another. The first look is at the start: a supervisor starts what was killed, and that one sends
at once what the killed one was to send. The same look finds what this very program lost track of,
when the database went away in the middle of a commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot.lanes import Lanes, where
from bot.metrics import Metrics
from bot.outbox import Sender
from bot.shared_bucket import SharedBucket
from surveys.conduct.settle import unsent, waiting
from surveys.store.database import Database
from surveys.store.keys import must_open
from surveys.store.notices import listen
from surveys.store.replicas import (
    Seen,
    any_of_nobody,
    beat,
    bury,
    bury_all,
    connected,
    dead_among,
    enter,
    leave,
    new_id,
    stuck,
    take_over,
    unsent_of,
)
from surveys.store.vault import Vault

log = logging.getLogger(__name__)

BEAT = 1.0
"""Seconds from one look to the next."""
DEAD = 5
"""Beats of ours through which the row of one that is dead has not moved …"""
GONE = 1.5
"""… or seconds for which it has not, where its connection to the database is not there either: more
than a beat and a look take, and than a connection that was cut is away."""
BACK = 2
"""Looks after the database was away at which nobody is taken for dead without a connection: the
others are finding their way back, too."""
CONNECTED = 5.0
"""Seconds that a start waits for its own connection."""
BEATS_ALONE = 5
"""Where no other can be, every fifth look writes: a laptop's disk sleeps as long."""
LOST = timedelta(seconds=3)
"""After which what nobody holds in memory is taken for lost."""
TRIED = timedelta(seconds=60)
"""Within which a failed update is being tried by who took it in."""
AT_ONCE = 2000


class Replica:
    """This program among the others."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        lanes: Lanes,
        sender: Sender,
        shared: SharedBucket | None,
        *,
        metrics: Metrics,
        clock: Callable[[], datetime],
    ) -> None:
        """`shared`: Telegram's limit, where several programs may keep it together. `clock` in UTC:
        the one by which updates are noted."""
        self._database, self._vault = database, vault
        self._lanes, self._sender, self._metrics = lanes, sender, metrics
        self._shared = shared
        self._clock = clock
        sender.fetch = self._fetch_soon
        self._told: dict[str, None] = {}
        """Lanes that there is something to send to, told of by other programs."""
        self._fetching: asyncio.Task[None] | None = None
        self._several = database.engine.dialect.name == "postgresql"
        self._stood: dict[str, tuple[datetime, int]] = {}
        self._live: list[str] = []
        self._beats = 0
        self._soon: float | None = 0.0
        """Seconds until one whose connection is gone is dead; None: there is no such one."""
        self.only_beats = False
        """It is about to end: it is seen to be alive, and takes nothing on."""
        self._away = 0
        """Looks until others are back, too, after the database was away."""
        self._ended = threading.Event()
        self._listening: threading.Thread | None = None

    async def enter(self) -> None:
        """Begin; what an earlier run on SQLite left is this one's at once.

        Raises `WrongKey` where the key was changed meanwhile.
        """
        replica = new_id()
        if self._several:
            # Before its row is there: one with a row and without a connection is dead.
            await self._listen(replica)
        try:
            await self._database.in_front(self._enter, replica)
        except BaseException:
            self._ended.set()
            raise

    async def run(self) -> None:
        """Look every second until cancelled, and sooner where somebody is about to be dead."""
        while True:
            await self.look()
            await asyncio.sleep(BEAT if self._soon is None else min(max(self._soon, 0.0), BEAT))

    async def look(self) -> None:
        """One look; where the database is away, nothing comes of it."""
        try:
            await self._look()
        except SQLAlchemyError as error:
            self._metrics.errors.labels("database").inc()
            self._away, self._soon = BACK, None
            log.info("the other programs are not seen now: %s", where(error))

    async def leave(self) -> None:
        """End: what is left is the others' at once."""
        try:
            # Before its connection goes: one with a row and without a connection is dead.
            await self._database.in_front(self._leave)
        except SQLAlchemyError as error:
            log.info("the database is away at the end: %s", where(error))
        self._ended.set()
        if self._listening is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._listening.join)

    async def _look(self) -> None:
        self._gauge()
        if self.only_beats:
            await self._database.in_front(self._say_alive)
            return
        if self._several or self._beats % BEATS_ALONE == 0:
            seen = await self._database.in_front(self._beat)
            if seen is None:
                await self._begin_anew()
                return
            self._notice(seen)
        self._beats += 1
        said, heard = await self._database.in_front(self._left_over)
        said, heard = self._sender.unknown(said), self._lanes.unknown(heard)
        if said:
            self._sender.put(
                await self._database.in_front(unsent, self._database, self._vault, said)
            )
        if heard:
            self._lanes.put_unknown(
                await self._database.in_front(waiting, self._database, self._vault, only=heard)
            )

    async def _begin_anew(self) -> None:
        """Taken for dead (it stood still for long): others do what it held, and it begins anew."""
        log.warning("this program stood still, and others went on with its work; it begins anew")
        self._sender.let_go()
        self._ended.set()
        if self._listening is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._listening.join)
        self._ended = threading.Event()
        self._stood, self._beats, self._soon = {}, 0, 0.0
        await self.enter()

    def _notice(self, seen: Sequence[Seen]) -> None:
        self._live = sorted(one.id for one in seen)
        self._sender.alone = len(seen) == 1
        if self._shared is not None:
            self._shared.shared_by(len(seen))
        self._metrics.replicas.set(len(seen))

    def _gauge(self) -> None:
        self._metrics.inbox.set(self._lanes.waiting)
        self._metrics.outbox.set(self._sender.waiting)
        oldest = self._sender.oldest()
        since = 0.0
        if oldest is not None:
            since = self._clock().timestamp() - (oldest >> 8) / 1e6
        self._metrics.outbox_age.set(max(since, 0.0))

    # In the database's thread -------------------------------------------------------------------

    def _enter(self, replica: str) -> None:
        with self._database.begin() as session:
            enter(session, replica)
            # From here on the key cannot change; since it was looked at first, it may have.
            must_open(session, self._vault)
            if not self._several:
                bury_all(session, but=replica)
        self._database.replica = replica

    def _say_alive(self) -> None:
        with self._database.begin() as session:
            beat(session, self._database.replica or "")

    def _beat(self) -> list[Seen] | None:
        me = self._database.replica or ""
        with self._database.begin() as session:
            seen = beat(session, me)
            if seen is None:
                return None
            others = [one for one in seen if one.id != me]
            self._stood, dead = dead_among(self._stood, others, DEAD)
            dead += [one for one in self._gone(session, others) if one not in dead]
            bury(session, dead)
        if dead:
            log.warning("%d other programs stand still: their work is taken over", len(dead))
        gone = {one.id for one in dead}
        return [one for one in seen if one.id not in gone]

    def _gone(self, session: Session, others: Sequence[Seen]) -> list[Seen]:
        """Those whose connection is gone for long enough; `_soon` says when the next one will be.

        Asked at the start, and where a row has not moved for long.
        """
        if self._away:
            self._away -= 1
            self._soon = None
            return []
        if self._soon is None and all(one.age < GONE for one in others):
            return []
        there = connected(session) if others else frozenset()
        away = [one for one in others if one.id not in there]
        self._soon = min((GONE - one.age for one in away if one.age < GONE), default=None)
        return [one for one in away if one.age >= GONE]

    def _left_over(self) -> tuple[list[int], list[int]]:
        """Rows of the outbox and of the inbox that may be in nobody's hands."""
        me = self._database.replica or ""
        number = self._live.index(me) if me in self._live else 0
        now = self._clock()
        with self._database.read() as session:
            # What was made just now may be on its way from its transaction to the sender.
            fresh = (time.time_ns() // 1000 - LOST // timedelta(microseconds=1)) << 8
            said = [one for one in unsent_of(session, me, AT_ONCE) if one < fresh]
            heard = stuck(
                session, now - LOST, now - TRIED,
                number=number, of=max(len(self._live), 1), most=AT_ONCE,
            )  # fmt: skip
            nobodys = any_of_nobody(session)
        if nobodys:
            with self._database.begin() as session:
                said += take_over(session, me)
        return said, list(heard)

    def _leave(self) -> None:
        me, self._database.replica = self._database.replica, None
        if me is not None:
            with self._database.begin() as session:
                leave(session, me)

    # What others say ----------------------------------------------------------------------------

    async def _listen(self, replica: str) -> None:
        loop = asyncio.get_running_loop()
        heard = asyncio.Event()

        def hear(lane: str) -> None:
            loop.call_soon_threadsafe(self._fetch_soon, lane)

        self._listening = threading.Thread(
            target=listen, daemon=True, name="usegap-listen",
            args=(
                self._database, replica, self._ended, hear,
                partial(loop.call_soon_threadsafe, heard.set),
            ),
        )  # fmt: skip
        self._listening.start()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(heard.wait(), CONNECTED)

    def _fetch_soon(self, lane: str) -> None:
        """Read what is to be sent to a lane, with those that are told of while others are read."""
        self._told[lane] = None
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch())

    async def _fetch(self) -> None:
        try:
            while self._told:
                lanes, self._told = tuple(self._told), {}
                try:
                    queued = await self._database.in_front(
                        unsent, self._database, self._vault, lanes=lanes
                    )
                except SQLAlchemyError as error:
                    log.info("what another program queued is fetched later: %s", where(error))
                else:
                    self._sender.put(queued)
        finally:
            self._fetching = None
