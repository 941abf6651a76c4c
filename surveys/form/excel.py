"""Excel workbooks (.xlsx) as rows of cells, read as hostile input: streamed, bounded, no entities.

Only text and values are read: no formula is computed, no link followed, no macro looked at.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from xml.parsers.expat import ExpatError, ParserCreate

from surveys.form.archives import names_in, unpacked
from surveys.form.problems import Cell, Problem, odd, refused

MOST_CELLS = 300_000
"""Cells that hold something, of all sheets together."""
MOST_ELEMENTS = 1_200_000
"""Of the XML of all parts: empty, styled cells count here."""
LONGEST_CELL = 32_767
"""Characters, as in Excel."""
LAST_COLUMN = 16_384

_CHUNK = 1 << 16
_PARTS = re.compile(
    r"\[Content_Types\]\.xml|(.*/)?_rels/.*\.rels|.*(workbook|styles|sharedStrings|sheet)[^/]*\.xml",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})")
_DATES = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
"""The built-in formats of numbers that are dates or times."""
_NO_DATE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h|m|s)[^\]]*\]', re.IGNORECASE)
_EPOCH, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)


class Unreadable(str):
    """In the place of a value: what a cell shows instead, "" for a formula that has none."""


@dataclass(slots=True)
class Page:
    """One sheet of a workbook."""

    name: str
    rows: list[tuple[int, list[object]]] = field(default_factory=list)
    """Rows that hold something, by their numbers, from 1, in ascending order."""


def read_xlsx(
    content: bytes, only: Callable[[Collection[str]], Collection[str]]
) -> tuple[list[Page], list[Problem]]:
    """The sheets of a workbook that `only` picks from all their names, and what is odd about it.

    Cells are str, int, float, bool, datetime, time, None or `Unreadable`. Raises `FormError`.
    """
    names = names_in(content)
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise refused(
            "The workbook has macros.", "Save it in Excel as .xlsx, which has none, and send that."
        )
    if "mimetype" in names or not names:
        raise not_excel()
    parts = unpacked(content, lambda name: _PARTS.fullmatch(name) is not None)
    reading = _Reading({name.lower(): part for name, part in parts.items()})
    try:
        pages = reading.pages(only)
    except (ExpatError, ValueError, LookupError, OverflowError):
        raise not_excel() from None
    problems = []
    if any("externallinks/" in name.lower() for name in names):
        problems.append(
            odd(
                Cell(),
                "The workbook is linked to others: what it last showed of them is read.",
                "Better replace the links by their values.",
            )
        )
    return pages, problems


def not_excel() -> Exception:
    """A file that only calls itself a workbook."""
    return refused("This is not an Excel workbook.", "Save it again in Excel as .xlsx.")


class _Reading:
    def __init__(self, parts: Mapping[str, bytes]) -> None:
        self.parts = parts
        self.elements = 0
        self.cells = 0

    def pages(self, only: Callable[[Collection[str]], Collection[str]]) -> list[Page]:
        main = next(iter(self.related("", "/officedocument").values()), "xl/workbook.xml")
        book = _Book()
        self.parse(main, book)
        beside = self.related(main, "")
        texts, styles = _Texts(), _Styles()
        for target in beside.values():
            if target.endswith("sharedstrings.xml"):
                self.parse(target, texts)
            elif target.endswith("styles.xml"):
                self.parse(target, styles)
        wanted = set(only([name for name, _ in book.sheets]))
        pages = []
        for name, relation in book.sheets:
            target = beside.get(relation, "")
            if name in wanted and target in self.parts:
                sheet = _Sheet(Page(name), texts.found, styles.dates(), book.since, self)
                self.parse(target, sheet)
                pages.append(sheet.page)
        return pages

    def related(self, part: str, kind: str) -> dict[str, str]:
        """The parts that a part names, by the ids that it gives them."""
        folder, name = posixpath.split(part)
        rels = _Relations(kind)
        with suppress(KeyError):
            self.parse(posixpath.join(folder, "_rels", f"{name}.rels"), rels)
        return {
            one: posixpath.normpath(posixpath.join("/", folder, target))[1:].lower()
            for one, target in rels.found
        }

    def parse(self, name: str, into: _Part) -> None:
        """Feed a part to `into`; raises `ExpatError`, `KeyError` where there is no such part."""
        content = self.parts[name.lower()]
        parser = ParserCreate(namespace_separator=" ")
        parser.buffer_text = True

        def begin(tag: str, attributes: dict[str, str]) -> None:
            self.elements += 1
            if self.elements > MOST_ELEMENTS:
                raise too_much()
            into.begin(tag.rpartition(" ")[2], attributes)

        def end(tag: str) -> None:
            into.end(tag.rpartition(" ")[2])

        def declared(*_: object) -> None:
            raise not_excel()

        parser.StartElementHandler, parser.EndElementHandler = begin, end
        parser.CharacterDataHandler = into.data
        parser.StartDoctypeDeclHandler = declared
        for start in range(0, len(content), _CHUNK):
            if into.done:
                return
            parser.Parse(content[start : start + _CHUNK], False)
        parser.Parse(b"", True)

    def count_cell(self) -> None:
        self.cells += 1
        if self.cells > MOST_CELLS:
            raise too_much()


def too_much() -> Exception:
    """More than anybody's form or list."""
    return refused(
        "The workbook has more than {most} cells.",
        "Take out what is not needed.",
        most=f"{MOST_CELLS:,}",
    )


class _Part:
    """What reads one part of a workbook."""

    done = False

    def begin(self, tag: str, attributes: dict[str, str]) -> None: ...
    def end(self, tag: str) -> None: ...
    def data(self, text: str) -> None: ...


class _Relations(_Part):
    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.found: list[tuple[str, str]] = []

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if (
            tag == "Relationship"
            and attributes.get("Type", "").lower().endswith(self.kind)
            and attributes.get("TargetMode", "Internal") == "Internal"
        ):
            self.found.append((attributes.get("Id", ""), attributes.get("Target", "")))


class _Book(_Part):
    def __init__(self) -> None:
        self.sheets: list[tuple[str, str]] = []
        self.since = _EPOCH

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "workbookPr" and attributes.get("date1904") in ("1", "true"):
            self.since = _EPOCH_1904
        if tag == "sheet":
            relation = next((v for k, v in attributes.items() if k.endswith(" id")), "")
            self.sheets.append((attributes.get("name", ""), relation))


class _Texts(_Part):
    """Texts that cells share."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.pieces: list[str] = []
        self.inside = False
        self.aside = 0

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "si":
            self.pieces = []
        self.aside += tag == "rPh"
        # How Japanese is read aloud stands beside the text, and is none of it.
        self.inside = tag == "t" and not self.aside

    def end(self, tag: str) -> None:
        self.aside -= tag == "rPh"
        self.inside = False
        if tag == "si":
            self.found.append("".join(self.pieces))

    def data(self, text: str) -> None:
        if self.inside:
            self.pieces.append(text)


class _Styles(_Part):
    """Which styles show a number as a date."""

    def __init__(self) -> None:
        self.own: set[int] = set()
        self.formats: list[int] = []
        self.inside = False

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "numFmt":
            shown = _NO_DATE.sub("", attributes.get("formatCode", ""))
            if re.search(r"[dmyhs]", shown, re.IGNORECASE):
                self.own.add(int(attributes.get("numFmtId", "0")))
        self.inside = self.inside or tag == "cellXfs"
        if tag == "xf" and self.inside:
            self.formats.append(int(attributes.get("numFmtId", "0")))

    def end(self, tag: str) -> None:
        if tag == "cellXfs":
            self.inside = False

    def dates(self) -> frozenset[str]:
        return frozenset(
            str(place)
            for place, kind in enumerate(self.formats)
            if kind in self.own or kind in _DATES
        )


class _Sheet(_Part):
    def __init__(
        self, page: Page, texts: list[str], dates: frozenset[str], since: datetime, all_: _Reading
    ) -> None:
        self.page, self.texts, self.dates, self.since, self.all = page, texts, dates, since, all_
        self.number = self.column = 0
        self.cells: list[object] = []
        self.kind = self.style = ""
        self.pieces: list[str] = []
        self.shown = self.aside = self.computed = False

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            self.place(attributes.get("r", ""))
            self.kind, self.style = attributes.get("t", "n"), attributes.get("s", "")
            self.pieces, self.computed = [], False
        elif tag == "row":
            self.number = int(attributes.get("r", self.number + 1))
            self.column, self.cells = 0, []
        elif tag == "f":
            self.computed = True
        elif tag == "rPh":
            self.aside = True
        self.shown = tag in ("v", "t") and not self.aside

    def place(self, reference: str) -> None:
        found = _REFERENCE.fullmatch(reference)
        self.column += 1
        if found:
            self.column = 0
            for letter in found[1]:
                self.column = self.column * 26 + ord(letter) - 64
        if self.column > LAST_COLUMN:
            raise ValueError("a column that no sheet has")

    def data(self, text: str) -> None:
        if self.shown:
            self.pieces.append(text)

    def end(self, tag: str) -> None:
        self.shown = False
        if tag == "rPh":
            self.aside = False
        elif tag == "c":
            value = self.value("".join(self.pieces)[:LONGEST_CELL])
            if value is not None:
                self.all.count_cell()
                self.cells += [None] * (self.column - len(self.cells))
                self.cells[self.column - 1] = value
        elif tag == "row" and self.cells:
            self.page.rows.append((self.number, self.cells))
        elif tag == "sheetData":
            self.done = True

    def value(self, text: str) -> object:
        """What a cell holds, as Excel wrote it down when it was saved."""
        if self.computed and not text and self.kind != "str":
            return Unreadable("")
        if self.kind == "e":
            return Unreadable(text)
        if self.kind == "s":
            return self.texts[int(text)] if text else None
        if self.kind == "b":
            return text == "1" if text else None
        if self.kind in ("str", "inlineStr"):
            return text
        if self.kind == "d":
            return datetime.fromisoformat(text) if text else None
        if not text:
            return None
        number = float(text) if re.search(r"[.eEnN]", text) else int(text)
        return self.moment(number) if self.style in self.dates else number

    def moment(self, days: float) -> object:
        """A number of days as the day or the time of day that it shows."""
        if 1 <= days < 60 and self.since == _EPOCH:
            # Excel has a 29 February 1900.
            days += 1
        try:
            shown = self.since + timedelta(milliseconds=round(days * 86_400_000))
        except (OverflowError, ValueError):
            return days
        return shown.time() if 0 <= days < 1 else shown
