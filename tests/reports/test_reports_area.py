"""The page of an area: what it says and draws of its villages, and what it keeps to itself."""

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from math import asin, cos, hypot, radians, sin, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from surveys.estimation.profile import Figure, VillageProfile
from surveys.reports.area import Beside, area_page
from surveys.reports.fieldwork import Fieldwork, progress
from surveys.reports.placing import DOT, LINE, WIDTH, Ground, ground
from surveys.reports.wording import Language, words
from tests.browser import A4, PHONE, Browser
from tests.reports.area_samples import Made, area_of
from tests.reports.conftest import rich_village

CASES: Mapping[str, Mapping[str, object]] = {
    "usual": {"villages": 12, "withheld": 2},
    "one": {"villages": 1, "withheld": 0, "bands": False},
    "three": {"villages": 3, "withheld": 0, "bands": False},
    "no places": {"villages": 8, "located": False},
    "all withheld": {"villages": 4, "withheld": 4},
    "sixty": {"villages": 60, "withheld": 4, "parts": 5},
    "many": {"villages": 150, "withheld": 9, "parts": 12},
}


def made(name: str) -> Made:
    return area_of(rich_village(), **CASES[name])  # type: ignore[arg-type]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", CASES)
def test_the_page_is_whole_on_a_phone_and_on_a4(
    chromium: Browser, name: str, language: Language
) -> None:
    one = made(name)
    tab = chromium.open(area_page(one.profile, language, one.beside), PHONE)
    assert tab.said == []
    assert tab.sticking_out() == []
    if name in ("usual", "all withheld"):
        assert tab.violations() == []
    tab.resize(A4)
    tab.printed()
    assert tab.sticking_out() == []
    tab.close()


def drawn(html: str) -> etree._Element:
    page: etree._Element = etree.HTML(html)
    return page


def spots(html: str) -> dict[str, tuple[float, float]]:
    """Where the map has each village, by its name."""
    found = {}
    for one in drawn(html).iterfind(".//g[@class='village']"):
        numbers = re.findall(r"-?[\d.]+", one.get("transform", "").split(")")[0])
        found[one.findtext("title") or ""] = (float(numbers[0]), float(numbers[1]))
    return found


def haversine(one: Fieldwork, other: Fieldwork) -> float:
    """Kilometres along the earth."""
    a, b, c, d = (
        radians(x or 0) for x in (one.latitude, one.longitude, other.latitude, other.longitude)
    )
    return 2 * 6371.0 * asin(sqrt(sin((c - a) / 2) ** 2 + cos(a) * cos(c) * sin((d - b) / 2) ** 2))


def test_distances_on_the_map_are_those_on_the_ground() -> None:
    one = made("usual")
    html = area_page(one.profile, "en", one.beside)
    at, rows = spots(html), {row.name: row for row in one.beside.fieldwork}
    assert at.keys() == rows.keys()
    scale = drawn(html).find(".//g[@class='scale']")
    assert scale is not None
    length = float(re.findall(r"h([\d.]+)", scale.find("path").get("d"))[0])  # type: ignore[union-attr,arg-type]
    kilometres = float((scale.findtext("text") or "").removesuffix(" km"))
    for first, second in combinations(rows, 2):
        (x, y), (u, v) = at[first], at[second]
        drawn_km = hypot(u - x, v - y) / length * kilometres
        assert drawn_km == pytest.approx(haversine(rows[first], rows[second]), rel=0.01)
        # North is up.
        if abs((rows[first].latitude or 0) - (rows[second].latitude or 0)) > 0.01:
            assert (v < y) == ((rows[second].latitude or 0) > (rows[first].latitude or 0))


def boxes(sheet: Ground, digits: list[int]) -> list[tuple[float, float, float, float]]:
    return [
        (x - n * 3.6, y - LINE / 2, x + n * 3.6, y + LINE / 2)
        for spot, n in zip(sheet.spots, digits, strict=True)
        if spot.label
        for x, y in [spot.label]
    ]


@given(
    st.lists(
        st.tuples(st.floats(-80, 80), st.floats(-180, 180)), min_size=1, max_size=15, unique=True
    )
)
def test_all_places_lie_on_the_sheet_whatever_they_are(points: list[tuple[float, float]]) -> None:
    sheet = ground(points, [str(at + 1) for at in range(len(points))])
    assert sheet is not None
    for spot in sheet.spots:
        assert DOT <= spot.x <= WIDTH - DOT
        assert DOT <= spot.y <= sheet.height - DOT
    assert 0 < sheet.bar <= WIDTH / 3 + 1e-6


def test_numbers_lie_on_no_other_and_on_no_dot() -> None:
    one = area_of(rich_village(), 40, withheld=3)
    points = [(row.latitude or 0, row.longitude or 0) for row in one.beside.fieldwork]
    sheet = ground(points, [str(at + 1) for at in range(40)])
    assert sheet is not None
    found = boxes(sheet, [len(str(at + 1)) for at in range(40)])
    assert len(found) == 40
    for a, b in combinations(found, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    for a in found:
        for spot in sheet.spots:
            assert a[2] <= spot.x - DOT or spot.x + DOT <= a[0] or (
                a[3] <= spot.y - DOT or spot.y + DOT <= a[1]
            )  # fmt: skip


def test_places_across_the_date_line_are_neighbours() -> None:
    sheet = ground([(-17.0, 179.9), (-17.0, -179.9)], ["1", "2"])
    assert sheet is not None
    wide = sheet.spots[1].x - sheet.spots[0].x
    assert wide / sheet.bar * sheet.km == pytest.approx(0.2 * 111.195 * cos(radians(17)), rel=0.001)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("by_profiles", [True, False])
def test_a_withheld_village_has_no_number(language: Language, by_profiles: bool) -> None:
    one = made("usual")
    hidden = one.beside.fieldwork[-1]
    # Numbers that stand nowhere else, in what must not be shown.
    secret = Figure(77.0, 76.0, 78.0)
    profile = replace(
        one.beside.villages[hidden.code], use=secret, online=secret,
        indices=tuple(replace(x, village=secret) for x in one.profile.indices),
    )  # fmt: skip
    own = {**one.beside.villages, hidden.code: profile} if by_profiles else {}
    html = area_page(one.profile, language, replace(one.beside, villages=own))
    page = drawn(html)
    text = "".join(page.itertext())
    assert hidden.name in text
    for number in ("77", "76", "78"):
        assert not re.search(rf"\b{number}\b(?! ?/)", " ".join(page.find("body").itertext()))  # type: ignore[union-attr]
    assert '"77.0%"' not in html
    circle = page.xpath(f"//g[@class='village'][title='{hidden.name}']/circle")
    assert [(c.get("class"), c.get("r")) for c in circle] == [("mark thin", "3")]
    # It is in no panel, and in the list among those that are not shown.
    assert hidden.name not in "".join(page.xpath("//div[@class='panel']//h3//text()"))
    group = page.xpath("//div[@class='group'][last()]")[0]
    assert hidden.name in "".join(group.itertext())


def test_bands_are_words_and_signs_and_no_order() -> None:
    one = made("usual")
    page = drawn(area_page(one.profile, "en", one.beside))
    said = {
        "".join(group.xpath(".//b[not(@class)]//text()")): [
            "".join(name.itertext()).split(" ", 1)[1].strip()
            for name in group.xpath(".//span[@class='one']")
        ]
        for group in page.xpath("//div[@class='group']")
    }
    bands = {"below": "clearly below the others", "same": "not clearly different",
             "above": "clearly above the others"}  # fmt: skip
    for band, title in bands.items():
        names = [p.village for p in one.beside.villages.values() if p.band == band]
        assert said.get(title, []) == names
    assert said["not shown yet: too few answers"] == [row.name for row in one.beside.fieldwork[-2:]]
    # Panels stand in the order of the names handed in, whatever the scores.
    panels = [
        "".join(x.itertext()).split(" ", 1)[1] for x in page.xpath("//div[@class='panel']/h3")
    ]
    assert panels == [row.name for row in one.beside.fieldwork[:-2]]


def test_progress_says_what_is_missing_and_when_it_ends() -> None:
    say = words("en")
    rows = [
        Fieldwork("A", "Ahe", 12, 12),
        Fieldwork("B", "Bei", 3, 12, never=True),
        Fieldwork("C", "Cun", 0, 12),
    ]
    found = progress(rows, say, {"B": "b.html"})
    assert found.said == (
        "Answers so far: 15. Wanted: 36.",
        "Villages that have reached their target: 1 of 3.",
        "No answers yet: Cun.",
    )
    assert [(row.name, row.numbers, row.filled, row.note, row.link) for row in found.rows] == [
        ("Cun", "0 / 12", 0.0, "12 to go", ""),
        ("Bei", "3 / 12", 25.0, "9 to go; never at this pace", "b.html"),
        ("Ahe", "12 / 12", 100.0, "target reached", ""),
    ]
    assert progress([Fieldwork("A", "Ahe", 4, None)], say, {}).rows[0].filled is None
    assert progress([], say, {}).rows == ()


def test_a_sum_of_parts_hides_no_village_that_is_behind() -> None:
    """What one village has above its target does not fill another's gap in the sentence."""
    rows = [Fieldwork(f"V{at}", f"V{at}", 20, 12, part="T1") for at in range(45)]
    rows[0] = replace(rows[0], answered=2)
    found = progress(rows, words("en"), {"T1": "t.html"})
    assert [(row.name, row.link) for row in found.rows] == [("T1", "t.html")]
    assert "Villages that have reached their target: 44 of 45." in found.said


def test_without_anything_beside_it_the_page_shows_what_the_profile_has(
    area: VillageProfile,
) -> None:
    page = drawn(area_page(area, "en", Beside()))
    assert len(page.xpath("//div[@class='panel']")) == len(area.within.villages)  # type: ignore[union-attr]
    assert page.find(".//div[@class='progress']") is None
    assert page.find(".//svg[@class='map']") is None
