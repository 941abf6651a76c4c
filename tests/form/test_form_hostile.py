"""Forms that nobody would write and that somebody may send."""

import io
import zipfile

import openpyxl
import pytest

from surveys.form.problems import FormError
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
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(kept, "w") as new:
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
