"""The submissions of a wave as files for analysis, with columns as ODK Central names them.

Left out: free texts with the role `private`, and villages where fewer than 10 persons or fewer
than 5 homes answered. Nothing of `contact` is ever read here.

    made = tables(database, Filters((area_id,)), now)
    into_folder(made, Wanted(("csv", "sav")), folder)
"""

from surveys.export.files import Format, Wanted, add_media, into_folder, into_zip
from surveys.export.filters import KEPT, REVIEWS, Filters, NothingToExport, Review, newest_wave
from surveys.export.media import any_media
from surveys.export.tables import Tables, tables
from surveys.export.told import told
from surveys.export.unwritable import Unwritable
from surveys.export.wording import LANGUAGES, Language

__all__ = [
    "KEPT", "LANGUAGES", "REVIEWS", "Filters", "Format", "Language", "NothingToExport",
    "Review", "Tables", "Unwritable", "Wanted", "add_media", "any_media", "into_folder",
    "into_zip", "newest_wave", "tables", "told",
]  # fmt: skip
