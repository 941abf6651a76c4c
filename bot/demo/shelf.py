"""The files of the local Bot API server, and the paths under which a bot can fetch them."""

from __future__ import annotations

import mimetypes
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from bot.demo.strict import bad

LARGEST = 20 * 1024 * 1024
"""Bytes of the largest file that a bot may download; people can send each other 2 GB."""
FETCHABLE = 3600.0
"""Seconds for which a path is good once it was asked for: Telegram promises an hour."""


PHOTO = b"\xff\xd8\xff\xda\x00\x02\xff\xd9"
"""The smallest thing that is a JPEG by its parts."""
KINDS = ("photo", "document", "voice", "audio", "video", "video_note", "animation")
SMALL = "-small"
"""Behind the id of a photo: that of its small size."""
TYPES: Mapping[str, str] = {
    "voice": "audio/ogg", "audio": "audio/mpeg", "video": "video/mp4", "animation": "video/mp4",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file in a chat."""

    kind: str
    """One of `KINDS`."""
    filename: str
    content: bytes
    file_id: str

    def raw(self) -> dict[str, Any]:
        """As a message of the Bot API carries it."""
        one: dict[str, Any] = {
            "file_id": self.file_id, "file_unique_id": self.file_id,
            "file_size": len(self.content),
        }  # fmt: skip
        if self.kind == "photo":
            small = {"file_id": self.file_id + SMALL, "file_unique_id": self.file_id + SMALL}
            return {"photo": [small | {"file_size": 8, "width": 90, "height": 67},
                              one | {"width": 1280, "height": 960}]}  # fmt: skip
        mime = TYPES.get(self.kind) or mimetypes.guess_type(self.filename)[0]
        if mime and self.kind != "video_note":
            one["mime_type"] = mime
        if self.kind in ("document", "audio", "video", "animation"):
            one["file_name"] = self.filename
        if self.kind != "document":
            one["duration"] = 3
        if self.kind in ("video", "animation"):
            one |= {"width": 640, "height": 360}
        if self.kind == "video_note":
            one["length"] = 240
        if self.kind == "animation":
            # So that bots which know no animations see a file.
            return {"animation": one, "document": one}
        return {self.kind: one}


class Shelf:
    """Every file that was ever sent, by its id."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self.clock = clock
        self._files: dict[str, SeenFile] = {}
        self._last = 0
        self._paths: dict[str, tuple[SeenFile, float]] = {}

    def add(self, kind: str, filename: str, content: bytes) -> SeenFile:
        """Keep a file under a new id."""
        self._last += 1
        file = SeenFile(kind, filename, content, f"file{self._last}")
        self._files[file.file_id] = file
        return file

    def find(self, file_id: str) -> SeenFile | None:
        """The file with this id."""
        if file_id.endswith(SMALL):
            whole = self._files.get(file_id.removesuffix(SMALL))
            return None if whole is None else replace(whole, content=PHOTO, file_id=file_id)
        return self._files.get(file_id)

    def lose(self, file_id: str) -> None:
        """From now on there is no file with this id."""
        self._files.pop(file_id, None)

    def lend(self, file_id: str) -> dict[str, Any]:
        """The answer to getFile: a path that is good for an hour. Refuses what is over 20 MB."""
        file = self.find(file_id)
        if file is None:
            raise bad("wrong file_id or the file is temporarily unavailable")
        if len(file.content) > LARGEST:
            raise bad("file is too big")
        path = f"{file.kind}s/file_{len(self._paths)}{PurePath(file.filename).suffix}"
        self._paths[path] = file, self.clock() + FETCHABLE
        return {
            "file_id": file.file_id, "file_unique_id": file.file_id,
            "file_size": len(file.content), "file_path": path,
        }  # fmt: skip

    def at(self, path: str) -> SeenFile | None:
        """The file at a path that was lent and is still good."""
        file, until = self._paths.get(path, (None, 0.0))
        return file if self.clock() < until else None
