"""What a job makes: messages, and whom they are for."""

from __future__ import annotations

from collections.abc import Callable

from bot.desk import Desk
from bot.outbox import Outgoing
from surveys.store.administrators import Addressee
from surveys.store.database import Database
from surveys.store.jobs import DueJob

Parcel = tuple[Addressee, list[Outgoing]]
"""An addressee and the messages for them, in order."""
Make = Callable[[DueJob, Database, Desk], list[Parcel]]
"""Does a job; its messages are queued in the transaction that marks it done."""
