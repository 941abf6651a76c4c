"""The profile of a village, made and packed for those who are to have it."""

from __future__ import annotations

from typing import Literal

from bot.desk import Desk
from bot.jobs.parcels import Parcel
from bot.outbox import Outgoing
from bot.say import file, send
from bot.texts import escape, speak
from surveys.estimation.profile import VillageProfile
from surveys.profiles import latest_wave, village_profiles
from surveys.store.administrators import Addressee, addressee, administrators_of
from surveys.store.database import Database
from surveys.store.jobs import DueJob


def profiled(job: DueJob, database: Database, desk: Desk) -> list[Parcel]:
    """A job "profile": for who asked, or for all administrators of the village."""
    area_id = int(job.arguments["area_id"])
    with database.read() as session:
        wave_id = job.arguments.get("wave_id") or latest_wave(session, area_id)
        asked_by = job.arguments.get("contact_id")
        to = (
            [addressee(session, int(asked_by))]
            if asked_by is not None
            else administrators_of(session, area_id)
        )
    people = [one for one in to if one is not None]
    if not people:
        return []
    found = village_profiles(database, wave_id, [area_id], desk.clock()) if wave_id else {}
    if not found:
        return [(one, [_no_answers(job, one, desk)]) for one in people]
    profile = next(iter(found.values()))
    rendered = {tag: _render(profile, tag) for tag in {one.language for one in people}}
    return [
        (one, _profile_messages(job, one, desk, profile, rendered[one.language])) for one in people
    ]


Rendered = tuple[str, bytes, str]
"""A profile as chat text, picture and page."""


def _render(profile: VillageProfile, language: str) -> Rendered:
    from surveys.reports.charts import card
    from surveys.reports.render import chat_text, page

    tag: Literal["en", "zh"] = "zh" if language == "zh" else "en"
    return chat_text(profile, tag), card(profile, tag), page(profile, tag)


def _profile_messages(
    job: DueJob,
    one: Addressee,
    desk: Desk,
    profile: VillageProfile,
    rendered: Rendered,
) -> list[Outgoing]:
    text, picture, page = rendered
    chat = desk.address(one)
    say = speak(one.language)
    key = f"job:{job.id}:{one.contact_id}"
    why = {
        "target": say("{village} has reached its target. Here is its profile."),
        "closed": say("The survey is closed. Here is the profile of {village}."),
    }.get(str(job.arguments.get("reason")), "")
    head = [send(chat, escape(why.format(village=profile.village)), key=f"{key}:0")] if why else []
    caption = say("The profile of {village}, to open, print or pass on").format(
        village=escape(profile.village)
    )
    return [
        *head,
        send(chat, text, key=f"{key}:1"),
        file(chat, picture, f"{profile.code}.png", picture=True, key=f"{key}:2"),
        file(chat, page.encode(), f"{profile.code}.html", caption, key=f"{key}:3"),
    ]


def _no_answers(job: DueJob, one: Addressee, desk: Desk) -> Outgoing:
    say = speak(one.language)
    return send(
        desk.address(one),
        say("Nobody has finished the survey there yet. /summary shows how it goes."),
        key=f"job:{job.id}:{one.contact_id}:0",
    )
