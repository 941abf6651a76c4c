"""The files of the local Bot API server, and the paths under which a bot can fetch them."""

from __future__ import annotations

import mimetypes
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from bot.demo.strict import bad

LARGEST = 20 * 1024 * 1024
"""Bytes of the largest file that a bot may download; people can send each other 2 GB."""
FETCHABLE = 3600.0
"""Seconds for which a path is good once it was asked for: Telegram promises an hour."""


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file in a chat."""

    kind: str
    """"photo" or "document"."""
    filename: str
    content: bytes
    file_id: str

    def raw(self) -> dict[str, Any]:
        """As a message of the Bot API carries it."""
        one = {
            "file_id": self.file_id, "file_unique_id": self.file_id,
            "file_size": len(self.content),
        }  # fmt: skip
        if self.kind == "photo":
            return {"photo": [one | {"width": 1, "height": 1}]}
        mime = mimetypes.guess_type(self.filename)[0]
        return {"document": one | {"file_name": self.filename}
                | ({"mime_type": mime} if mime else {})}  # fmt: skip


class Shelf:
    """Every file that was ever sent, by its id."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self.clock = clock
        self._files: dict[str, SeenFile] = {}
        self._paths: dict[str, tuple[SeenFile, float]] = {}

    def add(self, kind: str, filename: str, content: bytes) -> SeenFile:
        """Keep a file under a new id."""
        file = SeenFile(kind, filename, content, f"file{len(self._files) + 1}")
        self._files[file.file_id] = file
        return file

    def find(self, file_id: str) -> SeenFile | None:
        """The file with this id."""
        return self._files.get(file_id)

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
