"""What is kept about a person, given to them; and forgotten when they say so."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from surveys.store.vault import Vault


def my_data(session: Session, vault: Vault, contact_id: int) -> dict[str, Any]:
    """All that is kept about a contact and its persons, as one JSON document in plain words.

    {"contact": {"channel", "address", "language", "since"}, "persons": [{"person": 1, "village":
    …, "interviews": [{"status", "started", "finished", "consent", "answers": [{"question": label,
    "answer": shown}], "events": n}]}]}
    """
    raise NotImplementedError


def forget(
    session: Session, contact_id: int, respondent_id: str | None, *, keep_answers: bool,
    now: datetime,
) -> int:  # fmt: skip
    """Forget one person of a contact, or (None) all of them and the contact itself.

    `keep_answers`: finished submissions stay without any tie to the contact; unfinished ones and
    the log of events always go. Without it the submissions go too. Audited, without naming anyone.
    Waiting messages of the contact go. Returns how many persons were forgotten.
    """
    raise NotImplementedError
