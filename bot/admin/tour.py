"""/tour: five short messages that show a new administrator round, by what their role needs."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.access import Malformed, allowed, parts, role_name, taps, voice, whole
from bot.admin.guard import only_for
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.say import Keyboard, send, tapped, without_buttons
from bot.texts import Speak
from surveys.store.administrators import PROFILED, Right
from surveys.store.jobs import add_job

STEPS = 5
PICTURE = 2
"""The step that comes with an example of a profile, for those who are sent profiles."""


@only_for("tour")
def tour(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/tour: the first message."""
    _, say = voice(session, incoming, desk)
    return [_message(incoming, 1, allowed(session, incoming, "tour"), say)]


@only_for("tour")
@taps
def tour_step(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """The button under each: "z:<number of the next>". What was read stays to be read again."""
    _, say = voice(session, incoming, desk)
    mine = allowed(session, incoming, "tour")
    number = whole(parts(incoming, 1)[0])
    if not 1 <= number <= STEPS:
        raise Malformed
    said = tapped(incoming)
    if incoming.message_id is not None and number > 1:
        said.append(without_buttons(incoming.chat_id, incoming.message_id))
    if number == PICTURE and _role(mine) in PROFILED:
        add_job(session, "example", {"contact_id": mine[0].contact_id}, desk.clock())
    return [*said, _message(incoming, number, mine, say)]


def next_button(say: Speak) -> Keyboard:
    """The way into the tour, for a welcome."""
    return [[("▶ " + say("Show me round"), "z:1")]]


def _message(incoming: Incoming, number: int, mine: tuple[Right, ...], say: Speak) -> Outgoing:
    text = f"<b>{number}/{STEPS}</b>  " + texts(_role(mine), say)[number - 1]
    rows: Keyboard = [[(say("Next") + " ▶", f"z:{number + 1}")]] if number < STEPS else ()
    return send(incoming.chat_id, text, rows)


def _role(mine: tuple[Right, ...]) -> str:
    """Of several roles the one that may do most."""
    held = {right.role for right in mine}
    return next(one for one in ("owner", "area", "analyst", "viewer", "helper") if one in held)


def texts(role: str, say: Speak) -> list[str]:
    """The five messages for a role."""
    opening = say(
        "Welcome. Residents answer some questions on their own phone: do they get online, what do"
        " they do there, what do they need. From the answers each village gets a profile. You are"
        " {role}; this tour takes two minutes."
    ).format(role=role_name(role, say))
    card = say(
        "This is what a profile looks like. A picture comes in a moment; its village is invented."
        " First read the two sentences at the top. A dot is the village, the line beside it how"
        " sure the number is: the longer, the less sure. Where few have answered, numbers stay"
        " hidden."
    )
    privacy = say(
        "Nobody sees who answered what: no names, no numbers, not even you. Taking part is free."
        " Please never urge anyone, and never fill in answers for others."
    )
    last = say("/help lists all that you can do, /tour shows this again. Questions? Ask who invited"
               " you.")  # fmt: skip
    return {
        "owner": [opening, card, *_owner(say), f"{privacy}\n\n{last}"],
        "area": [opening, card, *_area(say), f"{privacy}\n\n{last}"],
        "analyst": [opening, card, *_analyst(say), f"{privacy}\n\n{last}"],
        "viewer": [opening, card, *_viewer(say), f"{privacy}\n\n{last}"],
        "helper": [opening, *_helper(say), f"{privacy}\n\n{last}"],
    }[role]


def _owner(say: Speak) -> list[str]:
    return [
        say(
            "Setting up goes by this chat alone. /setup says what is done and what is next. Send me"
            " the list of your villages as a file; I say what I understood, and change nothing"
            " until you tap. Then /wave opens the survey."
        ),
        say(
            "In the field: /poster makes a page with a village's link, /summary shows which village"
            " is behind, /remind asks those who stopped half-way, /team invites others for their"
            " areas. /export gives the answers as files, /audit says who did what."
        ),
    ]


def _area(say: Speak) -> list[str]:
    return [
        say(
            "Begin with the links. /villages gives each village's link to pass on in the village's"
            " chat group; /poster makes a page to hang up. Who has no phone can be interviewed on"
            " another's: /team invites helpers."
        ),
        say(
            "Once a day look at /summary: the village furthest behind stands first. /remind asks"
            " those who stopped half-way to go on. When a village has reached its target, its"
            " profile comes by itself; /profile gets it any time."
        ),
    ]


def _analyst(say: Speak) -> list[str]:
    return [
        say(
            "/export gives the answers as files, with weights, labels and a codebook, for R,"
            " Stata, SPSS, Excel or Python. There are no contacts in them. What could single out"
            " a person is made coarser or left out, and I say so."
        ),
        say(
            "Use the weights: who answers on a phone is not everybody. Grade A, B or C says how far"
            " a village's numbers carry. Do not rank villages by numbers whose lines overlap."
        ),
    ]


def _viewer(say: Speak) -> list[str]:
    return [
        say(
            "/profile shows a village: first how many are online, then what they do there, then"
            " what holds the others back. The page that comes with it can be printed or passed on."
        ),
        say(
            "Grade A, B or C says how far the numbers carry. A difference counts when the lines"
            " of two dots do not overlap. At the end stands what people say they need: that is"
            " where to begin. /summary shows how many have answered so far."
        ),
    ]


def _helper(say: Speak) -> list[str]:
    return [
        say(
            "/villages gives the links. Neighbours with a phone of their own open the link"
            " themselves; that is best. You help where they ask you."
        ),
        say(
            "With neighbours who have no phone: open the village's link on yours, tap “For someone"
            " without a phone” at the first question, and read each question aloud as it stands."
            " Ask first whether they agree."
        ),
        say(
            "Tap what they say, not what you think. “Skip” is always allowed. After the last"
            " question /start begins with the next neighbour. /summary shows how far your villages"
            " are."
        ),
    ]
