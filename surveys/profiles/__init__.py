"""From stored submissions to the profiles of villages and areas, and how fieldwork goes."""

from surveys.profiles.areas import area_profile
from surveys.profiles.fieldwork import SILENT, VillageProgress, latest_wave, summary
from surveys.profiles.villages import village_profiles
from surveys.store.submissions import frame, labels_of

__all__ = [
    "SILENT", "VillageProgress", "area_profile", "frame", "labels_of", "latest_wave", "summary",
    "village_profiles",
]  # fmt: skip
