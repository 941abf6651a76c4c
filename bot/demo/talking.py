"""Simulated residents at their phones: they read the screen, tap and type, err, leave, come back.

What a resident sees is what Telegram would show: the text of a message and the labels of its
buttons. A question is recognised by its wording, as a person would.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from bot.demo.residents import Resident
from bot.demo.world import Person, SeenMessage
from surveys.form.model import Form, Question, language_of

PATIENCE = 60.0
"""Seconds that a resident waits for the bot before the demo says that something is wrong."""
GLANCE = 1.0
"""Seconds after which someone looks up what was asked."""
SLIPS = ("???", "不知道啊", "what is this", "1000000", "嗯")
NUMERALS = "一二三四五六七八九"
TYPES = 0.15
"""How often an answer is typed where it could be tapped."""
NOT_AGAIN = 0.2
"""How often somebody does not want to be written to in the next round."""
LANGUAGE_BUTTONS = {"zh": "中文", "en": "English"}


@dataclass(slots=True)
class Tally:
    """What happened in the demo so far."""

    slips: int = 0
    answers: int = 0
    begun: int = 0
    finished: int = 0
    left: int = 0
    declined: int = 0
    when_finished: Callable[[], None] = field(default=lambda: None)


class Wording:
    """The questions of a form and their choices, found by how they read in one language."""

    def __init__(self, form: Form, language: str) -> None:
        self._questions = sorted(
            (
                (_plain(question, language_of(form, language)), question)
                for question in form.questions
                if question.asked and question.label is not None
            ),
            key=lambda pair: -len(pair[0]),
        )
        self.language = language_of(form, language)

    def question(self, text: str) -> Question | None:
        """The question whose wording stands in a message."""
        return next((q for wording, q in self._questions if wording and wording in text), None)

    def shown(self, question: Question, message: SeenMessage) -> list[str]:
        """The values of the choices in the order in which a message shows them."""
        if question.choices is None:
            return []
        labels = {
            "".join(str(piece) for piece in choice.label.pieces[self.language]): choice.value
            for choice in question.choices.choices
        }
        buttons = [label.lstrip("☐☑● ") for label, data in message.buttons if data[-1].isdigit()]
        lines = [line.partition(" ")[2].lstrip("☑ ") for line in message.text.splitlines()]
        in_buttons = [labels[label] for label in buttons if label in labels]
        return in_buttons or [labels[line] for line in lines if line in labels]


def tongue(phone: Person) -> str:
    """The language that this phone is in, of those the bot speaks."""
    return "zh" if phone.language_code.startswith("zh") else "en"


def _plain(question: Question, language: str) -> str:
    pieces = question.label.pieces.get(language, ()) if question.label else ()
    return "".join(piece for piece in pieces if isinstance(piece, str)).strip()


async def whole_home(
    residents: list[Resident], phones: list[Person], wordings: Mapping[str, Wording], tally: Tally
) -> None:
    """One home: the first phone opens the village's link, the others the family link.

    Those without a phone answer on the first one, after its owner.
    """
    first, *others = residents
    phone, *free = phones
    link = await _interview(
        first, phone, f"/start {first.place.code}", wordings[tongue(phone)], tally
    )
    for other in others:
        if link is None:
            return
        if other.mode == "proxy" or not free:
            await _on_this_phone(other, phone, wordings[tongue(phone)], tally)
        else:
            own = free.pop()
            await _interview(other, own, f"/start {link}", wordings[tongue(own)], tally)


async def _interview(
    resident: Resident, phone: Person, opening: str, wording: Wording, tally: Tally
) -> str | None:
    """From a link to the end; the family link, or None where the interview did not end."""
    greeting = await _say(phone, opening)
    consent = await phone.tap_and_see(greeting, LANGUAGE_BUTTONS[tongue(phone)])
    link = await _agree(resident, phone, consent, wording, tally)
    if link is not None and resident.mode == "self":
        again = await phone.wait_for(_asks_to_write_again, PATIENCE)
        await phone.tap(again, int(resident.random.random() < NOT_AGAIN))
    return link


async def _on_this_phone(
    resident: Resident, phone: Person, wording: Wording, tally: Tally
) -> str | None:
    await phone.send("/start")
    menu = await phone.wait_for(_says_who_answers, PATIENCE)
    same_home = next(data for _, data in menu.buttons if data.startswith("w:h:"))
    consent = await phone.tap_and_see(menu, same_home)
    return await _agree(resident, phone, consent, wording, tally)


async def _agree(
    resident: Resident, phone: Person, consent: SeenMessage, wording: Wording, tally: Tally
) -> str | None:
    if resident.random.random() < 0.04:
        await phone.tap(consent, 1)
        tally.declined += 1
        return None
    tally.begun += 1
    message = await phone.tap_and_see(consent, 0)
    if any(data.startswith("c:") for _, data in message.buttons):
        # Messages that pass abroad are agreed to apart, once on each phone.
        message = await phone.tap_and_see(message, 0)
    return await _answer_all(resident, phone, message, wording, tally)


async def _answer_all(
    resident: Resident, phone: Person, message: SeenMessage, wording: Wording, tally: Tally
) -> str | None:
    answered = 0
    while True:
        link = re.search(r"start=(home-[\w-]+)", message.text)
        if link:
            tally.finished += 1
            tally.when_finished()
            return link[1]
        question = wording.question(message.text)
        if question is None or not message.buttons:
            message = await _what_now(phone)
            continue
        answered += 1
        tally.answers += 1
        if answered == resident.leaves_after:
            if not resident.comes_back:
                tally.left += 1
                return None
            message = await _stop_and_return(phone, message)
            continue
        if resident.random.random() < resident.clumsy:
            tally.slips += 1
            message = await _slip(resident, phone, message)
            continue
        message = await _answer(resident, phone, message, question, wording)


@dataclass(slots=True)
class Asked:
    """A question on the screen: its buttons, and the choices in the order shown."""

    message: SeenMessage
    question: Question
    values: list[str]
    """Of the choices, in the order shown."""

    @property
    def data(self) -> dict[str, str]:
        """What stands behind each button, by its last part: a place, or d, b, s, x."""
        return {data.rsplit(":", 1)[-1]: data for _, data in self.message.buttons}

    def typed(self, value: str, random: Random) -> str:
        """A choice as someone types it: its place."""
        place = str(self.values.index(value) + 1)
        return random.choice([place, place, f"{place}.", NUMERALS[int(place) - 1 : int(place)]])


async def _answer(
    resident: Resident, phone: Person, message: SeenMessage, question: Question, wording: Wording
) -> SeenMessage:
    """Answer a question as this resident does; what the bot says next."""
    asked = Asked(message, question, wording.shown(question, message))
    wanted = resident.answer(question.name, question.type, asked.values)
    if not wanted:
        return await phone.tap_and_see(message, asked.data["s"])
    if not asked.values:
        return await _say(phone, wanted[0])
    several = question.type == "select_multiple"
    if resident.random.random() < TYPES and (several or len(asked.values) <= len(NUMERALS)):
        if several:
            places = [str(asked.values.index(value) + 1) for value in wanted]
            return await _say(phone, resident.random.choice((" ", "，", ",")).join(places))
        return await _say(phone, asked.typed(wanted[0], resident.random))
    for value in wanted:
        message = await phone.tap_and_see(message, asked.data[str(asked.values.index(value))])
    return await phone.tap_and_see(message, asked.data["d"]) if several else message


async def _slip(resident: Resident, phone: Person, message: SeenMessage) -> SeenMessage:
    """Something goes wrong: a sticker, nonsense, an old button, one step back."""
    kind = resident.random.choice(("sticker", "nonsense", "old", "back"))
    if kind == "sticker":
        phone.read_all()
        await phone.send_sticker()
        await phone.next_message(PATIENCE)
        return message
    if kind == "back":
        back = [data for _, data in message.buttons if data.endswith(":b")]
        return await phone.tap_and_see(message, back[0]) if back else message
    if kind == "old":
        older = [old for old in phone.messages if old.from_bot and not old.buttons]
        if not older:
            return message
    if message.buttons and any(data[-1].isdigit() for _, data in message.buttons):
        phone.read_all()
        await phone.send(resident.random.choice(SLIPS))
        await phone.next_message(PATIENCE)
    return message


async def _stop_and_return(phone: Person, message: SeenMessage) -> SeenMessage:
    """Stop, and come back another day."""
    stop = next(data for _, data in message.buttons if data.endswith(":x"))
    await phone.tap_and_see(message, stop)
    menu = await _say(phone, "/start")
    go_on = next(data for _, data in menu.buttons if data.startswith("w:g:"))
    phone.read_all()
    await phone.tap(menu, go_on)
    return await phone.next_message(PATIENCE)


async def _what_now(phone: Person) -> SeenMessage:
    """What comes next; if nothing does (an answer was refused), the question that still stands."""
    try:
        return await phone.next_message(GLANCE)
    except TimeoutError:
        return await phone.wait_for(_has_choices, PATIENCE)


def _says_who_answers(message: SeenMessage) -> bool:
    return any(data.startswith("w:h:") for _, data in message.buttons)


def _asks_to_write_again(message: SeenMessage) -> bool:
    return any(data.startswith("pn:") for _, data in message.buttons)


def _has_choices(message: SeenMessage) -> bool:
    return any(data.startswith("i:") for _, data in message.buttons)


async def _say(phone: Person, text: str) -> SeenMessage:
    phone.read_all()
    await phone.send(text)
    return await phone.next_message(PATIENCE)
