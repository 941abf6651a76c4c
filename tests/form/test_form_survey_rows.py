"""Every usual mistake of a workbook, all told at once, each at its sheet, row and column."""

import pytest

from surveys.form.problems import FormError
from surveys.form.question_types import SILENT, WORDS
from surveys.form.xlsform import convert

CHOICES = """
| choices |
| | List Name | name | label |
| | yn | yes | Yes |
"""


def wrong(
    *rows: str, head: str = "type | name | label | relevant", more: str = CHOICES
) -> list[str]:
    """What is wrong with a workbook of these rows: nothing where it is a form."""
    lines = "".join(f"| | {row} |\n" for row in rows)
    try:
        convert(f"| survey |\n| | {head} |\n{lines}{more}".encode(), "form.md")
    except FormError as found:
        return [str(problem) for problem in found.problems]
    return []


def test_all_at_once():
    found = wrong(
        "text | a | A | ${b} = ${b2}",
        "integr | b | B ${A}",
        " | c | C",
        "text | | D",
        "text | a | E",
        "select_one yna | f | F | ${last-saved#z} = 'x'",
        "text | 1st | G",
        "end group",
        "begin group | g | G",
        "text | a | in another group",
        "begin_repeat | r | R",
        "end_group",
        "text | z | Z | ${ zz }",
        "begin group | k | K",
        more=CHOICES + "| | yn | no | No, ${nobody} |\n",
    )
    assert found == [
        "survey row 2, relevant: There is no question 'b2'. Is b meant?",
        "survey row 3, type: b: there is no type 'integr'. Is integer meant?",
        "survey row 3, label: There is no question 'A'.",
        "survey row 4, type: c has no type. Write one, like text or integer.",
        "survey row 5, name: The name is missing. Write one, like q1.",
        "survey row 6, name: Row 2 is named a already. Rename one.",
        "survey row 7, type: f: the sheet choices has no list yna. Is yn meant?",
        "survey row 7, relevant: ${last-saved#z} is an answer of an earlier interview:"
        " none is at hand. Take it out, or ask anew.",
        "survey row 8, name: 1st cannot be a name."
        " Begin with a letter, then letters, digits, _, - and . only.",
        "survey row 9, type: No group is open that could end here. Take the row away.",
        "survey row 10, type: The group g never ends. Write a row end group.",
        "survey row 13, type: The repeat of row 12 is open, not a group. Write end repeat.",
        "survey row 14, relevant: There is no question 'zz'. Is z meant?",
        "survey row 15, type: The group k never ends. Write a row end group.",
        "choices row 3, label: There is no question 'nobody'.",
    ]


@pytest.mark.parametrize(
    "rows",
    [
        ("note | | A note needs no name", "text | a | A"),
        ("begin group | g | G", "text | a | A", "end group", "text | b | B | ${c}",
         "begin_group | h | G", "text | a | A", "end_group", "string | c | an older word"),
        ("select_one yn | a | A", "select_multiple yn | b | B"),
        ("text | 年龄 | A", "text | b-1.c_ | ${年龄}"),
    ],
)  # fmt: skip
def test_what_is_right_is_left_alone(rows):
    assert wrong(*rows) == []


def test_headers_as_people_write_them():
    head = "Type | Name | Label::English (en) | Relevant"
    assert wrong("text | a | A", "text | b | ${a} | ${a} = 'x'", head=head) == []
    assert wrong("text | a | A | ${x}", head=head) == [
        "survey row 2, relevant: There is no question 'x'."
    ]


def test_a_row_that_is_disabled_is_not_read():
    head = "type | name | label | disabled"
    assert wrong("text | a | A | yes", "text | a | A |", head=head) == []


def test_a_name_that_could_be_two():
    rows = ["text | a | A", "begin_group | g | G", "text | a | A", "end_group"]
    assert wrong(*rows, "text | b | B ${a}", " | | C") == [
        "survey row 6, label: More than one row is named 'a'. Rename all but one.",
        "survey row 7, type: This row has no type. Write one, like text or integer.",
    ]


def test_types_are_those_of_the_converter():
    from pyxform.aliases import _type_alias_map
    from pyxform.question_type_dictionary import QUESTION_TYPE_DICT

    known = {*QUESTION_TYPE_DICT, *_type_alias_map}
    # What takes a list is read with it; `osm` is refused with its cell.
    assert known >= WORDS
    assert all(
        word.startswith(("select", "rank", "add select", "q select", "osm"))
        for word in known - WORDS
    )
    asked = {word for word, kind in QUESTION_TYPE_DICT.items() if "control" in kind}
    # What a chat cannot do is refused before its label is looked for.
    background = {"background-audio", "background-geopoint", "start-geopoint"}
    assert (WORDS - SILENT) ^ (asked & WORDS) == {"add photo prompt", *background}


def test_a_list_is_missing_with_its_whole_sheet():
    assert wrong("select_one yn | a | A", more="") == [
        "survey row 2, type: a: the sheet choices has no list yn."
        " Write its choices on the sheet choices."
    ]


def test_headers_beside_the_name_of_the_sheet():
    content = "survey,type,name,label\n,text,a,A ${b}\n"
    with pytest.raises(FormError) as found:
        convert(content.encode(), "form.csv")
    assert str(found.value) == "survey row 2, label: There is no question 'b'."
