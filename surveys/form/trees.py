"""The parsed trees of expressions: what stands in a step, what a name is, where it stands."""

from __future__ import annotations

from lark import Token, Tree

from surveys.form.functions import OF_HERE
from surveys.form.values import Code


def all_reads(codes: list[Code]) -> frozenset[str]:
    """What all of them read."""
    return frozenset().union(*(code.reads for code in codes))


def subtree(child: Tree[Token] | Token) -> Tree[Token]:
    """A child that the grammar says is a tree."""
    assert isinstance(child, Tree)  # noqa: S101 (by the grammar)
    return child


def position_of(child: Tree[Token] | Token) -> int:
    """Where it begins, in characters from the start of the text."""
    while isinstance(child, Tree):
        child = child.children[0]
    return child.start_pos or 0


def name_of(child: Tree[Token] | Token) -> str:
    """The function that this calls, "" where it is no call."""
    if isinstance(child, Tree) and child.data == "call":
        return str(child.children[0])
    return ""


def parts_of(step: Tree[Token]) -> tuple[str, str, list[Tree[Token]]]:
    """A step of a path: up, down, stay or attribute; the name; its conditions."""
    tokens = [child for child in step.children if isinstance(child, Token)]
    conditions = [child for child in step.children if isinstance(child, Tree)]
    last = tokens[-1]
    name = str(last).rpartition(":")[2]
    if tokens[0].type == "ATTRIBUTE":
        return "attribute", name, conditions
    if last.type in ("DOTS", "PARENT"):
        return "up", "..", conditions
    if last.type in ("DOT", "SELF"):
        return "stay", ".", conditions
    return "down", name, conditions


def resolved(here: str, words: list[str]) -> str:
    """The absolute path of these steps."""
    at = [] if words[:1] == [""] else here.split("/")[1:]
    for word in words:
        if word == "..":
            del at[-1:]
        elif word not in ("", "."):
            at.append(word)
    return "/" + "/".join(at)


def one_name(tree: Tree[Token]) -> str:
    """The name where a tree is a path of just one name, else ""."""
    if tree.data != "path" or len(tree.children) != 1 or isinstance(tree.children[0], Token):
        return ""
    kind, name, conditions = parts_of(tree.children[0])
    return name if kind == "down" and name != "*" and not conditions else ""


def looks_at_item(tree: Tree[Token]) -> bool:
    """Whether a part of a condition can differ from element to element of a list."""
    if tree.data == "path" and not isinstance(tree.children[0], Token):
        return True
    if tree.data == "call" and str(tree.children[0]) in (
        "position", "last", "random", "uuid", "once", *OF_HERE,
    ):  # fmt: skip
        return True
    return any(looks_at_item(child) for child in tree.children if isinstance(child, Tree))


def list_and_steps(tree: Tree[Token]) -> tuple[str, tuple[str, ...], bool]:
    """Of instance('id')/root/item[…]: the id, the names of the steps, whether there is a condition
    in them; "" where a tree is no such thing."""
    if tree.data != "after" or name_of(tree.children[0]) != "instance":
        return "", (), False
    call, *steps = tree.children
    arguments = subtree(call).children[1:]
    if len(arguments) != 1 or subtree(arguments[0]).data != "text":
        return "", (), False
    parts = [parts_of(step) for step in steps if isinstance(step, Tree) and step.data == "step"]
    names = tuple(name for _, name, _ in parts)
    plain = len(parts) == len(steps) and all(kind == "down" for kind, *_ in parts)
    conditioned = not plain or any(conditions for *_, conditions in parts)
    return str(subtree(arguments[0]).children[0])[1:-1], names, conditioned
