"""The styles of a form's texts: ODK's Markdown and few HTML tags, as Telegram's HTML or as plain
text.

Understood are **bold** and __bold__, *italic* and _italic_, # headings, [links](https://…), lists,
line breaks, a backslash before a sign that is to stand for itself, and <b>, <i>, <u>, <s>, <span
style="…">, <a href="…">, <br>, <p>, headings and lists in HTML. Everything else is shown as it
stands. Whatever is written, the HTML that comes out is whole: every tag is closed in order, and no
other < or & is left.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape, unescape
from itertools import groupby

from surveys.interview.quoting import quoted_in

Style = str
"""b, i, u or s, as Telegram calls bold, italic, underlined and struck through."""
ORDER: tuple[Style, ...] = ("b", "i", "u", "s")

_STYLES: dict[str, Style] = {
    "b": "b", "strong": "b", "i": "i", "em": "i", "u": "u", "ins": "u", "s": "s", "strike": "s",
    "del": "s", "h1": "b", "h2": "b", "h3": "b", "h4": "b", "h5": "b", "h6": "b",
}  # fmt: skip
_OWN_LINE = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "p", "div", "ul", "ol"})
"""What begins and ends a line of its own."""
_BARE = frozenset({"span", "font", "small", "big", "center", "sub", "sup", "a", "li", "br"})
"""Further tags that are read, and not shown."""
_SHOWN_BY_STYLE = (
    (re.compile(r"font-weight\s*:\s*(bold|[6-9]00)", re.I), "b"),
    (re.compile(r"font-style\s*:\s*(italic|oblique)", re.I), "i"),
    (re.compile(r"text-decoration[a-z-]*\s*:[^;]*underline", re.I), "u"),
    (re.compile(r"text-decoration[a-z-]*\s*:[^;]*line-through", re.I), "s"),
)
KEPT = 2048
"""Texts of forms that are kept as they were read, so that each is read once."""
_DEEPEST = 8
"""Emphasis within emphasis; what lies deeper is shown as it stands."""
_FAR = 2000
"""Characters between two signs that can belong together."""

# A sign that stands for itself, and a quoted value, become one character each of a plane that
# nobody writes in: no rule below can take it for markup.
_FIRST, _LAST = 0xF0000, 0xFFFFD
_RESERVED = re.compile(f"[{chr(_FIRST)}-{chr(_LAST)}]+")
_ITSELF = re.compile(r"\\([\\`*_{}\[\]()#+\-.!<>&~|])|&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|\w{2,31});")

_ALONE, _ENDS = "(?<![A-Za-z0-9_])", "(?![A-Za-z0-9_])"
"""Within a word, "_" is a part of it: village_code."""

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s[^<>]{0,500})?)\s*/?>")
_ATTRIBUTE = re.compile(r"""\b(style|href)\s*=\s*(?:"([^"]*)"|'([^']*)'|(\S+))""", re.I)
_LINK = re.compile(r"\[([^\[\]\n]{1,500})\]\(\s*([^\s()]{1,1000}(?:\([^\s()]*\))?[^\s()]*)\s*\)")
_EMPHASIS = (
    (re.compile(rf"\*{{3}}(?=[^\s*])(.{{1,{_FAR}}}?)(?<=\S)\*{{3}}", re.S), "bi"),
    (re.compile(rf"\*\*(?=[^\s*])(.{{1,{_FAR}}}?)(?<=\S)\*\*", re.S), "b"),
    (re.compile(rf"{_ALONE}__(?=[^\s_])(.{{1,{_FAR}}}?)(?<=\S)__{_ENDS}", re.S), "b"),
    (re.compile(rf"\*(?=[^\s*])([^*\n]{{1,{_FAR}}}?)(?<=\S)\*(?!\*)"), "i"),
    (re.compile(rf"{_ALONE}_(?=[^\s_])([^_\n]{{1,{_FAR}}}?)(?<=\S)_{_ENDS}"), "i"),
)
_HEADING = re.compile(r"\s{0,3}#{1,6}[ \t]+(.*?)[ \t]*#*")
_POINT = re.compile(r"([ \t]*)[-*+][ \t]+(?=\S)")
_ADDRESS = re.compile(r"https?://[^\s\"<>]+|(?:tel|mailto):[^\s\"<>]+", re.I)


@dataclass(frozen=True, slots=True)
class Run:
    """Some words in one style."""

    text: str
    styles: frozenset[Style] = frozenset()
    link: str = ""
    """The address behind them, or ""."""


def html(text: str, most: int | None = None) -> str:
    """A form's text as Telegram's HTML, cut (with an ellipsis) after `most` characters shown.

    What a text quotes of answers (`surveys.interview.quoting`) is never read as markup.
    """
    return _html(text, most) if quoted_in(text) else _html_kept(str(text), most)


def plain(text: str) -> str:
    """A form's text without any styles, for buttons, alerts and the terminal."""
    return _plain(text) if quoted_in(text) else _plain_kept(str(text))


def has_link(text: str) -> bool:
    """Whether there is something to tap in a form's text."""
    return any(run.link for run in _runs(text))


def _html(text: str, most: int | None) -> str:
    runs = list(_runs(text))
    if most is not None:
        runs = list(_cut(runs, most))
    return "".join(_tagged(run) for run in runs)


def _plain(text: str) -> str:
    return "".join(run.text for run in _runs(text))


# The same labels are read at every answer; those that quote one are nobody else's, and not kept.
_html_kept, _plain_kept = lru_cache(KEPT)(_html), lru_cache(KEPT)(_plain)


def _tagged(run: Run) -> str:
    text = escape(run.text, quote=False)
    for style in reversed(ORDER):
        if style in run.styles:
            text = f"<{style}>{text}</{style}>"
    return f'<a href="{escape(run.link)}">{text}</a>' if run.link else text


def _cut(runs: Iterable[Run], most: int) -> Iterator[Run]:
    left = most
    for run in runs:
        if len(run.text) > left:
            if left:
                yield Run(run.text[:left], run.styles, run.link)
            yield Run(" …")
            return
        left -= len(run.text)
        yield run


# Reading --------------------------------------------------------------------------------------


def _runs(text: str) -> Iterator[Run]:
    """The words of a text in their styles, without white space around the whole."""
    marked, kept = _set_aside(text)
    found = [run for run in _Reader(kept).read(marked) if run.text]
    merged = [
        Run("".join(run.text for run in same), *look)
        for look, same in groupby(found, key=lambda run: (run.styles, run.link))
    ]
    yield from _trimmed(merged)


def _trimmed(runs: list[Run]) -> Iterator[Run]:
    while runs and not runs[0].text.strip():
        del runs[0]
    while runs and not runs[-1].text.strip():
        del runs[-1]
    for place, run in enumerate(runs):
        words = run.text
        if place == 0:
            words = words.lstrip()
        if place == len(runs) - 1:
            words = words.rstrip()
        yield Run(words, run.styles, run.link)


def _set_aside(text: str) -> tuple[str, list[str]]:
    """The text with one sign for each thing that stands for itself, and those things in order."""
    kept: list[str] = []

    def keep(words: str) -> str:
        if _FIRST + len(kept) > _LAST:
            return words
        kept.append(words)
        return chr(_FIRST + len(kept) - 1)

    def sign(found: re.Match[str]) -> str:
        return keep(found[1] or unescape(found[0]))

    parts = []
    at = 0
    for start, end in (*quoted_in(text), (len(text), len(text))):
        written = _RESERVED.sub(" ", text[at:start].replace("\r\n", "\n"))
        parts.append(_ITSELF.sub(sign, written))
        if end > start:
            parts.append(keep(text[start:end]))
        at = end
    return "".join(parts), kept


@dataclass(slots=True)
class _Reader:
    """One pass over a text: what is open now, and what was read."""

    kept: list[str]
    runs: list[Run] = field(default_factory=list)
    tags: list[tuple[str, frozenset[Style], str]] = field(default_factory=list)
    """The HTML tags that are open: name, what they do, the address."""

    def read(self, text: str) -> list[Run]:
        """The runs of a whole text."""
        for place, line in enumerate(_blocks(text)):
            if place:
                self._show("\n", frozenset())
            heading = _HEADING.fullmatch(line)
            point = None if heading else _POINT.match(line)
            if heading:
                self._inline(heading[1], frozenset("b"))
            elif point:
                self._show(f"{point[1]}• ", frozenset())
                self._inline(line[point.end() :], frozenset())
            else:
                self._inline(line, frozenset())
        return self.runs

    def _inline(self, text: str, styles: frozenset[Style], depth: int = 0) -> None:
        at = begun = 0
        while at < len(text):
            end = self._special(text, at, begun, styles, depth) if text[at] in "<[*_" else 0
            if end:
                at = begun = end
            else:
                at += 1
        self._show(text[begun:], styles)

    def _special(self, text: str, at: int, begun: int, styles: frozenset[Style], depth: int) -> int:
        """Read what begins at a sign, after the words before it; where it ends, or 0."""
        if text[at] == "<":
            tag = _TAG.match(text, at)
            if tag is None or tag[2].lower() not in {*_STYLES, *_OWN_LINE, *_BARE}:
                return 0
            self._show(text[begun:at], styles)
            self._tag(tag)
            return tag.end()
        if depth >= _DEEPEST:
            return 0
        if text[at] == "[":
            link = _LINK.match(text, at)
            address = self._restored(link[2]) if link else ""
            if link is None or not _ADDRESS.fullmatch(address):
                return 0
            self._show(text[begun:at], styles)
            self._linked(link[1], address, styles, depth)
            return link.end()
        for pattern, looks in _EMPHASIS:
            found = pattern.match(text, at)
            if found:
                self._show(text[begun:at], styles)
                self._inline(found[1], styles | set(looks), depth + 1)
                return found.end()
        return 0

    def _tag(self, tag: re.Match[str]) -> None:
        name = tag[2].lower()
        if name == "br":
            self._show("\n", frozenset())
        elif name == "li":
            if not tag[1]:
                self._line()
                self._show("• ", frozenset())
        elif tag[1]:
            self._close(name)
        else:
            if name in _OWN_LINE:
                self._line()
            self._open(name, tag[3])

    def _open(self, name: str, attributes: str) -> None:
        given = {
            found[1].lower(): found[2] or found[3] or found[4] or ""
            for found in _ATTRIBUTE.finditer(attributes)
        }
        styles = {_STYLES[name]} if name in _STYLES else set()
        look = given.get("style", "")
        styles |= {style for pattern, style in _SHOWN_BY_STYLE if pattern.search(look)}
        address = self._restored(given.get("href", "")) if name == "a" else ""
        link = address if _ADDRESS.fullmatch(address) else ""
        self.tags.append((name, frozenset(styles), link))

    def _close(self, name: str) -> None:
        for place in range(len(self.tags) - 1, -1, -1):
            if self.tags[place][0] == name:
                link = self.tags[place][2]
                del self.tags[place]
                if not link.lower().startswith("http"):
                    self._show(_beside(link), frozenset())
                break
        if name in _OWN_LINE:
            self._line()

    def _line(self) -> None:
        """Go on in a new line."""
        if self.runs and not self.runs[-1].text.endswith("\n"):
            self._show("\n", frozenset())

    def _linked(self, words: str, address: str, styles: frozenset[Style], depth: int) -> None:
        self.tags.append(("[", frozenset(), address))
        before = len(self.runs)
        self._inline(words, styles, depth + 1)
        self.tags = [tag for tag in self.tags if tag[0] != "["]
        said = "".join(run.text for run in self.runs[before:])
        if not address.lower().startswith("http"):
            beside = _beside(address)
            self._show("" if beside.strip(" ()") in said else beside, styles)

    def _show(self, text: str, styles: frozenset[Style]) -> None:
        if not text:
            return
        link = ""
        for _, own, address in self.tags:
            styles |= own
            link = address or link
        # Telegram makes links of numbers and addresses by itself, and none of "tel:" or "mailto:".
        link = link if link.lower().startswith("http") else ""
        self.runs.append(Run(self._restored(text), styles, link))

    def _restored(self, text: str) -> str:
        return _RESERVED.sub(
            lambda found: "".join(self.kept[ord(sign) - _FIRST] for sign in found[0]), text
        )


def _beside(address: str) -> str:
    """A telephone number or an e-mail address, to be read after the words that lead to it."""
    kind, _, rest = address.partition(":")
    return f" ({rest})" if kind.lower() in ("tel", "mailto") and rest else ""


def _blocks(text: str) -> Iterator[str]:
    """The lines that are read each for itself; emphasis may go on over a line end within them."""
    yield from _together(text.split("\n"))


def _together(lines: list[str]) -> Iterator[str]:
    begun: list[str] = []
    for line in lines:
        special = not line.strip() or _HEADING.fullmatch(line) or _POINT.match(line)
        if special and begun:
            yield "\n".join(begun)
            begun = []
        if special:
            yield line
        else:
            begun.append(line)
    if begun:
        yield "\n".join(begun)
