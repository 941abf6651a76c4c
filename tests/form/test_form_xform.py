"""XForms as ODK and pyxform write them, to forms; everything wrong with one, at once."""

import pytest
from form_samples import Person
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.form.model import Beginning, Group, Question, Repeat, Text, language_of
from surveys.form.problems import FormError
from surveys.form.xform import load, read

HEAD = (
    '<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" '
    'xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms" '
    'xmlns:odk="http://www.opendatakit.org/xforms">'
)


def xform(nodes: str, binds: str = "", body: str = "", more: str = "") -> str:
    """An XForm around the parts that a test is about."""
    return (
        f"{HEAD}<h:head><h:title> A form </h:title><model>"
        f'<instance><data id="f" version="7">{nodes}</data></instance>{more}{binds}'
        f"</model></h:head><h:body>{body}</h:body></h:html>"
    )


def bind(path: str, **attributes: str) -> str:
    written = "".join(f' {key.replace("_", ":")}="{value}"' for key, value in attributes.items())
    return f'<bind nodeset="{path}"{written}/>'


def control(kind: str, name: str, inside: str = "", **attributes: str) -> str:
    written = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f'<{kind} ref="/data/{name}"{written}><label>{name}?</label>{inside}</{kind}>'


ITEM = "<item><label>Yes</label><value>yes</value></item>"


def told(xml: str | bytes, **how: bool) -> list[str]:
    """What is wrong with an XForm, or only odd about it."""
    return [f"{problem.severity}: {problem}" for problem in read(xml, **how)[1]]


def said(text: Text | None, language: str = "", person: Person | None = None) -> str:
    assert text is not None
    return "".join(
        piece if isinstance(piece, str) else piece.as_text(person or Person({}))
        for piece in text.pieces[language]
    )


def test_each_type_of_question():
    kinds = {
        "a": ("input", "string", "text"),
        "b": ("input", "int", "integer"),
        "c": ("input", "xsd:decimal", "decimal"),
        "d": ("input", "date", "date"),
        "e": ("select1", "string", "select_one"),
        "f": ("select", "string", "select_multiple"),
        "g": ("input", "string", "note"),
    }
    form = load(
        xform(
            "".join(f"<{name}/>" for name in (*kinds, "h")),
            "".join(
                bind(f"/data/{name}", type=kind, **({"readonly": "true()"} if name == "g" else {}))
                for name, (_, kind, _) in kinds.items()
            ),
            "".join(
                control(tag, name, ITEM if tag.startswith("select") else "")
                for name, (tag, _, _) in kinds.items()
            ),
        )
    )
    assert {question.name: question.type for question in form.questions} == {
        **{name: kind for name, (_, _, kind) in kinds.items()},
        "h": "calculate",
    }
    assert [question.name for question in form.questions if question.asked] == list("abcdef")
    assert (form.id, form.version, form.title, form.languages) == ("f", "7", "A form", ("",))
    assert form.order == tuple(f"/data/{name}" for name in "abcdefgh")
    assert form.warnings == ()
    assert said(form.nodes["/data/a"].label) == "a?"


def test_everything_a_bind_and_a_control_say():
    form = load(
        xform(
            "<g><n> 5 </n><t/></g><k/>",
            bind("/data/g", relevant="true()")
            + bind(
                "/data/g/n",
                type="int",
                relevant="/data/k != ''",
                required="true()",
                constraint=". &gt; 1 and . &lt;= 9",
                readonly="../t = 'x'",
                jr_constraintMsg="Two to nine.",
                jr_requiredMsg="jr:itext('must')",
            )
            + bind("/data/k", type="string", required="false()", constraint="true()"),
            '<group ref="/data/g" appearance="field-list"><label>G</label>'
            '<input ref="/data/g/n" appearance="big"><label>How <output value="/data/k"/> many '
            "</label><hint>Count</hint></input></group>" + control("input", "k"),
            more='<itext><translation lang="en"><text id="must"><value>Please.</value></text>'
            "</translation></itext>",
        )
    )
    group, number = form.nodes["/data/g"], form.nodes["/data/g/n"]
    assert isinstance(group, Group)
    assert isinstance(number, Question)
    assert (group.relevant, group.appearance, number.appearance) == (None, "field-list", "big")
    assert form.parents["/data/g/n"] == ("/data/g",)
    assert number.default == "5"
    assert said(number.required_message, "en") == "Please."
    assert said(number.constraint_message, "en") == "Two to nine."
    assert said(number.hint, "en") == "Count"
    person = Person({"/data/g/n": "9", "/data/k": "cows"})
    assert said(number.label, "en", person) == "How cows many"
    for condition, expected in (
        (number.relevant, True),
        (number.required, True),
        (number.constraint, True),
        (number.read_only, False),
    ):
        assert condition is not None
        assert condition.as_truth(person) is expected
    text = form.nodes["/data/k"]
    assert isinstance(text, Question)
    assert (text.required, text.constraint, text.relevant) == (None, None, None)
    # n is relevant by k, which stands behind it.
    assert form.order.index("/data/k") < form.order.index("/data/g/n")
    assert form.default_language == "en"


LANGUAGES = """<itext>
<translation lang="中文 (zh)"><text id="a"><value>你好</value></text>
 <text id="b"><value>-</value></text><text id="c"><value form="image">jr://images/c.png</value>
 <value form="audio">jr://audio/c.mp3</value></text></translation>
<translation lang="English (en)" default="true()">
 <text id="a"><value form="short">Hi</value>
 <value form="long">Hello, <output value="/data/q"/>!</value></text>
 <text id="b"><value>Bye</value></text><text id="c"><value form="guidance">Loud.</value></text>
</translation></itext>"""


def test_languages():
    form = load(
        xform(
            "<q/><r/><s/><t/>",
            body="".join(
                f'<input ref="/data/{name}"><label ref="jr:itext(\'{text}\')"/></input>'
                for name, text in zip("qrs", "abc", strict=True)
            )
            + control("input", "t"),
            more=LANGUAGES,
        )
    )
    assert form.languages == ("English (en)", "中文 (zh)")
    q, r, s, t = form.questions
    person = Person({"/data/q": "Li"})
    assert said(q.label, "English (en)", person) == "Hello, Li!"
    assert said(q.label, "中文 (zh)", person) == "你好"
    assert r.label == Text({"English (en)": ("Bye",)})
    assert s.label is None
    assert said(t.label, "中文 (zh)") == said(t.label, "English (en)") == "t?"
    assert s.media
    assert form.warnings == ()
    assert language_of(form, "zh-CN") == "中文 (zh)"
    assert language_of(form, "EN") == "English (en)"
    assert language_of(form, "fr") == "English (en)"


LISTS = """<instance id="k"><root>
<item><name>b</name><label>Bee</label></item><item><name>a</name><label>Ay</label></item></root></instance>
<instance id="t"><root><item><name>x</name><itextId>t-0</itextId></item>
<item><name>y</name><itextId>t-1</itextId></item><item><name>z</name></item></root></instance>
<itext><translation lang="en"><text id="t-0"><value>Ex</value></text>
<text id="t-1"><value> </value></text></translation></itext>"""


def itemset(nodeset: str, label: str = "label") -> str:
    return f'<itemset nodeset="{nodeset}"><value ref="name"/><label ref="{label}"/></itemset>'


def choosing(nodeset: str) -> str:
    return control("select1", "q", itemset(nodeset))


def test_choices_from_lists_and_inline():
    form, found = read(
        xform(
            "<seed/><p/><q/><r/><s/><u/>",
            body=control("select1", "p", itemset("instance('k')/root/item"))
            + control("select", "q", itemset("randomize(instance('k')/root/item, /data/seed)"))
            + control("select1", "r", itemset("randomize(instance('k')/root/item)"))
            + control("select1", "u", "<item><value>u</value></item>" + ITEM),
            more=LISTS,
        )
    )
    assert form is not None
    assert found == ()
    choices = {question.name: question.choices for question in form.questions}
    plain, seeded, shuffled, inline = (choices[name] for name in "pqru")
    assert plain is not None
    assert seeded is not None
    assert shuffled is not None
    assert inline is not None
    assert [(choice.value, said(choice.label, "en")) for choice in plain.choices] == [
        ("b", "Bee"),
        ("a", "Ay"),
    ]
    assert (plain.list_name, plain.shuffled, plain.seed) == ("k", False, None)
    assert seeded.choices is plain.choices
    assert seeded.shuffled
    assert seeded.seed is not None
    assert seeded.seed.reads == {"/data/seed"}
    assert (shuffled.shuffled, shuffled.seed) == (True, None)
    assert [(choice.value, said(choice.label, "en")) for choice in inline.choices] == [
        ("u", "u"),
        ("yes", "Yes"),
    ]
    assert choices["s"] is None


def test_choices_with_translated_labels_and_without_any():
    form, found = read(
        xform(
            "<p/>",
            body=control("select1", "p", itemset("instance('t')/root/item", "jr:itext(itextId)")),
            more=LISTS.replace("<item><name>z</name></item>", ""),
        )
    )
    assert form is not None
    assert found == ()
    choices = form.questions[0].choices
    assert choices is not None
    assert [said(choice.label, "en") for choice in choices.choices] == ["Ex", "y"]


def test_what_fills_itself_and_what_begins_with_a_value():
    form = load(
        xform(
            "<start/><end/><day/><phone/><n/><t/><c/><meta><instanceID/></meta>",
            bind("/data/start", type="dateTime", jr_preload="timestamp", jr_preloadParams="start")
            + bind("/data/end", type="dateTime", jr_preload="timestamp", jr_preloadParams="end")
            + bind("/data/day", type="date", jr_preload="date", jr_preloadParams="today")
            + bind("/data/phone", type="string", jr_preload="property", jr_preloadParams="phone")
            + bind("/data/meta/instanceID", type="string", jr_preload="uid")
            + bind("/data/n", type="int")
            + bind("/data/c", type="int", calculate="7 div 2"),
            control("input", "n") + control("input", "t"),
            more='<setvalue ref="/data/n" event="odk-instance-first-load" value="3 + 1.5"/>'
            '<setvalue ref="/data/t" event="odk-instance-first-load">it\'s</setvalue>',
        )
    )
    filled = {question.name: question for question in form.questions}
    assert {name: one.preload for name, one in filled.items() if one.preload} == {
        "start": "start", "end": "end", "day": "today", "instanceID": "uid",
    }  # fmt: skip
    assert "phone is known to a telephone only" in form.warnings[0]

    first, second = form.actions
    assert (first.event, first.target, first.value.as_text(Person({}))) == (
        "first-load", "/data/n", "4"
    )  # fmt: skip
    assert (second.target, second.value.as_text(Person({}))) == ("/data/t", "it's")
    assert filled["c"].calculation is not None
    assert filled["c"].calculation.as_text(Person({})) == "3"
    assert filled["c"].calculation.text == "7 div 2"


def test_questions_stand_as_in_the_body_and_in_groups_without_a_node():
    form = load(
        xform(
            "<c0/><a/><g><x/><y/></g><b/><c1/>",
            '<bind id="bb" nodeset="/data/b"/>' + bind("a", relevant="/data/b = 1"),
            '<group><label>Together</label><input bind="bb"><label>b</label></input></group>'
            '<group ref="g"><input ref="y"><label>y</label></input><input ref="x"/></group>'
            + control("input", "a"),
        )
    )
    assert [question.name for question in form.questions] == ["c0", "b", "y", "x", "a", "c1"]
    assert form.nodes["/data/g/x"].label is None
    assert list(form.parents) == list(form.nodes)


@pytest.mark.parametrize(
    ("tag", "kind", "more", "asked"),
    [
        ("upload", "binary", {"mediatype": "image/*"}, "image"),
        ("upload", "binary", {"mediatype": "audio/*"}, "audio"),
        ("upload", "binary", {"mediatype": "application/*"}, "file"),
        ("range", "int", {"start": "0", "end": "10", "step": "2"}, "range"),
        ("trigger", "string", {}, "acknowledge"),
        ("input", "geopoint", {}, "geopoint"),
        ("input", "time", {}, "time"),
        ("input", "dateTime", {}, "dateTime"),
        ("input", "barcode", {}, "barcode"),
        ("input", "intent", {}, "text"),
        ("secret", "string", {}, "text"),
    ],
)
def test_what_is_asked_by_control_and_data_type(tag, kind, more, asked):
    form = load(xform("<q/>", bind("/data/q", type=kind), control(tag, "q", **more)))
    assert form.questions[0].type == asked


def test_what_cannot_be_asked():
    osm = control("upload", "q", mediatype="osm/*")
    with pytest.raises(FormError, match="a map of OpenStreetMap is not possible in a chat"):
        load(xform("<q/>", bind("/data/q", type="binary"), osm))
    with pytest.raises(FormError, match="step=0 is no number for a range"):
        load(xform("<q/>", "", control("range", "q", start="0", end="1", step="0")))


def test_repeats_and_the_instances_that_are_there():
    form = load(
        xform(
            '<p jr:template=""><n/><v jr:template=""><d>x</d></v></p>'
            "<p><n/><v><d>x</d></v><v><d>y</d></v></p><one><q/></one>",
            body='<group ref="/data/p"><label>Person</label>'
            '<repeat nodeset="/data/p" jr:count="2 + 1"><input ref="/data/p/n"/>'
            '<group><label>Visit</label><repeat nodeset="/data/p/v"><input ref="/data/p/v/d"/>'
            "</repeat></group></repeat></group>"
            '<repeat nodeset="/data/one" jr:noAddRemove="true()"><input ref="/data/one/q"/>'
            "</repeat>",
        )
    )
    nodes = form.nodes
    person, visit, one = nodes["/data/p"], nodes["/data/p/v"], nodes["/data/one"]
    assert isinstance(person, Repeat)
    assert isinstance(visit, Repeat)
    assert isinstance(one, Repeat)
    assert form.beginning.instances == {"/data/p": 1, "/data/p[1]/v": 2, "/data/one": 1}
    assert form.beginning.answers == {"/data/p[1]/v[1]/d": "x", "/data/p[1]/v[2]/d": "y"}
    # Of a template that holds a template nothing is there.
    assert (person.fresh, visit.fresh.answers) == (Beginning(), {"d": "x"})
    assert (visit.count, person.fixed, one.fixed) == (None, False, True)
    assert person.count is not None
    assert person.count.as_number(Person()) == 3
    assert visit.label == Text({"": ("Visit",)})
    assert form.repeats["/data/p/v/d"] == ("/data/p", "/data/p/v")


WRONG = {
    "a select from a file": (
        xform("<q/>", body=control("input", "q", query="instance('x')/root/item[a=1]")),
        ["q: select_one_external is not possible in a chat."],
    ),
    "no such list": (
        xform("<q/>", body=control("select1", "q", itemset("instance('no')/root/item"))),
        ["q: There is no list no."],
    ),
    "a filter that is none": (
        xform("<q/>", body=choosing("instance('k')/root/item[a=]"), more=LISTS),
        ["] cannot stand here."],
    ),
    "neither choices": (
        xform("<q/>", body=control("select1", "q")),
        ["q: the choice list q has no choices."],
    ),
    "a value with a space": (
        xform("<q/>", body=control("select", "q", ITEM.replace(">yes<", ">y s<"))),
        ["the choice name 'y s' has a space in it."],
    ),
    "no value": (
        xform("<q/>", body=control("select", "q", ITEM.replace(">yes<", "><"))),
        ["the choice name '' has a space in it."],
    ),
    "a missing text": (
        xform("<q/>", body='<input ref="/data/q"><label ref="jr:itext(\'no\')"/></input>'),
        ["q: the text no is missing."],
    ),
    "a question without a node": (xform("<q/>", body="<input/>"), ["/data is used, but the form"]),
    "an entity": (
        xform("<meta><entity/></meta>", bind("/data/meta/entity/@id", type="string")),
        ["an entity is not possible in a chat."],
    ),
    "a body without end": (
        xform("<q/>", body="<group>" * 80 + "<input/><input/>" + "</group>" * 80),
        ["data: more than 50 groups are inside each other."],
    ),
    "two bodies without end": (
        xform("<g>" * 80 + "</g>" * 80, body="<group>" * 80 + "</group>" * 80),
        ["g: more than 50 groups are inside each other."],
    ),
    "two of a name": (xform("<q/><q/>"), ["q: two nodes have this name."]),
    "a circle": (
        xform("<a/><b/><c/>", bind("/data/a", calculate="../c") + bind("/data/b", calculate="../a")
              + bind("/data/c", relevant="../b = 1")),
        ["These are computed from each other in a circle: a → c → b → a."],
    ),
    "a group that hides what decides on it": (
        xform("<g><a/></g>", bind("/data/g", relevant="/data/g/a = 1")),
        ["in a circle: g → a → g."],
    ),
    "itself": (xform("<a/>", bind("/data/a", calculate=". + 1")), ["in a circle: a → a."]),
    "an action": (
        xform("<q/>", body=control(
            "input", "q", '<setvalue ref="/data/q" event="xforms-select" value="1"/>')),
        ["q: setvalue on xforms-select is not possible in a chat."],
    ),
    "an action on nothing": (
        xform("<q/>", more='<odk:setgeopoint ref="/data/q"/><setvalue ref="/data/z" event="x"/>'),
        ["q: setgeopoint on nothing is not possible in a chat.", "/data/z is used"],
    ),
    "bad expressions": (
        xform("<q/><r/>",
              bind("/data/q", relevant="foo(1", constraint="nothere() = 1", calculate="1 +")
              + bind("/data/r", relevant="/data/Q ="),
              '<input ref="/data/q"><label>x <output value="a b"/></label></input>'),
        [
            "label: q: b cannot stand here. It says: a → b",
            "relevant: q: The bracket ( is not closed. It says: foo → (1",
            "constraint: q: There is no function nothere(). It says: nothere() = 1",
            "calculation: q: Something is missing at the end. It says: 1 +",
            "relevant: r: Something is missing at the end. It says: /data/Q =",
        ],
    ),
    "a list with a bad seed": (
        xform("<q/>", body=choosing("randomize(instance('k')/root/item, seed("), more=LISTS),
        ["The bracket ( is not closed."],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_everything_that_is_wrong_is_said(name):
    xml, expected = WRONG[name]
    form, found = read(xml)
    assert form is None
    errors = [str(problem) for problem in found if problem.severity == "error"]
    assert len(errors) == len(expected), errors
    for error, part in zip(errors, expected, strict=True):
        assert part in error
    with pytest.raises(FormError):
        load(xml)


def test_a_bind_without_a_node_is_passed_by_with_a_word():
    form = load(xform("<q/>", bind("/data/z", type="int") + "<bind/>"))
    assert "/data/z is used, but the form has no such node." in form.warnings[0]


def test_a_path_to_nothing_is_blank_where_nobody_here_wrote_the_form():
    xml = xform("<q/><r/>", bind("/data/r", relevant="/data/Q = ''"))
    assert "/data/Q stands for no question and is always blank" in load(xml).warnings[0]
    with pytest.raises(FormError, match=r"There is no node /data/Q. Is /data/r meant\?"):
        load(xml, strict=True)


def test_a_space_in_a_value_matters_where_several_are_kept_together():
    spaced = ITEM.replace(">yes<", ">y s<")
    assert (
        "has a space in it" in load(xform("<q/>", body=control("select1", "q", spaced))).warnings[0]
    )


def test_a_list_from_a_file_that_is_not_there():
    xml = xform("<q/>", more='<instance id="c" src="jr://file-csv/c.csv"/>')
    assert load(xml).lists["c"].children == []
    with pytest.raises(FormError, match=r"The list c is to come from the file c.csv"):
        load(xml, files={})
    rows = load(xml, files={"c.csv": b"name,label\na,A\nb,B\n"}).lists["c"].children[0]
    assert [row.part("label") for row in rows.named("item")] == ["A", "B"]


def test_a_long_expression_is_shown_around_the_place():
    start, end = " + ".join(["1"] * 80), " * ".join(["2"] * 80)
    (problem,) = read(xform("<q/>", bind("/data/q", calculate=f"{start} + ] + {end}")))[1]
    assert problem.remedy.startswith("It says: …1 + 1")
    assert " → ] + 2 * 2" in problem.remedy
    assert problem.remedy.endswith("…")
    assert len(problem.remedy) < 140


def test_a_name_without_a_node_is_blank_in_a_plain_xform_and_wrong_in_ours():
    xml = xform("<q/><r/>", bind("/data/q", calculate="if(null = '', 'blank', 'full')"))
    form, found = read(xml)
    assert form is not None
    assert [problem.severity for problem in found] == ["warning"]
    assert "null stands for no question" in form.warnings[0]
    calculation = form.questions[0].calculation
    assert calculation is not None
    assert calculation.as_text(Person({})) == "blank"
    with pytest.raises(FormError, match="There is no node null"):
        load(xml, strict=True)


def test_two_choices_with_one_value_are_odd():
    form = load(xform("<q/>", body=control("select1", "q", ITEM + ITEM)))
    assert "two choices are named 'yes'" in form.warnings[0]


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        ("", "not well-formed"),
        ("<a>", "not well-formed"),
        (b"\xff\xfe<", "not well-formed"),
        ('<?xml version="1.0" encoding="no-such"?><a/>', "not well-formed"),
        ("\ud800", "not well-formed"),
        ('<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', "entities or a document type"),
        ("<!DOCTYPE a><a/>", "entities or a document type"),
        ("<a/>", "has no model"),
        (f"{HEAD}<h:head><model/></h:head></h:html>", "has no body"),
        (f"{HEAD}<h:head><model/></h:head><h:body/></h:html>", "has no instance"),
    ],
)
def test_what_is_no_xform(xml, words):
    with pytest.raises(FormError, match=words):
        load(xml)


def test_groups_without_end():
    with pytest.raises(FormError, match="more than 50 groups"):
        load(xform("<g>" * 80 + "</g>" * 80))


def test_a_comment_is_no_node_and_an_id_may_be_missing():
    form = load(
        xform("<!-- a --><q/><!-- b -->").replace(' id="f" version="7"', ' orx:version="8"')
    )
    assert [question.name for question in form.questions] == ["q"]
    assert (form.id, form.version) == ("data", "8")


@given(st.text(st.sampled_from("ab/.'<> ()=12,*${}or[]"), max_size=12))
@settings(max_examples=300)
def test_no_expression_does_more_than_be_refused(text):
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    xml = xform("<a/><b/>", bind("/data/a", relevant=escaped, calculate=escaped))
    form, found = read(xml)
    assert (form is None) == any(problem.severity == "error" for problem in found)
