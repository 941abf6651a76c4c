"""Java's regular expressions, read sign by sign and written anew for the `regex` package.

Source: the syntax in Java's `java.util.regex.Pattern`.
"""

from __future__ import annotations

from surveys.form import letters
from surveys.form.sentences import Sentence, sentence

DEEPEST = 40
"""Groups within groups."""
HEAVIEST = 20_000
"""Signs of the pattern with all its repetitions written out."""

NOTHING_BEFORE = "nothing stands before {sign}"
TOO_OFTEN = "it repeats so often that it cannot be tried in time"
TOO_DEEP = "too many brackets stand within brackets"


class PatternError(ValueError):
    """A pattern that cannot be used; its argument is the sentence that says why."""

    def __init__(self, why: Sentence) -> None:
        super().__init__(why)
        self.why = why


def java_to_python(expression: str) -> str:
    """A pattern of Java's as the `regex` package has it (V1). Raises `PatternError`."""
    reader = _Reader(_unquoted(expression))
    written, _ = reader.alternatives(frozenset(), 0)
    if not reader.ended:
        raise reader.wrong("a closing bracket stands alone")
    return written


def short(text: str) -> str:
    """A pattern as far as a sentence has room for it."""
    return text if len(text) <= 60 else text[:59] + "…"


def _unquoted(expression: str) -> str:
    r"""The pattern without \Q…\E: what stands between is escaped."""
    pieces: list[str] = []
    place = 0
    while place < len(expression):
        if expression.startswith(r"\Q", place):
            end = expression.find(r"\E", place + 2)
            quoted = expression[place + 2 : end if end >= 0 else len(expression)]
            pieces += (
                sign if sign.isalnum() or not sign.isascii() else "\\" + sign for sign in quoted
            )
            place += 2 + len(quoted) + 2
        elif expression[place] == "\\":
            pieces.append(expression[place : place + 2])
            place += 2
        else:
            pieces.append(expression[place])
            place += 1
    return "".join(pieces)


Flags = frozenset[str]
Written = tuple[str, int]
"""A part for `regex`, and how many signs it has with all repetitions written out."""

_BREAK = r"\n\r\x85\u2028\u2029"
_BROKEN = r"(?:\r\n|[\r\x85\u2028\u2029])?"
_END = rf"(?:(?={_BROKEN}\Z)|(?<!\r)(?=\n\Z))"
_WORD = r"[\p{L}\p{Nd}_]"
_EDGE = rf"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))"
_ANY_SIGN = r"[\x00-\U0010ffff]"
_FIXED = {
    "A": r"\A",
    "G": r"\A",  # the whole text is matched, once
    "Z": _END,
    "z": rf"(?!{_ANY_SIGN})",
    "b": _EDGE,
    "B": f"(?!{_EDGE})",
    "R": r"(?:\r\n|[\n\x0b\f\r\x85\u2028\u2029])",
    "X": r"\X",
}
_FLAGS = frozenset("idmsuxU")


class _Reader:
    """Reads a pattern from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.groups = 0
        self.names: dict[str, int] = {}
        self.closed: set[int] = set()

    # Where it stands --------------------------------------------------------------------------

    @property
    def ended(self) -> bool:
        return self.place >= len(self.text)

    def wrong(self, why: str, **named: object) -> PatternError:
        return PatternError(
            sentence(
                "in the pattern {pattern}, at sign {place}, {why}",
                pattern=short(self.text),
                place=min(self.place, len(self.text) - 1) + 1,
                why=sentence(why, **named),
            )
        )

    def peek(self, flags: Flags = frozenset()) -> str:
        """The next sign, "" at the end; blanks and remarks passed over where the flag x says so."""
        while "x" in flags and not self.ended:
            sign = self.text[self.place]
            if sign in " \t\n\x0b\f\r":
                self.place += 1
            elif sign == "#":
                while not self.ended and self.text[self.place] not in "\n\r\x85\u2028\u2029":
                    self.place += 1
            else:
                break
        return self.text[self.place] if not self.ended else ""

    def take(self, sign: str, flags: Flags = frozenset()) -> bool:
        self.peek(flags)
        if self.text.startswith(sign, self.place):
            self.place += len(sign)
            return True
        return False

    # The pattern ------------------------------------------------------------------------------

    def alternatives(self, flags: Flags, depth: int) -> Written:
        """Up to a closing bracket or the end."""
        if depth > DEEPEST:
            raise self.wrong(TOO_DEEP)
        pieces: list[str] = []
        weight = 0
        while True:
            sign = self.peek(flags)
            if sign in ("", ")"):
                return "".join(pieces), weight
            if sign == "|":
                self.place += 1
                pieces.append("|")
                continue
            if self.text.startswith("(?", self.place):
                changed = self.changed_flags(flags)
                if changed is not None:
                    flags = changed
                    continue
            piece, heavy = self.repeated(*self.atom(sign, flags, depth), flags)
            weight += heavy
            if weight > HEAVIEST:
                raise self.wrong(TOO_OFTEN)
            pieces.append(piece)

    def repeated(self, atom: str, weight: int, flags: Flags) -> Written:
        """An atom with the quantifier behind it."""
        sign = self.peek(flags)
        most = 1
        if sign and sign in "*+?":
            self.place += 1
            times = sign
        elif sign == "{":
            times, most = self.counted()
        else:
            return atom, weight
        for more in "?+":
            if self.take(more, flags):
                times += more
                break
        following = self.peek(flags)
        if following and following in "*+?{":
            raise self.wrong(NOTHING_BEFORE, sign=following)
        return f"(?:{atom}){times}", (weight + 1) * max(most, 1)

    def counted(self) -> tuple[str, int]:
        end = self.text.find("}", self.place)
        low, comma, high = self.text[self.place + 1 : max(end, 0)].partition(",")
        numbers = [low, high] if high else [low]
        if end < 0 or not all(one.isascii() and one.isdecimal() for one in numbers):
            raise self.wrong("braces hold numbers, as {{2}} or {{2,5}}")
        if any(len(one.lstrip("0")) > 6 for one in numbers):
            raise self.wrong(TOO_OFTEN)
        if high and int(low) > int(high):
            raise self.wrong("the larger number stands first")
        self.place = end + 1
        return f"{{{int(low)}{comma}{int(high) if high else ''}}}", int(high or low)

    def atom(self, sign: str, flags: Flags, depth: int) -> Written:
        if sign == "(":
            return self.group(flags, depth)
        if sign in "*+?{":
            raise self.wrong(NOTHING_BEFORE, sign=sign)
        self.place += 1
        match sign:
            case "[":
                return self.letter_class(flags, depth), 1
            case "\\":
                return self.escape(flags), 1
            case ".":
                if "s" in flags:
                    return _ANY_SIGN, 1
                return (r"[^\n]" if "d" in flags else f"[^{_BREAK}]"), 1
            case "^":
                return _start(flags), 1
            case "$":
                return _end(flags), 1
            case _:
                return letters.literal(sign, flags), 1

    def changed_flags(self, flags: Flags) -> Flags | None:
        """The flags after "(?i)", None where no such thing stands here."""
        end = self.place + 2
        while end < len(self.text) and self.text[end] in _FLAGS | {"-"}:
            end += 1
        if not self.text.startswith(")", end) or end == self.place + 2:
            return None
        letters_given = self.text[self.place + 2 : end]
        self.place = end + 1
        following = self.peek(flags)
        if following and following in "*+?{":
            raise self.wrong(NOTHING_BEFORE, sign=following)
        return _with(flags, letters_given)

    def group(self, flags: Flags, depth: int) -> Written:
        start = self.place
        self.place += 1
        number = 0
        opening = "(?:"
        if not self.take("?"):
            self.groups += 1
            number, opening = self.groups, "("
        elif self.take("<=") or self.take("<!"):
            opening = "(?<" + self.text[self.place - 1]
        elif self.take("<"):
            end = self.text.find(">", self.place)
            name = self.text[self.place : max(end, 0)]
            if end < 0 or not (name.isascii() and name.isalnum() and name[0].isalpha()):
                raise self.wrong("a group's name is made of letters and digits")
            if name in self.names:
                raise self.wrong("two groups are named {name}", name=name)
            self.groups += 1
            number, opening = self.groups, "("
            self.names[name] = number
            self.place = end + 1
        elif any(self.take(sign) for sign in "=!>"):
            opening = "(?" + self.text[self.place - 1]
        elif not self.take(":"):
            end = self.text.find(":", self.place)
            given = self.text[self.place : max(end, 0)]
            if not given or not set(given) <= _FLAGS | {"-"}:
                raise self.wrong("a bracket with this beginning is not known")
            flags = _with(flags, given)
            self.place = end + 1
        inside, weight = self.alternatives(flags, depth + 1)
        if not self.take(")"):
            self.place = start
            raise self.wrong("a bracket is not closed")
        if number:
            self.closed.add(number)
        return f"{opening}{inside})", weight

    # One sign ---------------------------------------------------------------------------------

    def escape(self, flags: Flags) -> str:
        """What stands after a backslash, outside of square brackets."""
        sign = self.peek()
        if not sign:
            raise self.wrong("a backslash stands at the end")
        if sign in "123456789":
            return self.earlier(flags)
        if sign == "k":
            end = self.text.find(">", self.place)
            name = self.text[self.place + 2 : max(end, 0)]
            if self.text[self.place + 1 : self.place + 2] != "<" or name not in self.names:
                raise self.wrong("no group before has this name")
            self.place = end + 1
            return self.same_again(self.names[name], flags)
        if sign == "b" and self.text.startswith("b{g", self.place):
            raise self.wrong("{escape} is not known", escape=r"\b{g}")
        if sign in _FIXED:
            self.place += 1
            return _FIXED[sign]
        items = self.predefined(flags)
        if items is not None:
            return f"[{items}]"
        return letters.literal(self.one_sign(), flags)

    def earlier(self, flags: Flags) -> str:
        end = self.place + 1
        while (
            self.text[end : end + 1].isdecimal()
            and self.text[end].isascii()
            and int(self.text[self.place : end + 1]) <= self.groups
        ):
            end += 1
        number = int(self.text[self.place : end])
        if number not in self.closed:
            raise self.wrong("no group {number} ends before it", number=number)
        self.place = end
        return self.same_again(number, flags)

    def same_again(self, number: int, flags: Flags) -> str:
        if number not in self.closed:
            raise self.wrong("no group {number} ends before it", number=number)
        return rf"(?i:\g<{number}>)" if "i" in flags else rf"(?:\g<{number}>)"

    def predefined(self, flags: Flags) -> str | None:
        r"""What a class like \d or \p{L} holds, to stand in square brackets; None: it is none."""
        sign = self.peek()
        if sign in letters.CLASSES:
            self.place += 1
            return letters.predefined(sign, flags)
        if sign not in ("p", "P"):
            return None
        name = self.text[self.place + 1 : self.place + 2]
        end = self.place + 2
        if name == "{":
            close = self.text.find("}", self.place)
            name = self.text[self.place + 2 : max(close, 0)]
            end = close + 1
        items = letters.having(name, flags) if name else None
        if items is None:
            raise self.wrong("no property is named {name}", name=name[:20])
        self.place = end
        return items if sign == "p" else f"[^{items}]"

    def one_sign(self) -> str:
        """The one sign that is meant by what stands after a backslash."""
        found = letters.escaped(self.text, self.place)
        if found is None:
            raise self.wrong("{escape} is not known", escape="\\" + self.peek())
        sign, self.place = found
        return sign

    # In square brackets -----------------------------------------------------------------------

    def letter_class(self, flags: Flags, depth: int) -> str:
        """Up to the closing bracket: unions, ranges, intersections (&&)."""
        if depth > DEEPEST:
            raise self.wrong(TOO_DEEP)
        start = self.place - 1
        negated = self.take("^", flags)
        operands: list[list[str]] = [[]]
        while True:
            sign = self.peek(flags)
            if not sign:
                self.place = start
                raise self.wrong("a square bracket is not closed")
            if self.text.startswith("&&", self.place):
                if not operands[-1]:
                    raise self.wrong(NOTHING_BEFORE, sign="&&")
                operands.append([])
                self.place += 2
                continue
            self.place += 1
            if sign == "]" and (operands[-1] or len(operands) > 1):
                break
            if sign == "[":
                operands[-1].append(self.letter_class(flags, depth + 1))
            else:
                operands[-1].append(self.item(sign, flags))
        if not operands[-1]:
            raise self.wrong("nothing stands behind &&")
        inside = "".join(operands[0])
        if len(operands) > 1:
            inside = "&&".join(f"[{''.join(items)}]" for items in operands)
        return f"[{'^' if negated else ''}{inside}]"

    def item(self, sign: str, flags: Flags) -> str:
        """A sign, a range or a predefined class."""
        if sign == "\\":
            items = self.predefined(flags)
            if items is not None:
                return items
            sign = self.one_sign()
        self.peek(flags)
        behind = self.text[self.place + 1 : self.place + 2]
        if not self.text.startswith("-", self.place) or behind in ("]", "[", ""):
            return letters.span(sign, sign, flags)
        self.place += 1
        last = self.peek(flags)
        if last in ("]", "["):
            return letters.span(sign, sign, flags) + letters.span("-", "-", flags)
        self.place += 1
        if last == "\\":
            last = self.one_sign()
        if last < sign:
            raise self.wrong("{span} runs backwards", span=f"{sign}-{last}")
        return letters.span(sign, last, flags)


def _with(flags: Flags, given: str) -> Flags:
    more, _, less = given.partition("-")
    return (flags | set(more)) - set(less)


def _start(flags: Flags) -> str:
    if "m" not in flags:
        return r"\A"
    behind = r"(?<=\n)" if "d" in flags else r"(?<=[\n\x85\u2028\u2029])|(?<=\r)(?!\n)"
    return rf"(?:(?={_ANY_SIGN})(?:\A|{behind}))"


def _end(flags: Flags) -> str:
    if "d" in flags:
        return r"(?=\n|\Z)" if "m" in flags else r"(?=\n?\Z)"
    if "m" not in flags:
        return _END
    return r"(?:(?=\r\n|[\r\x85\u2028\u2029]|\Z)|(?<!\r)(?=\n))"
