"""A workbook as rows of text: Excel, or the same tables in Markdown or CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from surveys.form.archives import ZIP
from surveys.form.excel import LONGEST_CELL, MOST_CELLS, Page, Unreadable, read_xlsx, too_much
from surveys.form.problems import Cell, Problem, odd, refused, wrong

MOST_ROWS, MOST_COLUMNS = 20_000, 1_000
"""Of a sheet: more is nobody's list or form, and reading it would take hours."""
GAP = 1_000
"""Empty rows after which a sheet is taken to be over: Excel keeps a million of them."""
LARGEST = 20 * 1024 * 1024
"""Bytes of a workbook."""
FORM_SHEETS = ("survey", "choices", "settings", "external_choices", "entities", "osm", "indicators")
"""Of a workbook with a sheet survey only these are read."""
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ODK = frozenset(FORM_SHEETS) - {"indicators"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a sheet: its number as the author sees it, and its cells by header."""

    number: int
    cells: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """Each header as its author wrote it; one mapping for all rows of a sheet."""


Sheets = Mapping[str, Sequence[Row]]
"""Sheets by name, in lower case."""


class Book(dict[str, list[Row]]):
    """`Sheets`, and what was seen while they were read."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        """Of all sheets, read or not, as they are written."""
        self.headers: dict[str, Mapping[str, str]] = {}
        """Of each sheet, rows or none: headers as they are read, and as they are written."""
        self.problems: list[Problem] = []


def read_sheets(content: bytes, kind: str) -> Book:
    """The sheets of a workbook; `kind` is its file's ending: xlsx, xls, md or csv.

    Raises `FormError` where the file is not what its ending says, or is too large.
    """
    if len(content) > LARGEST:
        raise refused(
            "The file is larger than {most} megabytes.",
            "Take out pictures and sheets that are not needed.",
            most=LARGEST // 1024 // 1024,
        )
    book = Book()

    def only(names: Collection[str]) -> Collection[str]:
        book.names = list(names)
        known = {name: name.strip().lower() for name in names}
        form = [name for name, lowered in known.items() if lowered in FORM_SHEETS]
        return form if "survey" in known.values() else names

    if kind in ("xlsx", "xls") and content.startswith((ZIP, OLE)):
        # Whatever its name says: people rename workbooks.
        kind = "xlsx" if content.startswith(ZIP) else "xls"
    try:
        if kind == "xlsx":
            pages, book.problems = read_xlsx(content, only)
        elif kind == "xls":
            from surveys.form.old_excel import read_xls

            pages = read_xls(content, only)
        else:
            text = content.decode("utf-8-sig")
            pages = _tables(_markdown(text) if kind == "md" else csv_rows(text))
            book.names = [page.name for page in pages]
    except UnicodeDecodeError:
        raise refused("The file is not UTF-8 text.", "Save it as UTF-8.") from None
    except csv.Error:
        raise refused("This is not CSV.", "Save it again as CSV in UTF-8.") from None
    for page in pages:
        name = page.name.strip().lower()
        if name in book:
            book.problems.append(wrong(Cell(name), "Two sheets are named {name}.", "Rename one.",
                                       name=name))  # fmt: skip
        _rows(book, name, page)
    return book


def csv_rows(text: str) -> Iterator[list[str]]:
    """The rows of a text in CSV, whatever ends its lines. Raises `csv.Error`."""
    return csv.reader(io.StringIO(text, newline=""))


def _rows(book: Book, name: str, page: Page) -> None:
    """The rows of a page below its headers, and what is odd about them, into the book."""
    found: list[Row] = []
    headers: list[str] | None = None
    written: dict[str, str] = {}
    last = 0
    for number, cells in page.rows:
        if number > last + GAP:
            break
        words = [_word(cell, name in _ODK) for cell in cells[:MOST_COLUMNS]]
        if any(words):
            last = number
        if len(found) >= MOST_ROWS or any(cell is not None for cell in cells[MOST_COLUMNS:]):
            raise refused(
                "A sheet has more than {rows} rows or {columns} columns.",
                "Take out what is not needed.",
                rows=f"{MOST_ROWS:,}",
                columns=f"{MOST_COLUMNS:,}",
            )
        if headers is None:
            if any(words):
                headers = [_header(word) for word in words]
                book.problems += _headed_twice(name, number, headers)
                written = {header: " ".join(word.split()) for header, word in
                           zip(headers, words, strict=True) if header}  # fmt: skip
            continue
        words += [""] * (len(headers) - len(words))
        row = {header: word for header, word in zip(headers, words, strict=False) if header}
        if any(row.values()):
            found.append(Row(number, row, written))
        if any(isinstance(cell, Unreadable) for cell in cells):
            book.problems += [
                _unreadable(Cell(name, number, header), cell)
                for header, cell in zip(headers, cells, strict=False)
                if header and isinstance(cell, Unreadable)
            ]
    book[name], book.headers[name] = found, written


def _headed_twice(sheet: str, number: int, headers: Sequence[str]) -> list[Problem]:
    return [
        wrong(Cell(sheet, number, header), "Two columns are headed {header}.",
              "Rename one, or take it away.", header=header)
        for header in dict.fromkeys(headers)
        if header and headers.count(header) > 1
    ]  # fmt: skip


def _unreadable(cell: Cell, value: Unreadable) -> Problem:
    if value:
        return wrong(
            cell, "The formula of this cell gives {value}.", "Write the value itself.", value=value
        )
    return odd(
        cell,
        "This cell has a formula without a stored value, and is read as empty.",
        "Open the workbook in Excel and save it, or write the value itself.",
    )


def _header(word: str) -> str:
    """As ODK reads it: "Label::English (en)" is "label::English (en)"."""
    name, colons, language = word.partition("::")
    return f"{name.strip().lower().replace(' ', '_')}{colons}{language.strip()}"


def _word(cell: object, odk: bool = False) -> str:
    """A cell as text; TRUE and FALSE as other XLSForm tools read them, where they do."""
    if cell is None or isinstance(cell, Unreadable):
        return ""
    if isinstance(cell, bool):
        return ("TRUE" if cell else "FALSE") if odk else "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).replace("\xa0", " ").strip()


def _markdown(text: str) -> Iterable[list[str]]:
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped.startswith("|") or set(stripped) <= set("|-: "):
            yield []
            continue
        # Between the outer bars: an empty first cell keeps its place.
        parts = re.split(r"(?<!\\)\|", stripped)
        inner = parts[1:-1] if stripped.endswith("|") else parts[1:]
        yield [cell.strip().replace("\\|", "|") for cell in inner]


def _tables(lines: Iterable[Sequence[str]]) -> list[Page]:
    """Tables whose first column names the sheet where one begins; rows count from its headers."""
    pages: dict[str, Page] = {}
    current: Page | None = None
    count = 0
    for cells in lines:
        if cells and cells[0].strip():
            name = cells[0].strip()
            current = pages.setdefault(name.lower(), Page(name))
            if not any(cell.strip() for cell in cells[1:]):
                continue
        if current is not None and any(cell.strip() for cell in cells[1:]):
            count += len(cells)
            if count > MOST_CELLS:
                raise too_much()
            kept: list[object] = [cell[:LONGEST_CELL] or None for cell in cells[1:]]
            current.rows.append((len(current.rows) + 1, kept))
    return list(pages.values())
