"""The choices of the questions of an XForm: with the question, in a list, or in a repeat."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from xml.etree.ElementTree import Element

from surveys.form import problems
from surveys.form.expression import Expression, ExpressionError, Itemset, Shape, compile_itemset
from surveys.form.items import Item
from surveys.form.model import Choice, Choices, Text
from surveys.form.outline import Outline, Place
from surveys.form.texts import Texts

_ITEM_TEXT = re.compile(r"\s*jr:itext\(\s*([\w.-]+)\s*\)\s*\Z")


class Choosing:
    """Finds choices; what is wrong is added to the outline's problems."""

    def __init__(
        self,
        outline: Outline,
        shape: Shape,
        texts: Texts,
        compiled: Callable[[str, str, str], Expression | None],
        *,
        lenient: bool,
    ) -> None:
        self.outline = outline
        self.shape = shape
        self.texts = texts
        self.compiled = compiled
        self.lenient = lenient
        self.problems = outline.problems
        self.choices: dict[tuple[object, ...], tuple[Choice, ...]] = {}

    def chosen(self, place: Place) -> Choices | None:
        """The choices of a question; None where it cannot be said which."""
        control, path = place.control, place.path
        itemset = None if control is None else control.find("{*}itemset")
        if control is None or itemset is None:
            inline = () if control is None else self._inline(control, path)
            return self._checked(place, Choices(place.name, inline))
        text = itemset.get("nodeset", "")
        try:
            found = compile_itemset(text, path, self.shape, lenient=self.lenient)
        except ExpressionError as wrong:
            self.problems.append(
                problems.bad_expression(path, "choice_filter", text, wrong.message, wrong.position)
            )
            return None
        refs = _refs(itemset)
        if found.path:
            return self._of_nodes(place, found, refs)
        listed = self._listed(found, refs, path)
        nodes = None if found.nodes is None else found
        return self._checked(
            place, Choices(found.instance, listed, found.shuffled, found.seed, nodes)
        )

    def _of_nodes(self, place: Place, found: Itemset, refs: tuple[str, str]) -> Choices | None:
        """Choices that are the instances of a repeat: a value and a label of each."""
        parts = [self.compiled(ref, found.path, "choice_filter") for ref in refs]
        if parts[0] is None or parts[1] is None:
            return None
        return Choices(
            place.name, (), found.shuffled, found.seed, found, value=parts[0], label=parts[1]
        )

    def _inline(self, control: Element, path: str) -> tuple[Choice, ...]:
        return tuple(
            Choice(
                value,
                self.texts.of_element(item.find("{*}label"), path, "label") or self._bare(value),
            )
            for item in control.iterfind("{*}item")
            for value in (item.findtext("{*}value", default="").strip(),)
        )

    def _listed(self, found: Itemset, refs: tuple[str, str], path: str) -> tuple[Choice, ...]:
        """The choices of a secondary instance: made once, however many questions share them."""
        key = (found.instance, found.steps, *refs)
        if key not in self.choices:
            of_text = _ITEM_TEXT.match(refs[1])
            rows = [self.outline.lists[found.instance]]
            for step in found.steps:
                rows = [inner for row in rows for inner in row.named(step)]
            self.choices[key] = tuple(self._choice(row, refs, of_text, path) for row in rows)
        return self.choices[key]

    def _choice(
        self, row: Item, refs: tuple[str, str], of_text: re.Match[str] | None, path: str
    ) -> Choice:
        value = row.part(refs[0])
        if of_text:
            text_id = row.part(of_text[1])
            label, media = self.texts.of_id(text_id, path, "label"), self.texts.media_of_id(text_id)
        else:
            label, media = self.texts.of_message(row.part(refs[1]), path, "label"), {}
        return Choice(value, label or self._bare(value), media, row)

    def _checked(self, place: Place, choices: Choices) -> Choices:
        if not choices.choices and not self.outline.from_file(choices.list_name):
            self.problems.append(problems.no_choices(place.path, choices.list_name))
        seen: set[str] = set()
        for choice in choices.choices:
            if not choice.value or any(letter.isspace() for letter in choice.value):
                spaced = problems.spaced_choice(place.path, choice.value)
                # Of one choice alone ODK takes it, too: only in a list of several it is two.
                mild = bool(choice.value) and place.kind == "select1"
                self.problems.append(replace(spaced, severity="warning") if mild else spaced)
            if choice.value in seen:
                self.problems.append(problems.choice_twice(place.path, choice.value))
            seen.add(choice.value)
        return choices

    def _bare(self, value: str) -> Text:
        """The label of a choice without one: its value, in every language."""
        return Text(dict.fromkeys(self.texts.languages, (value,)))


def _refs(itemset: Element) -> tuple[str, str]:
    """What of an item is the value, and what the label."""
    value, label = itemset.find("{*}value"), itemset.find("{*}label")
    return (
        "" if value is None else value.get("ref", ""),
        "" if label is None else label.get("ref", ""),
    )
