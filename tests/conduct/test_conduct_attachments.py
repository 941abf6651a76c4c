"""Attachments come with a step and go with whatever forgets, drops or retires an interview."""

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from surveys.conduct.advance import advance
from surveys.conduct.attachments import Offered, offer
from surveys.conduct.forget import drop_interview, forget, my_data
from surveys.conduct.people import reach
from surveys.conduct.retention import expire, months_before
from surveys.form.xlsform import convert
from surveys.interview.state import Attached, Begin, Closed, Decode, Scanned, Tapped, Typed
from surveys.publish import publish
from surveys.store.attachments import (
    content_of,
    keep_fetched,
    note_sent_as,
    put_media,
    sent_as,
    waiting_one,
)  # fmt: skip
from surveys.store.database import Database, file_of
from surveys.store.schema import Attachment, Interview, Job, Respondent, Wave
from tests.conduct.conftest import NOW, agree

FORM = b"""
| survey | | | | |
| | type | name | label | appearance |
| | begin_repeat | home | Home | |
| | image | photo | The house? | |
| | audio | voice | Say a word. | |
| | end_repeat | | | |
| | barcode | code | The code? | |
| | text | end | Anything else? | |
| settings | | | |
| | form_title | form_id | version |
| | Sent | sent | 1 |
"""
VOICE = b"a voice that names someone"


@pytest.fixture(scope="module")
def workbook():
    return convert(FORM.strip(), "sent.md")


@pytest.fixture
def asked(database, vault, county, workbook):
    """A wave of this form, and an interview in it."""
    return begun(database, vault, county, workbook)


def begun(database, vault, county, workbook, person="alice"):
    with database.begin() as session:
        version = publish(session, workbook, "test", NOW).form_version_id
        session.execute(update(Wave).values(form_version_id=version))
        interview = agree(session, vault, person=person)
        advance(session, interview, Begin(), NOW, None)
    return interview


def send(session, vault, interview, medium, name, file_id="AgAD"):
    offer(session, name, Offered(vault.seal(file_id.encode()), 3, f"{medium}/x"))
    return advance(session, interview, Attached(medium, name), NOW, 7)


def held(session):
    rows = session.execute(
        select(Attachment.node, Attachment.name, Attachment.state)
        .where(Attachment.interview_id.is_not(None))
        .order_by(Attachment.id)
    )
    return [tuple(row) for row in rows]


def jobs(session):
    return [
        (row.kind, row.arguments) for row in session.scalars(select(Job).order_by(Job.id)).all()
    ]


def act(session, interview, action):
    turn = advance(session, interview, Begin(), NOW, None)
    return advance(session, interview, Tapped(turn.interview.asked, action), NOW, None)


def test_what_a_step_takes_becomes_a_row_and_a_job_and_what_it_refuses_does_not(
    database, vault, asked
):  # fmt: skip
    with database.begin() as session:
        # A sound is no picture; a name that nobody offered is nobody's file.
        send(session, vault, asked, "audio", "no.ogg")
        assert held(session) == []
        send(session, vault, asked, "image", "a.jpg")
        send(session, vault, asked, "audio", "b.ogg")
        assert held(session) == [
            ("/data/home[1]/photo", "a.jpg", "waiting"),
            ("/data/home[1]/voice", "b.ogg", "waiting"),
        ]
        ids = list(session.scalars(select(Attachment.id).order_by(Attachment.id)))
        assert jobs(session) == [("fetch", {"attachment_id": one}) for one in ids]
        one = waiting_one(session, ids[0])
        assert vault.open(one.file_id) == b"AgAD"
        assert (one.interview_id, one.lane) == (asked, vault.fingerprint("alice"))
        keep_fetched(session, ids[0], vault.seal(b"jpg"), 3)
        assert waiting_one(session, ids[0]) is None
        assert session.scalar(select(Attachment.file_id).where(Attachment.id == ids[0])) is None
        assert not keep_fetched(session, ids[0], vault.seal(b"other"), 5)
        assert vault.open(content_of(session, ids[0]).content) == b"jpg"


def test_what_is_corrected_skipped_or_taken_away_goes(database, vault, asked):
    with database.begin() as session:
        send(session, vault, asked, "image", "a.jpg")
        act(session, asked, "back")
        send(session, vault, asked, "image", "b.jpg")
        assert held(session) == [("/data/home[1]/photo", "b.jpg", "waiting")]
        send(session, vault, asked, "audio", "c.ogg")
        act(session, asked, "add")
        send(session, vault, asked, "image", "d.jpg")
        assert len(held(session)) == 3
        act(session, asked, "skip")
        turn = act(session, asked, "remove")
        assert turn.interview.instances == {"/data/home": 1}
        assert [name for _, name, _ in held(session)] == ["b.jpg", "c.ogg"]
        act(session, asked, "back")
        act(session, asked, "skip")
        assert [name for _, name, _ in held(session)] == ["b.jpg"]


def test_of_what_was_corrected_no_byte_is_left(sqlite_url, vault, county_in, workbook):
    database = Database(sqlite_url)
    interview = begun(database, vault, county_in(database), workbook)

    def found():
        folder = file_of(sqlite_url).parent
        return VOICE in b"".join(path.read_bytes() for path in folder.glob("usegap.db*"))

    with database.begin() as session:
        send(session, vault, interview, "image", "a.jpg")
        # As nobody would keep it: unsealed, so that it would be found.
        keep_fetched(session, session.scalar(select(Attachment.id)), VOICE * 500, 9)
    assert found()
    with database.begin() as session:
        act(session, interview, "back")
    assert found()
    with database.begin() as session:
        send(session, vault, interview, "image", "b.jpg")
    assert not found()
    database.close()


def test_of_a_barcode_the_picture_waits_for_its_job_alone(database, vault, asked):
    with database.begin() as session:
        for action in ("skip", "skip", "enough"):
            act(session, asked, action)
        turn = send(session, vault, asked, "image", "code.jpg")
        (decode,) = (one for one in turn.effects if isinstance(one, Decode))
        assert held(session) == [("/data/code", "code.jpg", "waiting")]
        ((kind, arguments),) = jobs(session)
        assert (kind, arguments["seq"], arguments["update_id"]) == ("scan", decode.seq, 7)
        turn = advance(session, asked, Scanned(decode.seq, "690"), NOW, None)
        assert [one.shown for one in turn.effects if isinstance(one, Closed)] == ["690"]


@pytest.mark.parametrize("way", ["forget", "keep", "drop", "expire"])
def test_whatever_ends_an_interview_takes_its_attachments_along(
    sqlite_url, vault, county_in, workbook, way
):  # fmt: skip
    database = Database(sqlite_url)
    county = county_in(database)
    interview = begun(database, vault, county, workbook)
    other = begun(database, vault, county, workbook, person="bob")
    with database.begin() as session:
        for one, name in ((interview, "mine.jpg"), (other, "others.jpg")):
            send(session, vault, one, "image", name)
        send(session, vault, interview, "audio", "v.ogg")
        for number in session.scalars(select(Attachment.id)).all():
            # As nobody would keep it: unsealed, so that it would be found.
            keep_fetched(session, number, VOICE, len(VOICE))
        for action in ("enough", "skip"):
            act(session, interview, action)
        advance(session, interview, Typed("words"), NOW, None)
        assert session.get(Interview, interview).status == "finished"
        contact = reach(session, vault.fingerprint("alice")).contact_id
        respondent = session.get(Interview, interview).respondent_id
    if way == "expire":
        with database.begin() as session:
            late = months_before(NOW, -1)
            session.execute(update(Interview).where(Interview.id == other).values(updated_at=late))
            session.execute(update(Wave).values(retention_months=1))
        assert expire(database, months_before(NOW, -1).replace(day=28)) == 1
    else:
        with database.begin() as session:
            if way in ("forget", "keep"):
                forget(session, contact, None, keep_answers=way == "keep", now=NOW)
            else:
                drop_interview(session, contact, respondent, interview)
    with database.read() as session:
        assert [name for _, name, _ in held(session)] == ["others.jpg"]
        kept = session.scalar(select(func.count()).select_from(Respondent))
        assert kept == (2 if way == "keep" else 1)
    # Not one byte of it is left beside what is bob's.
    folder = file_of(sqlite_url).parent
    found = b"".join(path.read_bytes() for path in folder.glob("usegap.db*"))
    assert found.count(VOICE) == 1
    assert (b"mine.jpg" in found) is (way == "keep")
    database.close()


def test_what_is_kept_is_told_to_its_person(database, vault, asked):
    with database.begin() as session:
        send(session, vault, asked, "image", "a.jpg")
        act(session, asked, "skip")
        act(session, asked, "add")
        send(session, vault, asked, "image", "b.jpg")
        contact = reach(session, vault.fingerprint("alice")).contact_id
        (person,) = my_data(session, vault, contact)["persons"]
    (interview,) = person["interviews"]
    assert interview["answers"] == []
    told = [{**one, "id": 0} for one in interview["attachments"]]
    assert told == [
        {"id": 0, "question": f"The house? ({n})", "kind": "image", "name": name,
         "type": "image/x", "size": 3, "state": "waiting"}
        for n, name in ((1, "a.jpg"), (2, "b.jpg"))
    ]  # fmt: skip


def test_what_a_form_shows_is_known_by_its_content_in_all_versions(database, county):
    with database.begin() as session:
        versions = [county.version]
        put_media(session, versions[0], {"a.png": ("image/png", b"1")}, NOW)
        first = session.scalar(select(Attachment.id))
        put_media(session, versions[0], {"a.png": ("image/png", b"1")}, NOW)
        note_sent_as(session, first, "bot", "file7")
        note_sent_as(session, first, "other", "file8")
        put_media(session, versions[0], {"b.png": ("image/png", b"1")}, NOW)
        second = session.scalar(select(Attachment.id).where(Attachment.name == "b.png"))
        put_media(session, versions[0], {"a.png": ("image/png", b"2")}, NOW)
        third = session.scalar(select(Attachment.id).where(Attachment.name == "a.png"))
        shown = [[sent_as(session, one, bot) for bot in ("bot", "other")]
                 for one in (second, third)]  # fmt: skip
        assert shown == [["file7", "file8"], [None, None]]
        assert content_of(session, third).content == b"2"
        assert content_of(session, first) is None


def test_a_row_is_of_a_form_or_of_an_answer(database, county, asked):
    values = {"name": "a", "media_type": "x", "size": 1, "state": "waiting", "taken_at": NOW}
    for owners in ({}, {"interview_id": asked, "form_version_id": county.version}):
        with pytest.raises(IntegrityError), database.begin() as session:
            session.execute(insert(Attachment).values(**values, **owners))
