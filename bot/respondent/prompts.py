"""A question as a message: its text, its buttons, the answer written under it, a refusal."""

from __future__ import annotations

from html import unescape

from bot.say import DIGITS, Button, code
from bot.texts import Speak, escape, width
from surveys.interview.state import Closed, Prompt, Refused

__all__ = ["DIGITS", "code", "keyboard", "numbered", "question", "refusal", "settled"]

COLUMNS = 28
"""What a phone shows of a button that fills the row; beyond it the label is cut."""
NUMBERS_IN_A_ROW = 4
MOST_BUTTONS = 88
"""Choices that get a button; Telegram takes 100 buttons in all. The others are typed."""
BESIDE = 12
"""Characters of a line of the list that are not the label: its number, a tick, a cut, its end."""
SHORTEST = 12
"""Characters of a label below which a line is of no use."""
ROOM = 4000
"""Characters of one message, a little below what Telegram takes."""


def question(prompt: Prompt, say: Speak) -> str:
    """The text of a question: its number, the question, its hint, what to do."""
    head = f"<b>{prompt.number} / {prompt.total}</b>  {_plain(prompt.label)}"
    below = []
    if prompt.hint:
        below.append(f"<i>{_plain(prompt.hint, 400)}</i>")
    if prompt.answer:
        below.append(say("Your answer so far: {answer}").format(answer=_plain(prompt.answer, 400)))
    how = _what_to_do(prompt, say)
    if how:
        below.append(f"<i>{how}</i>")
    listed = []
    if prompt.choices and numbered(prompt):
        # Shown are letters, not the escapes that stand for some of them.
        taken = sum(len(unescape(part)) + 2 for part in (head, *below))
        listed.append(_list(prompt, ROOM - taken))
    return "\n\n".join([head, *listed, *below])


def _list(prompt: Prompt, room: int) -> str:
    """The choices of a question with their numbers, the labels as long as there is room for.

    Of hundreds the last ones are not shown: they are found by typing them.
    """
    shown = prompt.choices[: max(room // (BESIDE + SHORTEST), 1)]
    each = min(room // len(shown) - BESIDE, 120)
    return "\n".join(
        f"<b>{place}</b>  {'☑ ' if value in prompt.selected else ''}{_plain(label, each)}"
        for place, (value, label) in enumerate(shown, start=1)
    )


def keyboard(prompt: Prompt, interview: str, say: Speak) -> list[list[Button]]:
    """The buttons of a question: a row a choice, or numbers where a phone would cut the labels."""
    stem = f"i:{interview}:{prompt.seq}:"
    rows: list[list[Button]] = []
    several = prompt.type == "select_multiple"

    def sign(value: str) -> str:
        if several:
            return "☑ " if value in prompt.selected else "☐ "
        return "● " if value in prompt.selected else ""

    if prompt.choices and numbered(prompt):
        numbers = [
            (f"{sign(value)}{place + 1}", f"{stem}{place}")
            for place, (value, _) in enumerate(prompt.choices[:MOST_BUTTONS])
        ]
        rows += [
            numbers[start : start + NUMBERS_IN_A_ROW]
            for start in range(0, len(numbers), NUMBERS_IN_A_ROW)
        ]
    else:
        rows += [
            [(f"{sign(value)}{label}", f"{stem}{place}")]
            for place, (value, label) in enumerate(prompt.choices)
        ]
    if several:
        rows.append([("✅ " + say("Done"), stem + "d")])
    control: list[Button] = []
    if prompt.can_go_back:
        control.append(("◀ " + say("Back"), stem + "b"))
    if not prompt.required:
        control.append((say("Skip") + " ▶", stem + "s"))
    control.append(("⏸ " + say("Stop"), stem + "x"))
    rows.append(control)
    return rows


def numbered(prompt: Prompt) -> bool:
    """Whether the choices stand in the message, numbered, because buttons would cut them,
    or because there would be too many."""
    return any(width(label) > COLUMNS for _, label in prompt.choices)


def settled(closed: Closed, say: Speak) -> str:
    """A question that is settled, with what was answered."""
    text = f"<b>{closed.number} / {closed.total}</b>  {_plain(closed.label)}"
    if closed.how == "answered":
        text += f"\n\n✓ <b>{_plain(closed.shown)}</b>"
    elif closed.how == "skipped":
        skipped = say("skipped")
        text += f"\n\n– <i>{skipped}</i>"
    return text


def refusal(refused: Refused, say: Speak) -> str:
    """Why an answer cannot be taken and what to do instead: one or two short sentences, as plain
    text (a tap is answered without HTML)."""
    if refused.message:
        return _short(refused.message, 1000)
    prompt = refused.prompt
    last = len(prompt.choices)
    sentences = {
        "not_a_number": say(
            "I could not read that as a number. Please type only the number, like 3."
        ),
        "not_a_whole_number": say("Please type a whole number, like 3."),
        "not_a_date": say("I could not read that as a date. Please type it like 2026-05-31."),
        "not_a_choice": say(
            "I could not find that among the choices. Please tap a button, or type a number"
            " from 1 to {last}."
        ).format(last=last),
        "several_choices": say("Only one answer fits here. Please tap the one that fits best."),
        "ambiguous_choice": say(
            "That fits more than one choice. Please tap a button, or type a number from 1 to"
            " {last}."
        ).format(last=last),
        "text_too_long": say("That is too long. Please use fewer words."),
        "not_text": say(
            "I cannot read pictures, stickers or voice messages. Please tap a button or type"
            " your answer."
        )
        if prompt.choices
        else say("I cannot read pictures, stickers or voice messages. Please type your answer."),
        "required": say("This question needs an answer before we can go on."),
        "constraint": say("That answer does not fit here. Please look at the question once more."),
    }
    return sentences[refused.reason]


def _what_to_do(prompt: Prompt, say: Speak) -> str:
    if prompt.type == "select_multiple":
        # The form's own hint says that several may fit; what it cannot know is our button.
        return say("Then tap Done.") if prompt.hint else say("Tap all that fit, then Done.")
    if prompt.choices and numbered(prompt) and not prompt.hint:
        return say("Tap the number of your answer.")
    if prompt.type in ("integer", "decimal"):
        return say("Type a number.")
    if prompt.type == "date":
        return say("Type a date, like 2026-05-31.")
    if prompt.type == "text":
        return say("Type your answer.")
    return ""


def _plain(text: str, most: int = 1500) -> str:
    """Safe in HTML, and cut where one message could not hold it beside the rest."""
    return escape(_short(text, most))


def _short(text: str, most: int) -> str:
    text = text.strip()
    return text if len(text) <= most else text[:most] + " …"
