"""Trying a questionnaire before it is taken in: asked in this chat as it would be, and not kept.

The engine, the prompts and the conversation are those of an interview. Its state is in the draft of
who tries it; no table of interviews, answers or attachments is written.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.accepted import form_choices
from bot.access import Malformed, allowed, parts, taps, unknown_button, voice, whole
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.respondent import location, prompts
from bot.respondent.buttons import ACTIONS, QUICK
from bot.respondent.said import PLACES
from bot.respondent.sent import event_of
from bot.respondent.telling import key_of, messages
from bot.say import Keyboard, file, send, tapped
from bot.texts import LIMIT, Speak
from surveys.conduct.advance import Turn
from surveys.conduct.forms import of_node
from surveys.form.model import MEDIA_TYPES, Form, Question, language_of
from surveys.interview.engine import begin, step
from surveys.interview.state import (
    Ask,
    Begin,
    Decode,
    Effect,
    Event,
    Finished,
    Interview,
    Paged,
    Say,
    Stopped,
    Tapped,
    Typed,
    from_json,
    to_json,
)  # fmt: skip
from surveys.publish.form_drafts import FORM, TRIAL, FormDraft, read_draft
from surveys.store.drafts import draft_kind, draft_of, keep_draft

NUMBERS = 1_000_000_000
"""Trials have numbers above those of interviews, for the keys of their messages."""
PICTURES = (".jpg", ".jpeg", ".png", ".webp")


def running(session: Session, incoming: Incoming) -> bool:
    """Whether the sender is trying a questionnaire: then what they type or send answers it."""
    return draft_kind(session, incoming.lane) == TRIAL


def wants_file(session: Session, incoming: Incoming, desk: Desk) -> bool:
    """Whether the question that is tried wants a photo, a sound, a film, a file or a barcode."""
    at_hand = _at_hand(session, incoming, desk)
    if at_hand is None or at_hand[1].trial is None:
        return False
    _, draft = at_hand
    current = from_json(draft.trial or {}).current or ""
    question = draft.form().nodes.get(of_node(current))
    return isinstance(question, Question) and question.type in MEDIA_TYPES | {"barcode"}


@taps
def trial_step(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """The buttons of a trial: "tr:<mark>:t" try it, "tr:<mark>:l<place>" in this language,
    "tr:<mark>:<seq>:<button>" as those of a question."""
    _, say = voice(session, incoming, desk)
    mark, what = parts(incoming, 2)
    at_hand = _at_hand(session, incoming, desk)
    if at_hand is None:
        return unknown_button(session, incoming, desk)
    contact_id, draft = at_hand
    if draft.mark != mark:
        text = say("This is done already, or it waited too long. Send the file once more.")
        return tapped(incoming, text)
    form = draft.form()
    if what == "t" and len(form.languages) > 1:
        rows: Keyboard = [
            [(name or "–", f"tr:{mark}:l{place}")] for place, name in enumerate(form.languages)
        ]
        return [
            *tapped(incoming),
            send(incoming.chat_id, say("In which language shall I ask?"), rows),
        ]
    if what == "t" or what.startswith("l"):
        place = whole(what[1:]) if what.startswith("l") else 0
        if place >= len(form.languages):
            raise Malformed
        language = form.languages[place] if what != "t" else language_of(form, say.language)
        begun = begin(form, secrets.randbelow(2**31), language)
        return _go(session, contact_id, draft, begun, Begin(), incoming, desk, say)
    if draft.trial is None:
        return tapped(incoming, say("This trial is over."))
    interview = from_json(draft.trial)
    event = _meant(what, interview)
    return _go(session, contact_id, draft, interview, event, incoming, desk, say)


def typed(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """Something typed or sent while a questionnaire is tried."""
    _, say = voice(session, incoming, desk)
    at_hand = _at_hand(session, incoming, desk)
    if at_hand is None or at_hand[1].trial is None:
        return [send(incoming.chat_id, say("This trial is over."))]
    contact_id, draft = at_hand
    event = event_of(session, incoming, desk)
    interview = from_json(draft.trial or {})
    return _go(session, contact_id, draft, interview, event, incoming, desk, say)


def _at_hand(session: Session, incoming: Incoming, desk: Desk) -> tuple[int, FormDraft] | None:
    """Who tries what: None without a draft of a form, or the right to take one in."""
    mine = [right for right in allowed(session, incoming, "setup") if right.path.count("/") == 2]
    draft = draft_of(session, desk.vault, mine[0].contact_id) if mine else None
    if draft is None or draft.kind not in (FORM, TRIAL):
        return None
    return mine[0].contact_id, read_draft(draft.body)


def _meant(what: str, interview: Interview) -> Event:
    """What a button of a question means. Raises `Malformed`."""
    number, colon, button = what.partition(":")
    if not colon:
        raise Malformed
    seq = whole(number)
    if button in ACTIONS:
        return Tapped(seq, ACTIONS[button])
    if button.startswith("p"):
        return Paged(seq, whole(button[1:]))
    if button in QUICK:
        # What is typed has no number: an old button must not answer the question of today.
        return Typed(button) if interview.asked == seq else Tapped(seq, "done")
    return Tapped(seq, whole(button))


def _go(  # noqa: PLR0917
    session: Session,
    contact_id: int,
    draft: FormDraft,
    interview: Interview,
    event: Event,
    incoming: Incoming,
    desk: Desk,
    say: Speak,
) -> list[Outgoing]:
    """One step of a trial, and what is said of it."""
    form = draft.form()
    now = desk.clock().astimezone(ZoneInfo(desk.settings.time_zone))
    interview, effects = step(form, interview, event, now)
    over = any(isinstance(effect, (Finished, Stopped)) for effect in effects)
    state = None if over else json.loads(json.dumps(to_json(interview)))
    kept = replace(draft, trial=state)
    kind = FORM if over else TRIAL
    keep_draft(session, desk.vault, contact_id, kind, kept.body(), desk.clock())
    turn = _turn(contact_id, form, interview, effects)
    out = messages(session, turn, incoming, desk, say, quiet=False)
    out = [_marked(one, turn.interview_id, draft.mark, say) for one in out]
    shown = _shown(effects, draft, incoming.chat_id)
    first = next((place for place, one in enumerate(out) if one.method == "sendMessage"), len(out))
    out[first:first] = shown
    if any(isinstance(effect, Decode) for effect in effects):
        text = say("In a trial I do not read codes in photos: type what stands under it.")
        out.append(send(incoming.chat_id, text))
    if over:
        if _wants_place(form, interview):
            key = key_of(turn.interview_id, interview.asked)
            out.append(location.withdraw(incoming.chat_id, key))
        out.append(_over(effects, draft.mark, incoming, say))
    return out


def _turn(contact_id: int, form: Form, interview: Interview, effects: Sequence[Effect]) -> Turn:
    """The step as the conversation tells it: without what would be kept, or shown from tables."""
    told: list[Effect] = []
    for effect in effects:
        if isinstance(effect, Ask):
            told.append(replace(effect, prompt=replace(effect.prompt, media=())))
        elif isinstance(effect, Say):
            told.append(replace(effect, media=()))
        elif not isinstance(effect, (Finished, Stopped, Decode)):
            told.append(effect)
    return Turn(NUMBERS + contact_id, contact_id, 0, 0, form, interview, tuple(told), kept=False)


def _marked(one: Outgoing, number: int, mark: str, say: Speak) -> Outgoing:
    """A message of an interview as one of a trial: it says so, and its buttons come back here."""
    payload = dict(one.payload)
    text = payload.get("text")
    if isinstance(text, str) and one.method in ("sendMessage", "editMessageText"):
        headed = f"🧪 <i>{say('Trial: nothing is kept.')}</i>\n{text}"
        payload["text"] = headed if len(headed) <= LIMIT else text
    rows = (payload.get("reply_markup") or {}).get("inline_keyboard")
    if rows:
        stem = f"i:{prompts.code(number)}:"
        payload["reply_markup"] = {
            "inline_keyboard": [[_button(button, stem, mark, say) for button in row]
                                for row in rows]
        }  # fmt: skip
    return replace(one, payload=payload)


def _button(button: dict[str, str], stem: str, mark: str, say: Speak) -> dict[str, str]:
    data = button.get("callback_data", "")
    if not data.startswith(stem):
        return button
    ends = data.endswith(":x")
    return {
        "text": "⏹ " + say("End the trial") if ends else button["text"],
        "callback_data": f"tr:{mark}:{data.removeprefix(stem)}",
    }


def _shown(effects: Sequence[Effect], draft: FormDraft, chat: int) -> list[Outgoing]:
    """The pictures, sounds and films of this step, from the draft."""
    media = [
        name
        for effect in effects
        for _, name in (
            effect.prompt.media if isinstance(effect, Ask)
            else effect.media if isinstance(effect, Say) else ()
        )
    ]  # fmt: skip
    return [
        file(chat, draft.files[name], name, picture=name.lower().endswith(PICTURES))
        for name in dict.fromkeys(media)
        if draft.files.get(name)
    ]


def _wants_place(form: Form, interview: Interview) -> bool:
    question = form.nodes.get(of_node(interview.current or ""))
    return isinstance(question, Question) and question.type in PLACES


def _over(effects: Sequence[Effect], mark: str, incoming: Incoming, say: Speak) -> Outgoing:
    done = any(isinstance(effect, Finished) for effect in effects)
    told = say("That was the last question.") if done else say("The trial has ended.")
    between = "" if say.language == "zh" else " "
    text = f"🧪 {told}{between}{say('Nothing of it was kept. Shall I take the questionnaire in?')}"
    return send(incoming.chat_id, text, form_choices(mark, say, again=True))
