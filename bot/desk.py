"""What every handler is handed: the settings, the key, the bot's name, the clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from bot.metrics import Metrics
from bot.settings import Settings
from surveys.store.administrators import Addressee
from surveys.store.vault import Vault

if TYPE_CHECKING:
    from bot.inbox import Incoming
    from bot.outbox import Outgoing
    from surveys.interview.state import Event


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


async def nothing_to_fetch(file_id: str, most: int) -> bytes:
    """Where no bot is at work, there are no files."""
    raise LookupError("no bot is at work here")


GoOn = Callable[["Session", int, "Event", "Incoming", "Desk"], "list[Outgoing]"]
"""Steps an interview and says what follows: `conversation.go`."""


def nobody_goes_on(
    session: Session, interview_id: int, event: Event, incoming: Incoming, desk: Desk
) -> list[Outgoing]:
    """Where no bot is at work, no interview goes on."""
    raise LookupError("no bot is at work here")


@dataclass(frozen=True, slots=True)
class Desk:
    """What a handler may need beside the session and the update."""

    settings: Settings
    vault: Vault
    bot_username: str
    """Without the @, as links carry it."""
    clock: Callable[[], datetime] = now
    """The time in UTC."""
    fetch: Callable[[str, int], Awaitable[bytes]] = nothing_to_fetch
    """A file that somebody sent, by its id, of at most so many bytes: `TelegramBot.download`."""
    go_on: GoOn = nobody_goes_on
    """What a job calls when something has happened in an interview without its person: a barcode
    was read."""
    metrics: Metrics = field(default_factory=Metrics)
    """What is counted."""

    def address(self, one: Addressee) -> int:
        """The chat of an administrator; raises `WrongKey` if it was sealed with another key."""
        return int(self.vault.open(one.address))
