"""The texts of an XForm in its languages, with `${…}` outputs as compiled expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from xml.etree.ElementTree import Element

from surveys.form.expression import Expression
from surveys.form.model import Text

REFERENCE = re.compile(r"^\s*jr:itext\(\s*'([^']*)'\s*\)\s*$")
ITEXT_REFERENCE = re.compile(r"^\s*jr:itext\(\s*([A-Za-z_][\w.\-]*)\s*\)\s*$")
"""Inside an itemset: the id of the text stands in a field of the item."""

Piece = str | Expression


class Texts:
    """All texts of one form, by id."""

    def __init__(
        self, itext: Element | None, compile_output: Callable[[str], Expression | None]
    ) -> None:
        self._compile = compile_output
        translations = list(named(itext, "translation")) if itext is not None else []
        # pyxform marks the default language; the first one is the default elsewhere.
        translations.sort(key=lambda part: part.get("default") not in ("true()", "true", ""))
        self.languages: tuple[str, ...] = tuple(part.get("lang", "") for part in translations) or (
            "",
        )
        if self.languages == ("default",):
            self.languages = ("",)
        self._known: dict[str, dict[str, tuple[Piece, ...]]] = {}
        for language, translation in zip(self.languages, translations, strict=False):
            for text in named(translation, "text"):
                value = _plain_value(text)
                if value is not None:
                    by_language = self._known.setdefault(text.get("id", ""), {})
                    by_language[language] = self._pieces(value)

    def get(self, text_id: str) -> Text | None:
        """The text with this id; in a language that lacks it, as in the default language."""
        found = self._known.get(text_id)
        if found is None:
            return None
        default = found.get(self.languages[0]) or next(iter(found.values()))
        return Text({language: found.get(language, default) for language in self.languages})

    def same(self, text: str) -> Text:
        """A text that reads the same in every language."""
        return Text(dict.fromkeys(self.languages, (text,) if text else ()))

    def referred(self, written: str) -> Text | None:
        """What an attribute says: a reference to a text, or the text itself."""
        match = REFERENCE.match(written)
        return self.get(match[1]) if match else self.same(written)

    def of(self, element: Element) -> Text | None:
        """What a label or hint says: by reference, or in place."""
        reference = element.get("ref")
        if reference:
            return self.referred(reference)
        pieces = self._pieces(element)
        return Text(dict.fromkeys(self.languages, pieces)) if pieces else None

    def _pieces(self, element: Element) -> tuple[Piece, ...]:
        pieces: list[Piece] = [element.text or ""]
        for child in element:
            if local(child) == "output":
                compiled = self._compile(child.get("value", ""))
                if compiled is not None:
                    pieces.append(compiled)
            pieces.append(child.tail or "")
        if isinstance(pieces[0], str):
            pieces[0] = pieces[0].lstrip()
        if isinstance(pieces[-1], str):
            pieces[-1] = pieces[-1].rstrip()
        return tuple(piece for piece in pieces if piece != "")


def named(element: Element, tag: str) -> Iterator[Element]:
    """The children with this name, whatever their namespace."""
    return (child for child in element if local(child) == tag)


def local(element: Element) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rsplit("}", maxsplit=1)[-1]


def _plain_value(text: Element) -> Element | None:
    """The value to be read: not the short or guidance form, not a picture."""
    values = list(named(text, "value"))
    plain = [value for value in values if value.get("form") in (None, "", "long")]
    return plain[0] if plain else None
