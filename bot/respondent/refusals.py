"""Why an answer cannot be taken, and what to do instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.respondent.asking import numbered
from bot.respondent.markup import plain
from bot.texts import Speak
from surveys.interview.state import Prompt, RefusalReason, Refused

LONGEST = 1000
"""Characters of a form's own message that are shown."""

Sentence = Callable[[Refused, Speak], str]


def refusal(refused: Refused, say: Speak) -> str:
    """One or two short sentences, as plain text (a tap is answered without HTML)."""
    if refused.message:
        told = plain(refused.message)
        return told if len(told) <= LONGEST else told[:LONGEST] + " …"
    return SENTENCES[refused.reason](refused, say)


def _not_a_choice(refused: Refused, say: Speak) -> str:
    return say(
        "I could not find that among the choices. Please tap a button, or type a number"
        " from 1 to {last}."
    ).format(last=len(refused.prompt.choices))


def _ambiguous(refused: Refused, say: Speak) -> str:
    return say(
        "That fits more than one choice. Please tap a button, or type a number from 1 to {last}."
    ).format(last=len(refused.prompt.choices))


def _not_text(refused: Refused, say: Speak) -> str:
    if refused.prompt.choices or refused.prompt.type in ("repeat", "acknowledge"):
        return say(
            "I cannot read pictures, stickers or voice messages. Please tap a button or type"
            " your answer."
        )
    return _by_medium(refused.prompt, say) or say(
        "I cannot read pictures, stickers or voice messages. Please type your answer."
    )


def _wrong_medium(refused: Refused, say: Speak) -> str:
    return _by_medium(refused.prompt, say) or say("Something else is needed here.")


def _by_medium(prompt: Prompt, say: Speak) -> str:
    """What a question for a file wants, or a place."""
    return {
        "image": say("A photo is needed here. Tap 📎 and send one."),
        "audio": say("A voice message is needed here. Hold the microphone and speak."),
        "video": say("A video is needed here. Tap 📎 and send one."),
        "file": say("A file is needed here. Tap 📎 and send one."),
        "barcode": say(
            "A photo of the code is needed here. You can also type what stands under it."
        ),
        "geopoint": _place(say),
        "geotrace": _place(say),
        "geoshape": _place(say),
    }.get(prompt.type, "")


def _place(say: Speak) -> str:
    return say(
        "I could not read that as a place. Please send it with 📎, or type it like 30.2741"
        " 120.1551."
    )


def _not_enough(refused: Refused, say: Speak) -> str:
    if refused.prompt.type == "geoshape":
        return say("An area needs at least three corners. Please send more.")
    return say("A line needs at least two places. Please send more.")


def _out_of_range(refused: Refused, say: Speak) -> str:
    if refused.prompt.bounds is None:
        return _constraint(refused, say)
    first, last, _ = refused.prompt.bounds
    return say("Please give a number from {first} to {last}.").format(first=first, last=last)


def _between_steps(refused: Refused, say: Speak) -> str:
    if refused.prompt.bounds is None:
        return _constraint(refused, say)
    first, _, step = refused.prompt.bounds
    return say("Please count from {first} in steps of {step}.").format(first=first, step=step)


def _constraint(refused: Refused, say: Speak) -> str:
    return say("That answer does not fit here. Please look at the question once more.")


def _not_ranked(refused: Refused, say: Speak) -> str:
    if numbered(refused.prompt):
        return say("Please tap all numbers, in your order. Then Done.")
    return say("Please tap them all, in your order. Then Done.")


def _nothing_found(refused: Refused, say: Speak) -> str:
    return say("I found nothing like “{words}”. Please type another part of the name.").format(
        words=refused.given
    )


SENTENCES: Mapping[RefusalReason, Sentence] = {
    "not_a_number": lambda _, say: say(
        "I could not read that as a number. Please type only the number, like 3."
    ),
    "not_a_whole_number": lambda _, say: say("Please type a whole number, like 3."),
    "not_a_date": lambda _, say: say(
        "I could not read that as a date. Please type it like 2026-05-31."
    ),
    "not_a_time": lambda _, say: say("I could not read that as a time. Please type it like 14:30."),
    "not_a_moment": lambda _, say: say(
        "I could not read that as a day and a time. Please type it like 2026-05-31 14:30."
    ),
    "not_a_place": lambda _, say: _place(say),
    "not_enough_places": _not_enough,
    "not_a_choice": _not_a_choice,
    "several_choices": lambda _, say: say(
        "Only one answer fits here. Please tap the one that fits best."
    ),
    "ambiguous_choice": _ambiguous,
    "nothing_found": _nothing_found,
    "not_ranked": _not_ranked,
    "not_yes_or_no": lambda _, say: say("Please tap Yes or No, or type it."),
    "text_too_long": lambda _, say: say("That is too long. Please use fewer words."),
    "not_text": _not_text,
    "wrong_medium": _wrong_medium,
    "no_barcode": lambda _, say: say(
        "I found no code in this picture. Please send it again, closer and sharper, or type what"
        " stands under the code."
    ),
    "out_of_range": _out_of_range,
    "between_steps": _between_steps,
    "required": lambda _, say: say("This question needs an answer before we can go on."),
    "constraint": _constraint,
}
"""Of each reason its sentence."""
