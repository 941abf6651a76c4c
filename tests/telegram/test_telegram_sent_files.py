"""Files in messages: the right kind, the right ending, and nothing of the sender's own name."""

import pytest

from bot import barcodes
from bot.inbox import read
from tests.respondent.photographs import code_of, taken

MESSAGE = {"message_id": 3, "from": {"id": 7}, "chat": {"id": 7, "type": "private"}, "date": 0}
SIZES = [{"file_id": "s", "width": 90, "height": 60, "file_size": 9},
         {"file_id": "l", "width": 1280, "height": 960, "file_size": 99_000},
         {"file_id": "m", "width": 320, "height": 240, "file_size": 999_000}]  # fmt: skip


def document(name, mime=""):
    return {"document": {"file_id": "f", "file_name": name, "mime_type": mime, "file_size": 5}}


@pytest.mark.parametrize(
    ("message", "medium", "media_type", "ending"),
    [
        ({"photo": SIZES}, "image", "image/jpeg", ".jpg"),
        ({"voice": {"file_id": "f", "mime_type": "audio/ogg"}}, "audio", "audio/ogg", ".ogg"),
        ({"audio": {"file_id": "f", "mime_type": "audio/x-m4a"}}, "audio", "audio/mp4", ".m4a"),
        ({"audio": {"file_id": "f", "file_name": "x.FLAC"}}, "audio", "audio/flac", ".flac"),
        ({"audio": {"file_id": "f", "mime_type": "text/html"}}, "audio", "audio/mpeg", ".mp3"),
        ({"video": {"file_id": "f"}}, "video", "video/mp4", ".mp4"),
        ({"video_note": {"file_id": "f"}}, "video", "video/mp4", ".mp4"),
        ({"animation": {"file_id": "f"}, **document("x.gif")}, "video", "video/mp4", ".mp4"),
        (document("Wang Xiuying.JPEG"), "image", "image/jpeg", ".jpg"),
        (document("noname", "image/png; q=1"), "image", "image/png", ".png"),
        (document("a.mp3", "application/octet-stream"), "audio", "audio/mpeg", ".mp3"),
        (document("a.mov", "video/quicktime"), "video", "video/quicktime", ".mov"),
        (document("IMG_1.HEIC", "image/heic"), "file", "image/heic", ".heic"),
        (document("list.xlsx"), "file",
         "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
        (document("../../x.pdf/../wang.sh"), "file", "application/octet-stream", ".bin"),
        (document("evil.html", "text/html"), "file", "application/octet-stream", ".bin"),
        (document("evil.svg", "image/svg+xml"), "file", "application/octet-stream", ".bin"),
        (document("x.jpg\n<b>.exe"), "file", "application/octet-stream", ".bin"),
    ],
)  # fmt: skip
def test_files_are_read(message, medium, media_type, ending):
    file = read({"update_id": 1, "message": MESSAGE | message}, "lane").file
    assert (file.medium, file.media_type, file.ending) == (medium, media_type, ending)
    assert file.file_id == ("l" if "photo" in message else "f")


@pytest.mark.parametrize(
    ("message", "place"),
    [
        ({"location": {"latitude": 28, "longitude": 109.5}}, (28.0, 109.5, 0.0)),
        ({"location": {"latitude": -28.1, "longitude": 0, "horizontal_accuracy": 12.5}},
         (-28.1, 0.0, 12.5)),
        ({"venue": {"location": {"latitude": 1, "longitude": 2}, "title": "Home of Wang"},
          "location": {"latitude": 1, "longitude": 2}}, (1.0, 2.0, 0.0)),
        ({"location": {"latitude": 91, "longitude": 2}}, None),
        ({"location": {"latitude": "x", "longitude": 2}}, None),
        ({"location": {"latitude": float("nan"), "longitude": 2}}, None),
        ({"venue": {}}, None),
        ({"photo": []}, None),
    ],
)  # fmt: skip
def test_places_are_read(message, place):
    incoming = read({"update_id": 1, "message": MESSAGE | message}, "lane")
    found = incoming.place
    assert (found and (found.latitude, found.longitude, found.accuracy)) == place
    assert incoming.file is None


def test_barcodes_are_read_in_pictures_and_nothing_in_anything_else():
    assert barcodes.can_read()
    assert barcodes.read(code_of("6901234567892 村")) == "6901234567892 村"
    assert barcodes.read(taken()) == ""
    for broken in (b"", b"GIF89a", code_of("x")[:60], b"\xff\xd8\xff\xe0" + bytes(100)):
        assert barcodes.read(broken) == ""
    # A small file that unpacks to 400 million pixels is not unpacked.
    bomb = bytearray(code_of("x"))
    bomb[16:24] = (20_000).to_bytes(4, "big") * 2
    assert barcodes.read(bytes(bomb)) == ""
