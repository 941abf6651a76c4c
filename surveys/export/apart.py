"""Lines of CSV made by two processes, put in order by this one.

Worth it from some ten thousand submissions on. Each process is given batches of ids in turn and
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
from surveys.export.line_maker import Work, framed, unframed
from surveys.export.own_cells import Computed
from surveys.export.straight import Misfit
from surveys.store.database import Database

MAKERS = 2
FROM = 20_000
"""Submissions from which on other processes are started: a start costs as much as 2,000 lines."""
AHEAD = 2
"""Batches that each has before it, so that it does not wait."""
_START = (
    "import sys, types; sys.path.insert(0, sys.argv[1]);"
    " package = types.ModuleType('surveys.export'); package.__path__ = [sys.argv[2]];"
    " sys.modules['surveys.export'] = package;"
    " from surveys.export.line_maker import main; main()"
)
"""The package without what its `__init__` imports: 60 MiB for each process."""


class Died(Exception):  # noqa: N818
    """A process that makes lines broke down."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
        """The class of the error there."""


def possible(database: Database, submissions: int) -> bool:
    """Whether it is worth it, and the database can be reached as its driver does by itself."""
    plain = database.url.get_backend_name() == "postgresql" or not database.url.query
    return submissions >= FROM and plain and len(os.sched_getaffinity(0)) > 1


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
    computed: Callable[[Sequence[int]], Computed],
) -> Iterator[bytes]:
    """The lines of each batch, in order; at the end `work.counting` has what was counted.

    computed: what was computed of a batch before. Raises Misfit, and Died where a process did.
    """
    with ExitStack() as stack:
        makers = [stack.enter_context(_Process()) for _ in range(MAKERS)]
        for one in makers:
            one.ask("", work)
        for one in makers:
            one.answer()
        _begin(database, makers)
        waiting: deque[_Process] = deque()
        for number, ids in enumerate(batches):
            maker = makers[number % MAKERS]
            maker.ask("lines", list(ids), computed(ids))
            waiting.append(maker)
            if len(waiting) == MAKERS * AHEAD:
                yield waiting.popleft().answer()
        while waiting:
            yield waiting.popleft().answer()
        for one in makers:
            one.ask("counted")
        for one in makers:
            counts = one.answer()
            if work.counting is not None:
                work.counting.take_in(counts)


def _begin(database: Database, makers: Sequence[_Process]) -> None:
    """Let all see the database as it is at one moment."""
    if database.url.get_backend_name() == "sqlite":
        # Nobody writes for the moment that it takes.
        context, snapshot = database.begin, None
    else:
        context, snapshot = database.read, "SELECT pg_export_snapshot()"
    with context() as session:
        name = session.scalar(text(snapshot)) if snapshot else ""
        for one in makers:
            one.ask("begin", name)
        for one in makers:
            one.answer()


class _Process:
    """One of the processes."""

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
