"""/wave: the rounds of interviews; a new one, the end of one, and what has changed."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.access import Malformed, allowed, command, parts, taps, unknown_button, voice, whole
from bot.admin.guard import only_for
from bot.admin.places import DATA, short
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.say import Button, instead, send, tapped
from bot.texts import Speak, escape
from surveys.publish import WaveAlreadyOpen, close_wave, end_wave, keep_open, open_wave
from surveys.publish.waves import GRACE
from surveys.store.administrators import PROFILED, Right
from surveys.store.areas import zone_name
from surveys.store.jobs import add_job
from surveys.store.waves import (
    Asked,
    WaveOverview,
    asked_before,
    newest_form,
    open_at,
    villages_with_answers,
    waves_at,
)

SHOWN = 8
"""Waves in one message."""


@only_for("wave")
def wave(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/wave: the list; "/wave open NAME": a new one with this name."""
    _, say = voice(session, incoming, desk)
    first, _, name = command(incoming.text)[1].partition(" ")
    if first.casefold() in ("compare", "比较"):
        return _compare(session, incoming, desk, say)
    if first.casefold() in ("open", "开始") and name.strip():
        return _named(session, incoming, " ".join(name.split()), say)
    return [send(incoming.chat_id, *_list(session, incoming, desk, say))]


@only_for("wave")
@taps
def wave_step(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """The buttons of /wave.

    "wv:l:" the list · "wv:d:" what has changed · "wv:n:<area>:<name>" a new one? · "wv:o:…" yes ·
    "wv:e:<wave>:" the end of one? · "wv:g:<wave>:" yes, tomorrow · "wv:x:<wave>:" yes, at once ·
    "wv:k:<wave>:" no end after all.
    """
    _, say = voice(session, incoming, desk)
    step, what = parts(incoming, 2)
    if step == "l":
        return instead(incoming, *_list(session, incoming, desk, say))
    if step == "d":
        return [*tapped(incoming), *_compare(session, incoming, desk, say)]
    number, _, name = what.partition(":")
    owned = {right.area_id: right for right in _owned(session, incoming)}
    if step in ("n", "o"):
        right = owned.get(whole(number))
        if right is None:
            return unknown_button(session, incoming, desk)
        if step == "n":
            return instead(incoming, *_sure_to_open(session, desk, right, name, say))
        return _open(session, incoming, desk, right, name, say)
    if step in ("e", "g", "x", "k"):
        one = next(
            (
                each
                for each in waves_at(session, [right.path for right in owned.values()], 100)
                if each.wave_id == whole(number) and each.closed_at is None
                and each.area_id in owned
            ),
            None,
        )  # fmt: skip
        if one is None:
            return unknown_button(session, incoming, desk)
        if step == "e":
            return instead(incoming, *_sure_to_close(session, one, desk, say))
        return _end(session, incoming, desk, owned[one.area_id], one, step, say)
    raise Malformed


def _owned(session: Session, incoming: Incoming) -> list[Right]:
    return [right for right in allowed(session, incoming, "wave") if right.role == "owner"]


def _list(
    session: Session, incoming: Incoming, desk: Desk, say: Speak
) -> tuple[str, list[list[Button]]]:  # fmt: skip
    mine = allowed(session, incoming, "wave")
    found = waves_at(session, [right.path for right in mine], SHOWN)
    lines = [_line(session, one, desk, say) for one in found]
    if not found:
        lines = [say("There was no wave yet.")]
    rows: list[list[Button]] = []
    for right in _owned(session, incoming):
        standing = open_at(session, right.area_id)
        place = short(right.area)
        if standing is None:
            label = say("Open a new wave: {area}").format(area=place)
            rows.append([(label, f"wv:n:{right.area_id}:")])
        elif standing.closing_at is None:
            label = say("Close the wave: {area}").format(area=place)
            rows.append([(label, f"wv:e:{standing.id}:")])
        else:
            label = say("Close it at once: {area}").format(area=place)
            rows.append([(label, f"wv:e:{standing.id}:")])
            label = say("Let it go on: {area}").format(area=place)
            rows.append([(label, f"wv:k:{standing.id}:")])
    if len(found) > 1 and any(right.role in PROFILED for right in mine):
        rows.append([(say("What has changed?"), "wv:d:")])
    return "\n\n".join((f"<b>{say('Waves: the rounds of the survey')}</b>", *lines)), rows


def _line(session: Session, one: WaveOverview, desk: Desk, say: Speak) -> str:
    zone = _zone(session, one)
    head = f"<b>{escape(one.name)}</b> · {escape(one.area)}"
    if one.closed_at is None:
        when = say("open since {day}").format(day=_day(one.opened_at, zone))
        if one.closing_at is not None:
            when += "\n" + say("ends {moment}; nobody begins any more").format(
                moment=say.moment(one.closing_at.astimezone(zone), desk.clock().astimezone(zone))
            )
    else:
        when = say("{first} to {last}, closed").format(
            first=_day(one.opened_at, zone), last=_day(one.closed_at, zone)
        )
    answers = say.count("{n} finished interview", "{n} finished interviews", one.finished)
    lines = [head, when, answers]
    if one.closed_at is None:
        lines.append(say.count("{n} under way", "{n} under way", one.unfinished))
    return "\n".join(lines)


def _named(session: Session, incoming: Incoming, name: str, say: Speak) -> list[Outgoing]:
    """A new wave with a name: where?"""
    owned = _owned(session, incoming)
    if not owned:
        return [send(incoming.chat_id, say("Only an owner opens and closes waves."))]
    rows: list[list[Button]] = [
        [(short(right.area), f"wv:n:{right.area_id}:{name}")] for right in owned
    ]
    if any(len(data.encode()) > DATA for ((_, data),) in rows):
        text = say("That name is too long: 40 letters, or 15 Chinese characters, are the most.")
        return [send(incoming.chat_id, text)]
    text = say("Open the wave <b>{name}</b>: where?").format(name=escape(name))
    return [send(incoming.chat_id, text, rows)]


def _sure_to_open(
    session: Session, desk: Desk, right: Right, name: str, say: Speak
) -> tuple[str, list[list[Button]]]:
    back: list[Button] = [(say("No, leave it"), "wv:l:")]
    form, asks = newest_form(session), _asks(session, desk, right)
    if open_at(session, right.area_id) is not None:
        return say("A wave is open in {area} already.").format(area=escape(right.area)), [back]
    if form is None:
        return say("No questionnaire is published yet."), [back]
    if not asks.organisation or not asks.contact:
        return _nobody_asks(say), [back]
    lines = [
        say("Open a new wave in <b>{area}</b>?").format(area=escape(right.area)),
        say("Residents can be asked again: whoever took part before can answer once more."),
        say("Name: {name}").format(name=escape(name or f"{desk.clock():%Y-%m}")),
        say("Questionnaire: {title}, version {version}").format(
            title=escape(form.title), version=escape(form.version)
        ),
        say("Who asks: {organisation}. Questions: {contact}").format(
            organisation=escape(asks.organisation), contact=escape(asks.contact)
        ),
    ]
    if not name:
        lines.append(say("To give it another name, send /wave open and the name."))
    rows: list[list[Button]] = [[(say("Yes, open it"), f"wv:o:{right.area_id}:{name}")], back]
    return "\n".join(lines), rows


def _open(  # noqa: PLR0917
    session: Session, incoming: Incoming, desk: Desk, right: Right, name: str, say: Speak
) -> list[Outgoing]:
    asks = _asks(session, desk, right)
    if newest_form(session) is None:
        return instead(incoming, say("No questionnaire is published yet."), [])
    if not asks.organisation or not asks.contact:
        return instead(incoming, _nobody_asks(say), [])
    try:
        open_wave(
            session,
            organisation=asks.organisation,
            contact=asks.contact,
            retention_months=asks.retention_months,
            now=desk.clock(),
            area_id=right.area_id,
            name=name,
            by=f"administrator {right.administrator_id}",
        )
    except WaveAlreadyOpen:
        text = say("A wave is open in {area} already.").format(area=escape(right.area))
        return instead(incoming, text, [])
    text = say("The wave is open. /villages has the links, /poster makes a poster.")
    return instead(incoming, text, [])


def _sure_to_close(
    session: Session, one: WaveOverview, desk: Desk, say: Speak
) -> tuple[str, list[list[Button]]]:
    villages = villages_with_answers(session, one.wave_id)
    lines = [
        say("Close the wave <b>{name}</b> in <b>{area}</b>?").format(
            name=escape(one.name), area=escape(one.area)
        ),
        say(
            "Nobody begins any more from now on. Once it is closed, nobody can answer, and it"
            " cannot be opened again."
        ),
    ]
    if one.unfinished:
        lines.append(
            say.count(
                "{n} interview is not finished. Who has begun can be given time until tomorrow.",
                "{n} interviews are not finished. Who has begun can be given time until tomorrow.",
                one.unfinished,
            )
        )
    lines.append(
        say.count(
            "The profile of {n} village is sent to its administrators.",
            "The profiles of {n} villages are sent to their administrators.",
            villages,
        )
    )
    rows: list[list[Button]] = [
        [(say("Yes, at once"), f"wv:x:{one.wave_id}:")],
        [(say("No, leave it"), "wv:l:")],
    ]
    if one.closing_at is None:
        until = _moment(session, one, desk.clock() + GRACE, desk, say)
        label = say("Yes, who has begun may finish: {moment}").format(moment=until)
        rows.insert(0, [(label, f"wv:g:{one.wave_id}:")])
    return "\n".join(lines), rows


def _end(  # noqa: PLR0917
    session: Session, incoming: Incoming, desk: Desk, right: Right, one: WaveOverview, step: str,
    say: Speak,
) -> list[Outgoing]:  # fmt: skip
    by, now = f"administrator {right.administrator_id}", desk.clock()
    if step == "g" and one.closing_at is None:
        until = end_wave(session, now, area_id=one.area_id, by=by)
        text = say("Nobody begins any more. Who has begun can finish: {moment}. Then the wave is"
                   " closed, and the profiles come. /wave changes that.")  # fmt: skip
        moment = _moment(session, one, until, desk, say)
        return instead(incoming, text.format(moment=moment), [])
    if step == "k" and one.closing_at is not None:
        keep_open(session, now, area_id=one.area_id, by=by)
        return instead(incoming, say("The wave goes on. People can begin again."), [])
    if step in ("g", "k"):
        # An old button: it was done already, or taken back.
        return instead(incoming, *_list(session, incoming, desk, say))
    close_wave(session, now, area_id=one.area_id, by=by)
    text = say("The wave is closed. The profiles come.")
    return instead(incoming, text, [[(say("What has changed?"), "wv:d:")]])


def _zone(session: Session, one: WaveOverview) -> ZoneInfo:
    return ZoneInfo(zone_name(session, one.path) or "UTC")


def _moment(session: Session, one: WaveOverview, until: datetime, desk: Desk, say: Speak) -> str:
    zone = _zone(session, one)
    text = say("until {moment}")
    return text.format(moment=say.moment(until.astimezone(zone), desk.clock().astimezone(zone)))


def _compare(session: Session, incoming: Incoming, desk: Desk, say: Speak) -> list[Outgoing]:
    mine = [one for one in allowed(session, incoming, "wave") if one.role in PROFILED]
    if not mine:
        text = say("What has changed is for: owner, area administrator, analyst, viewer.")
        return [send(incoming.chat_id, text)]
    for place, right in enumerate({one.area_id: one for one in mine}.values()):
        arguments = {"contact_id": right.contact_id, "area_id": right.area_id}
        key = f"compare:{incoming.update_id}:{place}"
        add_job(session, "compare", arguments, desk.clock(), key=key)
    return [send(incoming.chat_id, say("What has changed comes in a moment."))]


def _asks(session: Session, desk: Desk, right: Right) -> Asked:
    """Who asks in a new wave: by the settings, else as in the wave before."""
    before, own = asked_before(session, right.path), desk.settings
    return Asked(
        own.organisation or (before.organisation if before else ""),
        own.contact or (before.contact if before else ""),
        own.retention_months,
    )


def _nobody_asks(say: Speak) -> str:
    return say("It is not known who asks, and whom residents can ask. The operator can set that.")


def _day(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d}"
