"""Who may be written to in later rounds: asked once a round and phone, of who answered themselves.

A contact that did not agree goes when its waves are over (surveys.conduct.retention).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from surveys.conduct.retention import release
from surveys.store.panel import first_of_phone, panel_of, set_panel

__all__ = ["agree", "decline", "may_ask", "panel_of"]


def may_ask(session: Session, interview_id: int) -> bool:
    """Whether the person of an interview that was just finished is to be asked.

    Only who answered themselves, in the home of the phone's first person (a helper's neighbours
    cannot agree to be found by the helper's phone), and only the first of them in a wave: it is one
    phone, and one answer. Never who agreed before.
    """
    return first_of_phone(session, interview_id)


def agree(session: Session, contact_id: int, now: datetime) -> None:
    """The contact may be written to in later rounds."""
    set_panel(session, contact_id, panel_at=now, declined_at=None)


def decline(session: Session, contact_id: int, now: datetime) -> bool:
    """The contact may not be (any more); whether it was let go at once, as its waves are over."""
    set_panel(session, contact_id, panel_at=None, declined_at=now)
    return release(session, contact_id, now)
