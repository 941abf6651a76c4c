"""The grammar of ODK XPath, and one clear sentence for a text that does not follow it."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

LONGEST = 20_000
"""Characters: no person writes a longer expression, and a hostile one must not take minutes."""

_GRAMMAR = r"""
?start: or
?or: and (_OR and)*
?and: equality (_AND equality)*
?equality: comparison (EQUALITY comparison)*
?comparison: sum (COMPARISON sum)*
?sum: product (SIGN product)*
?product: unary (PRODUCT unary)*
?unary: union | "-" unary -> negative
?union: base ("|" base)*
?base: path | filter
?filter: primary | primary predicate+ -> after | primary predicate* (_sep step)+ -> after
path: SLASH? step (_sep step)* | DOUBLE step (_sep step)*
_sep: "/" | DOUBLE
step: _test predicate*
_test: NAME | DOT | DOTS | WILD | _CHILD NAME | PARENT | SELF | ATTRIBUTE NAME
predicate: "[" or "]"
?primary: "(" or ")" | text | number | call
text: STRING
number: NUMBER
call: NAME "(" (or ("," or)*)? ")"

_OR: /or\b/
_AND: /and\b/
EQUALITY: "=" | "!="
COMPARISON.2: "<=" | ">=" | "<" | ">"
SIGN: "+" | "-"
PRODUCT: /\*|div\b|mod\b/
WILD: "*"
SLASH: "/"
DOUBLE.2: "//"
NUMBER.3: /[0-9]+(\.[0-9]*)?|\.[0-9]+/
DOTS.2: ".."
_CHILD.4: /child::/
PARENT.4: /parent::node\(\s*\)/
SELF.4: /self::node\(\s*\)/
ATTRIBUTE.4: /@|attribute::/
DOT: "."
STRING: /"[^"]*"|'[^']*'/
NAME: /[^\W\d][\w.\-]*(:[^\W\d][\w.\-]*)?/
%ignore /[ \t\r\n\f]+/
"""

_HALF_WIDTH = dict(zip("（），＝＜＞＋－＊／［］！：", "(),=<>+-*/[]!:", strict=True))


class ExpressionError(ValueError):
    """A text that is no expression: why, in one sentence, and where."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        """In characters from the start of the text."""


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer="contextual")


@lru_cache(maxsize=256)
def parse(text: str) -> Tree[Token]:
    """The tree of an expression, which is to be left as it is: a form asks for one several times,
    and has it again. Raises `ExpressionError` for what is none.
    """
    if not text.strip():
        raise ExpressionError("There is no expression.", 0)
    if len(text) > LONGEST:
        raise ExpressionError(f"The expression is longer than {LONGEST} characters.", LONGEST)
    try:
        return _parser().parse(text)
    except UnexpectedInput as wrong:
        raise _explained(text, wrong) from None


def _explained(text: str, wrong: UnexpectedInput) -> ExpressionError:
    """What is wrong, as the person who wrote it would see it."""
    if isinstance(wrong, UnexpectedToken) and wrong.token.type != "$END":
        place = wrong.token.start_pos or 0
        found = str(wrong.token)
    elif isinstance(wrong, UnexpectedCharacters):
        place = wrong.pos_in_stream or 0
        found = text[place]
    else:
        opened, _ = _brackets(text)
        if opened:
            return ExpressionError(f"The bracket {text[opened[-1]]} is not closed.", opened[-1])
        return ExpressionError("Something is missing at the end.", len(text))
    if found in ("'", '"'):
        return ExpressionError(f"The quotation mark {found} is not closed.", place)
    if found in "‘’“”":
        return ExpressionError(f"Write a straight quotation mark, ', instead of {found}.", place)
    if found in _HALF_WIDTH:
        return ExpressionError(
            f"Write {_HALF_WIDTH[found]} in half width instead of {found}.", place
        )
    if place in _brackets(text)[1]:
        return ExpressionError(f"Nothing is opened before the bracket {found}.", place)
    return ExpressionError(f"{found} cannot stand here.", place)


def _brackets(text: str) -> tuple[list[int], list[int]]:
    """Where brackets stand that are not closed, and those that close nothing."""
    opened: list[int] = []
    stray: list[int] = []
    for found in re.finditer(r"'[^']*'|\"[^\"]*\"|[()\[\]]", text):
        if found[0] in ("(", "["):
            opened.append(found.start())
        elif found[0] in (")", "]"):
            if opened and text[opened[-1]] + found[0] in ("()", "[]"):
                opened.pop()
            else:
                stray.append(found.start())
    return opened, stray
