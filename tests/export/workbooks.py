"""Any form in the field: its versions published, a wave opened, submissions put in as they are."""

from datetime import timedelta

from surveys.form.xlsform import convert
from surveys.publish import ensure_ready, import_villages, publish
from surveys.store.schema import Area
from tests.fieldwork import NOW, VILLAGES, Field, interview


def open_form(database, *versions):
    """A wave of a form; each of its versions as a workbook in Markdown, the oldest first."""
    with database.begin() as session:
        made = []
        for number, text in enumerate(versions):
            form = convert(text.strip().encode(), "form.md")
            at = NOW + timedelta(days=number)
            made.append(publish(session, form, "test", at).form_version_id)
        wave = ensure_ready(session, organisation="O", contact="C", retention_months=24,
                            now=NOW, time_zone="Asia/Shanghai")  # fmt: skip
        import_villages(session, VILLAGES.encode(), NOW)
        field = Field(wave, made)
        field.villages = {a.code: a.id for a in session.query(Area).where(Area.kind == "village")}
    return field


def put(session, field, submissions, *, version=0, village="LP01"):
    """Each of these submissions, path -> value, from a home of its own; the interviews."""
    made = []
    for one in submissions:
        home = f"{village}-{field.made}"
        made.append(interview(session, field, village, home, version=field.versions[version]))
        made[-1].submission = one
    session.flush()
    return made
