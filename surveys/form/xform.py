"""XForm XML, as pyxform and ODK write it, to a `Form`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from xml.etree.ElementTree import Element, ParseError

from surveys.form import problems
from surveys.form.expression import (
    DataType,
    Expression,
    ExpressionError,
    Itemset,
    compile_expression,
    compile_itemset,
)
from surveys.form.model import (
    Choice,
    Choices,
    Form,
    Group,
    Node,
    Preload,
    Question,
    QuestionType,
    Text,
)
from surveys.form.order import CircleError, in_order
from surveys.form.outline import Outline, Place, local, outline_of
from surveys.form.problems import FormError, Problem
from surveys.form.texts import Texts, read_itext

_JR = "{http://openrosa.org/javarosa}"
_ORX = "{http://openrosa.org/xforms}"
_INPUTS: Mapping[str, QuestionType] = {
    "": "text",
    "string": "text",
    "text": "text",
    "int": "integer",
    "integer": "integer",
    "decimal": "decimal",
    "date": "date",
}
"""What an `input` of this data type asks."""
_NUMBERS = frozenset({"int", "integer", "decimal"})
_CAST: Mapping[str, str] = {"int": "int", "integer": "int", "decimal": "number", "date": "date"}
"""The function that makes a computed value one of the node's type."""
_KINDS: Mapping[str, str] = {
    "upload": "a photo, sound, video or file",
    "range": "a range",
    "rank": "a ranking",
    "trigger": "an acknowledgement",
    "secret": "a password",
    "geopoint": "a location",
    "geotrace": "a line on a map",
    "geoshape": "an area on a map",
    "barcode": "a barcode",
    "time": "a time of day",
    "dateTime": "a date with a time",
    "binary": "a file",
}
"""Controls and data types that cannot be asked yet, in words."""
_PRELOADS: Mapping[tuple[str, str], Preload] = {
    ("timestamp", "start"): "start",
    ("timestamp", "end"): "end",
    ("date", "today"): "today",
    ("uid", ""): "uid",
}
_ITEM_TEXT = re.compile(r"\s*jr:itext\(\s*([\w.-]+)\s*\)\s*\Z")


def load(xml: str | bytes, *, strict: bool = False) -> Form:
    """The form that an XForm describes, every expression compiled.

    With `strict` a bare name in an expression that stands for no node is an error; otherwise it is
    blank, as in JavaRosa, and a warning. Raises `FormError` with everything that is wrong.
    """
    form, found = read(xml, strict=strict)
    if form is None:
        raise FormError(tuple(problem for problem in found if problem.severity == "error"))
    return form


def read(xml: str | bytes, *, strict: bool = False) -> tuple[Form | None, tuple[Problem, ...]]:
    """As `load`, with all problems, warnings too; None instead of a form with errors."""
    root = _parsed(xml)
    if isinstance(root, Problem):
        return None, (root,)
    model = root.find("{*}head/{*}model")
    body = root.find("{*}body")
    primary = None if model is None else model.find("{*}instance/*")
    if model is None or body is None or primary is None:
        part = "model" if model is None else "body" if body is None else "instance"
        return None, (problems.no_part(part),)
    building = _Building(model, outline_of(model, body, primary), strict)
    return building.form(primary, root.findtext("{*}head/{*}title", default="").strip())


def _parsed(xml: str | bytes) -> Element | Problem:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    content = xml.encode(errors="surrogatepass") if isinstance(xml, str) else xml
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except DefusedXmlException:
        return problems.not_xml("it declares entities or a document type")
    except (ParseError, ValueError, LookupError):
        return problems.not_xml("it is not well-formed XML")
    return root


class _Building:
    """A form being built from its outline; what is wrong is collected."""

    def __init__(self, model: Element, outline: Outline, strict: bool) -> None:
        self.outline = outline
        self.strict = strict
        self.problems = outline.problems
        leaves = [place for path, place in outline.places.items() if path not in outline.children]
        self.known = {place.path: None for place in leaves}
        self.types: dict[str, DataType] = {
            place.path: "number" for place in leaves if place.type in _NUMBERS
        }
        languages, itext = read_itext(model)
        self.texts = Texts(languages, itext, self.compiled, self.problems.append)
        self.choices: dict[tuple[str, str, str], tuple[Choice, ...]] = {}

    def form(self, primary: Element, title: str) -> tuple[Form | None, tuple[Problem, ...]]:
        tree = self.group(self.outline.places[self.outline.root])
        order = self.order(tree)
        if any(problem.severity == "error" for problem in self.problems):
            return None, tuple(self.problems)
        form = Form(
            id=primary.get("id") or local(primary),
            version=primary.get(f"{_ORX}version") or primary.get("version") or "",
            title=title,
            languages=self.texts.languages,
            root=tree,
            order=order,
            warnings=tuple(str(problem) for problem in self.problems),
        )
        return form, tuple(self.problems)

    def order(self, tree: Group) -> tuple[str, ...]:
        reads: dict[str, set[str]] = {}

        def visit(node: Node, above: str | None) -> None:
            needs = set() if above is None else {above}
            if node.relevant is not None:
                needs |= node.relevant.reads
            if isinstance(node, Question):
                if node.calculation is not None:
                    needs |= node.calculation.reads
                reads[node.path] = needs
                return
            if above is not None or node is not tree:
                reads[node.path] = needs
            for child in node.children:
                visit(child, None if node is tree else node.path)

        visit(tree, None)
        try:
            return in_order(reads)
        except CircleError as found:
            self.problems.append(problems.circle(found.paths))
            return ()

    # Expressions ------------------------------------------------------------------------------

    def compiled(self, text: str, here: str, column: str) -> Expression | None:
        """The expression of this text; None, and a problem, where it is none."""
        try:
            made = compile_expression(
                text, here, self.known, types=self.types, lenient=not self.strict
            )
        except ExpressionError as wrong:
            self.problems.append(
                problems.bad_expression(here, column, text, wrong.message, wrong.position)
            )
            return None
        for name in sorted(made.unknown):
            self.problems.append(problems.unknown_name(here, column, name))
        return made

    def condition(self, place: Place, attribute: str, column: str, idle: str) -> Expression | None:
        """A condition of a bind; None where it is absent or always the same as if it were."""
        text = place.bind.get(attribute, "").strip()
        return self.compiled(text, place.path, column) if text and text != idle else None

    def calculation(self, place: Place) -> Expression | None:
        text, column = place.bind.get("calculate", "").strip(), "calculation"
        if not text and place.at_first:
            text, column = f"once({place.at_first})", "default"
        if not text:
            return None
        made = self.compiled(text, place.path, column)
        cast = _CAST.get(place.type)
        if made is None or cast is None:
            return made
        wrapped = compile_expression(
            f"{cast}({text})", place.path, self.known, types=self.types, lenient=not self.strict
        )
        return replace(wrapped, text=text)

    # Nodes ------------------------------------------------------------------------------------

    def group(self, place: Place) -> Group:
        inner: list[Node] = []
        for path in self.outline.children[place.path]:
            child = self.outline.places.get(path)
            if child is not None:
                is_group = path in self.outline.children
                inner.append(self.group(child) if is_group else self.question(child))
        control = place.control
        return Group(
            path=place.path,
            name=place.name,
            label=None if control is None else self.label(control, place.path),
            relevant=self.condition(place, "relevant", "relevant", "true()"),
            children=tuple(inner),
            appearance="" if control is None else control.get("appearance", ""),
        )

    def question(self, place: Place) -> Question:
        control, path = place.control, place.path
        kind = self.type(place)
        hint = None if control is None else control.find("{*}hint")
        return Question(
            path=path,
            name=place.name,
            type=kind,
            label=None if control is None else self.label(control, path),
            hint=self.texts.of_element(hint, path, "hint"),
            choices=self.chosen(place) if kind in ("select_one", "select_multiple") else None,
            relevant=self.condition(place, "relevant", "relevant", "true()"),
            required=self.condition(place, "required", "required", "false()"),
            required_message=self.message(place, "requiredMsg", "required_message"),
            constraint=self.condition(place, "constraint", "constraint", "true()"),
            constraint_message=self.message(place, "constraintMsg", "constraint_message"),
            calculation=self.calculation(place),
            default=_default(place, kind),
            preload=self.preload(place),
            read_only=self.condition(place, "readonly", "read_only", "false()"),
            appearance="" if control is None else control.get("appearance", ""),
        )

    def type(self, place: Place) -> QuestionType:
        if place.control is None:
            return "calculate"
        if place.kind == "select1":
            return "select_one"
        if place.kind == "select":
            return "select_multiple"
        asked = _INPUTS.get(place.type) if place.kind == "input" else None
        if asked is None:
            unknown = place.kind if place.kind != "input" else place.type
            kind = _KINDS.get(unknown, f"the type {unknown}")
            self.problems.append(problems.not_supported(place.path, kind))
            return "text"
        if "query" in place.control.attrib:
            self.problems.append(problems.not_supported(place.path, "a list from a file"))
        return "note" if asked == "text" and place.bind.get("readonly") == "true()" else asked

    def label(self, control: Element, path: str) -> Text | None:
        return self.texts.of_element(control.find("{*}label"), path, "label")

    def message(self, place: Place, attribute: str, column: str) -> Text | None:
        return self.texts.of_message(place.bind.get(_JR + attribute), place.path, column)

    def preload(self, place: Place) -> Preload:
        what = place.bind.get(f"{_JR}preload", "")
        if not what:
            return ""
        parameter = place.bind.get(f"{_JR}preloadParams", "")
        found = _PRELOADS.get((what, parameter))
        if found is None:
            self.problems.append(problems.never_filled(place.path, parameter or what))
            return ""
        return found

    # Choices ----------------------------------------------------------------------------------

    def chosen(self, place: Place) -> Choices | None:
        control, path = place.control, place.path
        itemset = None if control is None else control.find("{*}itemset")
        if control is None or itemset is None:
            inline = () if control is None else self.inline(control, path)
            return self.checked(place, Choices(place.name, inline))
        try:
            found = compile_itemset(itemset.get("nodeset", ""), path, self.known)
        except ExpressionError as wrong:
            text = itemset.get("nodeset", "")
            self.problems.append(
                problems.bad_expression(path, "choice_filter", text, wrong.message, wrong.position)
            )
            return None
        listed = self.listed(itemset, found, path)
        return self.checked(place, Choices(found.instance, listed, found.shuffled, found.seed))

    def inline(self, control: Element, path: str) -> tuple[Choice, ...]:
        return tuple(
            Choice(
                value,
                self.texts.of_element(item.find("{*}label"), path, "label") or self.bare(value),
            )
            for item in control.iterfind("{*}item")
            for value in (item.findtext("{*}value", default="").strip(),)
        )

    def listed(self, itemset: Element, found: Itemset, path: str) -> tuple[Choice, ...]:
        """The choices of a secondary instance: made once, however many questions share them."""
        refs = [
            "" if part is None else part.get("ref", "")
            for part in (itemset.find("{*}value"), itemset.find("{*}label"))
        ]
        key = (found.instance, refs[0], refs[1])
        if key not in self.choices:
            text = _ITEM_TEXT.match(refs[1])
            self.choices[key] = tuple(
                Choice(
                    item.get(refs[0], ""),
                    (
                        self.texts.of_id(item.get(text[1], ""), path, "label")
                        if text
                        else self.texts.of_message(item.get(refs[1]), path, "label")
                    )
                    or self.bare(item.get(refs[0], "")),
                )
                for item in self.outline.lists.get(found.instance, ())
            )
        return self.choices[key]

    def checked(self, place: Place, choices: Choices) -> Choices:
        if not choices.choices:
            self.problems.append(problems.no_choices(place.path, choices.list_name))
        seen: set[str] = set()
        for choice in choices.choices:
            if not choice.value or any(letter.isspace() for letter in choice.value):
                self.problems.append(problems.spaced_choice(place.path, choice.value))
            if choice.value in seen:
                self.problems.append(problems.choice_twice(place.path, choice.value))
            seen.add(choice.value)
        return choices

    def bare(self, value: str) -> Text:
        """The label of a choice without one: its value, in every language."""
        return Text(dict.fromkeys(self.texts.languages, (value,)))


def _default(place: Place, kind: QuestionType) -> str:
    # Of a date in a cell of Excel pyxform writes "2026-11-24 00:00:00".
    text = (place.element.text or "").strip()
    return text.removesuffix(" 00:00:00") if kind == "date" else text
