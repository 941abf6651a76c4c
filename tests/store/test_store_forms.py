"""The versions of a form as exports and profiles have them."""

from datetime import UTC, datetime

from surveys.form.xlsform import convert
from surveys.publish import ensure_ready, publish
from surveys.store.forms import versions_of_wave

NOW = datetime(2026, 11, 28, tzinfo=UTC)
FORM = b"""
| survey | | |
| | type | name | label |
| | select_one_from_file villages.csv | home | Which village? |
| settings | | |
| | form_id | version |
| | listed | 1 |
"""


def test_choices_of_a_list_in_a_file_have_their_labels_afterwards_too(database):
    rows = "name,label\nLP01,清水村\n".encode()
    workbook = convert(FORM, "listed.md", files={"villages.csv": rows})
    with database.begin() as session:
        publish(session, workbook, "test", NOW)
        wave = ensure_ready(
            session, organisation="O", contact="C", retention_months=24, now=NOW
        )  # fmt: skip
    with database.read() as session:
        (version,) = versions_of_wave(session, wave)
    choices = version.form.questions[0].choices
    assert [(one.value, one.label.pieces[""]) for one in choices.choices] == [
        ("LP01", ("清水村",))
    ]  # fmt: skip
