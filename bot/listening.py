"""Where the program listens: an address and a port, or one sentence why that cannot be."""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.inbox import Halted

WHY = {
    errno.EADDRINUSE: "another program listens there",
    errno.EACCES: "only the superuser may listen there",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


SILENT = logging.getLogger(f"{__name__}.http")
"""aiohttp's own log would repeat what strangers send, with a traceback each: nobody hears it."""
SILENT.disabled = True


def serving(
    answer: Callable[[web.BaseRequest], Awaitable[web.Response]], patience: float
) -> web.BaseRunner:
    """A server for this handler, which handles its own errors; it listens nowhere yet.

    `patience`: seconds that requests under way are given when the runner is cleaned up.
    """
    server = web.Server(answer, access_log=None, logger=SILENT)
    return web.ServerRunner(server, shutdown_timeout=patience)


async def listen(runner: web.BaseRunner, address: tuple[str, int], setting: str) -> int:
    """Begin to listen; gives the port (for port 0, the free one that was taken).

    `setting` names the variable that says where. Raises `Halted` where it is no place to listen.
    """
    host, port = address
    try:
        await web.TCPSite(runner, host, port).start()
    except (OSError, UnicodeError) as error:
        named = WHY.get(getattr(error, "errno", None) or 0)
        if named is None and isinstance(error, socket.gaierror | UnicodeError):
            named = "there is no such address"
        raise Halted(
            f"{setting} names {host}:{port}, where this program cannot listen"
            f" ({named or type(error).__name__}): choose another address or port."
        ) from None
    taken: int = runner.addresses[-1][1]
    return taken
