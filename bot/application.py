"""The wiring: which handler answers what, and how the program starts and ends."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot.access import allowed, command, rights, unknown_button, unknown_command, voice
from bot.admin import (
    auditing,
    exports,
    files,
    finding,
    joining,
    posters,
    profiles,
    progress,
    quotas,
    reminding,
    schedules,
    setup,
    team,
    tour,
    villages,
    waves,
)  # fmt: skip
from bot.desk import Desk, now
from bot.inbox import Halted, Incoming, Poller, Receiver
from bot.introduction import see_to_telegram, username
from bot.jobs import work
from bot.outbox import Outgoing
from bot.pump import Handle, Pump
from bot.request import TelegramBot
from bot.respondent import (
    consent,
    conversation,
    kept,
    kept_files,
    later,
    other,
    reminded,
    sent,
    trials,
    welcome,
)
from bot.say import send, tapped
from bot.settings import Settings, key_of
from bot.status import Status, Watched, answering
from bot.webhook import PURPOSE, Webhook
from surveys.conduct.people import reach
from surveys.interview.state import Event
from surveys.publish import ensure_ready
from surveys.publish.invites import invite_first_owner
from surveys.store.database import Database, file_of
from surveys.store.keys import must_open
from surveys.store.replicas import alone_at_start
from surveys.store.setup import any_owner
from surveys.store.upgrade import head, revision_of, upgrade
from surveys.store.vault import Vault

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Handler:
    """One thing the bot answers to."""

    name: str
    matches: Callable[[Incoming], bool]
    handle: Handle


def kind(*kinds: str) -> Callable[[Incoming], bool]:
    """Updates of these kinds."""
    return lambda incoming: incoming.kind in kinds


def says(name: str) -> Callable[[Incoming], bool]:
    """The command "/name", with or without something after it."""
    return lambda incoming: incoming.kind == "text" and command(incoming.text)[0] == name


def button(prefix: str) -> Callable[[Incoming], bool]:
    """Taps on buttons whose data begins so."""
    return lambda incoming: incoming.kind == "tap" and incoming.text.startswith(prefix)


def is_command(incoming: Incoming) -> bool:
    """Any command at all."""
    return incoming.kind == "text" and bool(command(incoming.text)[0])


def within(incoming: Incoming) -> bool:
    """ "/back", "/skip" and "/stop": to a question for text, a plain word is an answer."""
    return incoming.kind == "text" and command(incoming.text)[0] in ("back", "skip", "stop", "done")


def something_sent(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """A file is an answer to a question that wants one; else, of an owner, something to set up
    with, and of another administrator a try at it; of everyone else no answer."""
    owners = files.is_file(incoming) and allowed(session, incoming, "setup")
    if trials.running(session, incoming) and not (
        owners and not trials.wants_file(session, incoming, desk)
    ):
        return trials.typed(session, incoming, desk)
    if owners and not sent.wants_file(session, incoming):
        return files.sent(session, incoming, desk)
    if files.is_file(incoming) and rights(session, incoming):
        person = reach(session, incoming.lane)
        if person is None or person.current_interview_id is None:
            return files.sent(session, incoming, desk)
    return sent.not_taken(session, incoming, desk) or conversation.typed(session, incoming, desk)


def owners_list(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """A list that an owner types is something to set up with; of everyone else an answer."""
    mine = allowed(session, incoming, "setup")
    return (files.sent if mine else answered)(session, incoming, desk)


def answered(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """Something typed or sent: to the question at hand, of a trial or of an interview."""
    if trials.running(session, incoming):
        return trials.typed(session, incoming, desk)
    return conversation.typed(session, incoming, desk)


def go_on(
    session: Session, interview_id: int, event: Event, incoming: Incoming, desk: Desk
) -> list[Outgoing]:
    """An interview goes on by something that a job found out."""
    _, say = voice(session, incoming, desk)
    return conversation.go(session, interview_id, event, incoming, desk, say=say)


HANDLERS: tuple[Handler, ...] = (
    Handler("group", kind("group"), other.in_group),
    Handler("blocked", kind("blocked", "unblocked"), other.blocked),
    Handler("edited", kind("edited"), other.edited),
    Handler("answer", button("i:"), conversation.tap),
    Handler("language chosen", button("l:"), welcome.language_chosen),
    Handler("consent", button("c:"), consent.consented),
    Handler("who", button("w:"), welcome.who),
    Handler("write again", button("pn:"), later.answered),
    Handler("stopped", button("s:"), kept.stopped),
    Handler("remove from chat", button("r:"), kept.clear_chat),
    Handler("data of", button("m:"), kept.mydata_of),
    Handler("files of", button("mf:"), kept_files.files_of),
    Handler("forget step", button("f:"), kept.forget_step),
    Handler("profile step", button("a:"), profiles.profile_step),
    Handler("export step", button("x:"), exports.export_step),
    Handler("schedule step", button("sch:"), schedules.schedule_step),
    Handler("team step", button("t:"), team.team_step),
    Handler("audit step", button("u:"), auditing.audit_step),
    Handler("summary step", button("p:s:"), progress.summary_step),
    Handler("villages step", button("p:v:"), villages.villages_step),
    Handler("remind step", button("n:"), reminding.remind_step),
    Handler("no more reminders", button("o:"), reminded.leave_alone),
    Handler("file step", button("y:"), files.file_step),
    Handler("trial step", button("tr:"), trials.trial_step),
    Handler("tour step", button("z:"), tour.tour_step),
    Handler("poster step", button("po:"), posters.poster_step),
    Handler("wave step", button("wv:"), waves.wave_step),
    Handler("quota step", button("q:"), quotas.quota_step),
    Handler("find step", button("fi:"), finding.find_step),
    Handler("other button", kind("tap"), unknown_button),
    Handler("invite", joining.is_invite, joining.accept),
    Handler("start", says("start"), welcome.start),
    Handler("language", says("language"), welcome.language),
    Handler("mydata", says("mydata"), kept.mydata),
    Handler("forget", says("forget"), kept.forget_who),
    Handler("help", says("help"), other.help_),
    Handler("summary", says("summary"), progress.summarise),
    Handler("villages", says("villages"), villages.villages),
    Handler("profile", says("profile"), profiles.profile),
    Handler("export", says("export"), exports.export),
    Handler("schedule", says("schedule"), schedules.schedule),
    Handler("team", says("team"), team.team),
    Handler("audit", says("audit"), auditing.audit),
    Handler("remind", says("remind"), reminding.remind),
    Handler("setup", says("setup"), setup.setup),
    Handler("tour", says("tour"), tour.tour),
    Handler("sent", lambda incoming: incoming.file is not None, something_sent),
    Handler("list", files.is_file, owners_list),
    Handler("poster", says("poster"), posters.poster),
    Handler("wave", says("wave"), waves.wave),
    Handler("quota", says("quota"), quotas.quota),
    Handler("find", says("find"), finding.find_one),
    Handler("word to a question", within, answered),
    Handler("other command", is_command, unknown_command),
    Handler("typed", kind("text", "other"), answered),
)
"""The first that matches answers."""


def handle(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """Answer one update within its transaction."""
    for handler in HANDLERS:
        if handler.matches(incoming):
            return handler.handle(session, incoming, desk)
    return []


def apologise(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """The one sentence for someone whose update could not be handled."""
    if incoming.kind not in ("text", "tap", "other"):
        return []
    _, say = voice(session, incoming, desk)
    sentence = say(
        "Something went wrong here, and your last message did not arrive. Please send it again;"
        " /start shows the question."
    )
    return [*tapped(incoming), send(incoming.chat_id, sentence)]


async def run(
    settings: Settings,
    *,
    limits: bool = True,
    stop: asyncio.Event | None = None,
    started: Callable[[Desk], None] | None = None,
    clock: Callable[[], datetime] = now,
) -> None:
    """Run the bot until `stop` is set, or SIGINT or SIGTERM arrives.

    `started` is called once updates are about to be asked for. `limits=False` is for a server of
    our own, `clock` (in UTC) for a time of our own. Raises `Halted`, `SettingsError`,
    `NewerDatabase`, `UnknownDatabase` or `WrongKey`, each with one sentence for the operator.
    """
    stop = stop or asyncio.Event()
    vault, database = open_store(settings)
    bot = TelegramBot(settings.token, settings.api)
    await bot.connect()
    listening = listen_for_signals(stop)
    try:
        desk = Desk(
            settings, vault, await username(bot, settings), clock, fetch=bot.download, go_on=go_on
        )
        await database.in_thread(greet_first_owner, database, desk)
        receiver = Watched(choose_receiver(desk, bot))
        pump = Pump(
            database, desk, bot, handle, apologise, limits=limits, metrics=desk.metrics,
            receiver=receiver,
        )  # fmt: skip
        status = Status(database, desk.metrics, receiver, stop)
        async with answering(settings.status_listen, status):
            log.info("@%s is at work", desk.bot_username)
            if started is not None:
                started(desk)
            async with beside(see_to_telegram(bot, settings)):
                await pump.run(stop, work)
        log.info("stopped; nothing is lost")
    finally:
        listening()
        await bot.disconnect()
        database.close()


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do this meanwhile; what is not done in the end is left."""
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def choose_receiver(desk: Desk, bot: TelegramBot) -> Receiver:
    """The webhook where one is named, else the poller.

    The webhook is not set here: of several programs none is special, and the last to start would
    win. `usegap webhook set` does it, once.
    """
    settings = desk.settings
    if not settings.webhook_url:
        return Poller(bot)
    secret = desk.vault.token(PURPOSE)
    return Webhook(settings.listen, settings.webhook_url, secret, desk.metrics)


def open_store(settings: Settings) -> tuple[Vault, Database]:
    """The database, brought to this version, with something to ask; and the key to it.

    SQLite is migrated here, PostgreSQL is not: several programs may share it.
    """
    url = settings.database_url
    file = file_of(url)
    try:
        if file is not None:
            upgrade(url)
        elif revision_of(url) != head():
            raise Halted(
                "The tables of the database are of another version: run `usegap db upgrade`."
            )
        vault = Vault(key_of(settings, file, create=True))
        database = Database(url)
        with database.begin() as session:
            alone_at_start(session)
            ensure_ready(
                session,
                organisation=settings.organisation,
                contact=settings.contact,
                retention_months=settings.retention_months,
                now=now(),
                time_zone=settings.time_zone,
            )
            must_open(session, vault)
    except SQLAlchemyError as error:
        raise Halted(
            f"The database cannot be used ({type(error).__name__}): look at USEGAP_DATABASE_URL."
        ) from None
    return vault, database


def greet_first_owner(database: Database, desk: Desk) -> None:
    """Where nobody owns the survey yet, show whoever started the program a link, at each start.

    On a terminal only: a link in a log would be read by others, and for longer than it is good.
    """
    with database.begin() as session:
        if any_owner(session):
            return
        if not sys.stderr.isatty():
            log.info("nobody owns this survey yet: `usegap admin invite --role owner` makes a link")
            return
        code = invite_first_owner(session, desk.vault, desk.clock())
    print(
        f"\nNobody owns this survey yet. Open this link on your phone; it works once, today:\n\n"
        f"    https://t.me/{desk.bot_username}?start=admin-{code}\n",
        file=sys.stderr,
        flush=True,
    )


def listen_for_signals(stop: asyncio.Event) -> Callable[[], None]:
    """Let SIGINT and SIGTERM set `stop`; gives the function that undoes it."""
    loop = asyncio.get_running_loop()
    heard: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except (ValueError, RuntimeError, NotImplementedError):
            # Not the main thread, or a system without signals: whoever started us stops us.
            continue
        heard.append(number)

    def undo() -> None:
        for number in heard:
            loop.remove_signal_handler(number)

    return undo
