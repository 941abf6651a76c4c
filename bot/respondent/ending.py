"""How an interview ends in the chat: stopped for today, finished, or not wanted any more."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.desk import Desk
from bot.outbox import Outgoing
from bot.respondent import later, prompts
from bot.say import send
from bot.texts import Speak, escape
from surveys.conduct.advance import Turn
from surveys.conduct.people import begins_in, family_link, home_link
from surveys.store.quotas import Cell


def nothing_to_answer(say: Speak) -> str:
    """What is said to someone who writes while no question is open."""
    return say(
        "There is no question open now. If you see a button above, tap it."
        " /start begins or goes on; /help says what I can do."
    )


def not_understood(say: Speak) -> str:
    """What is said to an administrator who writes or sends what nobody asked for."""
    return say(
        "I do not know what to do with this. If you see a button above, tap it."
        " /help says what I can do for you."
    )


def not_begun(say: Speak) -> str:
    """What is said to someone unknown who writes: as a rule the choice of language, or the question
    whether they agree, is right above.
    """
    return say(
        "To take part, tap a button in the message above. If there is none, open the link of your"
        " village, or scan the code on its poster."
    )


def all_answered(say: Speak) -> str:
    """What is said to someone who goes on writing after the last question."""
    return say("You have answered everything, thank you. /start lets someone else answer.")


def stopped(turn: Turn, chat: int, say: Speak) -> Outgoing:
    """What is said to someone who stops for today."""
    interview = prompts.code(turn.interview_id)
    return send(
        chat,
        say("We stop here. Your answers so far are kept, and you can go on another day: /start"),
        [
            [("▶ " + say("Go on now"), f"w:g:{interview}")],
            [(say("I go on later"), f"s:l:{interview}")],
            [("🗑 " + say("Delete my answers"), f"s:d:{interview}")],
        ],
    )


def finished(session: Session, turn: Turn, chat: int, desk: Desk, say: Speak) -> list[Outgoing]:
    """What is said after the last question: how others of the home can answer; and last,
    near the thumb, whether they may be written to again."""
    if turn.full is not None:
        return [_enough(session, turn, turn.full, chat, say)]
    if not turn.kept:
        return [send(chat, say("Nothing of this was kept."))]
    interview = prompts.code(turn.interview_id)
    clear = [("🧹 " + say("Remove answers from chat"), f"r:{interview}")]
    if begins_in(session, turn.area_id) is None:
        # The wave ends soon: nobody else begins.
        thanks = send(chat, say("That was the last question. Thank you!"), [clear])
        return [thanks, *later.question(session, turn.interview_id, chat, say)]
    link = f"https://t.me/{desk.bot_username}?start=home-{family_link(session, turn.interview_id)}"
    return [
        send(
            chat,
            say("Others in your home who are 16 or older can answer too, each for themselves.")
            + "\n"
            + say("Forward the next message to them, or let them answer on this phone."),
            [
                [(say("Someone else answers here"), f"w:m:{interview}")],
                clear,
            ],
        ),
        send(
            chat,
            say("Please answer a few questions about the internet in our village.")
            + f"\n{escape(link)}",
        ),
        *later.question(session, turn.interview_id, chat, say),
    ]


def _enough(session: Session, turn: Turn, full: Cell, chat: int, say: Speak) -> Outgoing:
    """Enough people like this one have answered: with thanks, and who else may."""
    text = "\n".join(
        (
            _enough_from(full, say),
            say("Nothing you told us is kept."),
            say("Someone else in your home who is 16 or older can answer."),
        )
    )
    wave = begins_in(session, turn.area_id)
    if wave is None:
        return send(chat, text)
    home = turn.household_id
    where = f"v.{wave.code}" if home is None else f"h.{home_link(session, home)}"
    return send(chat, text, [[(say("Someone else answers here"), f"w:h:{where}")]])


def _enough_from(full: Cell, say: Speak) -> str:
    if full.sex == "f" and full.age:
        return say("Thank you. We already have enough answers from women of your age here.")
    if full.sex == "m" and full.age:
        return say("Thank you. We already have enough answers from men of your age here.")
    if full.age:
        return say("Thank you. We already have enough answers from people of your age here.")
    if full.sex == "f":
        return say("Thank you. We already have enough answers from women here.")
    if full.sex == "m":
        return say("Thank you. We already have enough answers from men here.")
    return say("Thank you. We already have enough answers here.")
