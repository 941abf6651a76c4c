"""One person answering: the frozen interview, what can happen to it, and what follows.

The interview is one JSON document; `to_json` and `from_json` are inverse. What the engine wants
said is data too (effects), in no channel's terms: a chat, a terminal and a test each show it in
their own way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["open", "stopped", "finished"]


@dataclass(frozen=True, slots=True)
class Interview:
    """Where one person stands in one form version."""

    form_id: str
    form_version: str
    seed: int
    """Of random(), uuid() and shuffling: given once, from outside."""
    language: str
    """As the form names it."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """Values by node path as an XForm writes them, computed ones included; values of nodes that
    are not relevant now are kept here and hidden from expressions and from the submission."""
    current: str | None = None
    """The path of the question that is being asked."""
    asked: int = 0
    """How many times something was asked: the `seq` that buttons carry."""
    draft: tuple[str, ...] = ()
    """The choices toggled so far in the select_multiple that is being asked."""
    passed: tuple[str, ...] = ()
    """Paths of the notes shown, the questions skipped, and those that came with a value (a
    default) and have been confirmed."""
    draws: int = 0
    """How many numbers were drawn from the seed."""
    status: Status = "open"
    started: str = ""
    """ISO 8601 with offset, as an XForm's `start`."""
    ended: str = ""


# What can happen ------------------------------------------------------------------------------

Action = Literal["done", "back", "skip", "stop"]


@dataclass(frozen=True, slots=True)
class Begin:
    """Show the question at hand: at the start, at `/start` again, after a stop."""


@dataclass(frozen=True, slots=True)
class Tapped:
    """A button was tapped: the seq of its question, and a choice (its place in the prompt's list,
    from 0) or an action."""

    seq: int
    button: int | Action


@dataclass(frozen=True, slots=True)
class Typed:
    """Something was typed."""

    text: str


@dataclass(frozen=True, slots=True)
class Sent:
    """Something came that is no text: a sticker, a photo, a voice message."""

    kind: str


@dataclass(frozen=True, slots=True)
class Spoke:
    """The person chose another language."""

    language: str


Event = Begin | Tapped | Typed | Sent | Spoke


# What follows ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question as it is to be shown."""

    path: str
    seq: int
    number: int
    """Which question this is, from 1."""
    total: int
    """How many there will be, estimated from what is answered."""
    type: str
    label: str
    hint: str
    choices: tuple[tuple[str, str], ...]
    """Value and label, in the order shown."""
    selected: tuple[str, ...]
    """Values toggled so far, or the earlier answer when someone went back."""
    answer: str
    """The earlier answer of a question without choices, when someone went back."""
    required: bool
    can_go_back: bool
    appearance: str = ""


RefusalReason = Literal[
    "not_a_number", "not_a_whole_number", "not_a_date", "not_a_choice", "several_choices",
    "ambiguous_choice", "text_too_long", "not_text", "required", "constraint",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask this question."""

    prompt: Prompt


@dataclass(frozen=True, slots=True)
class Redraw:
    """The question on the screen has changed (a choice was toggled): show it anew in place."""

    prompt: Prompt


@dataclass(frozen=True, slots=True)
class Say:
    """Show a note."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The question `seq` is settled: show the answer with it, take its buttons away."""

    path: str
    seq: int
    number: int
    total: int
    label: str
    shown: str
    """The answer as the person reads it; "" when nothing was answered."""
    how: Literal["answered", "skipped", "back", "stopped", "moved"]
    """moved: the question stays open and is asked again under a new seq."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The answer cannot be taken; the question stays."""

    reason: RefusalReason
    message: str
    """The form's own words for a constraint or required; "" where it has none."""
    given: str
    """What could not be taken, shortened to 40 characters."""
    prompt: Prompt


@dataclass(frozen=True, slots=True)
class Stale:
    """A button of a question that is already settled was tapped: nothing changed."""

    seq: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """The person wants to stop; everything answered is kept, Begin goes on."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The last question is answered."""


@dataclass(frozen=True, slots=True)
class Logged:
    """A line for the append-only log."""

    kind: Literal["asked", "answered", "corrected", "skipped", "refused", "stopped", "finished"]
    path: str
    value: str


Effect = Ask | Redraw | Say | Closed | Refused | Stale | Stopped | Finished | Logged


def to_json(interview: Interview) -> dict[str, Any]:
    """The interview as a JSON document (only what differs from a fresh one)."""
    document: dict[str, Any] = {
        "form": interview.form_id,
        "version": interview.form_version,
        "seed": interview.seed,
        "language": interview.language,
    }
    if interview.answers:
        document["answers"] = dict(interview.answers)
    if interview.current is not None:
        document["current"] = interview.current
    if interview.asked:
        document["asked"] = interview.asked
    if interview.draft:
        document["draft"] = list(interview.draft)
    if interview.passed:
        document["passed"] = list(interview.passed)
    if interview.draws:
        document["draws"] = interview.draws
    if interview.status != "open":
        document["status"] = interview.status
    if interview.started:
        document["started"] = interview.started
    if interview.ended:
        document["ended"] = interview.ended
    return document


def from_json(document: Mapping[str, Any]) -> Interview:
    """The interview that `to_json` wrote. Raises `KeyError` for what is no such document."""
    get = document.get
    return Interview(
        form_id=document["form"],
        form_version=document["version"],
        seed=document["seed"],
        language=document["language"],
        answers=get("answers", {}),
        current=get("current"),
        asked=get("asked", 0),
        draft=tuple(get("draft", ())),
        passed=tuple(get("passed", ())),
        draws=get("draws", 0),
        status=get("status", "open"),
        started=get("started", ""),
        ended=get("ended", ""),
    )
