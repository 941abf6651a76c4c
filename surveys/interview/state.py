"""One person answering: the frozen interview, what can happen to it, and what follows.

The interview is one JSON document; `to_json` and `from_json` are inverse. What the engine wants
said is data too (effects), in no channel's terms: a chat, a terminal and a test each show it in
their own way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from surveys.form.model import MediaKind

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
    are not relevant now are kept here and hidden from expressions and from the submission. In a
    repeat the path says which instance: "/data/person[2]/name"."""
    instances: Mapping[str, int] = field(default_factory=dict)
    """How many instances each repeat has, by its path: "/data/person", "/data/person[1]/visit";
    one that has none is left out."""
    current: str | None = None
    """The path of the question that is being asked, or of the repeat ("/data/person") of which
    another instance is offered."""
    asked: int = 0
    """How many times something was asked: the `seq` that buttons carry."""
    draft: tuple[str, ...] = ()
    """The choices toggled so far in the select_multiple, or ranked so far in the rank, that is
    being asked."""
    page: int = 0
    """Which page of a long list of choices is shown, from 0."""
    search: str = ""
    """What was typed to find a choice in a long list; "": all are shown."""
    relevance: str = field(default="", compare=False)
    """What is known of the form's conditions, so that only those that an answer moves are asked
    again: see `scope.py`. Not a part of what was answered; "": nothing is known."""
    properties: Mapping[str, str] = field(default_factory=dict)
    """What a form may ask of who runs the interview: deviceid, username …"""
    passed: tuple[str, ...] = ()
    """Paths of the notes shown, the questions skipped, those that came with a value (a default)
    and have been confirmed, and the repeats of which nobody wanted to add more."""
    draws: int = 0
    """How many numbers were drawn from the seed."""
    status: Status = "open"
    started: str = ""
    """ISO 8601 with offset, as an XForm's `start`."""
    ended: str = ""


# What can happen ------------------------------------------------------------------------------

Action = Literal["done", "back", "skip", "stop", "add", "enough", "remove", "explain", "again"]
"""add, enough, remove: one more instance of the repeat at hand, no more, take the last one away ·
explain: show the guidance of the question at hand · again: show the question itself once more."""

Medium = Literal["image", "audio", "video", "file"]


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
    """Something came that answers no question: a sticker, a contact, a poll."""

    kind: str


@dataclass(frozen=True, slots=True)
class Located:
    """A place was sent: degrees, and metres where they are known."""

    latitude: float
    longitude: float
    altitude: float = 0.0
    accuracy: float = 0.0


@dataclass(frozen=True, slots=True)
class Attached:
    """A photo, a sound, a video or a file was sent, and is kept under this name if it is taken."""

    medium: Medium
    name: str
    """With its ending, unlike that of anything else in this interview: "1732771200-7.jpg"."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What was read in a picture that was sent for a barcode; "": nothing."""

    seq: int
    text: str


@dataclass(frozen=True, slots=True)
class Paged:
    """Another page of a long list of choices is wanted."""

    seq: int
    page: int
    """From 0; beyond the last one: the last."""


@dataclass(frozen=True, slots=True)
class Spoke:
    """The person chose another language."""

    language: str


@dataclass(frozen=True, slots=True)
class Given:
    """An answer just as an XForm writes it: choices by their values, days as 2026-11-24; "": none.

    From elsewhere than a person's screen: paper, a test, another program.
    """

    value: str


Event = Given | Begin | Tapped | Typed | Sent | Spoke | Located | Attached | Scanned | Paged


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
    """The question's (`model.QuestionType`), or "repeat": shall there be one more instance?"""
    label: str
    hint: str
    choices: tuple[tuple[str, str], ...]
    """Value and label, in the order shown; those of a range with few steps, too."""
    selected: tuple[str, ...]
    """Values toggled so far, or the earlier answer when someone went back."""
    answer: str
    """The earlier answer of a question without choices, when someone went back."""
    required: bool
    can_go_back: bool
    appearance: str = ""
    shown: tuple[int, ...] = ()
    """The places in `choices` that are shown now: of a long list one page, or what was searched."""
    page: int = 0
    """Which page this is, from 0."""
    pages: int = 1
    search: str = ""
    """What `shown` was searched for; "": nothing."""
    guidance: str = ""
    """More words about the question, for who asks for them."""
    media: tuple[tuple[MediaKind, str], ...] = ()
    """What is shown with it: the kind and the name of the file."""
    pictured: tuple[tuple[int, MediaKind, str], ...] = ()
    """What is shown with the choices that are shown now: the place of the choice, the kind and the
    name of the file."""
    around: tuple[tuple[str, int], ...] = ()
    """The labels of the groups around it that have one, outermost first, and which instance of a
    repeat it is in (0: of no repeat)."""
    bounds: tuple[str, str, str] | None = None
    """Of a range: first, last, step."""
    instances: int = 0
    """Of a repeat: how many there are."""
    can_remove: bool = False
    """Of a repeat: whether the last instance may be taken away."""
    opens: bool = False
    """Whether it is the first question of the innermost group or instance around it."""


RefusalReason = Literal[
    "not_a_number", "not_a_whole_number", "not_a_date", "not_a_choice", "several_choices",
    "ambiguous_choice", "text_too_long", "not_text", "required", "constraint", "not_a_time",
    "not_a_moment", "not_a_place", "not_enough_places", "out_of_range", "between_steps",
    "wrong_medium", "no_barcode", "not_ranked", "nothing_found", "not_yes_or_no",
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
    media: tuple[tuple[MediaKind, str], ...] = ()
    label: str = field(default="", compare=False)
    """The text without the value of what can only be read."""


@dataclass(frozen=True, slots=True)
class Explained:
    """Show the guidance of the question at hand."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Decode:
    """Read the barcode in this picture and come back with `Scanned`."""

    seq: int
    name: str


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
    how: Literal["answered", "skipped", "back", "stopped", "moved", "added", "enough", "removed"]
    """moved: the question stays open and is asked again under a new seq · added, enough, removed:
    of a repeat; `shown` is then how many instances there are."""


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

    kind: Literal[
        "asked", "answered", "corrected", "skipped", "refused", "stopped", "finished", "added",
        "removed",
    ]  # fmt: skip
    path: str
    value: str


Effect = (
    Ask | Redraw | Say | Explained | Decode | Closed | Refused | Stale | Stopped | Finished | Logged
)


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
    if interview.instances:
        document["instances"] = dict(interview.instances)
    if interview.current is not None:
        document["current"] = interview.current
    if interview.asked:
        document["asked"] = interview.asked
    if interview.draft:
        document["draft"] = list(interview.draft)
    if interview.page:
        document["page"] = interview.page
    if interview.search:
        document["search"] = interview.search
    if interview.relevance:
        document["relevance"] = interview.relevance
    if interview.properties:
        document["properties"] = dict(interview.properties)
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
        instances=get("instances", {}),
        current=get("current"),
        asked=get("asked", 0),
        draft=tuple(get("draft", ())),
        page=get("page", 0),
        search=get("search", ""),
        relevance=get("relevance", ""),
        properties=get("properties", {}),
        passed=tuple(get("passed", ())),
        draws=get("draws", 0),
        status=get("status", "open"),
        started=get("started", ""),
        ended=get("ended", ""),
    )
