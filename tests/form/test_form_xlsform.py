"""Workbooks as field teams save them: to a form, or to problems each with its place."""

import csv
import io
import shutil
import struct
from collections.abc import Mapping

import openpyxl
import pytest
from form_samples import Person
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.form.indicators import Indicator, from_json, to_json
from surveys.form.model import Question
from surveys.form.problems import FormError
from surveys.form.sheets import read_sheets
from surveys.form.xlsform import Workbook, convert
from surveys.instruments import shipped

SURVEY = ["type", "name", "label", "relevant", "constraint", "calculation"]
WHOLE = """
| survey |
| | type | name | label::English (en) | label::中文 (zh) | hint::English (en) | relevant | calculation |
| | begin_group | home | Home | 家 | | | |
| | select_one yn | online | Online? | 上网吗？ | WeChat \\| apps count. | | |
| | end_group | | | | | | |
| | calculate | user | | | | | if(${online} = 'yes', 1, 0) |
| | note | bye | Bye, ${online} | 再见 | | ${user} = 1 | |

| choices |
| | list_name | name | label::English (en) | label::中文 (zh) |
|---|---|---|---|---|
| | yn | yes | Yes | 是 |
| | yn | no | No | 否 |
| settings |
| | form_title | form_id | version |
| | Small | small | 3 |
| indicators |
| | name | label::English (en) | label::中文 (zh) | role | dimension | kind | base | reference | reference_source | higher_is_better |
| | user | Online | 上网 | user | access | proportion | all | 66.5 | CNNIC, 2023 | yes |
| | online | | | | demand | category | | | | no |
"""  # noqa: E501


def survey(*rows: tuple[str, ...], more: str = "") -> bytes:
    """A workbook in Markdown with these rows of type, name, label, relevant, constraint…"""
    lines = [f"| | {' | '.join((*row, *[''] * (len(SURVEY) - len(row))))} |" for row in rows]
    return "\n".join(
        ["| survey |", f"| | {' | '.join(SURVEY)} |", *lines, more, "| settings |",
         "| | form_id | version |", "| | f | 1 |"]
    ).encode()  # fmt: skip


def refused(content: bytes, name: str = "form.md", **how: bool) -> list[str]:
    """What is wrong with a workbook, each problem as a person reads it."""
    with pytest.raises(FormError) as found:
        convert(content, name, **how)
    assert all(problem.severity == "error" for problem in found.value.problems)
    return [str(problem) for problem in found.value.problems]


# The same workbook in every kind of file --------------------------------------------------------


def as_xlsx(sheets: Mapping[str, list[list[object]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def as_csv(sheets: Mapping[str, list[list[object]]]) -> bytes:
    kept = io.StringIO()
    writer = csv.writer(kept)
    for name, rows in sheets.items():
        writer.writerow([name])
        writer.writerows(["", *row] for row in rows)
    return kept.getvalue().encode("utf-8-sig")


def as_xls(sheets: Mapping[str, list[list[object]]]) -> bytes:
    """BIFF8 without its container, which is all that xlrd needs."""

    def record(kind: int, content: bytes) -> bytes:
        return struct.pack("<HH", kind, len(content)) + content

    def beginning(kind: int) -> bytes:
        return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0, 1996, 0, 6))

    pages = []
    for rows in sheets.values():
        cells = b"".join(
            record(0x0203, struct.pack("<HHHd", y, x, 0, cell))
            if isinstance(cell, float)
            else record(0x0205, struct.pack("<HHHBB", y, x, 0, cell, 0))
            if isinstance(cell, bool)
            else record(
                0x0204,
                struct.pack("<HHHHB", y, x, 0, len(str(cell)), 1) + str(cell).encode("utf-16-le"),
            )
            for y, row in enumerate(rows)
            for x, cell in enumerate(row)
            if cell is not None
        )
        pages.append(beginning(0x10) + cells + record(0x0A, b""))
    names = [name.encode("latin-1") for name in sheets]
    start = len(beginning(5)) + sum(4 + 8 + len(name) for name in names) + 4
    listed = b""
    for name, page in zip(names, pages, strict=True):
        listed += record(0x85, struct.pack("<IBBBB", start, 0, 0, len(name), 0) + name)
        start += len(page)
    return beginning(5) + listed + record(0x0A, b"") + b"".join(pages)


def cells(markdown: bytes) -> dict[str, list[list[object]]]:
    sheets: dict[str, list[list[object]]] = {}
    for name, rows in read_sheets(markdown, "md").items():
        headers = list(rows[0].cells)
        sheets[name] = [
            list(headers),
            *([row.cells.get(header) or None for header in headers] for row in rows),
        ]
    return sheets


def same(one: Workbook, two: Workbook) -> None:
    assert one.indicators == two.indicators
    assert one.form.order == two.form.order
    assert [q.label for q in one.form.questions if not q.label or "bye" not in q.path] == [
        q.label for q in two.form.questions if not q.label or "bye" not in q.path
    ]
    assert [problem.what for problem in one.problems] == [problem.what for problem in two.problems]


def test_a_workbook():
    found = convert(WHOLE.encode(), "Small.MD")
    assert (found.form.id, found.form.version, found.form.title) == ("small", "3", "Small")
    assert sorted(found.form.languages) == ["English (en)", "中文 (zh)"]
    online = found.form.nodes["/data/home/online"]
    assert isinstance(online, Question)
    assert online.hint is not None
    assert online.hint.pieces["English (en)"] == ("WeChat | apps count.",)
    assert found.indicators == (
        Indicator(
            "user", {"English (en)": "Online", "中文 (zh)": "上网"}, "user", "access", "proportion",
            "all", 66.5, "CNNIC, 2023", True,
        ),
        Indicator("online", {found.form.default_language: "online"}, None, "demand", "category",
                  higher_is_better=False),
    )  # fmt: skip
    assert from_json(to_json(found.indicators)) == found.indicators
    assert "<h:html" in found.xform


@pytest.mark.parametrize("write", [as_xlsx, as_xls, as_csv])
def test_the_same_workbook_in_another_file(write):
    plain = WHOLE.replace("WeChat \\| apps", "Apps").encode()
    name = f"form.{write.__name__.removeprefix('as_')}"
    same(convert(write(cells(plain)), name), convert(plain, "form.md"))


def test_cells_that_are_no_text():
    sheets = cells(survey(("integer", "a", "A"), ("text", "b", "B")))
    sheets["survey"][0].append("required")
    sheets["survey"][1].append(True)
    sheets["survey"][2].append(False)
    sheets["settings"][1] = ["f", 7.0]
    for content, name in ((as_xlsx(sheets), "f.xlsx"), (as_xls(sheets), "f.xls")):
        form = convert(content, name).form
        a, b = form.questions[:2]
        assert form.version == "7"
        assert a.required is not None
        assert b.required is None


def test_the_shipped_instrument_is_well():
    found = convert(shipped(), "village_digital.md")
    assert found.problems == ()
    assert len(found.indicators) > 20
    shuffled = [q for q in found.form.questions if q.choices is not None and q.choices.shuffled]
    assert [question.name for question in shuffled] == ["K1", "K2", "K3", "K4", "K5", "K6"]


def test_an_xform_as_it_is():
    xform = convert(WHOLE.encode(), "form.md").xform
    plain = convert(xform.encode(), "form.xml")
    assert plain.indicators == ()
    assert plain.xform == xform
    assert refused(b"<a/>", "form.xml") == [
        "This XForm has no model. Send the XForm as ODK exports it."
    ]


# What is wrong, and where -----------------------------------------------------------------------

CHOICES = "| choices |\n| | list_name | name | label |\n| | y | z | Z |"
A = ("text", "a", "A")

WRONG: Mapping[str, tuple[bytes, list[str]]] = {
    "a function that is none": (
        survey(("integer", "a", "A"), ("integer", "b", "B", "iff(${a} = 1, 2)")),
        ["survey row 3, relevant: b: There is no function iff(). Is if() meant?"
         " It says: iff(${a} = 1, 2)"],
    ),
    "two at once": (
        survey(("integer", "a", "A", "1 +", "contains(.)"), ("text", "b", "B")),
        ["survey row 2, relevant: a: Something is missing at the end. It says: 1 +",
         "survey row 2, constraint: a: contains() takes 2 arguments, not 1."
         " It says: contains(.)"],
    ),
    "inside groups": (
        survey(("begin group", "g", "G"), ("begin_group", "h", "H"), A, ("end_group",),
               ("text", "b", "B", "${a} = 'x' and selected(${a} , z)"), ("end group",)),
        ["survey row 6, relevant: b: There is no node z: write a text in quotes, 'z'."
         " It says: ${a} = 'x' and selected(${a}, → z)"],
    ),
    "a name without braces": (
        survey(A, ("text", "b", "B", "a = 'x'")),
        ["survey row 3, relevant: b: a is written without ${}: write ${a}. It says: a = 'x'"],
    ),
    "an unknown name": (
        survey(("text", "a", "A", "${z} = 1")), ["survey row 2, relevant: ", "z"]
    ),
    "an unknown type": (survey(A, ("foo", "b", "B")), ["survey row 3, type: ", "'foo'"]),
    "a missing list": (survey(("select_one x", "a", "A"), more=CHOICES), ["survey row 2", "x"]),
    "two of a name": (survey(A, ("text", "a", "B")), ["survey row 3, name: "]),
    "an indicator of many values": (
        survey(("begin_repeat", "r", "R"), A, ("end_repeat",),
               more="| indicators |\n| | name | kind |\n| | a | proportion |"),
        ["indicators row 2, name: a is in a repeat and has many values."
         " Compute one of them outside, as in sum(${…})."],
    ),
    "a circle": (
        survey(A, ("calculate", "b", "", "", "", "${c} + 1"),
               ("calculate", "c", "", "", "", "${b} + 1")),
        ["survey row 3, calculation: These are computed from each other in a circle: b → c → b."],
    ),
    "a type that cannot be asked": (
        survey(("background-audio", "b", "B"), A),
        ["survey row 2, type: b: no sound can be recorded in the background of a chat."],
    ),
    "a group without its end": (survey(("begin_group", "g", "G"), A), ["survey row 2"]),
    "a label with a bad value": (
        survey(A, ("text", "b", "Is it ${a} or ${c}?")), ["survey row 3", "c"]
    ),
    "no survey": (CHOICES.encode(), ["has no sheet survey"]),
    "nothing": (b"", ["has no sheet survey"]),
    "not text": (b"\xff\xfe\x00", ["The file is not UTF-8 text. Save it as UTF-8."]),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_with_its_place(name):
    content, expected = WRONG[name]
    errors = refused(content)
    if len(errors) > 1:
        assert errors == expected
    else:
        for part in expected:
            assert part in errors[0]


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"x", "form.pdf", "form.pdf is no form file. Its name must end in .xlsx"),
        (b"x", "form", "form is no form file."),
        (b"not a zip", "form.xlsx", "This is not an Excel workbook."),
        (b"not OLE", "form.xls", "This is not an Excel workbook."),
        (b"", "form.xlsx", "This is not an Excel workbook."),
    ],
)
def test_what_is_no_workbook(content, name, words):
    assert words in refused(content, name)[0]


def test_a_header_that_the_converter_stumbles_over():
    (error,) = refused(b"| survey |\n| | type | name | label | bind |\n| | text | a | A | x |")
    assert error.startswith("The workbook cannot be read as an XLSForm. The converter says: ")


def test_rows_are_numbered_as_in_the_workbook():
    rows: list[list[object]] = [[None], ["Name", "label::en"], [None], ["a", "A"], [" b ", None]]
    found = read_sheets(as_xlsx({"Survey ": rows}), "xlsx")["survey"]
    assert [row.number for row in found] == [4, 5]
    assert [row.cells["label::en"] for row in found] == ["A", ""]
    (row,) = read_sheets(b"| survey | type | name |\n| | text | a |", "md")["survey"]
    assert row.cells == {"type": "text", "name": "a"}


INDICATORS = (
    "| indicators |\n"
    "| | name | label | role | dimension | kind | base | reference | higher_is_better |"
    " part_of |"
)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (
            "z | | | | score | | |",
            "row 2, name: The form has no z. Write a name from the sheet survey.",
        ),
        (" | x | | | score | | |", "row 2, name: The name is missing."),
        ("a | | boss | | | | |", "row 2, role: boss is no role. Write one of: mode, sex"),
        ("a | | | east | score | | |", "row 2, dimension: east is no dimension."),
        (
            "a | | | | points | | |",
            "row 2, kind: points is no kind. Write one of: score, proportion",
        ),
        (
            "a | | | | score | none | |",
            "row 2, base: none is no base. Write one of: zero, users, all.",
        ),
        ("a | | | | score | | many |", "row 2, reference: many is no number."),
        ("a | | | | score | | nan |", "row 2, reference: nan is no number."),
        ("a | | | | score | | | maybe", "row 2, higher_is_better: maybe is no higher_is_better."),
        ("a | | | | | | |", "row 2, kind: a has neither a role nor a kind."),
        ("a | | sex | | | | | |\n| | a | | | | score | | |", "row 3, name: a is listed twice."),
        (
            "a | | sex | | | | | |\n| | b | | sex | | | | |",
            "row 3, role: a has the role sex already.",
        ),
        (
            "a | | | | item | users | | | b",
            "row 2, part_of: b is no score of this sheet. Write the name of a row of kind score.",
        ),
        (
            "a | | | | item | | | | b\n| | b | | | | proportion | | |",
            "row 2, part_of: b is no score of this sheet.",
        ),
        (
            "a | | | use | item | | | |",
            "row 2, part_of: a is an item of nothing."
            " Name its score, or write the dimension deprivation.",
        ),
        (
            "a | | | | proportion | | | | b\n| | b | | | | score | | |",
            "row 2, kind: a is part of b, but no item. Write item, or empty part_of.",
        ),
        (
            "a | | | deprivation | item | zero | | |",
            "row 2, base: a is a lack, and lacks count for users and non-users alike. Write all.",
        ),
    ],
)
def test_what_is_wrong_with_an_indicator(row, words):
    (error,) = refused(
        survey(("text", "a", "A"), ("text", "b", "B"), more=f"{INDICATORS}\n| | {row} |")
    )
    assert error.startswith(f"indicators {words}")


def test_items_of_a_score_lacks_and_several_answers_of_agreement():
    rows = [
        "s | | | use | score | | | |",
        "a | | agreement | use | item | users | | yes | s",
        "b | | agreement | deprivation | item | all | | no |",
    ]
    more = "\n".join([INDICATORS, *(f"| | {row} |" for row in rows)])
    questions = [("text", name, name) for name in "abs"]
    found = convert(survey(*questions, more=more), "f.md").indicators
    assert [one.part_of for one in found] == ["", "s", ""]
    assert [one.role for one in found] == [None, "agreement", "agreement"]
    assert from_json(to_json(found)) == found


def test_a_version_that_was_kept_before_items_is_the_same_as_its_workbook():
    """Else publishing the unchanged workbook again would be refused."""
    document = to_json([Indicator("a", {"": "A"}, kind="score")])
    assert list(document[0]) == [
        *("name", "label", "role", "dimension", "kind", "base", "reference", "reference_source"),
        "higher_is_better",
    ]
    assert from_json(document) == (Indicator("a", {"": "A"}, kind="score"),)


def test_a_reference_without_a_source_and_a_label_without_a_language_are_only_odd():
    row = "a | How it is | | | score | | 5 |"
    found = convert(survey(("text", "a", "A"), more=f"{INDICATORS}\n| | {row} |"), "f.md")
    (problem,) = found.problems
    assert (problem.severity, problem.row, problem.column) == ("warning", 2, "reference_source")
    assert found.indicators[0].label == {"": "How it is"}
    assert found.indicators[0].reference == 5


def of_choices(figures: str) -> bytes:
    rows = (
        "indicators |", "| name | kind | reference_source | reference_source::中文 (zh) | "
        "reference_choices |", f"| a | share | CNNIC, 2020 | 中国，2020年 | {figures} |",
    )  # fmt: skip
    more = "\n".join([CHOICES, "| | y | x | X |", *(f"| {row}" for row in rows)])
    return survey(("select_multiple y", "a", "A"), more=more)


def test_published_figures_of_choices_and_their_source_in_another_language():
    (one,) = convert(of_choices("z 51.6; x 14"), "f.md").indicators
    assert one.reference_choices == {"z": 51.6, "x": 14}
    assert (one.reference_source, one.reference_sources) == (
        "CNNIC, 2020", {"中文 (zh)": "中国，2020年"}
    )  # fmt: skip
    assert from_json(to_json([one])) == (one,)
    for figures in ("q 51.6", "z", "z 140", "z 14 x"):
        assert refused(of_choices(figures)) == [
            f"indicators row 2, reference_choices: {figures} is no choice of a with its per cent. "
            "Write them as in: skill 51.6; age 14."
        ]


def test_a_missing_translation_is_odd():
    content = WHOLE.replace("| 家 |", "| |").replace("| 否 |", "| |").encode()
    found = convert(content, "f.md")
    told = [str(problem) for problem in found.problems if "no text" in problem.what]
    assert told == [
        "survey row 2, label::中文 (zh): home has no text in this language. Write the translation.",
        "choices row 3, label::中文 (zh): no has no text in this language. Write the translation.",
    ]


def test_what_pyxform_finds_odd_is_told():
    content = survey(("select_one y", "a", "A"), more=CHOICES.replace("| Z |", "| |"))
    (problem,) = convert(content, "f.md").problems
    assert (problem.severity, problem.sheet, problem.row) == ("warning", "choices", 2)


def test_a_value_in_a_label_and_a_name_of_a_choice():
    found = convert(
        survey(
            ("select_one yn", "a", "A"),
            ("note", "b", "You said ${a}"),
            ("calculate", "c", "", "", "", "jr:choice-name(${a}, '${a}')"),
            more="| choices |\n| | list_name | name | label |\n| | yn | y | Yes |",
        ),
        "f.md",
    )
    person = Person({"/data/a": "y"})
    note, computed = found.form.nodes["/data/b"], found.form.nodes["/data/c"]
    assert isinstance(computed, Question)
    assert note.label is not None
    said = [
        piece if isinstance(piece, str) else piece.as_text(person)
        for piece in note.label.pieces[""]
    ]
    assert "".join(said) == "You said y"
    assert computed.calculation is not None
    assert computed.calculation.as_text(person) == "y of /data/a"


@pytest.mark.skipif(shutil.which("java") is None, reason="java is not installed")
def test_odk_validate_is_asked():
    content = survey(("text", "a", "A", "'x' = 'x'"))
    assert convert(content, "f.md", validate=True).form.id == "f"
    # A constraint without the brackets closed is ours to find; what only ODK Validate refuses:
    (error,) = refused(survey(("text", "a", "A", "floor(1) = 1")), validate=True)
    assert error.startswith("ODK Validate refuses the form.")


# Damage -----------------------------------------------------------------------------------------

WORKBOOKS = {
    "xlsx": as_xlsx(cells(WHOLE.replace("\\|", "").encode())),
    "xls": as_xls(cells(WHOLE.replace("\\|", "").encode())),
    "csv": as_csv(cells(WHOLE.replace("\\|", "").encode())),
    "md": WHOLE.encode(),
}


@given(
    st.sampled_from(sorted(WORKBOOKS)),
    st.lists(st.tuples(st.integers(0), st.binary(max_size=4)), min_size=1, max_size=3),
    st.integers(0, 10),
)
@settings(max_examples=150, deadline=None)
def test_a_damaged_workbook_is_a_form_or_a_sentence(kind, blows, cut):
    content = bytearray(WORKBOOKS[kind])
    for place, blow in blows:
        start = place % len(content)
        content[start : start + len(blow)] = blow
    if cut == 0:
        del content[len(content) // 2 :]
    try:
        found = bool(convert(bytes(content), f"form.{kind}").form.questions)
    except FormError as wrong:
        found = bool(wrong.problems)
    assert found
