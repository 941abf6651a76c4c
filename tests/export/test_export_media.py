"""Photos, recordings and files beside the tables: which, how named, how much memory."""

import hashlib
import io
import os
import tracemalloc
import zipfile

import pytest
from typer.testing import CliRunner

from bot.cli.program import app
from bot.desk import Desk
from bot.jobs import exports
from surveys.export import Filters, Wanted, any_media, into_folder, into_zip
from surveys.store.administrators import Addressee
from surveys.store.attachments import keep_fetched, note_failed, put_waiting
from surveys.store.database import Database
from surveys.store.jobs import DueJob
from surveys.store.vault import Vault
from tests.export.reading import files_of, made_of, rows
from tests.export.workbooks import open_form, put
from tests.fieldwork import NOW

KEY = "a key for this test alone, and of some length"
VAULT = Vault(KEY.encode())
FILES = {"aa.jpg": b"photo", "dd.jpg": b"field", "ff.jpg": b"far"}
FORM = """
| survey | | | | |
| | type | name | label | relevant |
| | image | photo | A photo? | |
| | audio | voice | A word? | |
| | image | face | Your face? | |
| | begin repeat | field | A field | |
| | image | photo | A photo of it? | |
| | end repeat | | | |
| settings | | | |
| | form_title | form_id | version |
| | Photos | photos | 1 |
| indicators | | | |
| | name | label | role |
| | face | Face | private |
"""


def send(session, interview, node, name, content=None, answer=True):
    """Somebody sent this for a question; without a content it was never fetched."""
    made = put_waiting(session, interview.id, node, name=name, media_type="image/jpeg",
                       size=0, file_id=b"f", now=NOW)  # fmt: skip
    if content is None:
        note_failed(session, made)
    else:
        keep_fetched(session, made, VAULT.seal(content), len(content))
    if answer:
        interview.submission = {**interview.submission, node: name}


def fill(database):
    """A wave in which some sent something."""
    field = open_form(database, FORM)
    with database.begin() as session:
        assert not any_media(session, field.villages.values())
        first, second, *_ = put(
            session, field, [{}, {"/data/field[1]": "", "/data/field[2]": ""}, *[{}] * 10]
        )
        send(session, first, "/data/photo", "aa.jpg", b"photo")
        send(session, first, "/data/voice", "bb.oga")
        send(session, first, "/data/face", "cc.jpg", b"face")
        send(session, second, "/data/field[2]/photo", "dd.jpg", b"field")
        # A question that was taken back has no answer in the submission.
        send(session, second, "/data/photo", "ee.jpg", b"gone", answer=False)
        elsewhere = put(session, field, [{}] * 10, village="LP02")[0]
        send(session, elsewhere, "/data/photo", "ff.jpg", b"far")
        few = put(session, field, [{}], village="LP03")[0]
        send(session, few, "/data/photo", "gg.jpg", b"few")
    return field


@pytest.fixture
def sent(database):
    return fill(database)


def test_files_stand_in_media_named_as_in_the_cells(database, sent, tmp_path):
    here = (sent.villages["LP01"],)
    made = made_of(database, sent, unseal=VAULT.open, area_ids=here)
    names = into_zip(made, Wanted(), tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as packed:
        assert packed.namelist() == names
        found = {name: packed.read(name) for name in names if name.startswith("media/")}
        assert packed.testzip() is None
    assert found == {"media/aa.jpg": b"photo", "media/dd.jpg": b"field"}
    assert (made.media.count, made.media.size) == (2, 10)
    into_folder(made, Wanted(), tmp_path / "out")
    assert {one.name for one in (tmp_path / "out" / "media").iterdir()} == {"aa.jpg", "dd.jpg"}
    files = files_of(made)
    first, second, third = rows(files["submissions.csv"])[:3]
    assert (first["photo"], first["voice"]) == ("aa.jpg", "bb.oga")
    assert "face" not in first
    counts = [(row["AttachmentsPresent"], row["AttachmentsExpected"])
              for row in (first, second, third)]  # fmt: skip
    assert counts == [("1", "2"), ("1", "1"), ("0", "0")]
    assert [row["photo"] for row in rows(files["submissions-field.csv"])] == ["", "dd.jpg"]
    assert "in media/: 2" in files["README.txt"].decode()


def test_other_areas_small_villages_and_releases_have_none(database, sent):
    everywhere = made_of(database, sent, unseal=VAULT.open)
    assert dict(everywhere.media.each()) == FILES
    assert made_of(database, sent).media is None
    released = made_of(database, sent, unseal=VAULT.open, released=True)
    assert released.media is None
    assert not any(b".jpg" in content for content in files_of(released).values())
    with database.read() as session:
        assert any_media(session, [sent.villages["LP02"]])
        assert not any_media(session, [sent.villages["TOWN"]])


def test_one_file_is_in_memory_at_a_time(database, sent, tmp_path):
    size, count = 1_000_000, 12
    digests = set()
    with database.begin() as session:
        for number, one in enumerate(put(session, sent, [{}] * count)):
            content = os.urandom(size)
            digests.add(hashlib.sha256(content).hexdigest())
            send(session, one, "/data/photo", f"{number}.jpg", content)
    made = made_of(database, sent, unseal=VAULT.open)
    into_zip(made, Wanted(), tmp_path / "warm.zip")
    tracemalloc.start()
    into_zip(made, Wanted(), tmp_path / "out.zip")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * size
    with zipfile.ZipFile(tmp_path / "out.zip") as packed:
        found = {hashlib.sha256(packed.read(one)).hexdigest() for one in packed.namelist()}
    assert digests <= found


def ordered(database, field, monkeypatch, *, media=True):
    """What the job of /export makes for who asked in chat: the zip's names, and what is said."""
    boss = Addressee(7, "lane", VAULT.seal(b"42"), "en")
    monkeypatch.setattr(exports, "entitled", lambda *_: boss)
    arguments = {
        "contact_id": 7, "filters": Filters((field.villages["LP01"],)).to_json(),
        "wanted": Wanted().to_json(), "released": False, "media": media,
    }  # fmt: skip
    desk = Desk(None, VAULT, "bot", lambda: NOW)
    ((one, (sent,)),) = exports.exported(DueJob(1, "export", arguments, 0), database, desk)
    assert one is boss
    with zipfile.ZipFile(io.BytesIO(sent.attachment)) as packed:
        return packed.namelist(), sent.payload["caption"]


def test_a_chat_gets_them_on_request_and_as_far_as_they_fit(sqlite_url, monkeypatch):
    database = Database(sqlite_url)
    field = fill(database)
    names, caption = ordered(database, field, monkeypatch)
    assert {"media/aa.jpg", "media/dd.jpg"} <= set(names)
    assert "in media/: 2" in caption
    names, caption = ordered(database, field, monkeypatch, media=False)
    assert not [name for name in names if name.startswith("media/")]
    with database.begin() as session:
        (one,) = put(session, field, [{}])
        send(session, one, "/data/photo", "large.jpg", bytes(exports.LARGEST))
    names, caption = ordered(database, field, monkeypatch)
    assert "submissions.csv" in names
    assert not [name for name in names if name.startswith("media/")]
    assert caption.startswith("The photos and recordings are too large for a chat (49 MB).")
    assert "in media/" not in caption
    database.close()


def test_the_command_line_needs_the_key_and_can_do_without(sqlite_url, tmp_path, monkeypatch):
    database = Database(sqlite_url)
    fill(database)
    database.close()
    monkeypatch.setenv("USEGAP_DATABASE_URL", sqlite_url)
    run = CliRunner().invoke
    refused = run(app, ["export", "--out", str(tmp_path / "o")])
    assert (refused.exit_code, "no key file" in str(refused.exception)) == (1, True)
    assert not (tmp_path / "o").exists()
    monkeypatch.setenv("USEGAP_SECRET_KEY", KEY)
    for out, more in (("with", []), ("without", ["--no-media"]), ("release", ["--release"])):
        done = run(app, ["export", "--out", str(tmp_path / out), *more])
        assert done.exit_code == 0, done.exception
        media = tmp_path / out / "media"
        found = {one.name: one.read_bytes() for one in media.iterdir()} if media.exists() else {}
        assert found == (FILES if out == "with" else {})
