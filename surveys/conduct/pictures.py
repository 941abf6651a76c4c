"""Pictures without what cameras write into them: where they were taken, when, with which phone.

Nothing is decoded and no pixel changes: the parts that hold such notes are left out. How a JPEG is
to be turned is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct

_SIZE = Struct(">H")
_CHUNK = Struct(">I4s")
_RIFF = Struct("<4sI")
JPEG, PNG = b"\xff\xd8", b"\x89PNG\r\n\x1a\n"
_SCAN = 0xDA
_KEPT_APPS = (0xE0, 0xEE)
"""APP0 (JFIF) and APP14 (Adobe) say how colours are to be read; APP2 is looked at more closely."""
_PROFILE = b"ICC_PROFILE\x00"
_TURNED = 0x0112
_PNG_NOTES = (b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME")
_WEBP_NOTES = (b"EXIF", b"XMP ")
_WEBP_FLAGS = 0x08 | 0x04
"""Of a VP8X part: that there are EXIF and XMP parts."""


class Unreadable(ValueError):  # noqa: N818
    """It is no picture of these kinds, or broken: nobody can say what is noted in it."""


def without_notes(content: bytes) -> bytes:
    """A picture (JPEG, PNG, WebP, GIF) without what its camera, phone or editor noted in it.

    Raises `Unreadable`.
    """
    try:
        if content.startswith(JPEG):
            return b"".join(_jpeg(content))
        if content.startswith(PNG):
            return b"".join(_png(content))
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return _webp(content)
    except (IndexError, ValueError):
        raise Unreadable("a broken picture") from None
    if content[:6] in (b"GIF87a", b"GIF89a"):
        # It has no place for where it was taken.
        return content
    raise Unreadable("no picture")


def _jpeg(content: bytes) -> Iterator[bytes]:
    """The segments of a JPEG (ITU-T T.81, annex B) up to its first scan, and all from there on to
    the end of the image."""
    yield JPEG
    at, turned = 2, 1
    parts: list[bytes] = []
    while True:
        if content[at] != 0xFF:
            raise ValueError("no marker where one has to be")
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        (size,) = _SIZE.unpack(_exactly(content, at + 2, 2))
        segment = _exactly(content, at, size + 2)
        if marker == _SCAN:
            break
        body = segment[4:]
        if marker == 0xE1 and body.startswith(b"Exif\x00\x00"):
            turned = _turned(body[6:])
        app = 0xE0 <= marker <= 0xEF
        profile = marker == 0xE2 and body.startswith(_PROFILE)
        if profile or (app and marker in _KEPT_APPS) or (not app and marker != 0xFE):
            parts.append(segment)
        at += size + 2
    if turned != 1:
        yield _exif(turned)
    yield from parts
    # What stands behind the end (a second picture, a film, its own notes) is not the picture.
    yield content[at : _end_of_scans(content, at)]


def _end_of_scans(content: bytes, at: int) -> int:
    """Where the image ends: behind its EOI marker; the end of all where it has none."""
    whole = len(content)
    while (at := content.find(b"\xff", at)) >= 0 and at + 1 < len(content):
        marker = content[at + 1]
        if marker == 0xD9:
            return at + 2
        if marker == 0xFF:
            at += 1
        elif marker == 0x00 or 0xD0 <= marker <= 0xD7:
            at += 2
        else:
            at += 2 + _SIZE.unpack(_exactly(content, at + 2, 2))[0]
    return whole


def _turned(tiff: bytes) -> int:
    """How a picture is to be turned (1 … 8), as its EXIF says; 1 where it says nothing."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return 1
    (start,) = Struct(order + "I").unpack(tiff[4:8])
    if start + 2 > len(tiff):
        return 1
    (count,) = Struct(order + "H").unpack(tiff[start : start + 2])
    entry = Struct(order + "HHIH")
    for number in range(min(count, 200)):
        place = start + 2 + 12 * number
        if place + 12 > len(tiff):
            return 1
        tag, kind, _, value = entry.unpack(tiff[place : place + 10])
        if tag == _TURNED and kind == 3:
            return value if 1 <= value <= 8 else 1
    return 1


def _exif(turned: int) -> bytes:
    """An APP1 segment that says how to turn a picture, and nothing else."""
    tiff = b"MM\x00\x2a\x00\x00\x00\x08\x00\x01" + Struct(">HHIHH").pack(_TURNED, 3, 1, turned, 0)
    body = b"Exif\x00\x00" + tiff + b"\x00\x00\x00\x00"
    return b"\xff\xe1" + _SIZE.pack(len(body) + 2) + body


def _png(content: bytes) -> Iterator[bytes]:
    yield PNG
    at = len(PNG)
    while at < len(content):
        size, kind = _CHUNK.unpack(_exactly(content, at, 8))
        chunk = _exactly(content, at, size + 12)
        if kind not in _PNG_NOTES:
            yield chunk
        at += size + 12
        if kind == b"IEND":
            return


def _webp(content: bytes) -> bytes:
    parts: list[bytes] = []
    (whole,) = Struct("<I").unpack(_exactly(content, 4, 4))
    at, end = 12, min(len(content), 8 + whole)
    while at + 8 <= end:
        kind, size = _RIFF.unpack(_exactly(content, at, 8))
        body = _exactly(content, at + 8, size)
        at += 8 + size + size % 2
        if kind in _WEBP_NOTES:
            continue
        if kind == b"VP8X":
            body = bytes([body[0] & ~_WEBP_FLAGS]) + body[1:]
        parts.append(_RIFF.pack(kind, size) + body + b"\x00" * (size % 2))
    inside = b"WEBP" + b"".join(parts)
    return _RIFF.pack(b"RIFF", len(inside)) + inside


def _exactly(content: bytes, at: int, size: int) -> bytes:
    piece = content[at : at + size]
    if len(piece) != size:
        raise ValueError("cut off")
    return piece
