"""What people read is made of the profile's JSON and of nothing else.

So whatever an attacker could take from a message, a page or a picture is in the JSON, which
tests/estimation/test_estimation_disclosure.py attacks.
"""

import inspect
import json

import pytest

from surveys.estimation.profile import VillageProfile, from_json, to_json
from surveys.reports import charts, pdf, render


@pytest.mark.parametrize("language", ["en", "zh"])
def test_messages_pages_and_pictures_are_functions_of_the_json(
    full: VillageProfile, language: str
) -> None:
    one = from_json(to_json(full))
    again = from_json(json.loads(json.dumps(to_json(one))))
    assert again is not one
    assert render.chat_text(again, language) == render.chat_text(one, language)
    assert render.page(again, language) == render.page(one, language)
    assert charts.card(again, language) == charts.card(one, language)


def test_nothing_but_profiles_goes_into_them() -> None:
    """And where other pages lie, and whether it is for paper."""
    for made in (render.chat_text, render.page, charts.card, pdf.pdf):
        given = inspect.signature(made, eval_str=True).parameters.values()
        kinds = {str(one.annotation) for one in given if one.name not in ("links", "paper")}
        assert all("VillageProfile" in kind or "Literal" in kind for kind in kinds), kinds
