"""What the engine wants said, as messages to one chat."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.orm import Session

from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.respondent import direction, location, prompts
from bot.respondent.ending import all_answered, finished, stopped
from bot.respondent.markup import has_link, html, plain
from bot.respondent.parting import parts
from bot.respondent.said import PLACES
from bot.respondent.shown import media
from bot.say import edit, send, tapped, without_buttons
from bot.texts import Speak, escape
from surveys.conduct.advance import Turn
from surveys.form.model import MediaKind, Question
from surveys.interview.plan import places_of
from surveys.interview.state import (
    Ask,
    Closed,
    Decode,
    Effect,
    Explained,
    Finished,
    Prompt,
    Redraw,
    Refused,
    Say,
    Stale,
    Stopped,
)  # fmt: skip
from surveys.store.messages import waits

LATE = timedelta(seconds=1)
"""After which a question that is on its way is not asked anew for a tap further up: what was sent
is noted within a twentieth of that, so it has not come yet, and it will."""
NOTICE = 200
"""Characters of the answer to a tap."""
NOTES = 3500
"""Characters of the notes that stand in one message."""


def key_of(interview_id: int, seq: int) -> str:
    """Under which key a question's message is kept, so that it can be edited.

    What belongs to it has keys that go on after a point: its parts before the last one, what is
    shown with it, the keyboard for a place.
    """
    return f"ask:{interview_id}:{seq}"


def key_of_record(interview_id: int, incoming: Incoming, place: int = 0) -> str:
    """Under which key something that repeats answers is kept, so that it can leave the chat."""
    return f"ask:{interview_id}:r{incoming.update_id}.{place}"


def strip(incoming: Incoming) -> list[Outgoing]:
    """Take the buttons of the message tapped on away."""
    if incoming.kind != "tap" or incoming.message_id is None:
        return []
    return [without_buttons(incoming.chat_id, incoming.message_id)]


def messages(
    session: Session, turn: Turn, incoming: Incoming, desk: Desk, say: Speak, *, quiet: bool
) -> list[Outgoing]:
    """The calls that follow from one turn, in order. `quiet`: the tap was answered already."""
    telling = _Telling(session, turn, incoming, desk, say, quiet)
    for effect in turn.effects:
        telling.take(effect)
    telling.tell_notes()
    return [*([] if quiet else telling.answer_to_tap()), *telling.out]


@dataclass(slots=True)
class _Telling:
    """One turn while it is told."""

    session: Session
    turn: Turn
    incoming: Incoming
    desk: Desk
    say: Speak
    quiet: bool
    out: list[Outgoing] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    notice: str = ""
    """What the tap is answered with."""
    alert: bool = False
    """Whether it stays until it is closed."""

    def take(self, effect: Effect) -> None:
        """Say what one effect wants said."""
        if isinstance(effect, Closed):
            self._closed(effect)
        elif isinstance(effect, Say):
            self._note(effect)
        elif isinstance(effect, Ask):
            self.tell_notes()
            self._ask(effect.prompt)
        elif isinstance(effect, Redraw):
            self._redraw(effect.prompt)
        elif isinstance(effect, Refused):
            self._refused(effect)
        elif isinstance(effect, Explained):
            self._explained(effect)
        elif isinstance(effect, Decode):
            # A job reads the picture (surveys.conduct.attachments), and comes back.
            action = {"chat_id": self._chat, "action": "typing"}
            self.out.append(Outgoing("sendChatAction", action, self._chat))
        elif isinstance(effect, Stale):
            self._stale()
        elif isinstance(effect, Stopped):
            self.out.append(stopped(self.turn, self._chat, self.say))
        elif isinstance(effect, Finished):
            self.tell_notes()
            self.out += finished(self.session, self.turn, self._chat, self.desk, self.say)

    def answer_to_tap(self) -> list[Outgoing]:
        """What a tap waits for."""
        return [
            Outgoing(one.method, {**one.payload, "show_alert": True}, one.chat_id)
            if self.alert
            else one
            for one in tapped(self.incoming, self.notice)
        ]

    @property
    def _chat(self) -> int:
        return self.incoming.chat_id

    @property
    def _own(self) -> int | None:
        """The message that was tapped on, if it was."""
        return self.incoming.message_id if self.incoming.kind == "tap" else None

    def _kind(self, path: str) -> str:
        node = self.turn.form.nodes.get(places_of(path)[0])
        return node.type if isinstance(node, Question) else "repeat"

    # Questions --------------------------------------------------------------------------------

    def _ask(self, prompt: Prompt) -> None:
        key = key_of(self.turn.interview_id, prompt.seq)
        # Asked once more, the newest message takes the key over.
        if any(isinstance(effect, Stale) for effect in self.turn.effects):
            if waits(self.session, key, self.desk.clock() - LATE):
                # Who taps again and again while the question is late does not make it later.
                return
            # It stands further up already: only the copy down here shall have buttons.
            nothing = {"chat_id": self._chat}
            self.out.append(Outgoing("editMessageReplyMarkup", nothing, self._chat, edits=key))
            if prompt.type in PLACES:
                self.out.append(location.withdraw(self._chat, key))
        self._shown_with(prompt.media, key)
        self._pictures(prompt, key)
        self._question(prompt, key)
        if prompt.type in PLACES:
            several = prompt.type != "geopoint"
            self.out.append(location.offer(self._chat, key, self.say, several=several))

    def _question(self, prompt: Prompt, key: str) -> None:
        *before, last = prompts.question(prompt, self.say)
        for place, part in enumerate(before, start=1):
            self.out.append(send(self._chat, part, key=f"{key}.{place}"))
        self.out.append(send(self._chat, last, self._buttons(prompt), key=key))

    def _buttons(self, prompt: Prompt) -> list[list[tuple[str, str]]]:
        return prompts.keyboard(prompt, prompts.code(self.turn.interview_id), self.say)

    def _redraw(self, prompt: Prompt) -> None:
        key = key_of(self.turn.interview_id, prompt.seq)
        *_, last = prompts.question(prompt, self.say)
        buttons = self._buttons(prompt)
        if self.incoming.kind != "tap":
            # What was typed or sent stands below it: the buttons shall be near the thumb.
            above = {"chat_id": self._chat}
            self.out.append(Outgoing("deleteMessage", above, self._chat, edits=key))
            self.out.append(send(self._chat, last, buttons, key=key))
            return
        edits = None if self._own else key
        self.out.append(edit(self._chat, last, buttons, message_id=self._own, edits=edits))

    def _closed(self, closed: Closed) -> None:
        own = None if self.quiet else self._own
        key = key_of(self.turn.interview_id, closed.seq)
        kind = self._kind(closed.path)
        text = prompts.settled(closed, kind, self.say)
        self.out.append(edit(self._chat, text, message_id=own, edits=None if own else key))
        if kind in PLACES:
            self.out.append(location.withdraw(self._chat, key))

    def _refused(self, refused: Refused) -> None:
        sentence = prompts.refusal(refused, self.say)
        if self.incoming.kind == "tap" and len(sentence) <= NOTICE:
            self.notice = sentence
            return
        message = send(self._chat, direction.line(escape(sentence)))
        if self.incoming.what in ("location", "venue") and refused.prompt.type not in PLACES:
            message = location.cleared(message)
        self.out.append(message)

    def _explained(self, explained: Explained) -> None:
        told = plain(explained.text)
        if self.incoming.kind == "tap" and len(told) <= NOTICE and not has_link(explained.text):
            self.notice, self.alert = told, True
        else:
            self._words(html(explained.text))

    def _stale(self) -> None:
        over = self.turn.interview.status == "finished"
        if over and (self.quiet or self.incoming.kind != "tap"):
            self.out.append(send(self._chat, all_answered(self.say)))
        else:
            self.notice = self.say("Already answered.")
            self.out += strip(self.incoming)

    # Notes ------------------------------------------------------------------------------------

    def _note(self, note: Say) -> None:
        if note.media:
            self.tell_notes()
            self._shown_with(note.media, self._record())
        self.notes.append(direction.line(html(note.text)))

    def tell_notes(self) -> None:
        """Send the notes that wait, as few messages as they fit in."""
        if self.notes:
            self._words("\n\n".join(self.notes))
        self.notes.clear()

    def _words(self, words: str) -> None:
        for part in parts(words, NOTES):
            self.out.append(send(self._chat, part, key=self._record()))

    def _record(self) -> str | None:
        """The key of what may repeat answers: it leaves the chat with them."""
        if not self.turn.kept:
            return None
        return key_of_record(self.turn.interview_id, self.incoming, len(self.out))

    def _pictures(self, prompt: Prompt, key: str) -> None:
        """Send the pictures of choices, each with its number and its words under it."""
        captions: dict[str, str] = {}
        for place, _, name in prompt.pictured:
            label = f"{place + 1}. {plain(prompt.choices[place][1])}"
            captions[name] = f"{captions[name]}\n{label}" if name in captions else label
        shown = tuple((kind, name) for _, kind, name in prompt.pictured)
        self.out += media(
            self.session, self.turn.form_version_id, shown, self.incoming, f"{key}.c",
            captions=captions,
        )  # fmt: skip

    def _shown_with(self, shown: tuple[tuple[MediaKind, str], ...], key: str | None) -> None:
        """Send pictures, sounds and films before what they belong to."""
        version = self.turn.form_version_id
        self.out += media(self.session, version, shown, self.incoming, key)
