"""Forms that nobody would write and that somebody may send."""

import io
import sys
import time
import zipfile
from datetime import datetime
from datetime import time as time_of_day
from itertools import pairwise
from types import SimpleNamespace

import openpyxl
import pytest
import xlrd
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.form.old_excel import _pages, _value
from surveys.form.problems import FormError
from surveys.form.sheets import OLE, read_sheets
from surveys.form.xform import load
from surveys.form.xlsform import convert

XFORM = """<h:html xmlns:h="http://www.w3.org/1999/xhtml" xmlns="http://www.w3.org/2002/xforms">
<h:head><model><instance><data id="x">{inside}</data></instance></model></h:head>
<h:body>{body}</h:body></h:html>"""


@pytest.mark.parametrize("depth", [60, 20_000])
@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("body", [True, False])
def test_groups_inside_groups_without_end(depth, inside, body):
    nodes = "<g>" * depth + "</g>" * depth if inside else "<g/>"
    groups = "<group>" * depth + "</group>" * depth if body else '<input ref="/data/g"/>'
    if not inside and not body:
        assert load(XFORM.format(inside=nodes, body=groups)).questions
        return
    with pytest.raises(FormError) as found:
        load(XFORM.format(inside=nodes, body=groups))
    (problem,) = found.value.problems
    assert problem.what.endswith("more than 50 groups are inside each other.")


def test_deep_groups_of_a_workbook_are_one_problem():
    rows = [f"| | begin_group | g{place} | G | |" for place in range(60)]
    rows += ["| | text | a | A | ${b} |", "| | text | b | B | |", *["| | end_group | | | |"] * 60]
    content = "\n".join(["| survey |", "| | type | name | label | relevant |", *rows])
    with pytest.raises(FormError) as found:
        convert(content.encode(), "deep.md")
    assert [str(one) for one in found.value.problems] == [
        "survey row 52, type: g50: more than 50 groups are inside each other."
        " Take some of them away."
    ]


def excel(*rows: list[object]) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = " Survey "
    for row in rows:
        book.active.append(row)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def changed(content: bytes, part: str, change) -> bytes:
    """A workbook with one of its parts replaced."""
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(kept, "w", 8) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if part in name else old.read(name))
    return kept.getvalue()


@pytest.mark.parametrize("part", ["worksheets/sheet1", "xl/workbook.xml", "_rels/.rels"])
@pytest.mark.parametrize("change", [lambda old: old[:-20], lambda old: b"\0", lambda old: b"<a/>"])
def test_a_zip_that_is_no_workbook(part, change):
    whole = excel(["type", "name", "label"], ["text", "a", "A"])
    if part == "_rels/.rels" and change(b"") == b"<a/>":
        # Which part is the workbook is guessed then, as Excel does.
        assert convert(changed(whole, part, change), "form.xlsx").form.questions
        return
    with pytest.raises(FormError) as found:
        convert(changed(whole, part, change), "form.xlsx")
    assert str(found.value.problems[0]) in (
        "This is not an Excel workbook. Save it again in Excel as .xlsx.",
        "The workbook has no sheet survey with questions in it."
        " Name the sheet with the questions survey.",
    )


def test_blank_rows_count_and_cells_may_hold_anything():
    import datetime

    rows = [
        ["Type", "Name", "Label", "Default"],
        ["integer", "a", 5, 3.0],
        [None, None, None, None],
        ["date", "d", "D", datetime.date(2026, 11, 24)],
        ["text", 7, True, None],
    ]
    with pytest.raises(FormError) as found:
        convert(excel(*rows), "form.xlsx")
    assert [str(one) for one in found.value.problems] == [
        "survey row 5, name: 7 cannot be a name."
        " Begin with a letter, then letters, digits, _, - and . only."
    ]
    rows[4][1] = "t"
    form = convert(excel(*rows), "form.xlsx").form
    assert [(node.name, node.default) for node in form.questions[:3]] == [
        ("a", "3"), ("d", "2026-11-24"), ("t", ""),
    ]  # fmt: skip


def test_a_list_that_did_not_come():
    content = b"| survey |\n| | type | name | label |\n| | select_one_from_file k.csv | a | A |"
    with pytest.raises(FormError) as found:
        convert(content, "form.md")
    assert str(found.value) == (
        "survey row 2, type: The file k.csv did not come with the form."
        " Send it with the workbook, all together in one .zip."
    )


def test_csv_that_is_cut_in_a_line_end_or_holds_too_much():
    whole = b"survey,,,\r\n,type,name,label\r\n,text,a,A\r\n"
    assert convert(whole[:-1], "form.csv").form.questions
    assert convert(whole.replace(b"\r\n", b"\r"), "form.csv").form.questions
    with pytest.raises(FormError, match="This is not CSV"):
        convert(whole.replace(b",A", b"," + b"A" * 200_000), "form.csv")


# More than anybody's, and what only calls itself a workbook ---------------------------------------

HEAD = "| survey |\n| | type | name | label | relevant |\n"
SHEET, ENTITY = "xl/worksheets/sheet1.xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]>"


def within(old: bytes, more: bytes) -> bytes:
    return old.replace(b"</sheetData>", more + b"</sheetData>")


HUGE = {
    "rows": lambda old: within(old, b"<row/>" * 3_000_000),
    "cells": lambda old: within(
        old, (b"<row>" + b'<c t="b"><v>1</v></c>' * 100 + b"</row>") * 5_000
    ),
    "white space": lambda old: within(old, b" " * 100_000_000),
    "depth": lambda old: b"<worksheet><sheetData>" + b"<a>" * 2_000_000,
    "far columns": lambda old: within(old, b'<row><c r="XFE1" t="b"><v>1</v></c></row>'),
    "long numbers": lambda old: within(old, b"<row><c><v>" + b"1" * 5_000 + b"</v></c></row>"),
    "entities": lambda old: ENTITY + old[old.index(b"<worksheet") :],
    "a text that is not there": lambda old: within(old, b'<row><c t="s"><v>99</v></c></row>'),
    "cut": lambda old: old[:-30],
}
REFUSALS = (
    "This is not an Excel workbook.",
    "The workbook has more than 300,000 cells.",
    "The file unpacks to more than 20 megabytes.",
)
WIDE = "".join(f"| | text | a{n} | A ${{b{n}}} | |\n" for n in range(1_000))
LONG = {
    "f.md": [
        HEAD + "| | text | a | " + "${" * 100_000 + " | |",
        HEAD + "| | text | a | A | " + "(" * 30_000 + " |",
        HEAD + "| | text | a | A | " + "pulldata( " * 3_000 + " |",
        HEAD + "| | text | a | A | " + "not(" * 300 + "1" + ")" * 300 + " |",
        HEAD + WIDE,
        HEAD + "| | text | a | A | |\n" * 4_000,
        HEAD + "|" * 200_000,
    ],
    "f.csv": ["survey" + "," * 500_000, "survey,type,name\n,text," + "x" * 300_000, "\0" * 1_000],
}
MOST = 5.0 if sys.gettrace() is None else 20.0
"""Seconds of computing; more where every line is counted. The longest takes a third, for a busy
machine computes more slowly; what grows with the square of a file takes minutes."""


def outcome(content: bytes, name: str) -> str:
    """What becomes of a file: "form", or what is first wrong with it. Never slow, never a crash."""
    began = time.process_time()
    try:
        told = "form" if convert(content, name).form else ""
    except FormError as wrong:
        told = str(wrong.problems[0]) if wrong.problems else ""
    assert told
    assert time.process_time() - began < MOST
    assert "internal" not in told.lower()
    return told


@pytest.mark.parametrize("name", HUGE)
def test_huge_and_damaged_sheets(name):
    whole = excel(["type", "name", "label"], ["text", "a", "A"])
    told = outcome(changed(whole, SHEET, HUGE[name]), "f.xlsx")
    assert told.startswith(REFUSALS)


def test_what_stands_behind_the_cells_is_not_read():
    whole = excel(["type", "name", "label"], ["text", "a", "A"])
    merged = b"<mergeCells>" + b'<mergeCell ref="A1:B2"/>' * 700_000 + b"</mergeCells>"
    bad = changed(whole, SHEET, lambda old: old.replace(b"</sheetData>", b"</sheetData>" + merged))
    assert outcome(bad, "f.xlsx") == "form"


@pytest.mark.parametrize("name", LONG)
def test_long_cells_and_many_of_them(name):
    for content in LONG[name]:
        assert outcome(content.encode(), name) != "form" or "not(" in content


def add(content: bytes, **parts: bytes) -> bytes:
    kept = io.BytesIO(content)
    with zipfile.ZipFile(kept, "a") as archive:
        for name, part in parts.items():
            archive.writestr(name.replace("__", "/"), part)
    return kept.getvalue()


def test_macros_links_and_formulas():
    rows = (
        ["type", "name", "label"],
        ["text", "a", "A"],
        ["text", "b", "=1/0"],
        ["text", "c", "=A1"],
    )
    whole = excel(*rows)
    macros = "The workbook has macros. Save it in Excel as .xlsx, which has none, and send that."
    assert outcome(add(whole, **{"xl__vbaProject.bin": b"x"}), "f.xlsx") == macros
    assert outcome(whole, "f.XLSM") == macros
    linked = add(excel(*rows[:2]), **{"xl__externalLinks__externalLink1.xml": b"<x/>"})
    (problem,) = convert(linked, "f.xlsx").problems
    assert problem.what.startswith("The workbook is linked to others")

    def stored(old: bytes) -> bytes:
        return old.replace(b"<f>1/0</f><v></v>", b"<f>1/0</f><v>#DIV/0!</v>").replace(
            b"<f>1/0</f><v/>", b"<f>1/0</f><v>#DIV/0!</v>"
        ).replace(b'<c r="C3">', b'<c r="C3" t="e">')  # fmt: skip

    with pytest.raises(FormError) as found:
        convert(changed(whole, SHEET, stored), "f.xlsx")
    assert "survey row 3, label: The formula of this cell gives #DIV/0!." in str(found.value)
    with pytest.raises(FormError) as found:
        convert(whole, "f.xlsx")
    assert [str(one).partition(" is read")[0] for one in found.value.problems] == [
        f"survey row {row}, label: This cell has a formula without a stored value, and"
        for row in (3, 4)
    ]
    # In a column of the author's own it does not matter.
    noted = excel(["type", "name", "label", "so far"], ["text", "a", "A", "=1+1"])
    (problem,) = convert(noted, "f.xlsx").problems
    assert (problem.severity, problem.column) == ("warning", "so_far")


def test_an_archive_that_says_less_than_it_holds():
    whole = excel(["type"], ["text"])
    content = changed(whole, SHEET, lambda old: old + b" " * 30_000_000)
    assert len(content) < 100_000
    assert "unpacks to more than 20 megabytes" in outcome(content, "f.xlsx")
    # The size in the archive's directory, made small: it is an error of the archive then.
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = archive.getinfo(SHEET).file_size
    lied = content.replace(size.to_bytes(4, "little"), (900).to_bytes(4, "little"))
    assert outcome(lied, "f.xlsx") == "This is no whole archive. Save or pack it again."


NASTY = (
    "${",
    "${}",
    "${a}",
    "${a b}",
    "${last-saved#a}",
    "(",
    "if(",
    "1 div 0",
    "begin group",
    "end group",
    "begin repeat",
    "end repeat",
    "select_one",
    "select_one x",
    "rank yn",
    "osm",
    "[",
    "../x.png",
    "pulldata('x', 'y', 'z', ${a})",
    "instance('x')/root/item[name=${a}]/label",
    "\u202e",
    "\x0b",
    "]]>",
    "<b>",
    "{0}",
    "{name}",
    "%s",
    "1e999",
    "start=1e99 end=1 step=1e-99",
    "seed=${a}",
    "x=y=z",
    "1.",
    "-",
    "select_multiple yn or_other",
    "jr:choice-name(${a}, '${a}')",
    "data",
    "meta",
    "once(random())",
    "regex(., '(a+)+$')",
    "://",
    "yes",
    "concat(" + "'a', " * 300 + "'b')",
    "true()",
    "select_one ${a}",
)
WHOLE = [
    ["| survey |"],
    [
        "",
        "type",
        "name",
        "label",
        "relevant",
        "constraint",
        "calculation",
        "choice_filter",
        "default",
        "parameters",
        "trigger",
        "repeat_count",
        "appearance",
        "image",
    ],
    ["", "text", "a", "A"],
    ["", "begin repeat", "r", "R"],
    ["", "select_one yn", "b", "B ${a}", "${a}"],
    ["", "end repeat"],
    ["", "calculate", "c", "", "", "", "count(${b})"],
    ["", "begin group", "g", "G"],
    ["", "integer", "d", "D"],
    ["", "end group"],
    ["| choices |"],
    ["", "list_name", "name", "label"],
    ["", "yn", "y", "Y"],
    ["", "yn", "n", "N"],
    ["| settings |"],
    ["", "form_id", "version", "instance_name"],
    ["", "f", "1", "${a}"],
    ["| indicators |"],
    ["", "name", "kind"],
    ["", "c", "score"],
]


@given(
    st.lists(
        st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(1, 13), st.sampled_from(NASTY)),
        min_size=1, max_size=6,
    ),
    st.lists(st.integers(0, len(WHOLE) - 1), max_size=2),
)  # fmt: skip
@settings(max_examples=120, deadline=None)
def test_cells_that_nobody_would_write(blows, gone):
    rows = [list(row) for row in WHOLE]
    for row, column, text in blows:
        if rows[row][0] == "":
            rows[row] += [""] * (column + 1 - len(rows[row]))
            rows[row][column] = text
    lines = [
        row[0] if row[0] else f"| {' | '.join(row)} |"
        for place, row in enumerate(rows)
        if place not in gone
    ]
    told = outcome("\n".join(lines).encode(), "f.md")
    assert "The converter says" not in told or "bind" in told


def test_every_row_is_told_by_the_number_that_its_author_sees():
    rows = [
        ["type", "name", "label"],
        *([None] for _ in range(40)),
        ["txt", "a", "A"],
        [],
        ["txt", "b", "B"],
    ]
    with pytest.raises(FormError) as found:
        convert(excel(*rows), "f.xlsx")
    numbers = [problem.row for problem in found.value.problems]
    assert numbers == [42, 44]
    assert all(one < two for one, two in pairwise(numbers))


def test_archives_of_too_many_parts_or_with_two_of_a_name_or_a_password():
    whole = excel(["type", "name"], ["text", "a"])
    many = add(whole, **{f"x{place}": b"" for place in range(3_001)})
    assert outcome(many, "f.xlsx").startswith("The file has more than 3000 parts.")
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = add(whole, **{"xl__workbook.xml": b"<a/>"})
    assert outcome(twice, "f.xlsx").startswith("Two parts of the file have one name.")
    locked = bytearray(whole)
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = locked.find(mark)
        while at >= 0:
            locked[at + place] |= 1
            at = locked.find(mark, at + 1)
    assert outcome(bytes(locked), "f.xlsx").startswith("The file is protected by a password.")


PARTS = {
    "_rels/.rels": (
        b'<R><Relationship Id="1" Type="x/officeDocument" Target="/xl/workbook.xml"/></R>'
    ),
    "xl/_rels/workbook.xml.rels": (
        b'<R><Relationship Id="s" Type="x/worksheet" Target="worksheets/sheet1.xml"/>'
        b'<Relationship Id="t" Type="x/sharedStrings" Target="sharedStrings.xml"/></R>'
    ),
    "xl/workbook.xml": (
        b'<w xmlns:r="r"><workbookPr date1904="1"/><sheets><sheet name="survey" r:id="s"/>'
        b'<sheet name="gone" r:id="g"/></sheets></w>'
    ),
    "xl/sharedStrings.xml": (
        b"<sst><si><r><t>ty</t></r><r><t>pe</t></r><rPh><t>x</t></rPh></si><si><t>name</t></si>"
        b"<si><t>label</t></si></sst>"
    ),
    SHEET: (
        b'<worksheet><sheetData><row><c t="s"><v>0</v></c><c t="s"><v>1</v></c>'
        b'<c t="s"><v>2</v></c></row>'
        b'<row><c t="inlineStr"><is><t>te</t><t>xt</t><rPh><t>x</t></rPh></is></c>'
        b'<c t="str"><v>a</v></c>'
        b'<c t="d"><v>2026-11-28T00:00:00</v></c><c/><c t="s"/><c t="b"/></row>'
        b"</sheetData></worksheet>"
    ),
}


def made(**parts: bytes) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        for name, content in {**PARTS, **parts}.items():
            archive.writestr(name, content)
    return kept.getvalue()


def test_texts_that_cells_share_and_cells_of_every_kind():
    (row,) = read_sheets(made(), "xlsx")["survey"]
    assert row.cells == {"type": "text", "name": "a", "label": "2026-11-28 00:00:00"}


def test_days_and_hours_as_other_tools_read_them():
    book = openpyxl.Workbook()
    book.active.append(["name", "day"])
    for value in (datetime(2026, 11, 28), time_of_day(8, 30), datetime(1900, 1, 31), 1e12, 2.5):
        book.active.append(["x", value])
    book.active["B5"].number_format = "yyyy-mm-dd"
    book.active["B6"].number_format = "0.000"
    kept = io.BytesIO()
    book.save(kept)
    days = [row.cells["day"] for row in read_sheets(kept.getvalue(), "xlsx")["sheet"]]
    assert days == [
        "2026-11-28 00:00:00",
        "08:30:00",
        "1900-01-31 00:00:00",
        "1000000000000",
        "2.5",
    ]


def test_blank_cells_above_the_headers_and_between_rows():
    rows = [[" "], ["type", "name", "label", None], [" ", " "], ["text", "a", "A"]]
    (row,) = read_sheets(excel(*rows), "xlsx")["survey"]
    assert (row.number, row.cells["name"]) == (4, "a")


def test_a_workbook_whose_name_says_another_kind():
    whole = excel(["type", "name", "label"], ["text", "a", "A"])
    assert outcome(whole, "f.xls") == "form"
    for content, name in ((whole[:50], "f.xls"), (OLE + b"x" * 600, "f.xlsx")):
        assert outcome(content, name).startswith("This is not an Excel workbook.")


def test_two_sheets_of_one_name():
    book = openpyxl.Workbook()
    book.active.title = "survey"
    book.create_sheet("Survey ").append(["type", "name", "label"])
    book["Survey "].append(["text", "a", "A"])
    kept = io.BytesIO()
    book.save(kept)
    assert outcome(kept.getvalue(), "f.xlsx") == "survey: Two sheets are named survey. Rename one."


def test_sheets_that_go_on_and_on():
    wide = excel(["type", "name", *["x"] * 1_001])
    assert outcome(wide, "f.xlsx").startswith("A sheet has more than 20,000 rows or 1,000 columns.")
    gap = excel(["type", "name", "label"], ["text", "a", "A"], *[[None]] * 1_001, ["txt"])
    assert outcome(gap, "f.xlsx") == "form"
    assert outcome(bytes(20 * 1024 * 1024 + 1), "f.md").startswith("The file is larger than 20")
    assert outcome(bytes(8 * 1024 * 1024 + 1), "f.xls").startswith("The workbook is larger than 8")
    commas = "survey\n" + ("," * 700 + "x\n") * 600
    assert outcome(commas.encode(), "f.csv").startswith("The workbook has more than 300,000 cells.")


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        (xlrd.XL_CELL_ERROR, 0x07, "#DIV/0!"),
        (xlrd.XL_CELL_ERROR, 0x99, "#ERROR"),
        (xlrd.XL_CELL_BOOLEAN, 1, "True"),
        (xlrd.XL_CELL_DATE, 46354.0, "2026-11-28 00:00:00"),
        (xlrd.XL_CELL_DATE, 0.5, "12:00:00"),
        (xlrd.XL_CELL_DATE, 1e9, "1000000000.0"),
    ],
)
def test_cells_of_old_workbooks(kind, value, read):
    assert str(_value(SimpleNamespace(ctype=kind, value=value), 0)) == read


def test_old_workbooks_hold_no_more_than_new_ones(monkeypatch):
    sheet = SimpleNamespace(nrows=3, row=lambda _: [SimpleNamespace(ctype=1, value="")] * 9)
    book = SimpleNamespace(sheet_by_index=lambda _: sheet, datemode=0)
    assert _pages(book, [(0, "a")])[0].rows == []
    monkeypatch.setattr("surveys.form.old_excel.MOST_CELLS", 20)
    with pytest.raises(FormError, match="more than 300,000 cells"):
        _pages(book, [(0, "a")])
