"""One of everything that can be wrong with a workbook: told all at once, each with its cell."""

import ast
import io
import re
import zipfile
from pathlib import Path

import pytest

import surveys.form
from bot.texts import speak
from surveys.form.bundle import is_bundle, unbundled
from surveys.form.problems import FormError
from surveys.form.xlsform import convert

ALL = """
| survey |
| | type | name | label::en | label::zh | relevent | relevant | constraint | calculation | choice_filter | parameters | default | trigger | repeat_count | appearance | image |
| | text | a | A ${r1} | 甲 | | ${a} = 'x' and selected(${a}, 'y' | | | | | | | | | no.png |
| | Text | b | B | 乙 | | | | | | | | | | | ../up.png |
| | select_one | c | C | 丙 | | | | | | | | | | | |
| | select_one yn | d | D | | | | | | kind = ${a} | seed=1 | maybe | | | | |
| | select_multiple sp or_other | e | E | 戊 | | | | | name != ${a} | | x | | | | |
| | range | f | F | 己 | | | | | | start=1 end=5 step=9 | | | | | |
| | calculate | g | | | | | | | | | | | | | |
| | integer | h | H | 庚 | | | iff(. > 1, 1, 0) | | | tick=1 | many | a | ${a} | | |
| | begin_repeat | r | R | 人 | | | | | | | | | | | |
| | integer | r1 | R1 | 岁 | | | | | | | | | | | |
| | calculate | ok | | | | | | count(${r1}) + sum(${r1}) + ${r1} | | | | | | | |
| | end_repeat | | | | | | | | | | | | | | |
| | calculate | out | | | | | | count(${r1}) + ${r1} | | | | | | | |
| | begin_repeat | r | R | 人 | | | | | | | | | | | |
| | text | dup | T | 文 | | | | | | | | | | | |
| | text | dup | T | 文 | | | | | | | | | | | |
| | end_group | | | | | | | | | | | | | | |
| | audit | audit | | | | | | | | | | | | | |
| | osm | i | I | | | | | | | | | | | | |
| | background-audio | j | J | | | | | | | | | | | | |
| | select_one_external x | k | K | | | | | | x = 1 | | | | | | |
| | select_one_from_file towns.csv | l | L | 城 | | | | | | value=code | | | | | |
| | select_one_from_file here.csv | m | M | 城 | | | | | | value=code | | | | search('x') | |
| | calculate | n | | | | | | pulldata('prices', 'a', 'b', ${a}) | | | | | | | |
| | calculate | u | | | | | | ${v} + 1 | | | | | | | |
| | calculate | v | | | | | | ${u} + 1 | | | | | | | |
| | geopoint | w | W | 地 | | | | | | | | ${r} | | | |
| | text | z | ${last-saved#a} ${ | 终 | | | | | | | | | | | |
| choices |
| | list_name | name | label::en | label::zh |
| | yn | yes | Yes | 是 |
| | yn | yes | Yes | |
| | yn | | None | 无 |
| | | lone | Lone | 孤 |
| | sp | x y | XY | 双 |
| settings |
| | form_id | default_language | allow_choice_duplicates | instance_name |
| | a b | fr | perhaps | concat(${a} |
| setings |
| | x |
| | y |
| indicators |
| | name | kind |
| | nobody | score |
"""  # noqa: E501
MAKERS = ("wrong", "odd", "refused", "_wrong", "_odd", "tell", "check")
ELSEWHERE = ("indicator_rows.py", "java_patterns.py")
"""What is told in English alone."""
ERRORS = """
survey row 2, relevant: a: The bracket ( is not closed.
survey row 3, type: b: there is no type 'Text'. Write it in small letters: text.
survey row 3, image: ../up.png is no name of a file.
survey row 4, type: c: there is no type 'select_one'. Write select_one and the name of one list
survey row 5, choice_filter: d: the list yn has no column kind.
survey row 5, parameters: d: a seed alone shuffles nothing. Add randomize=true.
survey row 6, choice_filter: e: or_other cannot be together with a filter or a file.
survey row 7, parameters: f: from 1 to 5 no step of 9 can be made.
survey row 8, calculation: g computes nothing.
survey row 9, constraint: h: There is no function iff().
survey row 9, trigger: a names no question.
survey row 15, name: Row 10 is named r already.
survey row 17, name: Row 16 is named dup already.
survey row 18, type: The repeat of row 15 is open, not a group. Write end repeat.
survey row 20, type: i: nothing of OpenStreetMap can be picked in a chat.
survey row 21, type: j: no sound can be recorded in the background of a chat.
survey row 22, type: k: select_one_external is not known here.
survey row 23, type: The file towns.csv did not come with the form.
survey row 24, type: The file here.csv has no column code.
survey row 24, appearance: m: search() is not known here.
survey row 25, calculation: The file prices.csv did not come with the form.
survey row 26, calculation: These are computed from each other in a circle: u → v → u.
survey row 28, trigger: More than one row is named 'r'.
survey row 29, label::en: ${last-saved#a} is an answer of an earlier interview
survey row 29, label::en: ${ is not closed, or empty.
choices row 3, name: Row 2 is the choice yes of the list yn already.
choices row 4, name: This choice of the list yn has no name.
choices row 6, name: The choice name 'x y' has a space in it.
settings row 2, allow_choice_duplicates: perhaps is neither yes nor no.
settings row 2, instance_name: instance_name: The bracket ( is not closed.
indicators row 2, name: The form has no nobody.
"""
FILES = {"here.csv": b"name,label\na,A\n"}


def told(content, files=FILES, name="f.md"):
    with pytest.raises(FormError) as found:
        convert(content, name, files=files)
    return [str(problem) for problem in found.value.problems]


def test_one_of_everything_all_at_once():
    found = told(ALL.encode())
    wanted = [line for line in ERRORS.splitlines() if line]
    missing = [line for line in wanted if not any(one.startswith(line) for one in found)]
    more = [one for one in found if not any(one.startswith(line) for line in wanted)]
    assert (missing, more) == ([], [])
    assert len(found) == len(wanted)


def test_what_is_only_odd_does_not_hinder():
    rows = [
        "text | A | A | | ",
        "text | a | A | | ",
        "select_one yn | c | C | nah | ",
        "integer | n | N | few | ",
        "begin repeat | r | | | ",
        "text | t | T | | ",
        "end repeat | | | | ",
        "note | o | You said ${t} | | ",
        "calculate | k | | | join(' ', ${t}) = ${t}",
        "audit | | | | ",
    ]
    survey = "\n".join(f"| | {row} | |" for row in rows)
    content = f"""
| survey |
| | type | name | label | default | calculation | relevent |
{survey}
| choices |
| | list_name | name | label |
| | yn | y | |
| | | z | Z |
| setings |
| | x |
| entities |
| | list_name | label |
| | people | x |
| indicators |
| | name | kind |
"""
    found = convert(content.encode(), "f.md", files={"more.csv": b"x"})
    assert [re.sub(r"(?<=[.?]) .*", "", str(one)) for one in found.problems] == [
        "survey, relevent: No column relevent is known, and what it says has no effect.",
        "survey row 3, name: Row 2 has the same name but for capitals.",
        "survey row 4, default: c: the default nah is no choice of the list yn.",
        "survey row 5, default: n: the default few is no number.",
        "survey row 6: Repeat has no label: {'name': 'r', 'type': 'begin repeat'}",
        "survey row 9, label: t is in the repeat r: here it stands for several answers.",
        "survey row 10, calculation: t is in the repeat r: here it stands for several answers.",
        "survey row 11, type: The log of ODK Collect (audit) stays empty here.",
        "choices row 2, label: The choice y has no label, and is shown by its name.",
        "choices row 3, list_name: The choice z is of no list, and is never shown.",
        "entities: Entities are not kept here: answers are.",
        "indicators: The sheet names no indicator.",
        "No sheet setings is known, and it is not read.",
        "The form names the file more.csv nowhere.",
    ]
    assert found.files == {}


def test_a_row_of_no_type_is_looked_at_all_the_same():
    rows = ["text | b | B | |", "select_one yna | f | F | selected(${b}, 'x' | iff(.)"]
    survey = "\n".join(f"| | {row} |" for row in rows)
    content = f"| survey |\n| | type | name | label | relevant | constraint |\n{survey}\n" + (
        "| choices |\n| | list_name | name | label |\n| | yn | y | Y |"
    )
    assert told(content.encode()) == [
        "survey row 3, type: f: the sheet choices has no list yna. Is yn meant?",
        "survey row 3, relevant: f: The bracket ( is not closed. It says: selected → (${b}, 'x'",
        "survey row 3, constraint: f: There is no function iff(). Is if() meant? It says: iff(.)",
    ]


def test_missing_columns_are_told_once():
    assert told(b"| survey |\n| | type | label |\n| | text | A |\n| | text | B |") == [
        "survey: The sheet survey has no column name."
        " Write name as the header of its column, in the first row."
    ]


LISTS = "| choices |\n| | list_name | name | label |\n| | yn | y | Y |"
SETTINGS = "| settings |\n| | form_id | version | name | public_key | instance_name |"
ONE_BY_ONE = [
    ("type | name | label", "text | a |", "a has no label, hint or picture. Write what is"),
    (
        "type | name | label | repeat_count",
        "begin repeat | r | R | iff(1)\n| | text | a | A |\n| | end repeat | | |",
        "survey row 2, repeat_count: ",
    ),
    (
        "type | name | label | disabled | required | relevant",
        "begin group | g | G | yes | |\n| | text | b | B | | yes | (\n| | end group | | | yes | |",
        "survey row 3, relevant: ",
    ),
    (
        "type | name | label | parameters",
        "text | a | A | rows=x",
        "rows=x is not understood. Write a whole",
    ),
    ("type | name | label | parameters", "text | a | A | rows 3", "a: these are no parameters."),
    (
        "type | name | label | parameters",
        "text | a | A | row=3,",
        "no parameter row. Is rows meant?",
    ),
    (
        "type | name | label | parameters",
        "text | a | A | zzz=3",
        "no parameter zzz. Write one of: rows.",
    ),
    (
        "type | name | label | parameters",
        "image | a | A | max-pixels=many",
        "max-pixels=many is not",
    ),
    (
        "type | name | label | parameters",
        "audio | a | A | quality=best",
        "Write normal, low, voice-only",
    ),
    (
        "type | name | label | parameters",
        "geopoint | a | A | warning-accuracy=x",
        "number of metres.",
    ),
    (
        "type | name | label | parameters",
        "geotrace | a | A | incremental=no",
        "Write true, or take it",
    ),
    (
        "type | name | label | parameters",
        "range | a | A | start=x",
        "a: start=x is not understood.",
    ),
    (
        "type | name | label | parameters",
        "range | a | A | placeholder=99",
        "the placeholder is not between",
    ),
    (
        "type | name | label | parameters",
        "range | a | A | tick_labelset=no",
        "choices has no list no.",
    ),
    (
        "type | name | label | parameters",
        "select_one yn | a | A | randomize=true seed=${A}",
        "parameters are read in small letters, and ${A} would be another name.",
    ),
    (
        "type | name | label | parameters",
        "audit | audit | | track-changes=x",
        "survey row 2, parameters: ",
    ),
    (
        "type | name | label | trigger",
        "text | a | A | x ${a}",
        "A trigger is the name of a question alone.",
    ),
    (
        "type | name | label | trigger",
        "begin group | a | A | \n| | text | b | B | ${a}\n| | end group | | |",
        "a is a group: it never changes by itself.",
    ),
    (
        "type | name | label | calculation | trigger",
        "calculate | a | | 1 | \n| | text | b | B | 1 | ${a}",
        "survey row 3, trigger: The question ${a}",
    ),
    (
        "type | name | label | relevant",
        "text | a | A | ${ a }= 1",
        "${ a } has spaces in it. Write ${a}.",
    ),
    ("type | name | label", "text | meta | A", "The name meta is kept for what ODK adds."),
    (
        "type | name | label",
        "begin repeat | r | R\n| | end repeat | |\n| | begin group | g | G\n| | begin repeat"
        " | r | R\n| | text | t | T\n| | end repeat | |\n| | end group | | ",
        "repeat of row 2 is named r already.",
    ),
    (
        "type | name | label",
        "begin loop over x | r | R\n| | text | a | A\n| | end loop | | ",
        "no list x.",
    ),
    (
        "type | name | label",
        "text | a_other | A\n| | select_one yn or_other | a | A",
        "or_other adds a question a_other, and there is one already.",
    ),
    (
        "type | name | label",
        "begin repeat | r | R\n| | text | a | A\n| | end repeat | |\n| | select_multiple ${a}"
        " | b | B",
        "of the answers of a repeat only one can be selected.",
    ),
    ("type | name | label", "select_one_from_file x.txt | a | A", "x.txt is no file of a list."),
    ("type | name | label", "xml-external | x | ", "The file x.xml did not come with the form."),
    (
        "type | name | label",
        "select_one_from_file bad.csv | a | A",
        "The file bad.csv has two columns x.",
    ),
    (
        "type | name | label | choice_filter",
        "select_one_from_file ok.csv | a | A | kinds = 'x'",
        "the list ok.csv has no column kinds. Is kind meant?",
    ),
    ("type | name | label | choice_filter", "select_one yn | a | A | name = (", "a: "),
    (
        "type | name | label | relevant | relevance",
        "text | a | A | 1 | 1",
        "The columns relevant and relevance are the same one.",
    ),
    (
        "type | name | label | bind::relevant | bind::jr::constraintMsg | media::image::en",
        "text | a | A | ${x} | | ",
        "survey row 2, bind::relevant: There is no question 'x'.",
    ),
    ("type | name | label | count | repeat_count", "text | a | A | 1 | 1", "the same one."),
]
WITH = {"bad.csv": b"x,x\n1,2\n", "ok.csv": b"name,label,kind\n1,A,b\n"}


@pytest.mark.parametrize(("head", "rows", "words"), ONE_BY_ONE)
def test_one_by_one(head, rows, words):
    content = f"| survey |\n| | {head} |\n| | {rows} |\n| | text | last | Z |\n{LISTS}"
    found = told(content.encode(), WITH)
    assert any(words in one for one in found), found


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (f"{SETTINGS}\n| | f | 1 | 1x | | |", "settings row 2, name: 1x cannot be a name."),
        (
            f"{SETTINGS}\n| | f | 1 | | | b |",
            "settings row 2, instance_name: instanceName: There is no",
        ),
    ],
)
def test_settings_one_by_one(more, words):
    content = f"| survey |\n| | type | name | label |\n| | text | a | A |\n{more}"
    assert any(one.startswith(words) for one in told(content.encode()))


def test_what_the_converter_alone_knows_stands_in_its_row():
    content = """| survey |
| | type | name | label | big-image | choice_filter |
| | text | a | A | a.png | |
| | select_one yn | b | B | | name = * and . = 1 |
| | txt | c | C | | |
| choices |
| | list_name | name | label |
| | yn | y | Y |
| settings |
| | version |
| | 1 |"""
    found = told(content.encode(), {"a.png": b"1"})
    assert found[0].startswith("survey row 2: To use big-image, you must also specify an image")
    assert found[-1].startswith("survey row 4, type: c: there is no type 'txt'.")
    plain = content.replace("| | txt | c | C | | |\n", "").replace("big-image", "image")
    plain = plain.replace("name = * and . = 1", "true()")
    named = [str(one) for one in convert(plain.encode(), "f.md", files={"a.png": b"1"}).problems]
    assert named[0].startswith("settings row 2, form_id: The form has no form_id, and is called")


def test_what_is_only_odd_in_settings_and_in_older_workbooks():
    content = """| sheet |
| | type | name | label | disabled | read_only | appearance |
| | text | a | A | | yes | |
| | begin group | g | G | yes | | |
| | form_title | T | | | | |
| | | | | | | x |
"""
    assert convert(content.encode(), "f.md").form.title == "T"
    more = f"{SETTINGS}\n| | a b | 1 | | key | |\n| | c | 2 | | | |"
    found = convert(f"{content.replace('sheet', 'survey')}{more}".encode(), "f.md").problems
    odd = [str(one) for one in found if one.sheet == "settings"]
    assert [one.partition(": ")[2][:40] for one in odd] == [
        "The form_id has spaces in it. Write unde",
        "Answers are not encrypted with this key ",
        "Only the first row of settings is read. ",
    ]


def test_pictures_of_choices_and_of_a_name_that_is_computed():
    content = b"""| survey |
| | type | name | label | image |
| | text | a | A | ${a}.png |
| | select_one yn | b | B | |
| choices |
| | list_name | name | label | image |
| | yn | y | Y | y.png |"""
    (problem,) = convert(content, "f.md").problems
    assert problem.where == "choices row 2, image"
    assert "y.png did not come" in problem.what


def test_what_is_right_is_left_alone():
    content = b"""| survey |
| | type | name | label | relevant | choice_filter | default | bind::type |
| | select_one_from_file ok.csv | a | A | | instance('ok')/root/item/name = name | | |
| | select_one_from_file ok.csv | b | B | | | | string |
| | begin repeat | r | R | | | | |
| | text | r1 | R1 | | | | |
| | end repeat | | | | | | |
| | select_one ${r1} | c | C | count(${r1}) > 0 | | | |
| | select_one yn or_other | d | D | | | other | |
| | text | e | E | ${r1}[position() = 1] != '' | | | |
| choices |
| | list_name | name | label |
| | yn | y | Y |
| | | | only a word |"""
    assert convert(content, "f.md", files=WITH | {"bad.csv": b"x"}).form.questions
    inner = content.replace(b"${r1}[position() = 1] != ''", b"${a}[. = ${r1}] = count(${r1}")
    assert any("row 9" in one for one in told(inner, WITH))
    closed = content.replace(b"${r1}[position() = 1] != ''", b"${a}[. = ${r1}] != ''")
    odd = [str(one) for one in convert(closed, "f.md", files=WITH).problems if one.row == 9]
    assert "r1 is in the repeat r" in odd[0]
    assert not is_bundle(content)


def test_a_workbook_that_no_copy_of_can_be_converted():
    head = "type | name | label | bind | choice_filter"
    content = f"| survey |\n| | {head} |\n| | select_one yn | a | A | x | ( |\n{LISTS}"
    found = told(content.encode())
    assert found[0].startswith("survey row 2, choice_filter: a: ")
    assert found[1].startswith("The workbook cannot be read as an XLSForm.")


# A form and its files in one archive ----------------------------------------------------------


FORM = b"""| survey |
| | type | name | label | audio |
| | select_one_from_file towns.csv | a | A | how.mp3 |
| | calculate | b | | |"""
WITH_FILE = FORM.replace(b"| calculate | b | | |", b"| text | b | B | |")
TOWNS = b"name,label\nx,X\n"


def archive(entries):
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as made:
        for name, content in entries.items():
            made.writestr(name, content)
    return kept.getvalue()


def test_a_form_comes_with_its_files():
    content = archive(
        {"x/f.md": WITH_FILE, "x/f-media/towns.csv": TOWNS, "x/f-media/how.mp3": b"1",
         "__MACOSX/x/._f.md": b"", "x/.DS_Store": b"", "x/more.txt": b"2"}
    )  # fmt: skip
    assert is_bundle(content)
    bundle = unbundled(content)
    assert (bundle.name, bundle.content) == ("f.md", WITH_FILE)
    found = convert(bundle.content, bundle.name, files=bundle.files)
    assert found.files == {"towns.csv": TOWNS, "how.mp3": b"1"}
    assert [str(one) for one in found.problems] == [
        "The form names the file more.txt nowhere. Leave it out, or name it."
    ]
    # The XForm names the same files, and needs the list as much.
    plain = convert(found.xform.encode(), "f.xml", files=bundle.files)
    assert plain.files == found.files
    assert plain.form.lists.keys() == {"towns"}
    with pytest.raises(FormError):
        convert(found.xform.encode(), "f.xml")


@pytest.mark.parametrize("name", ["../f.md", "/f.md", "a/../../f.md", "c:/f.md", "a\\f.md"])
def test_paths_that_lead_out_of_an_archive(name):
    with pytest.raises(FormError, match="would lie outside of it"):
        unbundled(archive({name: FORM}))


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "This is no whole archive"),
        (["a.txt"], "has no form in it"),
        (["a.md", "b.xlsx"], "several forms in it: a.md, b.xlsx"),
        (["a/t.csv", "b/t.csv", "f.md"], "Two files in the archive are named t.csv"),
        (["f.xlsm"], "has macros"),
    ],
)
def test_archives_in_which_no_form_can_be_found(names, words):
    content = archive(dict.fromkeys(names, FORM)) if names else b"PK\x03\x04"
    assert is_bundle(content) == bool(names)
    with pytest.raises(FormError, match=words):
        unbundled(content)


def test_an_xform_and_a_table_are_found_among_lists():
    xform = b'<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="x"/>'
    assert unbundled(archive({"t.xml": b"<root/>", "f.xml": xform})).name == "f.xml"
    assert unbundled(archive({"t.csv": TOWNS, "f.csv": b"survey,,\n,type,name"})).name == "f.csv"


def test_an_empty_list_and_media_that_telegram_would_not_take():
    with pytest.raises(FormError) as found:
        convert(FORM, "f.md", files={"towns.csv": b"code\n1\n", "how.mp3": b""})
    assert [str(one)[:75] for one in found.value.problems] == [
        "survey row 2, type: The file towns.csv has no column name. Name it with par",
        "survey row 2, type: The file towns.csv has no column label. Name it with pa",
        "survey row 3, calculation: b computes nothing. Write an expression, or take",
    ]
    large = bytes(50 * 1024 * 1024 + 1)
    odd = convert(WITH_FILE, "f.md", files={"towns.csv": b"name,label\n", "how.mp3": large})
    assert [str(one) for one in odd.problems] == [
        "survey row 2, type: The list in towns.csv is empty. Write a row for each choice.",
        "survey row 2, audio: The file how.mp3 is larger than 50 megabytes: Telegram does not"
        " take it. Make it smaller.",
    ]


# In Chinese -----------------------------------------------------------------------------------


def sentences():
    """The templates of this folder: what is given to those who make problems of them."""
    for file in sorted(Path(surveys.form.__file__).parent.glob("*.py")):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(call, ast.Call) or file.name in ELSEWHERE:
                continue
            if getattr(call.func, "attr", getattr(call.func, "id", "")) not in MAKERS:
                continue
            for argument in call.args:
                for node in ast.walk(argument):
                    text = node.value if isinstance(node, ast.Constant) else ""
                    if isinstance(text, str) and " " in text and text[-1] in ".?}":
                        told = file.name == "parameters.py" and node is call.args[0]
                        yield f"{{question}}: {text}" if told else text


def test_all_of_it_can_be_said_in_chinese():
    say = speak("zh")
    found = set(sentences())
    assert len(found) > 150
    assert [one for one in sorted(found) if say(one) == one] == []
