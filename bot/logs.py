"""What is logged: one line an event, on stderr, without the token and without anyone's words."""

from __future__ import annotations

import logging
import sys
import traceback

from bot.request import HIDDEN

QUIET = ("telegram", "aiohttp", "asyncio", "httpx", "httpcore", "sqlalchemy", "alembic")
"""Libraries that log requests, parameters or rows at lower levels than a warning."""
TALKATIVE = ("weasyprint", "fontTools")
"""Libraries that warn of every rule of a style that they do not know."""


class Secretless(logging.Filter):
    """Takes secrets out of every record that passes a handler, tracebacks included."""

    def __init__(self, *secrets: str) -> None:
        super().__init__()
        # A token's number is public; its second half alone would do harm, too.
        halves = [secret.partition(":")[2] for secret in secrets]
        self._secrets = [secret for secret in (*secrets, *halves) if len(secret) >= 8]

    def filter(self, record: logging.LogRecord) -> bool:
        """Always passes; what it passes holds no secret."""
        if record.exc_info and record.exc_info[0] is not None and not record.exc_text:
            record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip()
        record.exc_info = None
        if record.exc_text:
            record.exc_text = self._hide(record.exc_text)
        record.msg, record.args = self._hide(record.getMessage()), None
        if record.stack_info:
            record.stack_info = self._hide(record.stack_info)
        return True

    def _hide(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text


def set_up(level: str, *secrets: str) -> None:
    """Log to stderr from `level` on ("info"); our own lines only, and warnings of libraries."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(Secretless(*secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.ERROR)
