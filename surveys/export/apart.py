"""Lines of CSV made by this process and another one, put in order here.

Worth it from some ten thousand submissions on. Each reads its rows itself, and both see the
database at one moment. While weights and flags are computed here, the other one begins lines,
which wait on the disk; then both make every second batch.
"""

from __future__ import annotations

import os
import subprocess
import sys
from array import array
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, Protocol

from sqlalchemy import text
from sqlalchemy.orm import Session

import surveys
from surveys.export.line_maker import Maker, Work, framed, unframed
from surveys.export.own_cells import Computed
from surveys.export.straight import Misfit
from surveys.store.database import Database

FROM = 20_000
"""Submissions from which on another process is started: a start costs as much as 2,000 lines."""
AHEAD = 4
"""Batches that are begun and not yet written: so the other process has always one before it."""
_START = (
    "import sys, types; sys.path.insert(0, sys.argv[1]);"
    " package = types.ModuleType('surveys.export'); package.__path__ = [sys.argv[2]];"
    " sys.modules['surveys.export'] = package;"
    " from surveys.export.line_maker import main; main()"
)
"""The package without what its `__init__` imports: 60 MiB."""


class Died(Exception):  # noqa: N818
    """The other process broke down."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
        """The class of the error there."""


def possible(database: Database, submissions: int) -> bool:
    """Whether it is worth it, and the database can be reached as its driver does by itself."""
    plain = database.url.get_backend_name() == "postgresql" or not database.url.query
    return submissions >= FROM and plain and cores() > 1


def cores() -> int:
    """How many this program may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def connecting(database: Database) -> dict[str, Any]:
    """What the database's driver is called with, password included: through a pipe alone."""
    if database.url.get_backend_name() == "sqlite":
        return {"database": database.url.database}
    _, named = database.engine.dialect.create_connect_args(database.url)
    # SQLAlchemy's own adapters are not for a driver that is called without it.
    return {name: value for name, value in named.items() if isinstance(value, str | int)}


class Source(Protocol):
    """Where what is computed of submissions comes from."""

    @property
    def folder(self) -> Path | None:
        """Where things may wait; None: in the system's temporary folder."""

    @property
    def found(self) -> bool:
        """Whether it was computed before."""

    def find(self, session: Session) -> None:
        """Compute it."""

    def computed(self, first: int, ids: Sequence[int]) -> Computed:
        """Of the submissions `ids`, before which there are `first`."""


def lines(
    database: Database, work: Work, ids: Sequence[int], size: int, source: Source
) -> Iterator[bytes]:
    """The lines of submissions in order, `size` at a time; at the end `work.counting` has what was
    counted.

    While what is computed of them is found here, the other process begins their lines. Raises
    Misfit, and Died where the other process did.
    """
    with ExitStack() as stack:
        other = stack.enter_context(_Process())
        # As it is now: what is counted here is not to be counted there.
        other.ask("", work)
        here = Maker(work)
        stack.callback(here.close)
        other.answer()
        session = stack.enter_context(_begin(database, here, other))
        first = yield from _begun(here, other, ids, size, source, session)
        waiting: deque[bytes | None] = deque()
        for number, start in enumerate(range(first, len(ids), size)):
            some = ids[start : start + size]
            computed = source.computed(start, some)
            if number % 2:
                waiting.append(here.lines(some, computed))
            else:
                other.ask("lines", list(some), computed)
                waiting.append(None)
            if len(waiting) == AHEAD:
                yield _next(waiting, other)
        while waiting:
            yield _next(waiting, other)
        other.ask("counted")
        here.counted()
        counts = other.answer()
        if work.counting is not None:
            work.counting.take_in(counts)


def _begun(  # noqa: PLR0917
    here: Maker, other: _Process, ids: Sequence[int], size: int, source: Source, session: Session
) -> Generator[bytes, None, int]:
    """The first lines, as many as the other process begins until `source` has found what is
    computed and all that is begun is written; returns of how many submissions.
    """
    if source.found:
        return 0
    with TemporaryDirectory(dir=source.folder) as folder:
        wanted, made = Path(folder, "wanted"), Path(folder, "made")
        # Not through the pipe: a million of them would be in its memory, too.
        wanted.write_bytes(array("q", ids))
        made.touch()
        other.ask("ahead", str(wanted), str(made), size)
        source.find(session)
        begun, done = len(ids), 0
        waited = False
        with made.open("rb") as file:
            while done < begun:
                halves = _next_in(file)
                if halves is not None:
                    some = ids[done : done + size]
                    yield here.whole(halves, source.computed(done, some))
                    done += len(some)
                elif not waited:
                    waited = True
                    other.ask("wait")
                    begun = other.answer()
                    other.answer()
                else:
                    raise Died("EOFError")
        if not waited:
            other.answer()
        return done


def _next_in(file: IO[bytes]) -> Any:
    """What stands next in a file that another process writes; None where nothing whole does."""
    at = file.tell()
    try:
        return unframed(file)
    except EOFError:
        file.seek(at)
        return None


def _next(waiting: deque[bytes | None], other: _Process) -> bytes:
    made = waiting.popleft()
    found: bytes = other.answer() if made is None else made
    return found


@contextmanager
def _begin(database: Database, here: Maker, other: _Process) -> Iterator[Session]:
    """A session; it and both processes see the database as it is at one moment."""
    with database.read() as session:
        if database.url.get_backend_name() == "sqlite":
            # Nobody writes for the moment that it takes.
            with database.begin():
                session.scalar(text("SELECT 1 FROM interview LIMIT 1"))
                _see("", here, other)
        else:
            _see(session.scalar(text("SELECT pg_export_snapshot()")), here, other)
        yield session


def _see(snapshot: Any, here: Maker, other: _Process) -> None:
    other.ask("begin", snapshot)
    here.begin(snapshot)
    other.answer()


class _Process:
    """The other process."""

    def __init__(self) -> None:
        package = Path(__file__).parent
        roots = [str(Path(surveys.__file__ or "").parent.parent), str(package)]
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-P", "-c", _START, *roots],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Ctrl+C on a terminal is for the program, which ends this one.
            start_new_session=True,
        )

    def __enter__(self) -> _Process:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    # What was written last is not read any more.
                    continue

    def ask(self, name: str, *arguments: Any) -> None:
        """Order something; raises Died."""
        pipe = self._process.stdin
        if pipe is None:
            raise Died("")
        try:
            pipe.write(framed((name, arguments)))
            pipe.flush()
        except OSError as error:
            raise Died(type(error).__name__) from None

    def answer(self) -> Any:
        """What became of what was ordered first; raises Misfit and Died."""
        pipe = self._process.stdout
        if pipe is None:
            raise Died("")
        try:
            outcome, found = unframed(pipe)
        except (EOFError, OSError):
            raise Died("EOFError") from None
        if outcome == "misfit":
            raise Misfit
        if outcome == "failed":
            raise Died(found)
        return found
