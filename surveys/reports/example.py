"""The profile of a village that does not exist, to learn by how a profile is read."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files

from surveys.estimation.profile import VillageProfile, from_json
from surveys.reports.wording import Language, words


def example_profile(language: str) -> VillageProfile:
    """The invented village, called so in this language ("zh", or English)."""
    tag: Language = "zh" if language == "zh" else "en"
    say = words(tag)
    document = json.loads(files("surveys.reports").joinpath("example.json").read_text("utf-8"))
    return replace(
        from_json(document),
        village=say("Example village (invented)"),
        reference_area=say("Example town"),
    )
