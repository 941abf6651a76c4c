"""A question as messages: its text, and the answer written under it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.respondent import direction
from bot.respondent.asking import numbered, places_shown, what_to_do
from bot.respondent.buttons import keyboard, order
from bot.respondent.markup import html, plain
from bot.respondent.parting import ROOM, length, parts
from bot.respondent.refusals import refusal
from bot.respondent.said import said
from bot.say import DIGITS, code
from bot.texts import Speak, escape
from surveys.interview.state import Closed, Prompt

__all__ = ["DIGITS", "code", "keyboard", "numbered", "question", "refusal", "settled"]

BESIDE = 12
"""Characters of a line of the list that are not the label: its number, a tick, a cut, its end."""
SHORTEST = 12
"""Characters of a label below which a line is of no use."""
LONGEST = 120
"""Characters of a label that a line of the list shows."""
ON_A_PAGE = 10
"""Lines of a list that has pages."""
SO_FAR = 400
"""Characters of an earlier answer that are shown."""
BELOW = 600
"""Characters of all that stands below a question in a message: what was answered, what to do."""
SETTLED = 1500
"""Characters of a question, and of an answer, that stay when it is settled."""
NAME = 60
"""Characters of a group's label that are shown with each of its questions."""


def question(prompt: Prompt, say: Speak) -> list[str]:
    """The messages of a question in Telegram's HTML: its number, what is asked, the choices that no
    button has room for, its hint, what to do. The buttons belong under the last one.

    Only the last one changes with what was chosen so far.
    """
    asked = [_head(prompt, say)]
    hint = [f"<i>{direction.line(html(prompt.hint))}</i>"] if prompt.hint else []
    below = _below(prompt, say)
    listed = prompt.choices and numbered(prompt)
    lines = min(len(places_shown(prompt)), ON_A_PAGE) if listed else 0
    told = sum(length(part) + 2 for part in (*asked, *hint))
    if told + BELOW + lines * (LONGEST + BESIDE) > ROOM:
        changes = [*([_list(prompt, ROOM - BELOW)] if listed else []), *below]
        return [*parts("\n\n".join([*asked, *hint])), *(["\n\n".join(changes)] if changes else [])]
    room = ROOM - told - sum(length(part) + 2 for part in below)
    return ["\n\n".join([*asked, *([_list(prompt, room)] if listed else []), *hint, *below])]


def _head(prompt: Prompt, say: Speak) -> str:
    number = f"<b>{prompt.number} / {prompt.total}</b>"
    label = _asked(prompt, say)
    around = _around(prompt)
    if around:
        return f"{direction.numbered(number, f'<i>{around}</i>')}\n{direction.line(label)}"
    return direction.numbered(number, label)


def _asked(prompt: Prompt, say: Speak) -> str:
    if prompt.type != "repeat":
        return html(prompt.label)
    what = direction.apart(html(prompt.label))
    if not prompt.instances:
        return say("{what}: none so far. Add one?").format(what=what)
    return say("{what}: {n} so far. Add another?").format(what=what, n=prompt.instances)


def _around(prompt: Prompt) -> str:
    """Where a question stands: in which instance of a repeat; and of a group, at its first one."""
    return " › ".join(
        f"{html(label, NAME)} {instance}" if instance else html(label, NAME)
        for label, instance in prompt.around
        if label and (instance or prompt.opens)
    )


def _below(prompt: Prompt, say: Speak) -> list[str]:
    below = []
    if prompt.answer:
        answer = _answer(prompt.type, prompt.answer, SO_FAR, say)
        below.append(say("Your answer so far: {answer}").format(answer=direction.apart(answer)))
    elif prompt.selected and len(places_shown(prompt)) < len(prompt.choices):
        names = dict(prompt.choices)
        chosen = escape(_short(", ".join(plain(names.get(one, one)) for one in prompt.selected)))
        below.append(say("Your answer so far: {answer}").format(answer=direction.apart(chosen)))
    found = []
    if prompt.search:
        words = direction.apart(escape(_short(prompt.search, NAME)))
        found.append(say("Found for “{words}”:").format(words=words) + f" {_found(prompt)}")
    if prompt.pages > 1:
        page = say("Page {page} of {pages}").format(page=prompt.page + 1, pages=prompt.pages)
        found.append(page)
    if found:
        below.append("\n".join(found))
    how = what_to_do(prompt, say)
    if how:
        below.append(f"<i>{how}</i>")
    return below


def _found(prompt: Prompt) -> str:
    return str(len(prompt.shown)) if prompt.pages == 1 else ""


def _list(prompt: Prompt, room: int) -> str:
    """The choices that are shown with their numbers, the labels as long as there is room for.

    Of hundreds the last ones are not shown: they are found by typing them.
    """
    shown = places_shown(prompt)[: max(room // (BESIDE + SHORTEST), 1)]
    each = min(room // max(len(shown), 1) - BESIDE, LONGEST)
    lines = []
    for place in shown:
        value, label = prompt.choices[place]
        ticked = value in prompt.selected and prompt.type == "select_multiple"
        mark = "☑ " if ticked else order(prompt, value) if prompt.type == "rank" else ""
        lines.append(direction.numbered(f"<b>{place + 1}</b>", f"{mark}{html(label, each)}"))
    return "\n".join(lines)


def settled(closed: Closed, kind: str, say: Speak) -> str:
    """A question that is settled, with what was answered; `kind` is its type, or "repeat"."""
    number = f"<b>{closed.number} / {closed.total}</b>"
    text = direction.numbered(number, html(closed.label, SETTLED))
    if closed.how == "answered":
        answer = _answer(kind, closed.shown, SETTLED, say)
        text += "\n\n" + direction.line(f"✓ <b>{answer}</b>")
    elif closed.how == "enough":
        text += "\n\n✓ <b>" + say("{n} in all").format(n=closed.shown) + "</b>"
    elif closed.how in _OTHERWISE:
        text += f"\n\n– <i>{_OTHERWISE[closed.how](say)}</i>"
    return text


_OTHERWISE: Mapping[str, Callable[[Speak], str]] = {
    "skipped": lambda say: say("skipped"),
    "added": lambda say: say("one more"),
    "removed": lambda say: say("the last one was removed"),
}


def _answer(kind: str, value: str, most: int, say: Speak) -> str:
    return escape(_short(said(kind, value, say), most))


def _short(text: str, most: int = SO_FAR) -> str:
    text = text.strip()
    return text if len(text) <= most else text[:most] + " …"
