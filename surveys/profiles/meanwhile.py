"""A piece of work done by a copy of this process, on another core, while this one goes on.

For what is made of a gigabyte that is in memory already: to hand it to another program would take
as long as the work. A copy has it at once. Only the thread that makes a copy is in it: where others
run (in the bot, whose second core is for those who answer), nothing is copied.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


@contextmanager
def meanwhile(work: Callable[[], T], *, large: bool) -> Iterator[Callable[[], T]]:
    """Begin some work; gives what waits for its result, to be called once.

    Where it is not large, or no copy can be made, or the copy came to grief, the work is done when
    its result is asked for, and raises what it raises. It must not touch a database, a file or a
    socket that is open here. What it gives is pickled.
    """
    if not (large and _able()):
        yield work
        return
    copy = _Copy(work)
    try:
        yield copy.found
    finally:
        copy.end()


def _able() -> bool:
    """Whether there is another core, and nobody else at work here."""
    if not sys.platform.startswith("linux") or threading.active_count() > 1:
        return False
    return len(os.sched_getaffinity(0)) > 1


class _Copy(Generic[T]):
    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._answer, writing = os.pipe()
        with warnings.catch_warnings():
            # Threads that are not Python's (BLAS, Arrow) make way for a copy by themselves.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._child = os.fork()
        if not self._child:
            # Else it would wait for ever to be read by itself, once its parent is gone.
            os.close(self._answer)
            _do(work, writing)
        os.close(writing)

    def found(self) -> T:
        with os.fdopen(self._answer, "rb", closefd=False) as answer:
            whole = answer.read()
        _, status = os.waitpid(self._child, 0)
        self._child = 0
        return pickle.loads(whole) if status == 0 else self._work()  # noqa: S301 - our own copy's

    def end(self) -> None:
        os.close(self._answer)
        if self._child:
            os.kill(self._child, signal.SIGKILL)
            os.waitpid(self._child, 0)


def _do(work: Callable[[], object], writing: int) -> None:
    """In the copy: do it, and end there, without anything that goes with a program's end."""
    status = 1
    try:
        # What could be thrown away is not this one's: connections are among it.
        gc.disable()
        whole = pickle.dumps(work(), pickle.HIGHEST_PROTOCOL)
        with os.fdopen(writing, "wb") as answer:
            answer.write(whole)
        status = 0
    finally:
        # What went wrong is met again where the work is done then.
        os._exit(status)
