"""Codes that let someone in are not to be guessed: after a few wrong ones in an hour a person's
next are not looked at, and after many of all together only those that we have signed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from surveys.store.audit import audit
from surveys.store.guesses import ALL, count_guess, guesses

MOST = 5
"""Wrong codes that one person may try in an hour."""
MOST_OF_ALL = 1000
"""And all persons together, of codes that carry no sign of ours."""


def may_try(session: Session, lane: str, now: datetime, *, signed: bool = False) -> bool:
    """Whether a code of this person is looked at. `signed`: it carries our sign, so that strangers
    who guess cannot shut out whoever was invited."""
    if guesses(session, lane, now) >= MOST:
        return False
    return signed or guesses(session, ALL, now) < MOST_OF_ALL


def wrong_code(session: Session, lane: str, now: datetime) -> None:
    """A code was none. Audited as a count, when it is 5, 10, 20, 40 … of all in this hour: who
    tries for long makes no long list."""
    of_all = count_guess(session, lane, now)
    if of_all % MOST == 0 and (times := of_all // MOST) & (times - 1) == 0:
        audit(session, "strangers", "wrong codes", f"{of_all} in this hour", now)
