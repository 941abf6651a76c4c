"""Where one interview stands in its form: what is settled, what comes, and how it is shown."""

from __future__ import annotations

from math import isnan

from surveys.form.model import Choice, Question
from surveys.form.shuffling import shuffle, shuffling_seed
from surveys.interview.scope import InterviewScope
from surveys.interview.state import Prompt


class Course:
    """The questions of one interview at one moment.

    Reads the scope's answers and `passed`, both the caller's own; call `moved` after changing them.
    """

    def __init__(self, scope: InterviewScope, passed: dict[str, None]) -> None:
        self.scope = scope
        self.plan = scope.plan
        self.answers = scope.answers
        self.passed = passed
        self._asked: tuple[list[str], int] | None = None

    def moved(self) -> None:
        """What was counted does not hold any more."""
        self._asked = None

    def is_note(self, question: Question) -> bool:
        """Whether this is only shown: a note, or a question that is read-only now."""
        if question.type == "note":
            return True
        return question.read_only is not None and self.scope.truth(
            question.read_only, question.path
        )

    def required(self, question: Question) -> bool:
        """Whether it must be answered, as things are."""
        return question.required is not None and self.scope.truth(question.required, question.path)

    def settled(self, question: Question) -> bool:
        """Whether a question, if it is relevant, needs no answer any more."""
        path = question.path
        if not self.answers.get(path):
            return path in self.passed and not self.required(question)
        if path in self.plan.prefilled and path not in self.passed:
            return False
        # Another answer may have been changed since: "at most as many as live at home".
        condition = question.constraint if path in self.plan.rechecked else None
        return condition is None or self.scope.truth(condition, path)

    def previous(self, path: str) -> Question | None:
        """The question before this one, of those asked of this person."""
        asked, _ = self._count()
        place = asked.index(path) if path in asked else len(asked)
        return self.plan.questions[asked[place - 1]] if place else None

    def place(self, path: str) -> tuple[int, int]:
        """Which question this is, from 1, and how many there will be as far as can be told."""
        asked, total = self._count()
        number = asked.index(path) + 1 if path in asked else max(len(asked), 1)
        return number, max(number, total)

    def _count(self) -> tuple[list[str], int]:
        """The questions relevant now; how many with those that an open one may make relevant."""
        if self._asked is None:
            now: list[str] = []
            known: dict[str, bool] = {}
            for question in self.plan.walk:
                if self.is_note(question):
                    known[question.path] = False
                elif self.scope.relevant(question.path):
                    now.append(question.path)
                    known[question.path] = True
            total = sum(self._possible(question.path, known) for question in self.plan.walk)
            self._asked = now, total
        return self._asked

    def _possible(self, path: str, known: dict[str, bool]) -> bool:
        found = known.get(path)
        if found is None:
            found = known[path] = any(
                not self._answered(source) and self._possible(source, known)
                for source in self.plan.sources[path]
            )
        return found

    def _answered(self, path: str) -> bool:
        if path in self.passed:
            return True
        return bool(self.answers.get(path)) and path not in self.plan.prefilled

    # How it is shown --------------------------------------------------------------------------

    def prompt(self, question: Question, seq: int, draft: tuple[str, ...]) -> Prompt:
        """A question as it is to be shown."""
        path = question.path
        value = self.answers.get(path, "")
        number, total = self.place(path)
        offered = self.offered(question)
        if question.type == "select_multiple":
            selected = draft
        else:
            selected = (value,) if offered and value else ()
        return Prompt(
            path=path,
            seq=seq,
            number=number,
            total=total,
            type=question.type,
            label=self.label(question),
            hint=self.scope.text(question.hint, path),
            choices=tuple((choice.value, self.scope.label(choice, path)) for choice in offered),
            selected=selected,
            answer="" if offered else value,
            required=self.required(question),
            can_go_back=number > 1,
            appearance=question.appearance,
        )

    def label(self, question: Question) -> str:
        """What is asked; the question's name where the form says nothing."""
        return self.scope.text(question.label, question.path) or question.name

    def offered(self, question: Question) -> tuple[Choice, ...]:
        """The choices in the order in which this interview shows them."""
        choices = question.choices
        if choices is None:
            return ()
        if not choices.shuffled:
            return choices.choices
        seed = float(self.scope.seed)
        if choices.seed is not None:
            self.scope.here = question.path
            given = shuffling_seed(choices.seed.as_text(self.scope))
            seed = seed if isnan(given) else given
        return tuple(shuffle(choices.choices, seed))

    def shown(self, question: Question, value: str) -> str:
        """An answer as a person reads it."""
        if question.choices is None:
            return value
        chosen = set(value.split()) if question.type == "select_multiple" else {value}
        labels = [
            self.scope.label(choice, question.path)
            for choice in question.choices.choices
            if choice.value in chosen
        ]
        return ("、" if _is_chinese(self.scope.language) else ", ").join(labels)


def in_order(question: Question, values: tuple[str, ...]) -> str:
    """A select_multiple's value: its choices in the order of their list, however tapped."""
    listed = question.choices.choices if question.choices is not None else ()
    return " ".join(choice.value for choice in listed if choice.value in values)


def _is_chinese(language: str) -> bool:
    tag = language[language.rfind("(") + 1 :].rstrip(")").lower()
    return tag == "zh" or tag.startswith(("zh-", "zh_")) or "中文" in language
