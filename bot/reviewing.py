"""What a review says, in words and on buttons, and who may say it."""

from __future__ import annotations

from collections.abc import Mapping

from bot.say import Button
from bot.texts import Speak
from surveys.store.administrators import Right
from surveys.store.reviews import Review, Reviewed

REVIEWING = ("owner", "area")
"""Who may review."""
LETTERS: Mapping[str, Review] = {
    "a": "approved", "h": "hasIssues", "r": "rejected", "n": "received",
}  # fmt: skip


def review_buttons(one: Reviewed, state: str, say: Speak) -> list[list[Button]]:
    """A button for every other thing that a review can say."""
    labels = {
        "a": "✓ " + say("Approve"),
        "h": "⚠ " + say("Has issues"),
        "r": "✗ " + say("Reject"),
        "n": "↩ " + say("Back to received"),
    }
    buttons: list[Button] = [
        (labels[letter], f"fi:{letter}:{one.interview_id}")
        for letter, meant in LETTERS.items()
        if meant != state
    ]
    return [buttons[:2], buttons[2:]]


def state_name(state: str, say: Speak) -> str:
    """What a review says, in words."""
    return {
        "received": say("not reviewed"),
        "approved": say("approved"),
        "hasIssues": say("has issues"),
        "rejected": say("rejected"),
    }[state]


def reviewer(rights: tuple[Right, ...], one: Reviewed) -> Right | None:
    """The right by which someone may review a submission; None without one."""
    for right in rights:
        if right.role in REVIEWING and one.area_path.startswith(right.path):
            return right
    return None
