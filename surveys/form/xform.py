"""XForm XML, as pyxform and ODK write it, to a `Form`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from xml.etree.ElementTree import Element, ParseError

from surveys.form import problems
from surveys.form.choice_lists import Choosing
from surveys.form.expression import (
    Expression,
    ExpressionError,
    Shape,
    compile_expression,
    gives_truth,
)
from surveys.form.model import (
    Beginning,
    Form,
    Group,
    Node,
    Preload,
    Question,
    QuestionType,
    Range,
    Repeat,
    SetValue,
    Text,
    ValueType,
)
from surveys.form.order import CircleError, in_order
from surveys.form.outline import Outline, Place, bare_path, local, outline_of
from surveys.form.problems import FormError, Problem
from surveys.form.shape import DataType
from surveys.form.texts import Texts, read_itext

_JR = "{http://openrosa.org/javarosa}"
_ORX = "{http://openrosa.org/xforms}"
_VALUES: Mapping[str, ValueType] = {
    "": "string", "string": "string", "text": "string", "int": "int", "integer": "int",
    "long": "int", "decimal": "decimal", "double": "decimal", "boolean": "boolean", "date": "date",
    "time": "time", "dateTime": "dateTime", "geopoint": "geopoint", "geotrace": "geotrace",
    "geoshape": "geoshape", "barcode": "barcode", "binary": "binary", "select": "select",
    "select1": "select1", "rank": "rank",
}  # fmt: skip
"""What a node of this data type holds; of any other a text."""
_INPUTS: Mapping[ValueType, QuestionType] = {
    "string": "text", "int": "integer", "decimal": "decimal", "boolean": "text", "date": "date",
    "time": "time", "dateTime": "dateTime", "geopoint": "geopoint", "geotrace": "geotrace",
    "geoshape": "geoshape", "barcode": "barcode", "binary": "file", "select": "text",
    "select1": "text", "rank": "text",
}  # fmt: skip
"""What an `input` of this data type asks."""
_UPLOADS: Mapping[str, QuestionType] = {"image": "image", "audio": "audio", "video": "video"}
_CONTROLS: Mapping[str, QuestionType] = {
    "select1": "select_one", "select": "select_multiple", "rank": "rank", "range": "range",
    "trigger": "acknowledge", "secret": "text",
}  # fmt: skip
_NUMBERS = frozenset({"int", "decimal"})
_CHOSEN = frozenset({"select_one", "select_multiple", "rank"})
_CAST: Mapping[ValueType, str] = {
    "int": "int", "decimal": "number", "date": "date", "dateTime": "date-time",
}  # fmt: skip
"""The function that makes a computed value one of the node's type."""
_PRELOADS: Mapping[tuple[str, str], Preload] = {
    ("timestamp", "start"): "start",
    ("timestamp", "end"): "end",
    ("date", "today"): "today",
    ("uid", ""): "uid",
}
_KNOWN = frozenset({
    "deviceid", "username", "email", "phonenumber", "subscriberid", "simserial", "instanceid",
})  # fmt: skip
"""What `jr:preload="property"` may ask for."""
_PATH = re.compile(r"(?:\.\.|/?[\w.\-:]+)(?:/(?:\.\.|[\w.\-:]+))*\Z")


def load(
    xml: str | bytes, *, strict: bool = False, files: Mapping[str, bytes] | None = None
) -> Form:
    """The form that an XForm describes, every expression compiled.

    `files`: the lists that travel with it, by their names (`list_files.read_list`); None where they
    are not at hand, then they are empty and it is not said.

    With `strict` a bare name in an expression that stands for no node is an error; otherwise it is
    blank, as in JavaRosa, and a warning. Raises `FormError` with everything that is wrong.
    """
    form, found = read(xml, strict=strict, files=files)
    if form is None:
        raise FormError(tuple(problem for problem in found if problem.severity == "error"))
    return form


def read(
    xml: str | bytes, *, strict: bool = False, files: Mapping[str, bytes] | None = None
) -> tuple[Form | None, tuple[Problem, ...]]:
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
    building = _Building(model, outline_of(model, body, primary, files), strict)
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
        places, groups = outline.places, outline.children
        leaves = [place for path, place in places.items() if path not in groups]
        self.shape = Shape(
            leaves=dict.fromkeys(place.path for place in leaves),
            repeats=frozenset(place.path for place in places.values() if place.repeat is not None),
            types={place.path: kind for place in leaves if (kind := _data_type(place))},
            lists=outline.lists,
            groups=tuple(path for path in groups if path in places),
        )
        languages, itext = read_itext(model)
        self.texts = Texts(languages, itext, self.compiled, self.problems.append)
        self.choosing = Choosing(
            outline, self.shape, self.texts, self.compiled, lenient=not self.strict
        )
        self.triggers = {one.source for one in outline.actions if one.event == "value-changed"}

    def form(self, primary: Element, title: str) -> tuple[Form | None, tuple[Problem, ...]]:
        tree = self.group(self.outline.places[self.outline.root])
        order = self.order(tree)
        actions = self.actions()
        if any(problem.severity == "error" for problem in self.problems):
            return None, tuple(self.problems)
        form = Form(
            id=primary.get("id") or local(primary),
            version=primary.get(f"{_ORX}version") or primary.get("version") or "",
            title=title,
            languages=self.texts.languages,
            root=tree,
            order=order,
            actions=actions,
            beginning=Beginning(*self.outline.beginning),
            lists=self.outline.lists,
            texts=self.all_texts(),
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
            return in_order({path: needs & reads.keys() for path, needs in reads.items()})
        except CircleError as found:
            self.problems.append(problems.circle(found.paths))
            return ()

    # Expressions ------------------------------------------------------------------------------

    def compiled(
        self, text: str, here: str, column: str, *, lenient: bool = False
    ) -> Expression | None:
        """The expression of this text; None, and a problem, where it is none."""
        lenient = lenient or not self.strict
        try:
            made = compile_expression(text, here, self.shape, lenient=lenient)
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
        text = place.bind.get("calculate", "").strip()
        return self.cast(text, place, "calculation") if text else None

    def cast(
        self, text: str, place: Place, column: str, *, lenient: bool = False
    ) -> Expression | None:
        """An expression of which the value is one of the node's type."""
        made = self.compiled(text, place.path, column, lenient=lenient)
        cast = _CAST.get(_value_type(place)) or ("number" if _data_type(place) == "truth" else None)
        if made is None or cast is None:
            return made
        wrapped = compile_expression(
            f"{cast}({text})", place.path, self.shape, lenient=lenient or not self.strict
        )
        return replace(wrapped, text=text)

    def actions(self) -> tuple[SetValue, ...]:
        found: list[SetValue] = []
        for action in self.outline.actions:
            place = self.outline.places[action.target]
            column = "default" if action.event != "value-changed" else "calculation"
            # pyxform writes a path from where the trigger stands, and JavaRosa looks from the
            # target: where these are not in one group, it finds nothing, and takes a blank.
            value = self.cast(action.value or "''", place, column, lenient=True)
            if value is not None:
                found.append(SetValue(action.event, action.target, value, action.source))
        return tuple(found)

    def all_texts(self) -> dict[str, Text]:
        """The texts of the form by their ids, for jr:itext() with an id that is computed."""
        if not any("jr:itext" in str(place.bind) for place in self.outline.places.values()):
            return {}
        told = {name: self.texts.of_id(name, "", "label") for name in self.texts.itext}
        return {name: text for name, text in told.items() if text is not None}

    # Nodes ------------------------------------------------------------------------------------

    def group(self, place: Place) -> Group:
        inner: list[Node] = []
        for path in self.outline.children[place.path]:
            child = self.outline.places.get(path)
            if child is not None:
                is_group = path in self.outline.children
                inner.append(self.group(child) if is_group else self.question(child))
        control = place.control
        around = Group(
            path=place.path,
            name=place.name,
            label=None if control is None else self.label(control, place.path),
            relevant=self.condition(place, "relevant", "relevant", "true()"),
            children=tuple(inner),
            appearance="" if control is None else control.get("appearance", ""),
        )
        return around if place.repeat is None else self.repeat(place, place.repeat, around)

    def repeat(self, place: Place, element: Element, around: Group) -> Repeat:
        count = element.get(f"{_JR}count", "").strip()
        appearance = around.appearance or element.get("appearance", "")
        return Repeat(
            path=around.path,
            name=around.name,
            label=around.label,
            relevant=around.relevant,
            children=around.children,
            appearance=appearance,
            count=self.compiled(count, place.path, "repeat_count") if count else None,
            counted_at=bare_path(count, place.path) if _PATH.match(count) else "",
            fixed=element.get(f"{_JR}noAddRemove", "") in ("true", "true()"),
            fresh=Beginning(*self.outline.fresh.get(place.path, ({}, {}))),
        )

    def question(self, place: Place) -> Question:
        control, path = place.control, place.path
        kind = self.type(place)
        hint = None if control is None else control.find("{*}hint")
        labelled = None if control is None else control.find("{*}label")
        return Question(
            path=path,
            name=place.name,
            type=kind,
            label=None if control is None else self.label(control, path),
            hint=self.texts.of_element(hint, path, "hint"),
            choices=self.choosing.chosen(place) if kind in _CHOSEN else None,
            relevant=self.condition(place, "relevant", "relevant", "true()"),
            required=self.condition(place, "required", "required", "false()"),
            required_message=self.message(place, "requiredMsg", "required_message"),
            constraint=self.condition(place, "constraint", "constraint", "true()"),
            constraint_message=self.message(place, "constraintMsg", "constraint_message"),
            calculation=self.calculation(place),
            default=self.outline.default(place.path),
            preload=self.preload(place),
            read_only=self.condition(place, "readonly", "read_only", "false()"),
            appearance="" if control is None else control.get("appearance", ""),
            value_type=_value_type(place),
            guidance=self.texts.guidance(hint, path),
            media=self.texts.media_of_element(labelled),
            numbers=self.numbers(place) if kind == "range" else None,
            known_as=place.bind.get(f"{_JR}preloadParams", ""),
            triggers=path in self.triggers,
        )

    def type(self, place: Place) -> QuestionType:
        control = place.control
        if control is None:
            return "calculate"
        if "query" in control.attrib:
            self.problems.append(problems.not_supported(place.path, "select_one_external"))
        if place.kind == "upload":
            medium = control.get("mediatype", "").partition("/")[0]
            if medium == "osm":
                self.problems.append(problems.not_supported(place.path, "a map of OpenStreetMap"))
            return _UPLOADS.get(medium, "file")
        asked = _CONTROLS.get(place.kind) or _INPUTS[_value_type(place)]
        return "note" if asked == "text" and place.bind.get("readonly") == "true()" else asked

    def numbers(self, place: Place) -> Range | None:
        """The numbers of a range; a problem where they are none."""
        given = {} if place.control is None else place.control.attrib
        found: list[Decimal] = []
        for name, spare in (("start", "1"), ("end", "10"), ("step", "1")):
            text = given.get(name, spare).strip()
            try:
                number = Decimal(text)
            except InvalidOperation:
                number = Decimal("nan")
            if not number.is_finite() or (name == "step" and number == 0):
                self.problems.append(problems.bad_range(place.path, name, text))
                return None
            found.append(number)
        return Range(found[0], found[1], abs(found[2]))

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
        if what == "property" and parameter in _KNOWN:
            if parameter != "deviceid":
                self.problems.append(problems.seldom_filled(place.path, parameter))
            return "property"
        if found is None:
            self.problems.append(problems.never_filled(place.path, parameter or what))
            return ""
        return found


def _value_type(place: Place) -> ValueType:
    if place.kind == "rank":
        return "rank"
    return _VALUES.get(place.type, "string")


def _data_type(place: Place) -> DataType | None:
    """What its values are in an expression, where that is no text.

    A condition that is computed is kept as 1 or 0, and read as the truth that it is, as in
    JavaRosa.
    """
    kind = _value_type(place)
    if kind in _NUMBERS:
        return "number"
    if kind == "boolean" or (kind == "string" and gives_truth(place.bind.get("calculate", ""))):
        return "truth"
    return None
