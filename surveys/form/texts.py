"""The texts of an XForm: in every language, with the values that they quote."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from surveys.form import problems
from surveys.form.expression import Expression
from surveys.form.model import MediaKind, Text
from surveys.form.problems import Problem

Pieces = tuple[str | Expression, ...]
Compile = Callable[[str, str, str], Expression | None]
"""Given a text, the node and the column: its expression, or None and a problem noted."""

_ITEXT = re.compile(r"\s*jr:itext\(\s*'([^']*)'\s*\)\s*\Z")
_SHOWN = ("", "long", "short")
"""The forms of a text that a person reads, the best first."""
_MEDIA: tuple[MediaKind, ...] = ("image", "big-image", "audio", "video")
NO_LANGUAGE = ""


@dataclass
class Texts:
    """The texts of one XForm."""

    languages: tuple[str, ...]
    """The default first; ("",) where there are no translations."""
    itext: Mapping[str, Mapping[str, Mapping[str, Element]]]
    """By id, language and form ("" is the plain one)."""
    compile: Compile
    note: Callable[[Problem], None]

    def of_element(self, element: Element | None, here: str, column: str) -> Text | None:
        """The text of a label or hint; None where there is none."""
        if element is None:
            return None
        reference = element.get("ref")
        if reference is not None:
            return self.of_message(reference, here, column)
        pieces = self._pieces(element, here, column)
        return Text(dict.fromkeys(self.languages, pieces)) if pieces else None

    def of_message(self, message: str | None, here: str, column: str) -> Text | None:
        """The text that an attribute holds, or names with `jr:itext('…')`."""
        if not message:
            return None
        found = _ITEXT.match(message)
        if found is not None:
            return self.of_id(found[1], here, column)
        return Text(dict.fromkeys(self.languages, (message.strip(),)))

    def of_id(self, text_id: str, here: str, column: str) -> Text | None:
        """The text with this id, in every language that has it; None where it has no words."""
        by_language = self.itext.get(text_id)
        if by_language is None:
            self.note(problems.no_text(here, text_id))
            return None
        told: dict[str, Pieces] = {}
        for language in self.languages:
            forms = by_language.get(language, {})
            best = next((forms[form] for form in _SHOWN if form in forms), None)
            if best is not None and (pieces := self._pieces(best, here, column)):
                told[language] = pieces
        # pyxform writes "-" where a translation is missing: another language says more.
        if any(pieces != ("-",) for pieces in told.values()):
            told = {language: pieces for language, pieces in told.items() if pieces != ("-",)}
        return Text(told) if told else None

    def media_of_element(self, element: Element | None) -> dict[str, dict[MediaKind, str]]:
        """The files to show with the text of a label, by language."""
        found = _ITEXT.match(element.get("ref") or "") if element is not None else None
        return self.media_of_id(found[1]) if found is not None else {}

    def media_of_id(self, text_id: str) -> dict[str, dict[MediaKind, str]]:
        """The same of the text with this id."""
        told: dict[str, dict[MediaKind, str]] = {}
        for language, forms in self.itext.get(text_id, {}).items():
            files = {
                kind: (forms[kind].text or "").strip().rpartition("/")[2]
                for kind in _MEDIA
                if kind in forms
            }
            # pyxform writes "-" where a translation is missing.
            named = {kind: file for kind, file in files.items() if file not in ("", "-")}
            if named:
                told[language] = named
        return told

    def guidance(self, element: Element | None, here: str) -> Text | None:
        """What a hint says to those who ask for more."""
        found = _ITEXT.match(element.get("ref") or "") if element is not None else None
        if found is None:
            return None
        told = {
            language: pieces
            for language, forms in self.itext.get(found[1], {}).items()
            if "guidance" in forms
            and (pieces := self._pieces(forms["guidance"], here, "guidance_hint"))
            and pieces != ("-",)
        }
        return Text(told) if told else None

    def _pieces(self, element: Element, here: str, column: str) -> Pieces:
        """The words of an element and the values between them, without spaces around the whole."""
        words = [element.text or "", *(child.tail or "" for child in element)]
        words[0] = words[0].lstrip()
        words[-1] = words[-1].rstrip()
        pieces: list[str | Expression | None] = [words[0]]
        for child, after in zip(element, words[1:], strict=True):
            value = child.get("value") or child.get("ref")
            pieces += [self.compile(value, here, column) if value else None, after]
        return tuple(piece for piece in pieces if piece)


def read_itext(model: Element) -> tuple[tuple[str, ...], dict[str, dict[str, dict[str, Element]]]]:
    """The languages of a model, the default first, and its texts by id, language and form."""
    itext: dict[str, dict[str, dict[str, Element]]] = {}
    languages: list[str] = []
    for translation in model.iterfind("{*}itext/{*}translation"):
        language = translation.get("lang", "")
        default = translation.get("default") not in (None, "", "false()")
        languages.insert(0 if default else len(languages), language)
        for text in translation.iterfind("{*}text"):
            forms = itext.setdefault(text.get("id", ""), {}).setdefault(language, {})
            for value in text.iterfind("{*}value"):
                forms.setdefault(value.get("form", ""), value)
    # pyxform calls the language of a form without languages "default".
    return tuple(languages) or (NO_LANGUAGE,), itext
