"""The codebook: what each column of the submissions means."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from surveys.export.cells import BOM, harmless, lines, tag
from surveys.export.plan import AFTER, BEFORE, EXPLAINED, Column, plan
from surveys.form.model import Text
from surveys.store.database import Database


def codebook_csv(
    database: Database, wave_id: int, area_ids: Collection[int], *, bom: bool = False
) -> Iterator[bytes]:
    """What each column of the submissions means: question, type, choices, and who was asked."""
    with database.read() as session:
        made = plan(session, wave_id, area_ids)
    tags = {tag(language): language for language in made.languages}
    yield BOM * bom + lines(
        [
            ["field", "type"]
            + [f"question_{name}" for name in tags]
            + [f"choices_{name}" for name in tags]
            + ["relevant", "constraint", "calculation"]
        ]
    )
    blank = [""] * (2 * len(tags) + 2)
    explained = {name: [made.own[name], "", EXPLAINED[name], *blank] for name in made.own}
    yield lines(explained[name] for name in BEFORE)
    for column in made.columns:
        yield lines(_explain(column, list(tags.values())))
    yield lines(explained[name] for name in AFTER)


def _explain(column: Column, languages: Sequence[str]) -> Iterator[list[str]]:
    question = column.question
    choices = question.choices.choices if question.choices else ()
    yield [
        column.name,
        question.type,
        *(
            harmless(_text(question.label, language) or column.label.get(language, ""))
            for language in languages
        ),
        *(
            harmless(" | ".join(f"{c.value} = {_text(c.label, language)}" for c in choices))
            for language in languages
        ),
        harmless(column.relevant),
        harmless(question.constraint.text if question.constraint else ""),
        harmless(question.calculation.text if question.calculation else ""),
    ]
    labels = {choice.value: choice.label for choice in choices}
    for value in column.values:
        yield [
            f"{column.name}/{value}",
            "1 chosen, 0 not, empty unanswered",
            *(harmless(_text(labels.get(value), language)) for language in languages),
            *[""] * (len(languages) + 3),
        ]


def _text(text: Text | None, language: str) -> str:
    if text is None:
        return ""
    pieces = text.pieces.get(language, ())
    return " ".join("".join(p if isinstance(p, str) else "…" for p in pieces).split())
