"""A profile packed for one administrator, and noted as sent to them: once, whatever happens."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.desk import Desk
from bot.jobs.parcels import Delivered, NotYet
from bot.outbox import Outgoing
from bot.say import Keyboard, file, markup, send
from bot.texts import Speak, escape, speak
from surveys.conduct.quiet import next_allowed
from surveys.conduct.settle import Queued, queue_for
from surveys.estimation.profile import VillageProfile, from_json, to_json
from surveys.profiles.news import unchanged
from surveys.store.database import Database
from surveys.store.deliveries import (
    Occasion,
    Previous,
    Reason,
    add_delivery,
    drop_profiles,
    message_keys,
    previous,
)  # fmt: skip
from surveys.store.schedules import Reader, may_read

log = logging.getLogger(__name__)


class Papers:
    """A profile in one language, as picture, page and PDF: each made when first asked for."""

    def __init__(
        self, profile: VillageProfile, tag: Literal["en", "zh"], draw: Callable[..., str]
    ) -> None:
        self.profile, self.tag, self.draw = profile, tag, draw

    @cached_property
    def picture(self) -> bytes:
        """PNG."""
        from surveys.reports.charts import card

        return card(self.profile, self.tag)

    @cached_property
    def page(self) -> bytes:
        """HTML."""
        return self.draw(self.tag).encode()

    @cached_property
    def pdf(self) -> bytes | None:
        """None where this machine cannot set one."""
        return pdf_of(self.draw, self.tag)


@dataclass(frozen=True, slots=True)
class About:
    """What a delivery is about."""

    wave_id: int
    area_id: int
    reason: Reason
    occasion: str
    """Which one of this reason: a day, a wave, a job."""
    finished: int = 0

    def key(self, reader: Reader) -> str:
        """What makes it the same delivery."""
        return f"{self.reason}:{reader.administrator_id}:{self.area_id}:{self.occasion}"


def tag_of(language: str) -> Literal["en", "zh"]:
    """The language of reports for one of the bot's."""
    return "zh" if language == "zh" else "en"


def by_day(desk: Desk, zone: ZoneInfo) -> None:
    """Raise `NotYet` where the clock of a zone says that people may not be written to unasked."""
    morning = next_allowed(desk.clock(), zone)
    if morning > desk.clock():
        raise NotYet(morning)


def deliver(session: Session, desk: Desk, one: Delivered) -> list[Queued]:
    """Note a delivery and queue its messages; nothing where it was made before, or where its
    reader has lost the right to see it, or blocked the bot, since it was packed."""
    what, now = one.occasion, desk.clock()
    reader = may_read(session, what.area_id, administrator_id=what.administrator_id)
    if reader is None:
        return []
    delivery_id = add_delivery(session, what, len(one.messages), now)
    if delivery_id is None:
        return []
    if one.known is not None:
        of = (what.administrator_id, what.area_id, what.wave_id)
        drop_profiles(session, *of, before=one.known.id)
    keys = message_keys(delivery_id, len(one.messages))
    messages = [replace(m, key=key) for m, key in zip(one.messages, keys, strict=True)]
    return queue_for(session, desk.vault, reader.to, messages, now)


def pack(
    database: Database,
    desk: Desk,
    profile: VillageProfile,
    about: About,
    readers: Mapping[Reader, str],
    *,
    filed: Collection[Reader] = (),
) -> list[Delivered]:
    """A profile for each of its readers, with the sentence that says why it comes ("" if it was
    asked for); what is new to each since the last one comes first.

    Papers are made once a language. Readers in `filed` are sent the PDF, others a button for it.
    """
    from surveys.profiles.tree import drawing

    papers: dict[str, Papers] = {}
    draw = drawing(database, profile, about.wave_id, about.area_id, desk.clock())
    packed = []
    for reader, head in readers.items():
        tag = tag_of(reader.to.language)
        if tag not in papers:
            papers[tag] = Papers(profile, tag, draw)
        with database.read() as session:
            known = previous(session, reader.administrator_id, about.area_id, about.wave_id)
        messages = _messages(
            desk,
            reader,
            about,
            papers[tag],
            known,
            pdf=papers[tag].pdf if reader in filed else None,
        )
        if head:
            # One sound a delivery: the first message has it.
            first = send(desk.address(reader.to), head)
            messages = [first, *(silent(one) for one in messages)]
        packed.append(Delivered(occasion_of(about, reader, to_json(profile)), messages, known))
    return packed


def occasion_of(about: About, reader: Reader, document: dict[str, Any] | None) -> Occasion:
    """A delivery to one reader, as it is kept."""
    return Occasion(
        about.key(reader),
        reader.administrator_id,
        about.area_id,
        about.wave_id,
        about.reason,
        document,
        about.finished,
    )


def name_of(profile: VillageProfile, ending: str) -> str:
    """The name of a file: the village's code, an area's own name without what a disk refuses."""
    name = profile.code or "".join(c for c in profile.village if c.isalnum() or c in " -_").strip(
        " -"
    )
    return f"{name[:60] or profile.kind}.{ending}"


def pdf_of(draw: Callable[..., str], language: str) -> bytes | None:
    """A page that `draw` draws as PDF; None where this machine cannot set one, which the log says.

    draw: as `surveys.profiles.tree.drawing` gives it.
    """
    from surveys.reports.pdf import NoPaperError, on_paper

    try:
        return on_paper(draw(tag_of(language), paper=True))
    except NoPaperError as error:
        log.error("%s", error)
        return None


def _messages(
    desk: Desk, reader: Reader, about: About, papers: Papers, known: Previous | None, *,
    pdf: bytes | None,
) -> list[Outgoing]:  # fmt: skip
    from surveys.reports.render import chat_text

    chat, say, profile = desk.address(reader.to), speak(reader.to.language), papers.profile
    before = None if known is None else known.profile
    old = None if before is None or unchanged(before, profile) else from_json(before)
    caption = say("The profile of {village}, to open, print or pass on").format(
        village=escape(profile.village)
    )
    page = file(chat, papers.page, name_of(profile, "html"), caption)
    messages = [
        send(chat, chat_text(profile, papers.tag, previous=old)),
        file(chat, papers.picture, name_of(profile, "png"), picture=True),
    ]
    if pdf is None:
        return [*messages, under(page, pdf_button(about.area_id, about.wave_id, say))]
    return [*messages, page, file(chat, pdf, name_of(profile, "pdf"))]


def pdf_button(area_id: int, wave_id: int, say: Speak) -> Keyboard:
    """The button under a page that asks for its PDF."""
    return [[(say("As PDF"), f"sch:p:{area_id}.{wave_id}")]]


def under(message: Outgoing, keyboard: Keyboard) -> Outgoing:
    """A message with buttons under it."""
    return replace(message, payload={**message.payload, "reply_markup": markup(keyboard)})


def silent(message: Outgoing) -> Outgoing:
    """A message without a sound."""
    return replace(message, payload={**message.payload, "disable_notification": True})
