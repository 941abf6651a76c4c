"""Who answers: villages behind a code, the persons of a phone, consent, coming back.

Every function takes the session of the update's transaction. None of them commits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from surveys.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Reach:
    """A contact, as the bot knows it."""

    contact_id: int
    language: str
    """"en" or "zh"."""
    current_interview_id: int | None
    blocked: bool


@dataclass(frozen=True, slots=True)
class OpenWave:
    """A village and the wave that is open there: what a resident is told before they agree."""

    area_id: int
    code: str
    village: str
    zone: ZoneInfo
    wave_id: int
    form_version_id: int
    form_title: str
    organisation: str
    contact: str
    retention_months: int


@dataclass(frozen=True, slots=True)
class Person:
    """One of the persons who answer through a contact."""

    respondent_id: str
    number: int
    """1, 2, 3 … on this phone."""
    household_id: str
    interview_id: int | None
    """In the wave asked about."""
    status: str
    """"open", "stopped", "finished", or "" where nothing was begun in this wave."""
    begun: datetime | None
    answered: int
    """How many questions this person has answered."""


def reach(session: Session, lane: str) -> Reach | None:
    """The contact with this keyed hash."""
    raise NotImplementedError


def open_wave(session: Session, code: str) -> OpenWave | None:
    """The village with this code (letter case apart) and its open wave; None: no such village.

    Raises `NoWave` where the village is there and nothing is open (closed, or not yet).
    """
    raise NotImplementedError


def open_wave_of_home(session: Session, link: str) -> tuple[OpenWave, str] | None:
    """The village, wave and household behind a family link."""
    raise NotImplementedError


def open_wave_of_area(session: Session, area_id: int) -> OpenWave | None:
    """The same by the village's id."""
    raise NotImplementedError


def persons(session: Session, contact_id: int, wave_id: int) -> list[Person]:
    """The persons of a contact, by number."""
    raise NotImplementedError


def enrol(
    session: Session,
    vault: Vault,
    *,
    lane: str,
    address: str,
    language: str,
    wave: OpenWave,
    household_id: str | None,
    consent_version: str,
    now: datetime,
) -> int:
    """Someone agreed: contact (made if new), household (None: a new home), respondent, interview.

    Returns the interview's id, which becomes the contact's current one. A contact answering in a
    household where it already has persons adds one, in the same entry.
    """
    raise NotImplementedError


def turn_to(session: Session, contact_id: int, interview_id: int | None) -> None:
    """Make an interview of this contact the current one; raises `NotYours` for any other's."""
    raise NotImplementedError


def set_language(session: Session, contact_id: int, language: str) -> None:
    """What the bot speaks to this contact from now on."""
    raise NotImplementedError


def set_blocked(session: Session, lane: str, at: datetime | None) -> None:
    """The person blocked the bot, or came back (None)."""
    raise NotImplementedError


def count_day(session: Session, area_id: int, kind: str, day: datetime) -> None:
    """One more of this kind today: "opened", "declined"."""
    raise NotImplementedError


def family_link(session: Session, interview_id: int) -> str:
    """The code of the family link of this interview's home, made when first asked for."""
    raise NotImplementedError
