"""What a message carries beside words: which kind of file it is, and what it may be called here.

A sender's own name of a file, and its path, are never used: they name people. Of it only the ending
is looked at, and only endings of these lists are taken over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from surveys.interview.state import Medium

ENDINGS: Mapping[str, tuple[str, ...]] = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/webp": (".webp",),
    "image/gif": (".gif",),
    "audio/ogg": (".ogg", ".oga", ".opus"),
    "audio/mpeg": (".mp3",),
    "audio/mp4": (".m4a",),
    "audio/aac": (".aac",),
    "audio/wav": (".wav",),
    "audio/flac": (".flac",),
    "audio/amr": (".amr",),
    "video/mp4": (".mp4", ".m4v"),
    "video/quicktime": (".mov",),
    "video/webm": (".webm",),
    "video/3gpp": (".3gp",),
    "video/x-matroska": (".mkv",),
    "image/heic": (".heic", ".heif"),
    "application/pdf": (".pdf",),
    "text/plain": (".txt",),
    "text/csv": (".csv",),
    "application/json": (".json",),
    "application/geo+json": (".geojson",),
    "application/gpx+xml": (".gpx",),
    "application/vnd.google-earth.kml+xml": (".kml",),
    "application/vnd.google-earth.kmz": (".kmz",),
    "application/zip": (".zip",),
    "application/rtf": (".rtf",),
    "application/msword": (".doc",),
    "application/vnd.ms-excel": (".xls",),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": (".docx",),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": (".xlsx",),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": (".pptx",),
    "application/vnd.oasis.opendocument.text": (".odt",),
    "application/vnd.oasis.opendocument.spreadsheet": (".ods",),
}
"""Media types and their endings, the one that we give first. What is none of these is `.bin`."""
ALSO: Mapping[str, str] = {
    "image/jpg": "image/jpeg",
    "audio/x-m4a": "audio/mp4",
    "audio/mp3": "audio/mpeg",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/x-flac": "audio/flac",
    "audio/opus": "audio/ogg",
    "image/heif": "image/heic",
    "text/comma-separated-values": "text/csv",
    "application/x-zip-compressed": "application/zip",
    "text/rtf": "application/rtf",
}
"""Other names that phones have for some."""
ANY = "application/octet-stream"
_TYPES: Mapping[str, str] = {
    ending: kind for kind, endings in ENDINGS.items() for ending in endings
}
_MEDIA: Mapping[str, tuple[Medium, str]] = {
    "voice": ("audio", "audio/ogg"),
    "audio": ("audio", "audio/mpeg"),
    "video": ("video", "video/mp4"),
    "video_note": ("video", "video/mp4"),
    "animation": ("video", "video/mp4"),
}
"""What Telegram calls it: what it is here, and its type where Telegram names none."""
_BY_TYPE: Mapping[str, Medium] = {"image": "image", "audio": "audio", "video": "video"}


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file in a message, not fetched yet."""

    file_id: str
    size: int
    """Bytes; 0 where Telegram does not say."""
    medium: Medium = "file"
    media_type: str = ANY
    """One of `ENDINGS`, or `ANY`."""
    ending: str = ".bin"
    """With its dot; of the lists above."""


def file_in(message: Mapping[str, Any], what: str) -> SentFile | None:
    """The file of a message; `what`: the key under which Telegram has it ("photo", "voice" …)."""
    sent = message.get(what)
    if what == "photo" and isinstance(sent, list) and sent:
        # The same picture in several sizes: the largest.
        largest = max(sent, key=lambda one: one.get("width", 0) * one.get("height", 0))
        return SentFile(
            largest["file_id"], largest.get("file_size") or 0, "image", "image/jpeg", ".jpg"
        )
    if not isinstance(sent, dict) or "file_id" not in sent:
        return None
    if what in _MEDIA:
        medium, otherwise = _MEDIA[what]
        media_type = _type_of(sent)
        if _BY_TYPE.get(media_type.partition("/")[0]) != medium:
            media_type = otherwise
    elif what == "document":
        media_type = _type_of(sent)
        medium = _medium_of(media_type)
    else:
        return None
    ending = ENDINGS[media_type][0] if media_type in ENDINGS else ".bin"
    return SentFile(sent["file_id"], sent.get("file_size") or 0, medium, media_type, ending)


def _medium_of(media_type: str) -> Medium:
    # Of an iPhone's own pictures nobody here can say what is noted in them, nor show them.
    if media_type == "image/heic":
        return "file"
    return _BY_TYPE.get(media_type.partition("/")[0], "file")


def _type_of(sent: Mapping[str, Any]) -> str:
    said = str(sent.get("mime_type") or "").partition(";")[0].strip().lower()
    said = ALSO.get(said, said)
    if said in ENDINGS:
        return said
    return _TYPES.get(PurePath(str(sent.get("file_name") or "")).suffix.lower(), ANY)
