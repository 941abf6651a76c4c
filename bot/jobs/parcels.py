"""What a job makes: messages, and whom they are for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.desk import Desk
from bot.outbox import Outgoing, Queued
from surveys.store.administrators import Addressee
from surveys.store.database import Database
from surveys.store.deliveries import Occasion, Previous
from surveys.store.jobs import DueJob


class NotYet(Exception):  # noqa: N818
    """A job's time has not come: people may not be written to now."""

    def __init__(self, until: datetime) -> None:
        super().__init__("it is night there")
        self.until = until


@dataclass(frozen=True, slots=True)
class Delivered:
    """Messages that make a delivery to an administrator; their keys come from it."""

    occasion: Occasion
    messages: Sequence[Outgoing]
    known: Previous | None
    """What they were sent before."""


Parcel = tuple[Addressee, list[Outgoing]] | Delivered
"""An addressee and the messages for them, in order; or a delivery."""
Make = Callable[[DueJob, Database, Desk], list[Parcel]]
"""Does a job; its messages are queued in the transaction that marks it done."""
Do = Callable[[Session, DueJob, Desk], list[Queued]]
"""Does a job within the transaction that marks it done, and queues what it has to say."""
Run = Callable[..., Awaitable[Any]]
"""What a function of a module gives that is handed these arguments, the database and the desk, and
does heavy work: `Apart.run`."""
Ask = Callable[[DueJob, Database, Desk, Run], Awaitable[list[Parcel]]]
"""Does a job that asks Telegram first, in the loop; the database on its threads."""
