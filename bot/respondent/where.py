"""The village that a link or a button leads to, and the home or the person it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.access import whole
from surveys.conduct.guessing import may_try, wrong_code
from surveys.conduct.people import (
    NoWave,
    OpenWave,
    Reach,
    latest_village,
    open_wave,
    open_wave_of_area,
    open_wave_of_home,
)

HOME = "home-"
"""What a family link begins with."""
LONGEST_LINK = 64
"""Characters that Telegram passes on from a link."""


@dataclass(frozen=True, slots=True)
class Where:
    """A village with an open wave, and who is to answer there: anyone, if nothing else is said."""

    wave: OpenWave
    household_id: str | None
    """The home, when a family link brought them."""
    data: str
    """The same in a button: "v.CODE", "h.LINK" or "p.NUMBER.CODE"."""
    number: int | None = None
    """The person of this phone who answers again."""


def where_to(
    session: Session, payload: str, person: Reach | None, lane: str, now: datetime
) -> Where | None:
    """Where a link's payload leads to: a family link, a village's code, or nothing, which is the
    village where this contact last answered. None: nowhere. Raises `NoWave`."""
    if payload.startswith(HOME):
        return _find(session, "h." + payload.removeprefix(HOME), lane, now)
    if payload:
        return _find(session, "v." + payload, lane, now)
    area_id = latest_village(session, person.contact_id) if person else None
    wave = open_wave_of_area(session, area_id) if area_id is not None else None
    return at(wave) if wave else None


def behind_button(session: Session, data: str, lane: str, now: datetime) -> Where | None:
    """Where a button leads to; None: its survey is over. Raises `Malformed`."""
    try:
        return _find(session, data, lane, now)
    except NoWave:
        return None


def at(wave: OpenWave) -> Where:
    """A village alone."""
    return Where(wave, None, f"v.{wave.code}")


def _find(session: Session, data: str, lane: str, now: datetime) -> Where | None:
    kind, _, code = data.partition(".")
    number = None
    if kind == "p":
        digits, _, code = code.partition(".")
        number = whole(digits)
    if len(code) > LONGEST_LINK or not code.isprintable():
        return None
    if kind == "h":
        # A family link lets into a home; a village's code hangs on its walls.
        if not may_try(session, lane, now):
            return None
        found = open_wave_of_home(session, code)
        if found is None:
            wrong_code(session, lane, now)
            return None
        return Where(found[0], found[1], data)
    wave = open_wave(session, code)
    if wave is None or number is None:
        return at(wave) if wave else None
    return Where(wave, None, data, number)
