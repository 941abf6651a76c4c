"""The profile of any place, and whether it says what its reader knows already."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from surveys.estimation.profile import VillageProfile, to_json
from surveys.profiles.villages import village_profiles
from surveys.store.database import Database
from surveys.store.schema import Area

APART = ("computed_at", "waiting", "around", "organisation", "contact", "rejected")
"""Fields of a profile in which two that say the same may differ."""
COUNTED = ("persons", "homes", "users", "by_mode", "target")
"""The same where nothing is shown: that more have answered is told in a sentence."""


def profile_at(
    database: Database, wave_id: int, area_id: int, now: datetime
) -> VillageProfile | None:
    """The profile of a village or of an area above villages; None where nobody has finished."""
    with database.read() as session:
        kind = session.get_one(Area, area_id).kind
    if kind != "village":
        # With it come the templates of pages.
        from surveys.profiles.tree import area_shown

        return area_shown(database, wave_id, area_id, now)
    return next(iter(village_profiles(database, wave_id, [area_id], now).values()), None)


def unchanged(before: Mapping[str, Any] | None, profile: VillageProfile) -> bool:
    """Whether a profile says the same as one sent before (None: none was), or nothing as yet."""
    if before is None:
        return False
    now = to_json(profile)
    apart = set(APART)
    if before["level"] == "withheld" == profile.level:
        apart.update(COUNTED)
    return all(before.get(name) == value for name, value in now.items() if name not in apart)
