"""Which files owners may send, and what is said of all others."""

from __future__ import annotations

from bot.say import Keyboard
from bot.texts import Speak

LARGEST = 5 * 1024 * 1024
"""Bytes of a file that is fetched: a list of 30,000 villages has half."""


def too_large(say: Speak) -> str:
    """Of a file that is not fetched."""
    return say(
        "This file is too large for me: {n} MB at most. Take out pictures, or split it."
    ).format(n=LARGEST // 1024 // 1024)


def what_can_be_sent(say: Speak) -> str:
    """Of a file that is nothing of all this, a picture of a list, one typed into the chat."""
    return (
        say(
            "I take in a list of villages or of margins as a file (.csv or .xlsx), and a"
            " questionnaire (.xlsx, .xml, or a .zip with its files). The first line of a list of"
            " villages reads:"
        )
        + "\n<code>code,name,area,households,adults,target</code>\n"
        + say("/setup gives you files to fill in.")
    )


def form_choices(mark: str, say: Speak, *, again: bool = False) -> Keyboard:
    """The buttons under a questionnaire that waits: try it, take it in, not now."""
    trying = say("Try it again") if again else say("Try it")
    return [
        [("🧪 " + trying, f"tr:{mark}:t")],
        [("✅ " + say("Take it in"), f"y:t:{mark}")],
        [(say("Not now"), f"y:n:{mark}")],
    ]
