"""What is said of an export: how much it holds, what was left out, what was done to hand it out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from surveys.export.wording import Language, say

if TYPE_CHECKING:
    from surveys.export.release import Released
    from surveys.export.tables import Tables

Sentence = Mapping[str, str]


def told(tables: Tables, language: Language) -> list[str]:
    """Sentences, the most important first; short enough to stand under a file in a chat."""
    found = [_of(say("Answers: {n}"), n=tables.submissions.count)]
    if tables.villages_withheld:
        found.append(
            _of(
                say("Villages left out, with fewer than 10 persons or 5 homes: {n}"),
                n=tables.villages_withheld,
            )
        )
    if tables.media is not None and tables.media.count:
        found.append(_of(say("Photos, recordings and files, in media/: {n}"), n=tables.media.count))
    if tables.released is None:
        found.append(
            say(
                "Each row is one person, as they answered: for your own analysis only, not to be"
                " passed on."
            )
        )
    else:
        found += _released(tables.released)
    return [one[language] for one in found]


def _released(done: Released) -> list[Sentence]:
    found: list[Sentence] = [
        say(
            "Made to be passed on: at least 5 persons are alike in sex, age, schooling and village."
        )
    ]
    if len(done.unchecked) == 3:
        found = [
            say(
                "Sex, age and schooling could not be checked: the form does not say which questions"
                " they are. Look through the file before you pass it on."
            )
        ]
    elif done.unchecked:
        names = [ROLES[role] for role in done.unchecked]
        found = [
            _of(
                say(
                    "At least 5 persons are alike in what could be checked. Not checked, because"
                    " the form does not say which question it is: {names}."
                ),
                names=_joined(names),
            )
        ]
    for name, level in done.level.items():
        if not level:
            continue
        gone = level == done.coarsest[name]
        words = GONE[name] if gone else STEPS[name][level - 1]
        found.append(words)
    if done.blanked:
        found.append(
            _of(
                say("Rows without sex, age, schooling and place, which would stand out: {n}"),
                n=done.blanked,
            )
        )
    if done.withheld:
        found.append(_of(say("Rows left out, which would stand out: {n}"), n=done.withheld))
    if done.weight_left_out:
        found.append(say("The weight is left out: it would tell age, schooling or village."))
    if done.repeats_left_out:
        found.append(
            _of(
                say(
                    "Left out whole, for ages and sexes of a home's members are as good as its"
                    " name: {tables}"
                ),
                tables=", ".join(done.repeats_left_out),
            )
        )
    if done.questions_left_out:
        found.append(
            _of(
                say("Questions left out (texts, numbers, what follows from age or schooling): {n}"),
                n=len(done.questions_left_out),
            )
        )
    return found


ROLES: Mapping[str, Sentence] = {
    "sex": say("sex"), "age": say("age"), "schooling": say("schooling"),
}  # fmt: skip
STEPS: Mapping[str, tuple[Sentence, ...]] = {
    "age": (
        say("Age is in four groups: 16 to 34, 35 to 54, 55 to 64, 65 and older."),
        say("Age is in two groups: under 55, 55 and older."),
    ),
    "schooling": (
        say("Schooling is in three groups: primary or less, junior secondary, more."),
        say("Schooling is in two groups: up to junior secondary, more."),
    ),
    "village": (
        say("In the place of the village stands its township."),
        say("In the place of the village stands its county."),
    ),
    "sex": (),
}
GONE: Mapping[str, Sentence] = {
    "age": say("Age is left out."),
    "schooling": say("Schooling is left out."),
    "village": say("The place is left out."),
    "sex": say("Sex is left out."),
}


def _of(sentence: Sentence, **values: object) -> Sentence:
    """A sentence filled in; a value may be in languages, too."""
    return {
        language: text.format(
            **{
                name: value[language] if isinstance(value, Mapping) else value
                for name, value in values.items()
            }
        )
        for language, text in sentence.items()
    }


def _joined(names: list[Sentence]) -> Sentence:
    between = say(", ")
    return {
        language: between[language].join(name[language] for name in names) for language in between
    }
