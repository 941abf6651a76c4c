"""A profile packed for one administrator, and noted as sent to them: once, whatever happens."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple
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


class Papers(NamedTuple):
    """A profile in one language, as picture, page and, to be filed, PDF."""

    picture: bytes
    page: bytes
    pdf: bytes | None
    """None: it is asked for by a button, or cannot be made."""


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
) -> list[Delivered]:
    """A profile for each of its readers, with the sentence that says why it comes ("" if it was
    asked for); what is new to each since the last one comes first.

    Papers are made once a language. At the wave's end the PDF is among them.
    """
    papers: dict[str, Papers] = {}
    packed = []
    for reader, head in readers.items():
        tag = tag_of(reader.to.language)
        if tag not in papers:
            papers[tag] = _papers(profile, tag, filed=about.reason == "closed")
        with database.read() as session:
            known = previous(session, reader.administrator_id, about.area_id, about.wave_id)
        messages = _messages(desk, profile, about, reader, head, known, papers[tag])
        document = to_json(profile)
        packed.append(Delivered(occasion_of(about, reader, document), messages, known))
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
    name = profile.code or "".join(c for c in profile.village if c.isalnum() or c in " -_").strip()
    return f"{name[:60] or profile.kind}.{ending}"


def pdf_of(profile: VillageProfile, language: str) -> bytes | None:
    """The page as PDF; None where this machine cannot set one, which the log says."""
    from surveys.reports.pdf import PangoMissing, pdf

    try:
        return pdf(profile, tag_of(language))
    except PangoMissing as error:
        log.error("%s", error)
        return None


def _papers(profile: VillageProfile, tag: Literal["en", "zh"], *, filed: bool) -> Papers:
    from surveys.reports.charts import card
    from surveys.reports.render import page

    return Papers(
        card(profile, tag),
        page(profile, tag).encode(),
        pdf_of(profile, tag) if filed else None,
    )


def _messages(  # noqa: PLR0917 - the names speak
    desk: Desk,
    profile: VillageProfile,
    about: About,
    reader: Reader,
    head: str,
    known: Previous | None,
    papers: Papers,
) -> list[Outgoing]:
    from surveys.reports.render import chat_text

    chat, say = desk.address(reader.to), speak(reader.to.language)
    before = None if known is None else known.profile
    old = None if before is None or unchanged(before, profile) else from_json(before)
    caption = say("The profile of {village}, to open, print or pass on").format(
        village=escape(profile.village)
    )
    page = file(chat, papers.page, name_of(profile, "html"), caption)
    messages = [
        send(chat, chat_text(profile, tag_of(say.language), previous=old)),
        file(chat, papers.picture, name_of(profile, "png"), picture=True),
    ]
    if papers.pdf is None:
        messages.append(under(page, pdf_button(about.area_id, about.wave_id, say)))
    else:
        messages += [page, file(chat, papers.pdf, name_of(profile, "pdf"))]
    if not head:
        return messages
    # One sound a delivery: the first message has it.
    return [send(chat, head), *(silent(one) for one in messages)]


def pdf_button(area_id: int, wave_id: int, say: Speak) -> Keyboard:
    """The button under a page that asks for its PDF."""
    return [[(say("As PDF"), f"sch:p:{area_id}.{wave_id}")]]


def under(message: Outgoing, keyboard: Keyboard) -> Outgoing:
    """A message with buttons under it."""
    return replace(message, payload={**message.payload, "reply_markup": markup(keyboard)})


def silent(message: Outgoing) -> Outgoing:
    """A message without a sound."""
    return replace(message, payload={**message.payload, "disable_notification": True})
