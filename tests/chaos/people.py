"""Residents, each with a way of answering, and a model of what must come of it.

The model knows nothing of the engine: questions stand one after the other, an answer leads to the
next, Back to the one before; what was answered last counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
from collections import Counter
from dataclasses import dataclass, field

from bot.demo.world import Person, SeenMessage
from tests.bench.questions import CHOICES, QUESTIONS

PATIENCE = 90.0
"""Seconds that a resident waits for the next question, whatever is away meanwhile."""
A_LOOK = 2.0
"""Seconds that people look at what came before they tap again."""
WAYS = ("plain", "typist", "wanderer", "fidget")
_QUESTION = re.compile(r"Question (\d+):")


@dataclass(slots=True)
class Resident:
    """Someone who answers, and what they have said."""

    phone: Person
    way: str
    chance: random.Random
    at: int = 0
    """The number of the question on the screen; 0: not there yet."""
    log: list[tuple[str, str]] = field(default_factory=list)
    """(question, value) of every answer that was given, in order."""
    answers: dict[str, str] = field(default_factory=dict)
    _shown: int = 0

    async def begin(self) -> None:
        """From the village's link to the first question."""
        await self.phone.send("/start V")
        greeting = await self.phone.wait_for(_buttons("English"), PATIENCE)
        await self.phone.tap(greeting, "English")
        for label in ("16 or older", "Yes, go on"):
            agree = await self.phone.wait_for(
                lambda one, label=label: _buttons(label)(one) or _number(one) == 1, PATIENCE
            )
            if not _number(agree):
                await self.phone.tap(agree, _of(agree, label))
        await self._see(1)

    async def answer(self) -> int:
        """Answer the question on the screen; how many answers that took."""
        before = len(self.log)
        number = self.at
        if self.way == "fidget" and self.chance.random() < 0.3:
            await self._fidget()
        await self._give(number)
        if self.way == "wanderer" and self.at > 2 and self.chance.random() < 0.2:
            await self._tap("◀ Back", number)
            await self._give(number)
        return len(self.log) - before

    async def _give(self, number: int) -> None:
        place = self.chance.randrange(len(CHOICES))
        question, value = f"/data/q{number}", f"c{place}"
        self.answers[question] = value
        self.log.append((question, value))
        if self.way == "typist" and self.chance.random() < 0.7:
            await self.phone.send(self.chance.choice((CHOICES[place], str(place + 1))))
            await self._see(number + 1)
            return
        screen = await self._tap(place, number + 1)
        if self.way == "fidget" and self.chance.random() < 0.3:
            # Once more, on the question that is answered already: it changes nothing.
            await self.phone.tap(screen, (place + 1) % len(CHOICES))

    async def _tap(self, button: str | int, leads_to: int) -> SeenMessage:
        """Tap until the question that it leads to is there; gives what was tapped first.

        After a kill a copy of a question from before may stand lowest in the chat. What is tapped
        there is too old: the bot shows the question at hand, and people tap again. Where that is
        one that they have answered, they give the same answer.
        """
        first = screen = await self._screen()
        while True:
            number = _number(screen)
            await self.phone.tap(screen, button if number == self.at else self._said(number))
            seen = await self._newer(screen, {leads_to, self.at, self.at - 1} - {0})
            if _number(seen) != leads_to:
                # Nobody is as quick as that: what follows may be on its way.
                with contextlib.suppress(TimeoutError):
                    seen = await self._newer(screen, {leads_to}, A_LOOK)
            if _number(seen) == leads_to:
                self.at, self._shown = leads_to, seen.message_id
                return first
            screen = seen

    def _said(self, number: int) -> int:
        """The place of the choice that was given to a question before."""
        return int(self.answers[f"/data/q{number}"].removeprefix("c"))

    async def rest(self) -> None:
        """Look once more before the phone is put away: does the last question stand lowest?"""
        while True:
            await asyncio.sleep(A_LOOK)
            lowest = await self.phone.wait_for(
                lambda one: bool(_number(one)) and bool(one.rows), PATIENCE
            )
            if _number(lowest) == self.at:
                return
            await self.phone.tap(lowest, self._said(_number(lowest)))

    async def _fidget(self) -> None:
        """What is no answer: a sticker, or words that no choice has."""
        if self.chance.random() < 0.5:
            await self.phone.send_sticker()
        else:
            await self.phone.send("what is this")

    async def _see(self, number: int) -> None:
        """Wait until the question is there, newer than what was there before."""
        before = self._shown
        seen = await self.phone.wait_for(
            lambda one: _number(one) == number and one.message_id > before and bool(one.rows),
            PATIENCE,
        )
        self.at, self._shown = number, seen.message_id

    async def _newer(
        self, than: SeenMessage, numbers: set[int], seconds: float = PATIENCE
    ) -> SeenMessage:
        return await self.phone.wait_for(
            lambda one: (
                one.message_id > than.message_id and bool(one.rows) and _number(one) in numbers
            ),
            seconds,
        )

    async def _screen(self) -> SeenMessage:
        """The question as it stands lowest in the chat, with its buttons."""
        return await self.phone.wait_for(
            lambda one: _number(one) == self.at and bool(one.rows), PATIENCE
        )

    def copies(self) -> Counter[int]:
        """How often each question stands in the chat; of residents who ask each once."""
        return Counter(
            number for one in self.phone.messages if one.from_bot and (number := _number(one))
        )

    def told(self) -> str:
        """The end of the chat and of what was said, to see what went wrong."""
        lines = [
            f"{one.message_id:>6} {'bot' if one.from_bot else 'me '} {one.text[:24]!r}"
            f" buttons: {len(one.rows)}"
            for one in self.phone.messages[-14:]
        ]
        return "\n".join([*lines, f"said: {self.log[-5:]}"])

    @property
    def asks_once(self) -> bool:
        """Whether each question is shown to them once where nothing goes wrong."""
        return self.way in ("plain", "typist")


def _number(message: SeenMessage) -> int:
    found = _QUESTION.search(message.text)
    return int(found[1]) if found else 0


def _buttons(label: str):
    return lambda seen: any(label in one for one, _ in seen.buttons)


def _of(message: SeenMessage, label: str) -> str:
    return next(one for one, _ in message.buttons if label in one)


async def live(resident: Resident, answers: int, given: Counter[str]) -> None:
    """Begin, and give so many answers; `given` counts them over all residents."""
    await resident.begin()
    while resident.at <= min(answers, QUESTIONS):
        more = await resident.answer()
        given["answers"] += more
        await asyncio.sleep(resident.chance.random() * 0.05)
    await resident.rest()
