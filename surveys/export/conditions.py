"""When a question is asked, in words: “How often do you go online?” is “Every day”."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lark import Token, Tree

from surveys.export.coding import cut, in_language
from surveys.export.table import Table, Variable
from surveys.export.wording import say
from surveys.form.grammar import ExpressionError, parse

LONGEST = 90
"""Characters of a question inside a condition."""
_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!="}
_OPPOSITE = {"<": ">=", ">": "<=", "<=": ">", ">=": "<", "=": "!=", "!=": "="}
Node = Tree[Token] | Token


class _NotSimple(Exception):  # noqa: N818 - no error: it is then shown as it is written
    """An expression that is not said in words."""


def in_words(expression: str, variables: Mapping[str, Variable], language: str) -> str:
    """A condition in words; as it is written where it is not simple; "" for none.

    variables: by the path of their question, see `questions_of`. Simple are comparisons of a
    question with a value, `selected`, `count-selected`, and these joined by and, or, not.

    >>> from surveys.export.table import Value
    >>> b4 = Variable("access-B4", "category", {"en": "How often?"},
    ...               values=(Value("day", {"en": "Every day"}),))
    >>> in_words("/data/access/B4 = 'day'", {"access/B4": b4}, "en")
    '“How often?” is “Every day”'
    >>> in_words("/data/access/B4 + 1 = 2", {"access/B4": b4}, "en")
    '/data/access/B4 + 1 = 2'
    """
    if not expression.strip():
        return ""
    try:
        return _Speaker(variables, language).condition(parse(expression), inside=False)
    except (_NotSimple, ExpressionError):
        return expression


def questions_of(tables: Iterable[Table]) -> dict[str, Variable]:
    """The questions of some tables by their paths in the form, "home/A6"."""
    found: dict[str, Variable] = {}
    for table in tables:
        for one in table.variables:
            if one.path:
                whole = replace(one, label=one.whole) if one.part else one
                found.setdefault(one.path, whole)
    return found


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question of a condition: its own value, or how many of its choices were taken."""

    variable: Variable
    counted: bool = False


class _Speaker:
    """Speaks of one form in one language."""

    def __init__(self, variables: Mapping[str, Variable], language: str) -> None:
        self.variables = variables
        self.language = language

    def condition(self, tree: Node, *, inside: bool = True) -> str:
        """The words for an expression that is true or false; `inside` another one."""
        if not isinstance(tree, Tree):
            raise _NotSimple
        if tree.data == "and":
            return self._joined(tree, ", and ", inside)
        if tree.data == "or":
            return self._either(tree) or self._joined(tree, " or ", inside)
        if tree.data == "call":
            return self._call(tree)
        if tree.data in ("equality", "comparison"):
            return self._compared(tree)
        raise _NotSimple

    def _joined(self, tree: Tree[Token], by: str, inside: bool) -> str:
        parts = [
            self.condition(one, inside=len(tree.children) > 1) for one in _flat(tree, tree.data)
        ]
        # Each way of joining is a sentence of its own, so that a translator sees it.
        between = say(", and ") if by == ", and " else say(" or ")
        text = self._in(between).join(parts)
        return self._fill(say("({condition})"), condition=text) if inside else text

    def _either(self, tree: Tree[Token]) -> str:
        """Several values of one question: “A” is “x”, “y” or “z”; "" if it is not that."""
        found = [self._equal(one) for one in _flat(tree, "or")]
        first = found[0]
        if first is None or any(one is None or one[0] != first[0] for one in found):
            return ""
        values = [self._value(first[0], one[1]) for one in found if one is not None]
        last = self._in(say(" or ")).join(values[-2:])
        listed = self._in(say(", ")).join([*values[:-2], last])
        return self._fill(
            say("“{question}” is {answers}"), question=self._question(first[0]), answers=listed
        )

    def _equal(self, tree: Node) -> tuple[Variable, str] | None:
        if not isinstance(tree, Tree) or tree.data != "equality" or len(tree.children) != 3:
            return None
        left, sign, right = tree.children
        if str(sign) != "=" or not (isinstance(left, Tree) and left.data == "path"):
            return None
        value = _constant(right)
        return (self._found(left), value) if value else None

    def _call(self, tree: Tree[Token], *, yes: bool = True) -> str:
        name, *arguments = tree.children
        if name == "not" and len(arguments) == 1 and yes:
            return self._negated(arguments[0])
        if name == "selected" and len(arguments) == 2:
            value = _constant(arguments[1])
            variable = self._found(arguments[0])
            if value is not None:
                return self._fill(
                    say("“{question}” includes {answer}")
                    if yes
                    else say("“{question}” does not include {answer}"),
                    question=self._question(variable),
                    answer=self._value(variable, value),
                )
        raise _NotSimple

    def _negated(self, tree: Node) -> str:
        if isinstance(tree, Tree) and tree.data == "call":
            return self._call(tree, yes=False)
        if isinstance(tree, Tree) and tree.data in ("equality", "comparison"):
            return self._compared(tree, opposite=True)
        raise _NotSimple

    def _compared(self, tree: Tree[Token], *, opposite: bool = False) -> str:
        if len(tree.children) != 3:
            raise _NotSimple
        left, sign, right = tree.children
        by = str(sign)
        value = _constant(right)
        if value is None:
            left, value, by = right, _constant(left), _FLIPPED[by]
        if value is None:
            raise _NotSimple
        asked = self._asked(left)
        return self._said(asked, _OPPOSITE[by] if opposite else by, value)

    def _said(self, asked: _Asked, by: str, value: str) -> str:
        question = self._question(asked.variable)
        if value == "" and by in ("=", "!=") and not asked.counted:
            return self._fill(
                say("“{question}” was not answered") if by == "=" else
                say("“{question}” was answered"),
                question=question,
            )  # fmt: skip
        if asked.counted:
            return self._fill(
                {
                    "=": say("“{question}” has just {value} answers"),
                    "!=": say("“{question}” has not just {value} answers"),
                    "<": say("“{question}” has fewer than {value} answers"),
                    ">": say("“{question}” has more than {value} answers"),
                    "<=": say("“{question}” has at most {value} answers"),
                    ">=": say("“{question}” has at least {value} answers"),
                }[by],
                question=question,
                value=value,
            )
        if asked.variable.kind == "yes_no" and by in ("=", "!=") and value in ("0", "1"):
            yes = (by == "=") == (value == "1")
            return self._fill(
                say("“{question}” is yes") if yes else say("“{question}” is no"), question=question
            )
        if by in ("=", "!="):
            answer = self._value(asked.variable, value)
            if answer == value:
                return self._fill(
                    say("“{question}” equals {value}") if by == "=" else
                    say("“{question}” does not equal {value}"),
                    question=question, value=value,
                )  # fmt: skip
            return self._fill(
                say("“{question}” is {answer}") if by == "=" else
                say("“{question}” is not {answer}"),
                question=question, answer=answer,
            )  # fmt: skip
        return self._fill(
            {
                "<": say("“{question}” is less than {value}"),
                ">": say("“{question}” is more than {value}"),
                "<=": say("“{question}” is at most {value}"),
                ">=": say("“{question}” is at least {value}"),
            }[by],
            question=question,
            value=value,
        )

    def _asked(self, tree: Node) -> _Asked:
        if isinstance(tree, Tree) and tree.data == "call" and tree.children[0] == "count-selected":
            if len(tree.children) != 2:
                raise _NotSimple
            return _Asked(self._found(tree.children[1]), counted=True)
        return _Asked(self._found(tree))

    def _found(self, tree: Node) -> Variable:
        """The question that a path leads to: from the root, for only that is unambiguous."""
        if not isinstance(tree, Tree) or tree.data != "path":
            raise _NotSimple
        first, *steps = [_step(one) for one in tree.children]
        path = "/".join(one for one in steps[1:] if one != "/")
        if first != "/" or path not in self.variables:
            raise _NotSimple
        return self.variables[path]

    def _question(self, variable: Variable) -> str:
        return cut(in_language(variable.label, self.language, variable.name), LONGEST)

    def _value(self, variable: Variable, value: str) -> str:
        for one in variable.values:
            if one.value == value:
                label = in_language(one.label, self.language, value)
                return self._fill(say("“{answer}”"), answer=label)
        return value

    def _in(self, sentence: Mapping[str, str]) -> str:
        # Not `in_language`: what joins two parts begins and ends with a blank.
        return sentence.get(self.language) or sentence["en"]

    def _fill(self, sentence: Mapping[str, str], **values: str) -> str:
        return self._in(sentence).format(**values)


def _step(step: Node) -> str:
    """A step of a path; one with a condition is not simple."""
    if isinstance(step, Tree):
        if len(step.children) != 1:
            raise _NotSimple
        step = step.children[0]
    return str(step)


def _flat(tree: Tree[Token], data: str) -> Sequence[Node]:
    """The parts of nested ands, or ors, side by side."""
    found: list[Node] = []
    for one in tree.children:
        if isinstance(one, Tree) and one.data == data:
            found.extend(_flat(one, data))
        elif not (isinstance(one, Token) and one.type in ("_AND", "_OR")):
            found.append(one)
    return found


def _constant(tree: Node) -> str | None:
    """The value of a text or a number; None of anything else."""
    if isinstance(tree, Tree) and tree.data == "text":
        return str(tree.children[0])[1:-1]
    if isinstance(tree, Tree) and tree.data == "number":
        return str(tree.children[0])
    if isinstance(tree, Tree) and tree.data == "negative":
        inner = _constant(tree.children[0])
        return None if inner is None else f"-{inner}"
    return None
