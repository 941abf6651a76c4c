"""XForm XML, as pyxform and other ODK tools write it, to a frozen `Form`.

Source: the ODK XForms specification. Everything that is wrong is told at once, each with its node.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element, ParseError

from surveys.form.expression import Expression, ExpressionError, compile_expression
from surveys.form.itext import ITEXT_REFERENCE, Texts, local, named
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
)  # fmt: skip
from surveys.form.order import Cycle, evaluation_order
from surveys.form.problems import FormError, Problem

JR = "{http://openrosa.org/javarosa}"
ORX = "{http://openrosa.org/xforms}"
ODK = "{http://www.opendatakit.org/xforms}"

ITEMSET = re.compile(
    r"^\s*(?P<shuffle>randomize\(\s*)?instance\(\s*'(?P<list>[^']+)'\s*\)/root/item"
    r"(?P<filter>\[.*\])?\s*(?:,\s*(?P<seed>[^)]+?)\s*)?(?(shuffle)\))\s*$"
)
INPUTS: Mapping[str, QuestionType] = {
    "string": "text", "int": "integer", "integer": "integer", "decimal": "decimal", "date": "date",
}  # fmt: skip
PRELOADS: Mapping[tuple[str, str], Preload] = {
    ("timestamp", "start"): "start",
    ("timestamp", "end"): "end",
    ("date", "today"): "today",
    ("uid", ""): "uid",
}
COLUMNS = {
    "relevant": "relevant",
    "required": "required",
    "constraint": "constraint",
    "calculate": "calculation",
    "readonly": "read_only",
}
"""The column of an XLSForm that each attribute of a bind is written in."""


def load(xml: str | bytes, rows: Mapping[str, int] | None = None) -> Form:
    """The form that an XForm describes, every expression compiled.

    `rows` gives the row of each name in the sheet `survey`, where the XForm was made from one, so
    that problems can name it. Raises `FormError` with everything that is wrong.
    """
    return _Loader(_parse(xml), rows or {}).form()


def _parse(xml: str | bytes) -> Element:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root: Element = fromstring(xml.encode() if isinstance(xml, str) else xml)
    except DefusedXmlException:
        raise _unusable(
            "This XForm declares entities, which are refused because they can do harm."
        ) from None
    except (ParseError, ValueError):
        raise _unusable("This is not an XForm: its XML cannot be read.") from None
    return root


def _unusable(what: str) -> FormError:
    return FormError((Problem("error", what, ""),))


class _Loader:
    """One pass over an XForm, collecting problems on the way."""

    def __init__(self, root: Element, rows: Mapping[str, int]) -> None:
        self.rows = rows
        self.problems: list[Problem] = []
        model = next((part for part in root.iter() if local(part) == "model"), None)
        body = next((part for part in root.iter() if local(part) == "body"), None)
        if model is None or body is None:
            raise _unusable("This is not an XForm: it has no model or no body.")
        self.body = body
        self.title = next((p.text or "" for p in root.iter() if local(p) == "title"), "")
        instances = [part for part in model if local(part) == "instance"]
        if not instances or not len(instances[0]):
            raise _unusable("This is not an XForm: it has no instance.")
        self.data = instances[0][0]
        self.root = f"/{local(self.data)}"
        self.items = {part.get("id", ""): part for part in instances[1:]}
        self.binds = {part.get("nodeset", ""): part for part in model if local(part) == "bind"}
        self.types = {self.root: "group"}
        self.defaults: dict[str, str] = {}
        self._declare(self.data, self.root)
        self.texts = Texts(next(iter(named(model, "itext")), None), self._output)
        self.controls: dict[str, Element] = {}
        self._refuse_actions(model)

    def form(self) -> Form:
        """The form, or `FormError` with all problems."""
        children = self._children(self.body)
        shown = set(self._paths(children))
        hidden = [
            node for path in self.defaults if path not in shown for node in self._calculation(path)
        ]
        root = Group(self.root, local(self.data), None, None, (*hidden, *children))
        form_id = self.data.get("id", "")
        if not form_id:
            self._problem("", "", "The form has no id.", "Write form_id in the sheet settings.")
        order: tuple[str, ...] = ()
        try:
            order = evaluation_order(root)
        except Cycle as cycle:
            chain = " → ".join(path.rsplit("/", maxsplit=1)[-1] for path in cycle.paths)
            self._problem(
                cycle.paths[0], "calculation",
                f"These need each other's values, in a circle: {chain}.",
                "Take one of them out of the other's expression.",
            )  # fmt: skip
        if any(problem.severity == "error" for problem in self.problems):
            raise FormError(tuple(self.problems))
        return Form(
            id=form_id,
            version=self.data.get("version") or self.data.get(f"{ORX}version") or "",
            title=self.title.strip() or form_id,
            languages=self.texts.languages,
            root=root,
            order=order,
            warnings=tuple(str(problem) for problem in self.problems),
        )

    # The instance ---------------------------------------------------------------------------

    def _declare(self, element: Element, path: str) -> None:
        """Note every node of the instance with its type and default."""
        for child in element:
            here = f"{path}/{local(child)}"
            if here == f"{self.root}/meta":
                continue
            bind = self.binds.get(here)
            if len(child):
                self.types[here] = "group"
                self._declare(child, here)
            else:
                kind = bind.get("type", "string") if bind is not None else "string"
                self.types[here] = kind.rsplit(":", maxsplit=1)[-1]
                self.defaults[here] = (child.text or "").strip()

    def _refuse_actions(self, model: Element) -> None:
        for part in model:
            if local(part) in ("setvalue", "setgeopoint", "recordaudio"):
                path = part.get("ref", "")
                self._problem(
                    path, "default",
                    "A default that is computed, or a trigger, is not supported yet.",
                    "Use a calculation with once() instead.",
                )  # fmt: skip

    # The body -------------------------------------------------------------------------------

    def _children(self, element: Element) -> tuple[Node, ...]:
        found: list[Node] = []
        for child in element:
            tag = local(child)
            if tag == "group":
                found += self._group(child)
            elif tag in ("input", "select", "select1"):
                found += self._question(child, tag)
            elif tag in ("label", "hint"):
                continue
            else:
                path = child.get("ref") or child.get("nodeset") or ""
                self._unsupported(path, tag)
        return tuple(found)

    def _group(self, element: Element) -> list[Node]:
        path = element.get("ref") or element.get("nodeset") or ""
        if any(local(child) == "repeat" for child in element):
            self._unsupported(path, "repeat")
            return []
        children = self._children(element)
        if not path:
            return list(children)
        if path not in self.types:
            self._problem(path, "name", "The group stands in no instance.", "")
            return []
        inside = [
            node
            for hidden in self.defaults
            if hidden.rsplit("/", maxsplit=1)[0] == path and not self._has_control(hidden)
            for node in self._calculation(hidden)
        ]
        return [
            Group(
                path,
                path.rsplit("/", maxsplit=1)[-1],
                self._label(element, "label"),
                self._bound(path, "relevant"),
                (*children, *inside),
                element.get("appearance", ""),
            )
        ]

    def _has_control(self, path: str) -> bool:
        if not self.controls:
            self.controls = {
                part.get("ref", ""): part for part in self.body.iter() if part.get("ref")
            }
        return path in self.controls

    def _question(self, element: Element, tag: str) -> list[Node]:
        path = element.get("ref", "")
        kind = self.types.get(path)
        if kind is None:
            self._problem(path, "name", "The question stands in no instance.", "")
            return []
        read_only = self._bound(path, "readonly")
        always = read_only is not None and not read_only.reads and read_only.text == "true()"
        if tag == "select1":
            question_type: QuestionType | None = "select_one"
        elif tag == "select":
            question_type = "select_multiple"
        elif kind == "string" and always:
            question_type = "note"
        else:
            question_type = INPUTS.get(kind)
        if question_type is None or kind == "odk:rank":
            self._unsupported(path, kind)
            return []
        if element.get("query"):
            self._unsupported(path, "select_one_external")
            return []
        return [
            Question(
                path=path,
                name=path.rsplit("/", maxsplit=1)[-1],
                type=question_type,
                label=self._label(element, "label"),
                hint=self._label(element, "hint"),
                choices=self._choices(element, path) if tag != "input" else None,
                relevant=self._bound(path, "relevant"),
                required=self._bound(path, "required"),
                required_message=self._message(path, "requiredMsg"),
                constraint=self._bound(path, "constraint"),
                constraint_message=self._message(path, "constraintMsg"),
                calculation=self._bound(path, "calculate"),
                default=self.defaults.get(path, ""),
                read_only=None if question_type == "note" else read_only,
                appearance=element.get("appearance", ""),
            )
        ]

    def _calculation(self, path: str) -> list[Node]:
        """A node without a control: computed, or filled by itself."""
        bind = self.binds.get(path)
        preload: Preload = ""
        if bind is not None and bind.get(f"{JR}preload"):
            pair = (bind.get(f"{JR}preload", ""), bind.get(f"{JR}preloadParams", ""))
            preload = PRELOADS.get(pair, "")
        return [
            Question(
                path=path,
                name=path.rsplit("/", maxsplit=1)[-1],
                type="calculate",
                relevant=self._bound(path, "relevant"),
                calculation=self._bound(path, "calculate"),
                default=self.defaults.get(path, ""),
                preload=preload,
            )
        ]

    def _paths(self, nodes: Iterable[Node]) -> Iterable[str]:
        for node in nodes:
            yield node.path
            if isinstance(node, Group):
                yield from self._paths(node.children)

    # Choices --------------------------------------------------------------------------------

    def _choices(self, element: Element, path: str) -> Choices | None:
        itemset = next(iter(named(element, "itemset")), None)
        if itemset is None:
            choices = tuple(
                Choice(_text(item, "value"), self._label(item, "label") or _blank(self.texts))
                for item in named(element, "item")
            )
            if not choices:
                self._problem(path, "type", "The question has no choices.", "Write its list.")
            return Choices("", choices)
        nodeset = itemset.get("nodeset", "")
        match = ITEMSET.match(nodeset)
        if match is None or match["filter"]:
            self._problem(
                path, "choice_filter", "Choices that are filtered are not supported yet.",
                "Write a question of its own for each case.",
            )  # fmt: skip
            return None
        name = match["list"]
        source = self.items.get(name)
        if source is None or source.get("src"):
            self._problem(
                path, "type", f"The list {name} comes from a file, which is not supported yet.",
                "Write the choices in the sheet choices.",
            )  # fmt: skip
            return None
        value = next((p.get("ref", "name") for p in named(itemset, "value")), "name")
        label = next((p.get("ref", "label") for p in named(itemset, "label")), "label")
        seed = match["seed"]
        return Choices(
            name,
            tuple(
                self._item(item, value, label) for item in source.iter() if local(item) == "item"
            ),
            shuffled=match["shuffle"] is not None,
            seed=self._compile(path, "parameters", seed) if seed else None,
        )

    def _item(self, item: Element, value: str, label: str) -> Choice:
        inside = ITEXT_REFERENCE.match(label)
        if inside is not None:
            text = self.texts.get(_text(item, inside[1].strip())) or _blank(self.texts)
        else:
            text = self.texts.same(_text(item, label))
        return Choice(_text(item, value), text)

    # Texts and expressions ------------------------------------------------------------------

    def _label(self, element: Element, tag: str) -> Text | None:
        part = next(iter(named(element, tag)), None)
        return None if part is None else self.texts.of(part)

    def _message(self, path: str, attribute: str) -> Text | None:
        bind = self.binds.get(path)
        written = bind.get(f"{JR}{attribute}") if bind is not None else None
        return self.texts.referred(written) if written else None

    def _bound(self, path: str, attribute: str) -> Expression | None:
        bind = self.binds.get(path)
        written = bind.get(attribute) if bind is not None else None
        if not written or (attribute in ("required", "readonly") and written == "false()"):
            return None
        return self._compile(path, COLUMNS[attribute], written)

    def _output(self, text: str) -> Expression | None:
        """The expression of a `${…}` inside a label."""
        return self._compile(self.root + "/label", "label", text)

    def _compile(self, path: str, column: str, text: str) -> Expression | None:
        try:
            return compile_expression(text, path, self.types)
        except ExpressionError as error:
            self._problem(path, column, f"{error.message} It stands in: {_short(text)}", "")
            return None

    # Problems -------------------------------------------------------------------------------

    def _unsupported(self, path: str, kind: str) -> None:
        self._problem(
            path, "type", f"Questions of the type {kind} are not supported yet.",
            "Leave the question out, or ask it as text or as a choice.",
        )  # fmt: skip

    def _problem(self, path: str, column: str, what: str, remedy: str) -> None:
        name = path.rsplit("/", maxsplit=1)[-1]
        row = self.rows.get(name)
        subject = f"{name}: {what}" if name and column != "label" else what
        problem = Problem("error", subject, remedy, "survey" if row else "", row, column)
        if problem not in self.problems:
            self.problems.append(problem)


def _text(element: Element, tag: str) -> str:
    return next((part.text or "" for part in named(element, tag)), "").strip()


def _blank(texts: Texts) -> Text:
    return texts.same("")


def _short(text: str, most: int = 120) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else text[:most] + " …"
