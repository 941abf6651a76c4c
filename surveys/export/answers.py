"""The columns of one question, and how its answers are read into them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from surveys.export.kinds import Seen
from surveys.export.questions import Asked, by_tag
from surveys.export.reader import NUMBERS, Reader, Shape
from surveys.export.table import Measure, Variable
from surveys.export.wording import say
from surveys.form.indicators import Indicator
from surveys.form.model import Form, Question
from surveys.store.submissions import plain

_OF_PLACE: Mapping[str, Mapping[str, str]] = {
    "Latitude": say("{question} (latitude)"),
    "Longitude": say("{question} (longitude)"),
    "Altitude": say("{question} (altitude, metres)"),
    "Accuracy": say("{question} (accuracy, metres)"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One question of the form, in all its versions, with the columns that it has."""

    asked: Asked
    shape: Shape
    variables: tuple[Variable, ...]
    """The whole answer, then its parts; of a place its numbers alone."""
    unseen: bool = False
    """Whether its kind was taken from there being no answer at all."""

    @property
    def variable(self) -> Variable:
        """The first of them."""
        return self.variables[0]

    @property
    def name(self) -> str:
        """Of the question, as the sheet `indicators` calls it."""
        return self.asked.question.name

    @property
    def indicator(self) -> Indicator | None:
        """Its row in the sheet `indicators`."""
        return self.asked.indicator

    @property
    def types(self) -> frozenset[str]:
        """What it is in any version."""
        return frozenset(self.asked.types)

    @property
    def reader(self) -> Reader:
        """How its answers become cells."""
        return Reader(self.asked.paths, self.shape, self.variables, unseen=self.unseen)


def column(seen: Seen) -> Column:
    """The columns of a question, once all its answers were looked at."""
    asked, question = seen.asked, seen.asked.question
    label = by_tag(plain(question.label))
    if not label and asked.indicator is not None:
        label = by_tag(asked.indicator.label)
    whole = Variable(
        name=asked.inside.replace("/", "-"),
        kind=seen.kind,
        label=label,
        measure=_measure(seen.kind, asked.indicator),
        values=seen.values,
        question=question.type,
        relevant=_relevant(asked.form, question),
        constraint=question.constraint.text if question.constraint else "",
        calculation=question.calculation.text if question.calculation else "",
        path=asked.path.split("/", 2)[2],
    )
    if seen.shape == "place":
        return Column(asked, seen.shape, tuple(_of_place(whole)))
    if seen.shape in ("several", "ranked"):
        ranked = seen.shape == "ranked"
        # A ranking of old may be of several answers now, or the other way about.
        whole = replace(whole, question="rank" if ranked else "select_multiple")
        return Column(asked, seen.shape, (whole, *_of_choices(whole, ranked=ranked)))
    if question.type in ("select_multiple", "rank", "geopoint"):
        whole = replace(whole, question="text")
    unseen = question.type == "calculate" and not seen.known and seen.kind == "text"
    return Column(asked, seen.shape, (whole,), unseen)


def _of_choices(whole: Variable, *, ranked: bool) -> Iterator[Variable]:
    """A column for each choice: 1 chosen, 0 not; or its place in the ranking, from 1."""
    for value in whole.values:
        yield replace(
            whole,
            name=f"{whole.name}/{value.value}",
            kind="integer" if ranked else "yes_no",
            measure="ordinal" if ranked else "nominal",
            label=value.label,
            values=(),
            constraint="",
            part=value.value,
            whole=whole.label,
        )


def _of_place(whole: Variable) -> Iterator[Variable]:
    label = whole.label or {"": whole.name}
    for part in NUMBERS:
        words = _OF_PLACE[part]
        said = {tag: words.get(tag, words["en"]).format(question=of) for tag, of in label.items()}
        yield replace(
            whole, name=f"{whole.name}-{part}", kind="decimal", measure="scale", label=said,
            part=part, whole=whole.label,
        )  # fmt: skip


def _measure(kind: str, indicator: Indicator | None) -> Measure:
    if kind in ("integer", "decimal", "date", "time", "moment"):
        return "scale"
    ordered = indicator is not None and (
        indicator.role in ("age", "schooling", "agreement") or indicator.kind == "category"
    )
    return "ordinal" if ordered else "nominal"


def _relevant(form: Form, question: Question) -> str:
    around = [form.nodes[path] for path in form.parents[question.path]]
    conditions = [
        _absolute(" ".join(one.relevant.text.split()), one.path)
        for one in (*around, question)
        if one.relevant is not None
    ]
    if len(conditions) < 2:
        return "".join(conditions)
    return " and ".join(f"({condition})" for condition in conditions)


_UP = re.compile(r"(?<![\w/.\])])(?:\.\./)+(?=\w)")


def _absolute(condition: str, here: str) -> str:
    """A condition with paths from the root, which its reader can follow.

    >>> _absolute("../age > 15 and ../../home = 'a'", "/data/person/school")
    "/data/person/age > 15 and /data/home = 'a'"
    """
    steps = here.split("/")
    return _UP.sub(lambda up: "/".join([*steps[: -len(up[0]) // 3], ""]), condition)
