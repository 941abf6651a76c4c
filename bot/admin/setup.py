"""/setup: what a survey needs, what is there, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.access import allowed, voice
from bot.admin.guard import only_for
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.say import send
from bot.texts import Speak, escape
from surveys.store.administrators import Right
from surveys.store.setup import Standing, standing

ONE_AFTER_THE_OTHER = 3
"""Of the steps the first: villages, questionnaire, wave."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a survey needs."""

    title: str
    done: bool
    there: str
    """How it is."""
    to_do: str
    """What to do; "" where there is nothing."""
    optional: bool = False


@only_for("setup")
def setup(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/setup: the list of steps, each done or to do, and what is next."""
    _, say = voice(session, incoming, desk)
    mine = allowed(session, incoming, "setup")[0]
    found = steps(standing(session, mine.path), say)
    lines = [f"<b>{say('Setting up: {area}').format(area=escape(mine.area))}</b>", ""]
    for number, step in enumerate(found, 1):
        sign = "✅" if step.done else "▫️" if step.optional else "⬜"
        line = say("<b>{n}. {title}</b>: {there}")
        lines.append(f"{sign} " + line.format(n=number, title=step.title, there=step.there))
        if step.to_do:
            lines.append(step.to_do)
    lines += ["", next_step(session, mine, say)]
    rows = [[("📄 " + say("Files to fill in"), "y:p:0")]]
    return [send(incoming.chat_id, "\n".join(lines), rows)]


def next_step(session: Session, mine: Right, say: Speak) -> str:
    """The first thing that is still to be done; of those that need not wait for another, all."""
    found = steps(standing(session, mine.path), say)
    left = [step for step in found if not step.done and not step.optional]
    if not left:
        return "👉 " + say("All is set up. /summary shows how the survey goes.")
    if left[0] in found[:ONE_AFTER_THE_OTHER]:
        left = left[:1]
    return "👉 " + say("Next: {what}").format(what="\n".join(step.to_do for step in left))


def steps(found: Standing, say: Speak) -> list[Step]:
    """What a survey needs, in the order in which it is done."""
    return [
        _villages(found, say),
        _form(found, say),
        _wave(found, say),
        Step(
            say("Posters"),
            done=found.begun > 0,
            there=say.count("{n} interview begun", "{n} interviews begun", found.begun)
            if found.begun
            else say("nobody has begun yet"),
            to_do=""
            if found.begun
            else say("/poster makes a page with a village's link to hang up; /villages has the"
                     " links to send."),
        ),
        Step(
            say("Team"),
            done=found.team > 1,
            there=say.count("{n} person", "{n} persons", found.team),
            to_do="" if found.team > 1 else say("/team invites others, for all areas or for one."),
        ),
        Step(
            say("Margins"),
            done=found.margins > 0,
            there=say.count("of {n} area", "of {n} areas", found.margins)
            if found.margins
            else say("none (you may leave it out)"),
            to_do=""
            if found.margins
            else say("If you know how many adults are online by sex, age and schooling, send"
                     " margins.csv."),
            optional=True,
        ),
    ]  # fmt: skip


def _villages(found: Standing, say: Speak) -> Step:
    if not found.villages:
        to_do = say("Send me the list of your villages as a file. The button below gives you one to"
                    " fill in.")  # fmt: skip
        return Step(say("Villages"), False, say("none yet"), to_do)
    lacking = []
    if found.without_adults:
        lacking.append(
            say.count(
                "⚠ {n} village has no number of adults: its profile cannot say who is missing. Send"
                " the list again with it.",
                "⚠ {n} villages have no number of adults: their profiles cannot say who is missing."
                " Send the list again with it.",
                found.without_adults,
            )
        )
    if not found.references:
        lacking.append(
            say("⚠ No village is the reference: profiles compare with nothing. Write yes under"
                " reference for the town, and send the list again.")
        )  # fmt: skip
    there = say("{villages} in {places}").format(
        villages=say.count("{n} village", "{n} villages", found.villages),
        places=say.count("{n} township", "{n} townships", found.places),
    )
    return Step(say("Villages"), True, there, "\n".join(lacking))


def _form(found: Standing, say: Speak) -> Step:
    if found.form is None:
        to_do = say("Send me a questionnaire as a file (.xlsx).")
        return Step(say("Questionnaire"), False, say("none yet"), to_do)
    there = say("“{title}”, version {version}").format(
        title=escape(found.form[0][:100]), version=escape(found.form[1][:40])
    )
    return Step(say("Questionnaire"), True, there, "")


def _wave(found: Standing, say: Speak) -> Step:
    title = say("Wave")
    if found.wave is None:
        there = (
            say.count("{n} open, in a part", "{n} open, in parts", found.waves_below)
            if found.waves_below
            else say("none is open, so nobody is asked")
        )
        return Step(title, found.waves_below > 0, there, say("/wave opens one."))
    name, version, since = found.wave
    day = since.astimezone(ZoneInfo(found.zone or "UTC"))
    there = say("{name}, open since {day}").format(name=escape(name), day=f"{day:%Y-%m-%d}")
    if found.ending:
        to_do = say("It is ending: nobody begins any more, who has begun can finish. /wave")
        return Step(title, True, there, to_do)
    if found.form is not None and found.form[1] != version:
        to_do = say(
            "⚠ It asks version {version}. To ask the new one, close it and open another: /wave"
        ).format(version=escape(version[:40]))
        return Step(title, True, there, to_do)
    return Step(title, True, there, "")
