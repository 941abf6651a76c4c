"""The same questions, choices, relevance and values as ODK Collect's engine, JavaRosa, has."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from surveys.form.xlsform import convert
from tests.conformance.comparing import differences, formed, ours
from tests.conformance.driving import HERE
from tests.conformance.known import KNOWN
from tests.conformance.random_forms import forms

FORMS = HERE / "forms"
WRITTEN = sorted(FORMS.glob("*.md"))
FILES = {file.name: file.read_bytes() for file in FORMS.iterdir()
         if file.suffix in (".csv", ".xml", ".geojson")}  # fmt: skip
PAGE = Path(__file__).parents[2] / "docs/conformance.md"


@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: file.stem)
def test_a_written_form_runs_as_in_javarosa(file, javarosa):
    made = convert(file.read_bytes(), "data.md", files=FILES)
    for answers in json.loads(file.with_suffix(".json").read_text("utf-8")):
        languages = [one for one in made.form.languages if one] or [None]
        for language in languages:
            judged = javarosa.told(made.xform, answers, files=FORMS, language=language)
            assert differences(judged, ours(made.form, answers, language=language or "")) == []


# Made smaller by hand, where one fails: to try smaller ones by chance takes minutes.
@settings(
    max_examples=90,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(forms())
def test_a_random_form_runs_as_in_javarosa(javarosa, made):
    from pyxform.xls2xform import convert as to_xform

    table, answers = made
    xform = to_xform(xlsform=table, file_type=".md").xform
    judged = javarosa.told(xform, answers)
    assert differences(judged, ours(formed(xform), answers)) == [], f"{table}\n{answers}"


@pytest.mark.parametrize("name", KNOWN)
def test_what_differs_on_purpose_is_written_down_and_differs_just_so(name, javarosa):
    known = KNOWN[name]
    made = convert(known.table.encode(), "data.md")
    wanted = {known.more: True} if known.more else {}
    judged = javarosa.told(made.xform, known.answers, **wanted)
    assert differences(judged, ours(made.form, known.answers)) == list(known.lines)


def test_the_page_of_differences_has_just_those_that_are_tried():
    headings = re.findall(r"^### (.+)$", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    assert headings == list(KNOWN)
