"""Pages as people see them, in a browser: on a phone, and on paper."""

import re
from collections.abc import Callable
from itertools import pairwise

import pytest

from surveys.estimation.profile import VillageProfile
from surveys.reports.render import page
from surveys.reports.wording import Language
from tests.browser import A4, PHONE, Browser
from tests.reports.conftest import rich_village, withheld_village
from tests.reports.extremes import ahead, long_names, nothing_much

A4_HIGH = 1123
"""CSS pixels."""
WHERE = """[...document.querySelectorAll('h1, h2, h3')].map(one =>
    [Number(one.tagName[1]), one.textContent.trim()])"""
OVERLAPS = """(() => {
    const found = [], all = [...document.querySelectorAll('p, li, .line, h1, h2, h3')]
        .filter(one => one.getClientRects().length && !one.querySelector('p, li, .line'));
    const boxes = all.map(one => one.getBoundingClientRect());
    for (let i = 0; i < all.length; i++) for (let j = i + 1; j < all.length; j++) {
        const a = boxes[i], b = boxes[j];
        if (getComputedStyle(all[i]).display === 'inline') continue;
        if (getComputedStyle(all[j]).display === 'inline') continue;
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (wide > 2 && high > 4) found.push(`${all[i].textContent} / ${all[j].textContent}`);
    }
    return found;
})()"""

VILLAGES: dict[str, Callable[[Language], VillageProfile]] = {
    "everything": lambda _: rich_village(),
    "long names": long_names,
    "ahead": lambda _: ahead(),
    "little": lambda _: nothing_much(),
    "withheld": lambda _: withheld_village(),
}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", VILLAGES)
def test_a_page_is_whole_on_a_phone_and_on_a4(
    chromium: Browser, name: str, language: Language
) -> None:
    tab = chromium.open(page(VILLAGES[name](language), language), PHONE)
    assert tab.said == []
    assert tab.sticking_out() == []
    assert tab.run(OVERLAPS) == []
    if name in ("everything", "little", "withheld"):
        assert tab.violations() == []
    headings = tab.run(WHERE)
    assert [level for level, _ in headings].count(1) == 1
    # No level is left out on the way down.
    assert all(b[0] <= a[0] + 1 for a, b in pairwise(headings))
    assert all(text for _, text in headings)
    assert tab.run("document.documentElement.lang") == ("en" if language == "en" else "zh-Hans")
    # What a finger or an eye has to find is not smaller than 11 pixels.
    smallest = "Math.min(...[...document.querySelectorAll('main *')].filter(one => one.textContent"
    smallest += ".trim() && !(one instanceof SVGElement)).map(one => parseFloat(getComputedStyle"
    assert tab.run(f"{smallest}(one).fontSize)))") >= 11
    tab.resize(A4, A4_HIGH)
    tab.printed()
    assert tab.sticking_out() == []
    assert tab.run(OVERLAPS) == []
    sheets = len(re.findall(rb"/Type\s*/Page\b", tab.pdf()))
    assert 1 <= sheets <= 2
    tab.close()


def test_what_the_issue_asks_stands_in_that_order_and_the_rest_after_it(
    chromium: Browser,
) -> None:
    tab = chromium.open(page(rich_village(), "en"), PHONE)
    # As it is seen, from top to bottom.
    seen = tab.run("""[...document.querySelectorAll('h1, .lead, h2, h3')]
        .map(one => [one.getBoundingClientRect().top, one.textContent.trim()])
        .sort((a, b) => a[0] - b[0]).map(one => one[1])""")
    assert seen[1].startswith("Adults here score 31 (26–37) of 100")
    assert seen[2:] == [
        "Who answered", "Access, use and resource", "The gap: access or use?",
        "Digital skills, of all adults", "From numbers to action", "What people ask for",
        "Why some are not online", "Among those online: who does more", "Since 2024年秋季",
        "How it was done, and whom to ask", "More from the same answers", "Other scores",
        "How unequal", "Who lacks much", "The same numbers in three layers",
    ]  # fmt: skip
    tab.close()
