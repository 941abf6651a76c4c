"""What is said: messages kept with the transaction that caused them, then sent.

An `Outgoing` is one Bot API call. Sending keeps Telegram's limits (28 a second over all, 1 a second
in one chat with a small burst), retries what may succeed later, and remembers who blocked the bot.
Messages of one chat go out in order; only when many calls wait, for all or for this chat, does a
question overtake the edits and tap answers queued before it.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from telegram.error import TelegramError

from bot.chat_lane import CROWDED, ChatLane, is_said, is_stale, line_up, overtaking
from bot.lanes import where
from bot.ledger import Ledger
from bot.limits import Bucket, ChatPace, OverallPace, OwnBucket
from bot.marks import Mark, Marks
from bot.metrics import Metrics
from bot.request import Attached, TelegramBot
from bot.uploads import NotKept, Uploads
from bot.verdict import GiveUp, Later, Plain, Unreachable, Verdict, judge, plain
from surveys.conduct.settle import Queued
from surveys.store.messages import ORDERED, Outgoing

__all__ = ["Ledger", "Outgoing", "Queued", "Sender"]

log = logging.getLogger(__name__)

REMEMBERED = 20_000
"""Message ids kept in memory, so that an edit need not ask the database."""
LONGEST_PAUSE = 10.0
STUCK = 8
"""Failures, while as many other calls succeed, after which a message makes room for those behind
it: of one success one learns that Telegram is there, and not that it takes what it is given."""
PUT_OFF = timedelta(minutes=10)


class Sender:
    """Sends what was queued, and keeps at it."""

    def __init__(
        self,
        bot: TelegramBot,
        ledger: Ledger,
        clock: Callable[[], datetime],
        *,
        bucket: Bucket | None = None,
        first_pause: float = 0.5,
        uploads: Uploads | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        """`clock` gives the time in UTC. `bucket` holds Telegram's limit over all calls; without
        one as much is sent, to anyone, as the server takes. `uploads` sends what shows an
        attachment."""
        self._bot = bot
        self._uploads = uploads
        self._metrics = metrics or Metrics()
        self._ledger = ledger
        self._clock = clock
        self._limits = bucket is not None
        self._first_pause = first_pause
        self._pace = OverallPace(bucket or OwnBucket(math.inf))
        self._chats: dict[str, ChatPace] = {}
        self._lanes: dict[str, ChatLane] = {}
        self._held: set[int] = set()
        self._done: dict[int, None] = {}
        self.fetch: Callable[[str], None] = lambda lane: None
        """Called where something of a lane is to be sent first that is not lined up here: it is to
        read what this program has to send to it, and to `put` that."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: set[asyncio.TimerHandle] = set()
        self._known: dict[str, int] = {}
        self._marks = Marks(ledger.sent, self._marked, self._rest_if_done)
        self._flooded: dict[str, float] = {}
        self._down = False
        self._closed = False
        self._idle = asyncio.Event()
        self._idle.set()
        self.succeeded = 0
        """Calls that Telegram carried out."""
        self.alone = True
        """Whether no other program sends for this bot."""

    def unknown(self, ids: Iterable[int]) -> list[int]:
        """Those rows of the outbox that are not lined up here."""
        return [one for one in ids if one not in self._held]

    def oldest(self) -> int | None:
        """The least id of what waits: ids grow with time (surveys.store.messages.next_id)."""
        return min((lane.items[0].outbox_id for lane in self._lanes.values() if lane.items),
                   default=None)  # fmt: skip

    def let_go(self) -> None:
        """Another program has taken over all that was lined up: none of it is sent from here."""
        for task in self._tasks:
            task.cancel()
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._lanes.clear()
        self._held.clear()
        self._rest_if_done()

    @property
    def waiting(self) -> int:
        """Messages that are not sent yet."""
        return sum(len(lane.items) for lane in self._lanes.values())

    def put(self, queued: Iterable[Queued]) -> None:
        """Line up messages, each behind the others of its person; those that are already, once."""
        now: datetime | None = None
        for one in queued:
            if one.outbox_id in self._held or one.outbox_id in self._done:
                continue
            if one.after and one.after not in self._held and one.after not in self._done:
                self.fetch(one.lane)
                continue
            self._held.add(one.outbox_id)
            if one.not_before is not None:
                now = now or self._clock()
                if one.not_before > now:
                    self._later(one, (one.not_before - now).total_seconds())
                    continue
            lane = self._lanes.get(one.lane)
            if lane is None:
                if one.owed:
                    self._used_up(one.lane, one.owed)
                lane = self._lanes[one.lane] = ChatLane()
                lane.items.append(one)
                self._start(one.lane, lane)
            else:
                line_up(lane.items, one)
                if is_said(one):
                    lane.woken.set()
        if self._lanes:
            self._idle.clear()

    async def idle(self) -> None:
        """Wait until everything is sent and marked (what is put off for later apart)."""
        await self._idle.wait()

    async def close(self, patience: float = 5.0) -> None:
        """Give what is lined up `patience` seconds, then stop; the rest waits in the outbox."""
        try:
            async with asyncio.timeout(patience):
                await self.idle()
        except TimeoutError:
            log.info("%d messages wait for the next start", self.waiting)
        self._closed = True
        for timer in self._timers:
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._pace.close()
        await self._marks.close()

    # One person -------------------------------------------------------------------------------

    def _start(self, name: str, lane: ChatLane) -> None:
        if self._closed:
            return
        task = asyncio.create_task(self._run(name, lane))
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, name, lane))

    def _ended(self, name: str, lane: ChatLane, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if lane.turn is not None:
            lane.turn.cancel()
            lane.turn = None
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("sending to someone stopped, and goes on later: %s", where(error))
            asyncio.get_running_loop().call_later(LONGEST_PAUSE, self._start, name, lane)
        self._rest_if_done()

    async def _run(self, name: str, lane: ChatLane) -> None:
        while lane.items:
            one = lane.items[0]
            if is_stale(one):
                lane.items.remove(one)
                self._marks.note(one.outbox_id, None)
                continue
            if not is_said(one):
                question = overtaking(lane.items)
                if question is not None and not await self._goes_first(lane):
                    one = question
                elif question is None and not await self._turn(lane):
                    continue
            if is_said(one):
                await self._chat_pace(name)
                await self._pace.turn(urgent=True)
            verdict = await self._send(one)
            if verdict is None:
                lane.tries = 0
                lane.items.remove(one)
            else:
                await self._settle(one, name, lane, verdict)
        if self._lanes.get(name) is lane:
            del self._lanes[name]

    async def _goes_first(self, lane: ChatLane) -> bool:
        """Whether the first one goes before the question behind it: only where it need not wait for
        a turn (then it has one), and few wait for this chat."""
        if len(lane.items) > CROWDED:
            return False
        if lane.turn is None:
            return await self._pace.spared()
        return self._has_turn(lane)

    async def _turn(self, lane: ChatLane) -> bool:
        """Wait for a turn for what can wait; False: something was lined up that may go first, and
        the place among those who wait is kept."""
        if lane.turn is None:
            if self._pace.at_once(urgent=False):
                return True
            lane.turn = self._pace.ask(urgent=False)
            lane.turn.add_done_callback(lambda _: lane.woken.set())
        lane.woken.clear()
        if not lane.turn.done():
            await lane.woken.wait()
        return self._has_turn(lane)

    def _has_turn(self, lane: ChatLane) -> bool:
        if lane.turn is None or not lane.turn.done():
            return False
        turn, lane.turn = lane.turn, None
        turn.result()
        return True

    async def _chat_pace(self, name: str) -> None:
        if not self._limits:
            return
        now = asyncio.get_running_loop().time()
        wait = self._pace_of(name, now).take(now)
        if wait:
            await asyncio.sleep(wait)

    def _used_up(self, name: str, owed: float) -> None:
        """Nothing of this chat waits here: what was sent to it lately others may have sent."""
        if self._limits:
            now = asyncio.get_running_loop().time()
            self._pace_of(name, now).used_up(now, owed)

    def _pace_of(self, name: str, now: float) -> ChatPace:
        if len(self._chats) > 5000:
            self._chats = {lane: pace for lane, pace in self._chats.items() if not pace.rested(now)}
        return self._chats.setdefault(name, ChatPace(now))

    async def _send(self, one: Queued, payload: dict[str, Any] | None = None) -> Verdict | None:
        """Make the call; None when it is done, else what is to become of the message."""
        outgoing = one.outgoing
        if outgoing.key is not None and outgoing.key.startswith(ORDERED):
            # It may have waited here for long, and whoever ordered it may have lost their role.
            try:
                wanted = await self._ledger.still_wanted(one.outbox_id)
            except SQLAlchemyError as error:
                return Later(type(error).__name__, ours=True)
            if not wanted:
                self._held.discard(one.outbox_id)
                self._done[one.outbox_id] = None
                return None
        given = dict(outgoing.payload) if payload is None else payload
        if outgoing.edits is not None and "message_id" not in given:
            message_id = self._known.get(outgoing.edits)
            if message_id is None or not self.alone:
                # What another replica has sent since under this key is not known here.
                try:
                    noted = await self._ledger.message_id_of(outgoing.edits)
                except SQLAlchemyError as error:
                    return Later(type(error).__name__, ours=True)
                message_id = noted or message_id
            if message_id is None:
                return GiveUp("never sent")
            given["message_id"] = message_id
        attached = None
        if outgoing.attachment is not None:
            attached = Attached(
                outgoing.field or "document", outgoing.filename or "file", outgoing.attachment
            )
        try:
            if outgoing.shows is not None and self._uploads is not None:
                result = await self._uploads.send(outgoing, given)
            else:
                result = await self._bot.call(outgoing.method, given, attached=attached)
        except NotKept:
            return GiveUp("what it shows is not kept any more")
        except SQLAlchemyError as error:
            return Later(type(error).__name__, ours=True)
        except TelegramError as error:
            verdict = judge(error)
            if isinstance(verdict, Plain) and payload is None:
                log.warning("%s: Telegram refused its HTML; sent as plain text", outgoing.method)
                return await self._send(one, plain(given))
            if isinstance(verdict, Plain):
                return GiveUp(verdict.error)
            if verdict is not None:
                return verdict
            result = None
        self._up()
        self._metrics.sent.labels(outgoing.method).inc()
        if one.received:
            self._metrics.replied.observe(time.monotonic() - one.received)
        message_id = result.get("message_id") if isinstance(result, dict) else None
        if outgoing.key is not None and message_id is not None:
            self._remember(outgoing.key, message_id)
        self._marks.note(one.outbox_id, message_id)
        return None

    async def _settle(self, one: Queued, name: str, lane: ChatLane, verdict: Verdict) -> None:
        if isinstance(verdict, Unreachable):
            await self._persist(self._ledger.unreachable, name)
            for dropped in lane.items:
                self._marks.note(dropped.outbox_id, None)
            lane.items.clear()
        elif isinstance(verdict, GiveUp | Plain):
            log.warning("%s is given up: %s", one.outgoing.method, verdict.error)
            await self._persist(self._ledger.failed, one.outbox_id, verdict.error, None)
            self._held.discard(one.outbox_id)
            lane.items.remove(one)
            lane.tries = 0
        elif verdict.seconds is not None:
            self._metrics.floods.inc()
            await self._wait_for_flood(name, verdict.seconds)
        else:
            await self._wait_for_network(one, lane, verdict)

    async def _wait_for_flood(self, name: str, seconds: float) -> None:
        """Telegram does not say whether it means the chat or everything.

        One chat's 429 lets that chat wait; a second chat's, while the first still waits, is meant
        for all.
        """
        now = asyncio.get_running_loop().time()
        self._flooded = {lane: until for lane, until in self._flooded.items() if until > now}
        if set(self._flooded) - {name}:
            log.warning("Telegram asks for a pause of %.0f s", seconds)
            await self._pace.pause(seconds)
        self._flooded[name] = now + seconds
        await asyncio.sleep(seconds)

    async def _wait_for_network(self, one: Queued, lane: ChatLane, verdict: Later) -> None:
        self._metrics.errors.labels("telegram").inc()
        if not lane.tries:
            lane.seen = self.succeeded
        lane.tries += 1
        if lane.tries >= STUCK <= self.succeeded - lane.seen and not verdict.ours:
            # It is this message and not the network: those behind it must not wait for it.
            log.warning("%s is put off: %s", one.outgoing.method, verdict.error)
            retry_at = self._clock() + PUT_OFF
            await self._persist(self._ledger.failed, one.outbox_id, verdict.error, retry_at)
            lane.items.remove(one)
            lane.tries = 0
            self._later(one, PUT_OFF.total_seconds())
            return
        if not self._down and self.succeeded == lane.seen:
            self._down = True
            log.warning("messages cannot be sent (%s): trying again until they can", verdict.error)
        await asyncio.sleep(min(self._first_pause * 2 ** (lane.tries - 1), LONGEST_PAUSE))

    def _later(self, one: Queued, seconds: float) -> None:
        def due() -> None:
            self._timers.discard(timer)
            self._held.discard(one.outbox_id)
            self.put([replace(one, not_before=None)])

        timer = asyncio.get_running_loop().call_later(seconds, due)
        self._timers.add(timer)

    def _up(self) -> None:
        self.succeeded += 1
        if self._down:
            self._down = False
            log.info("messages go out again")

    # What became of messages ------------------------------------------------------------------

    def _remember(self, key: str, message_id: int) -> None:
        self._known.pop(key, None)
        self._known[key] = message_id
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]

    def _marked(self, marks: Sequence[Mark]) -> None:
        # Only now: what is sent and not marked must not be taken for lost, and sent again.
        for outbox_id, _ in marks:
            self._held.discard(outbox_id)
            self._done[outbox_id] = None
        while len(self._done) > REMEMBERED:
            del self._done[next(iter(self._done))]

    async def _persist(self, write: Callable[..., Awaitable[None]], *given: object) -> None:
        try:
            await write(*given)
        except SQLAlchemyError as error:
            log.warning("what became of a message could not be noted: %s", where(error))

    def _rest_if_done(self) -> None:
        if not self._lanes and self._marks.none:
            self._idle.set()
