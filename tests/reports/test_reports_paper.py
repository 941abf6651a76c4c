"""What WeasyPrint stumbles over: no page of ours has it, and where it does the rest arrives."""

import pytest
from lxml import html

from bot.jobs.deliveries import pdf_of
from surveys.reports.area import area_page
from surveys.reports.pdf import NoPaperError, on_paper
from surveys.reports.render import page
from tests.reports.area_samples import area_of

GRIDS = ("row", "pair", "measure", "rings", "progress", "panels", "beside", "columns", "levers",
         "villages")  # fmt: skip
"""Classes that the styles lay out as grids."""
STUMBLES = """<html lang="en"><head><title>t</title><style>
@page { size: 200px 100px; margin: 0 } p { margin: 0; line-height: 20px }
.row { display: grid; grid-template-columns: 1fr 1fr }</style></head><body>
<p>1</p><p>2</p><p>3</p>
<div class="row"><div><p>a</p><p>b</p><p>c</p><p>d</p></div>
<svg width="20" height="10"><rect width="9" height="9"/></svg></div></body></html>"""
"""A grid over a page's end, with a drawing that is no child of a box."""


def bare(text):
    """Drawings that stand in a grid with no box around them."""
    return [
        svg.getparent().get("class")
        for svg in html.fromstring(text).iter("svg")
        if set((svg.getparent().get("class") or "").split()) & set(GRIDS)
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_drawing_stands_bare_in_a_grid(full, rich, language):
    for profile in (full, rich):
        assert bare(page(profile, language, paper=True)) == []
    one = area_of(rich, villages=12, withheld=2)
    assert bare(area_page(one.profile, language, one.beside, paper=True)) == []
    assert bare(STUMBLES) == ["row"]


def test_a_page_that_cannot_be_set_is_said_in_a_sentence_and_the_rest_is_sent():
    with pytest.raises(NoPaperError, match="the HTML page says the same"):
        on_paper(STUMBLES)
    assert pdf_of(lambda language, *, paper: STUMBLES, "en") is None
    assert on_paper(STUMBLES.replace("<svg", "<div><svg").replace("</svg>", "</svg></div>"))
