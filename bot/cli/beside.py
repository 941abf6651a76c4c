"""The files of a form: those in its folder, and in a folder named after it, as ODK Collect keeps
them (`household.xlsx`, `household-media/villages.csv`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath


class Beside(Mapping[str, bytes]):
    """What lies beside a form file, by name: read when it is asked for.

    Goes through the names in the form's own folder of files, and those asked for so far; of what
    else lies where the form does nothing is said.
    """

    def __init__(self, form: Path) -> None:
        self._folders = (form.with_name(f"{form.stem}-media"), form.parent)
        self._asked: dict[str, bytes] = {}

    def __getitem__(self, name: str) -> bytes:
        if name not in self._asked:
            found = self._path(name)
            if found is None:
                raise KeyError(name)
            self._asked[name] = found.read_bytes()
        return self._asked[name]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._path(name) is not None

    def __iter__(self) -> Iterator[str]:
        own = self._folders[0]
        names = sorted(one.name for one in own.iterdir() if one.is_file()) if own.is_dir() else []
        return iter(dict.fromkeys((*names, *self._asked)))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _path(self, name: str) -> Path | None:
        if not name or PurePath(name).name != name or "\\" in name or "\0" in name:
            return None  # a name of a file, not a way to one elsewhere
        paths = (folder / name for folder in self._folders)
        return next((path for path in paths if path.is_file()), None)
