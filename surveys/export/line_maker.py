"""What makes lines of CSV, in this process and in one of its own (`surveys.export.apart`).

It reads its submissions itself, a batch at a time, and knows nothing but the standard library (and
psycopg): so that the process takes little memory. All that it needs comes through its standard
input; it ends when that does.
"""

from __future__ import annotations

import os
import pickle
import sys
import threading
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import IO, Any

from surveys.export.frequencies import Counting
from surveys.export.hiding import Hiding
from surveys.export.own_cells import Around, Batch, Computed, batch
from surveys.export.own_texts import Halves, together
from surveys.export.reader import Reader
from surveys.export.straight import Misfit, Straight
from surveys.export.table import More, Variable

SIZE = 8
"""Bytes that say how long what follows is."""
BUSY = 30_000
"""Milliseconds that SQLite waits."""
AT_ONCE = 250
"""Submissions whose answers are in memory at once: 20 KB each while they are in pieces."""
IDS = "$ids"
"""Stands in the query for the ids asked for."""
Look = Callable[[str], Sequence[Sequence[Any]]]
"""The rows of a statement."""


@dataclass(frozen=True, slots=True)
class Work:
    """What does not change from batch to batch."""

    kind: str
    """Of the database: "sqlite" or "postgresql"."""
    connect: Mapping[str, Any]
    """What its driver is called with."""
    query: str
    """As `surveys.export.submissions` has it, with `IDS`."""
    around: Around
    readers: Sequence[Reader]
    variables: Sequence[Variable]
    first: int
    more: More
    counting: Counting | None
    guessed: bool
    hiding: Hiding | None = None
    late: frozenset[int] = frozenset()
    """The columns that are computed while lines are begun."""


class Maker:
    """Makes the lines of some batches."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._look, self.close = _sqlite(work) if work.kind == "sqlite" else _postgresql(work)
        self._straight = Straight(
            work.readers, work.variables, work.first, work.more, work.counting,
            guessed=work.guessed, late=work.late,
        )  # fmt: skip

    def begin(self, snapshot: str) -> None:
        """From here on see the database as it is now, or as the snapshot says (PostgreSQL)."""
        if self._work.kind == "sqlite":
            self._look("BEGIN")
            # Only with its first look does a transaction see the database as it is.
            self._look("SELECT 1 FROM interview LIMIT 1")
        else:
            self._look("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            self._look(f"SET TRANSACTION SNAPSHOT '{snapshot}'")

    def lines(self, ids: Sequence[int], computed: Computed) -> bytes:
        """Of some submissions, in this order. Raises Misfit."""
        made = []
        for some in _parts(ids):
            known = computed.between(some.start, some.stop)
            found = self._found(ids[some.start : some.stop], known)
            if found is not None:
                made.append(self._straight.lines(found.answers, found.own))
        return b"".join(made)

    def ahead(self, wanted: str, made: str, size: int, enough: Callable[[], bool]) -> int:
        """Begin the lines of submissions, `size` at a time, until `enough` or they are all begun;
        of how many. What is computed of them comes later. Raises Misfit.

        wanted: the file of their ids, eight bytes each; made: the file into which lines go.
        """
        done = 0
        with open(wanted, "rb") as ids, open(made, "ab") as file:
            while not enough() and (read := ids.read(size * SIZE)):
                some = array("q", read)
                # Together: what is added later costs as much for few lines as for many.
                file.write(framed(together([self._halves(some, part) for part in _parts(some)])))
                # Somebody reads it meanwhile.
                file.flush()
                done += len(some)
        return done

    def _halves(self, ids: Sequence[int], part: range) -> Halves:
        found = self._found([ids[at] for at in part], None)
        if found is None:
            return Halves([], [], [])
        there = [part[at] for at in found.there]
        return self._straight.halves(found.answers, found.own, there)

    def whole(self, halves: Halves, computed: Computed) -> bytes:
        """The lines of some submissions that were begun before."""
        if not halves.there:
            return b""
        if len(halves.there) < len(computed.seconds):
            computed = computed.only(halves.there)
        late = (*computed.weights, computed.seconds, computed.flags)
        return self._straight.whole(halves, late)

    def _found(self, ids: Sequence[int], computed: Computed | None) -> Batch | None:
        rows = self._look(self._work.query.replace(IDS, ",".join(map(str, ids))))
        found = batch({row[0]: row for row in rows}, ids, self._work.around, computed, {})
        if found is None or self._work.hiding is None:
            return found
        return self._work.hiding.hidden(found)

    def wait(self) -> None:
        """For what comes next."""

    def counted(self) -> Any:
        """What was counted of them all, by the column's place."""
        self._straight.count()
        return None if self._work.counting is None else self._work.counting.counts


def _parts(ids: Sequence[int]) -> Iterator[range]:
    """The places of the submissions whose answers are in memory at once."""
    return (range(at, min(at + AT_ONCE, len(ids))) for at in range(0, len(ids), AT_ONCE))


def _sqlite(work: Work) -> tuple[Look, Callable[[], None]]:
    import sqlite3

    # No statement comes twice; the 128 that would be kept take 6 MiB.
    connection = sqlite3.connect(**work.connect, isolation_level=None, cached_statements=0)
    connection.execute(f"PRAGMA busy_timeout = {BUSY}")
    connection.execute("PRAGMA query_only = ON")

    def look(statement: str) -> Sequence[Sequence[Any]]:
        # Moments stay texts (`surveys.export.own_cells`).
        found: Sequence[Sequence[Any]] = connection.execute(statement).fetchall()
        return found

    return look, connection.close


def _postgresql(work: Work) -> tuple[Look, Callable[[], None]]:
    import psycopg

    connection = psycopg.connect(**work.connect, autocommit=True)

    def look(statement: str) -> Sequence[Sequence[Any]]:
        found = connection.execute(statement.encode())
        return found.fetchall() if found.description else []

    return look, connection.close


def main() -> None:
    """Do what comes in, one after the other, until nothing comes any more."""
    # What a library prints must not get between the answers.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    waiting: SimpleQueue[Any] = SimpleQueue()
    # Read beside the work: so whoever asks never waits while its answers are waited for.
    threading.Thread(target=_listen, args=(sys.stdin.buffer, waiting), daemon=True).start()
    maker: Maker | None = None
    while True:
        name, arguments = waiting.get()
        try:
            if maker is None:
                maker = Maker(*arguments)
                answer: Any = None
            elif name == "ahead":
                wanted, made, size = arguments
                # Until something else is asked.
                answer = maker.ahead(wanted, made, size, lambda: not waiting.empty())
            else:
                answer = getattr(maker, name)(*arguments)
            said = ("done", answer)
        except Misfit:
            said = ("misfit", None)
        except Exception as error:
            # The class alone: the text of an error may carry what someone answered.
            said = ("failed", type(error).__name__)
        with suppress(BrokenPipeError):
            out.write(framed(said))
            out.flush()


def framed(what: object) -> bytes:
    """Something as it goes through a pipe."""
    body = pickle.dumps(what, pickle.HIGHEST_PROTOCOL)
    return len(body).to_bytes(SIZE, "big") + body


def unframed(pipe: IO[bytes]) -> Any:
    """The next thing in a pipe or a file; raises EOFError where it ends."""
    head = pipe.read(SIZE)
    size = int.from_bytes(head, "big")
    body = pipe.read(size) if len(head) == SIZE else b""
    if not body or len(body) < size:
        raise EOFError
    return pickle.loads(body)  # noqa: S301 - from our own process


def _listen(given: IO[bytes], waiting: SimpleQueue[Any]) -> None:
    while True:
        try:
            waiting.put(unframed(given))
        except Exception:
            # Who started this one is no more.
            os._exit(0)
