"""What a village's poster says: who asks there now, and in which language."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from surveys.reports.poster import Poster, Tongue
from surveys.store.areas import open_wave_at, poster_language, village_by_id
from surveys.store.waves import asked_before


class NoPoster(LookupError):  # noqa: N818
    """It is not known who asks in this village: no wave was ever opened there."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A poster and the language that its village has."""

    poster: Poster
    tongue: Tongue


def poster_of(session: Session, area_id: int, bot: str, otherwise: str) -> Sheet:
    """The poster of a village; `otherwise`: its language where no area gives one.

    Who asks is as in the wave that is open there, else as in the one before. Raises `NoPoster`.
    """
    village = village_by_id(session, area_id)
    if village is None:
        raise NoPoster("There is no such village.")
    asks = open_wave_at(session, village.path) or asked_before(session, village.path)
    if asks is None:
        raise NoPoster(f"No wave was opened in {village.name} yet: a poster says who asks.")
    poster = Poster(village.name, village.code, bot, asks.organisation, asks.contact)
    language = poster_language(session, village.path) or otherwise
    return Sheet(poster, "zh" if language == "zh" else "en")
