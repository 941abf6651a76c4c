"""/poster: a sheet to hang up in a village, with the code that leads to its survey."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from bot.access import Malformed, allowed, command, parts, taps, unknown_button, voice, whole
from bot.admin.guard import only_for
from bot.admin.places import AT_ONCE, called, choices
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.say import Button, instead, send, tapped
from bot.texts import LANGUAGES, Speak, escape
from surveys.store.administrators import Right, Village, villages_below
from surveys.store.jobs import add_job

TONGUES = (*LANGUAGES, "both")
"""What a poster can be asked for in."""


@only_for("poster")
def poster(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/poster, "/poster VILLAGE", "/poster VILLAGE both": the sheet, or of which village?"""
    _, say = voice(session, incoming, desk)
    mine = allowed(session, incoming, "poster")
    reachable = villages_below(session, mine)
    part, tongue = command(incoming.text)[1].casefold(), ""
    found = called(reachable, part)
    if not found:
        part, _, last = part.rpartition(" ")
        if last in TONGUES:
            found, tongue = called(reachable, part.strip()), last
    exact = [one for one in found if part in (one.name.casefold(), one.code.casefold())]
    if len(exact or found) == 1:
        village = (exact or found)[0]
        return _order(session, incoming, desk, mine, village, tongue=tongue, say=say)
    if not found:
        text = say("No village of yours has that in its name. /villages lists them.")
        return [send(incoming.chat_id, text)]
    text = say("Which village?")
    if len(found) > AT_ONCE:
        text += "\n" + say("Tap one, or send /poster and a part of the name.")
    return [send(incoming.chat_id, text, choices(found, 0, part, say, "po"))]


@only_for("poster")
@taps
def poster_step(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """The buttons of /poster: "po:p:<area>" orders it, "po:n:<from>:<part>" turns the page,
    "po:<language>:<area>" orders it in that language."""
    _, say = voice(session, incoming, desk)
    mine = allowed(session, incoming, "poster")
    step, what = parts(incoming, 2)
    reachable = villages_below(session, mine)
    if step == "n":
        start, _, part = what.partition(":")
        rows = choices(called(reachable, part), whole(start), part, say, "po")
        return instead(incoming, say("Which village?"), rows)
    if step != "p" and step not in TONGUES:
        raise Malformed
    village = next((one for one in reachable if one.area_id == whole(what)), None)
    if village is None:
        return unknown_button(session, incoming, desk)
    tongue = "" if step == "p" else step
    ordered = _order(session, incoming, desk, mine, village, tongue=tongue, say=say)
    return [*tapped(incoming), *ordered]


def _order(
    session: Session,
    incoming: Incoming,
    desk: Desk,
    mine: Sequence[Right],
    village: Village,
    *,
    tongue: str,
    say: Speak,
) -> list[Outgoing]:
    arguments = {
        "contact_id": mine[0].contact_id, "area_id": village.area_id, "language": tongue,
    }  # fmt: skip
    add_job(session, "poster", arguments, desk.clock(), key=f"poster:{incoming.update_id}")
    text = say("The poster of <b>{village}</b> comes in a moment.").format(
        village=escape(village.name)
    )
    names = {**LANGUAGES, "both": say("Both on one sheet")}
    others: list[Button] = [
        (name, f"po:{tag}:{village.area_id}") for tag, name in names.items() if tag != tongue
    ]
    return [send(incoming.chat_id, text, [others])]
