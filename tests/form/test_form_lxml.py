"""Plain XPath 1.0 as an independent engine has it."""

import pytest
from form_samples import PATHS, SAMPLE, VALUES, Person
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from surveys.form.expression import compile_expression
from surveys.form.shape import Shape

DOCUMENT = etree.Element("data")
GROUP = etree.SubElement(DOCUMENT, "g")
NODES_OF_LXML = {name: etree.SubElement(GROUP, name) for name in VALUES}
for _name, (_, _value) in VALUES.items():
    NODES_OF_LXML[_name].text = _value
TEXTUAL = Shape(leaves=tuple(SAMPLE))
ODD = {PATHS[name] for name in ("day", "no_day")}
"""A date is a number to ODK and none to XPath 1.0."""


def lxml(text: str) -> str:
    return str(NODES_OF_LXML["tx"].xpath(f"string({text})"))


def ours(text: str) -> str:
    return compile_expression(text, PATHS["tx"], TEXTUAL).as_text(Person())


def same(mine: str, theirs: str) -> bool:
    try:
        return mine == theirs or float(mine) == pytest.approx(float(theirs), rel=1e-9, abs=1e-9)
    except ValueError:
        return False


# A node is its text to ODK; in XPath 1.0 it is true because it is there.
# No comma and no "." alone, which ODK reads as numbers; no "-" alone before a blank.
TEXTS = st.text("ab 3é汉", max_size=5).map(lambda text: f"'{text}'")
NUMBERS = st.one_of(
    st.integers(-30, 30).map(str), st.integers(-400, 400).map(lambda eighths: str(eighths / 8))
)
NODES = st.sampled_from(
    [*sorted(set(SAMPLE) - ODD), "../n3", "../d25", ".", "./../t3", "../../g/many"]
).map(lambda path: f"string({path})")


def function(name: str, *kinds: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*kinds).map(lambda given: f"{name}({', '.join(given)})")


def inside(value: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def joined(*operators: str) -> st.SearchStrategy[str]:
        return st.tuples(value, st.sampled_from(operators), value).map(
            lambda parts: f"{parts[0]} {parts[1]} {parts[2]}"
        )

    return st.one_of(
        joined("+", "-", "*", "div", "mod", "<", "<=", ">", ">=", "=", "!=", "and", "or"),
        value.map(lambda one: f"({one})"),
        value.map(lambda one: f"- {one}"),
        function("not", value),
        function("boolean", value),
        function("number", value),
        function("string", value),
        function("concat", value, value),
        function("contains", value, value),
        function("starts-with", value, value),
        function("substring-before", value, value),
        function("substring-after", value, value),
        function("string-length", value),
        function("normalize-space", value),
        function("translate", value, value, value),
    )


@settings(max_examples=600)
@given(text=st.recursive(TEXTS | NUMBERS | NODES, inside, max_leaves=10))
@example(text="1 - 2 - 3 = -4 and 2 + 3 * 4 = 14 or 1 div 0 > 5 mod 2")
@example(text="../n3 - 1")
@example(text="../d25 + ../n12 mod ../n3 * -../n3")
def test_plain_xpath_as_lxml_has_it(text):
    mine, theirs = ours(text), lxml(text)
    assert same(mine, theirs), (mine, theirs)
