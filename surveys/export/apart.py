"""Lines of CSV made by this process and another one, put in order here.

Worth it from some ten thousand submissions on. The other one is given every second batch of ids and
reads the rows itself; both see the database at one moment.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import text

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


def lines(
    database: Database,
    work: Work,
    batches: Iterable[Sequence[int]],
    computed: Callable[[int, Sequence[int]], Computed],
) -> Iterator[bytes]:
    """The lines of each batch, in order; at the end `work.counting` has what was counted.

    computed: what was computed of a batch, and of how many there are before it. Raises Misfit, and Died where the other process
    did.
    """
    with ExitStack() as stack:
        other = stack.enter_context(_Process())
        # As it is now: what is counted here is not to be counted there.
        other.ask("", work)
        here = Maker(work)
        stack.callback(here.close)
        other.answer()
        _begin(database, here, other)
        waiting: deque[bytes | None] = deque()
        first = 0
        for number, ids in enumerate(batches):
            if number % 2:
                waiting.append(here.lines(ids, computed(first, ids)))
            else:
                other.ask("lines", list(ids), computed(first, ids))
                waiting.append(None)
            first += len(ids)
            if len(waiting) == AHEAD:
                yield _next(waiting, other)
        while waiting:
            yield _next(waiting, other)
        other.ask("counted")
        here.counted()
        counts = other.answer()
        if work.counting is not None:
            work.counting.take_in(counts)


def _next(waiting: deque[bytes | None], other: _Process) -> bytes:
    made = waiting.popleft()
    found: bytes = other.answer() if made is None else made
    return found


def _begin(database: Database, here: Maker, other: _Process) -> None:
    """Let both see the database as it is at one moment."""
    if database.url.get_backend_name() == "sqlite":
        # Nobody writes for the moment that it takes.
        context, snapshot = database.begin, None
    else:
        context, snapshot = database.read, "SELECT pg_export_snapshot()"
    with context() as session:
        name = session.scalar(text(snapshot)) if snapshot else ""
        other.ask("begin", name)
        here.begin(name)
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
