"""Pictures keep every pixel and lose every note; what cannot be read is said to be so."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from surveys.conduct.pictures import Unreadable, without_notes
from tests.respondent.photographs import MAKER, place_in, taken

WAYS = {
    "jpeg": ("JPEG", {}),
    "progressive": ("JPEG", {"progressive": True, "quality": 40}),
    "profile": ("JPEG", {"icc_profile": b"a profile of colours" * 9}),
    "png": ("PNG", {}),
    "webp": ("WEBP", {}),
    "lossless": ("WEBP", {"lossless": True}),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_pixel_stays_and_every_note_goes(way):
    kind, options = WAYS[way]
    content = taken(kind, **options)
    assert place_in(content)
    assert MAKER.encode() in content
    clean = without_notes(content)
    assert not place_in(clean)
    assert MAKER.encode() not in clean
    assert b"Exif" not in clean or kind == "JPEG"
    with Image.open(BytesIO(content)) as before, Image.open(BytesIO(clean)) as after:
        assert after.tobytes() == before.tobytes()
        assert after.info.get("icc_profile") == before.info.get("icc_profile")
        if kind == "JPEG":
            # Read by another: still to be turned as it was.
            assert ImageOps.exif_transpose(after).size == ImageOps.exif_transpose(before).size
            assert ImageOps.exif_transpose(after).size != after.size
    assert without_notes(clean) == clean


def test_what_is_hung_on_behind_the_picture_goes():
    content = taken()
    assert without_notes(content + MAKER.encode() + content) == without_notes(content)


@given(st.sampled_from(["JPEG", "PNG", "WEBP"]), st.data())
def test_what_is_broken_is_unreadable_and_never_anything_else(kind, data):
    content = bytearray(taken(kind))
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(0, len(content))) :]
    try:
        clean = without_notes(bytes(content))
    except Unreadable:
        return
    assert len(clean) <= len(content) + 40


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"\xff\xd8", b"\x00\x00\x00\x20ftypheic"])
def test_what_is_no_picture_is_unreadable(content):
    with pytest.raises(Unreadable):
        without_notes(content)
