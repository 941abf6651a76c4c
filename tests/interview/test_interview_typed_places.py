"""Places, lines and areas as tired people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_answers import typed, value

from surveys.form.geography import place_of, places_of
from surveys.interview.answers import Unread, Wish
from surveys.interview.canonical import point_of
from surveys.interview.places import MOST
from surveys.interview.shown import shown_value

PLACES = """30.5, 114.3 | 30.5 114.3 | 30.5，114.3 | 30.5,114.3 | (30.5, 114.3) | 30.5; 114.3 |
    30,5 114,3 | 30.5N 114.3E | N30.5 E114.3 | 30.5 N, 114.3 E | 114.3 E, 30.5 N |
    30°30'N 114°18'E | 30° 30′ 0″ N, 114° 18′ 0″ E | 30º30'N 114º18'E |
    北纬30.5度 东经114.3度 | 东经114.3度，北纬30.5度 | 北纬30度30分，东经114度18分 |
    北纬30°30′东经114°18′ | 114.3, 30.5 | lat 30.5 lon 114.3 | 纬度30.5 经度114.3 |
    经度：114.3，纬度：30.5 | longitude 114.3 latitude 30.5 | geo:30.5,114.3 |
    https://maps.google.com/?q=30.5,114.3 | https://www.google.com/maps/@30.5,114.3,15z |
    30.5 114.3 0 0 | 30.5 114.3 0.0 0.0 | ３０.５ １１４.３"""


@pytest.mark.parametrize("text", [one.strip() for one in PLACES.split("|")])
def test_ways_to_say_a_place(text):
    assert value("geopoint", text) == point_of(30.5, 114.3)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "here",
        "30.5",
        "91 200",
        "91, 181",
        "30°30'N 114°18'N",
        "-30°S 114°E",
        "30°60'N 114°E",
        "1 2 3 4 5",
        "30.5 114.3 x",
        "北纬30.5度",
        "30.5, 114.3, near the river",
        "x" * 400,
    ],
)
def test_what_is_no_place(text):
    assert typed("geopoint", text) == Unread("not_a_place")


degrees = st.tuples(
    st.integers(-90 * 10**5, 90 * 10**5).map(lambda part: part / 10**5),
    st.integers(-180 * 10**5, 180 * 10**5).map(lambda part: part / 10**5),
)


@given(degrees, st.integers(-400, 8000), st.integers(0, 500))
def test_every_place_is_read_as_it_is_shown(place, altitude, accuracy):
    latitude, longitude = place
    stored = point_of(latitude, longitude, altitude, accuracy)
    assert value("geopoint", stored) == stored
    assert value("geopoint", shown_value("geopoint", stored)) == stored
    north, east = "N" if latitude >= 0 else "S", "E" if longitude >= 0 else "W"
    bare = point_of(latitude, longitude)
    for text in (
        f"{latitude:.5f}, {longitude:.5f}",
        f"{abs(latitude):.5f}{north} {abs(longitude):.5f}{east}",
        f"{'北' if latitude >= 0 else '南'}纬{abs(latitude):.5f}度"
        f"{'东' if longitude >= 0 else '西'}经{abs(longitude):.5f}度",
    ):
        assert place_of(value("geopoint", text)) == place_of(bare), text


@given(st.lists(degrees, min_size=2, max_size=8), st.sampled_from([";", "\n", " ; ", "；"]))
def test_lines_and_areas_are_read_as_they_are_shown(places, between):
    text = between.join(f"{latitude:.5f} {longitude:.5f}" for latitude, longitude in places)
    line = value("geotrace", text)
    assert places_of(line) == places
    assert value("geotrace", shown_value("geotrace", line)) == line
    distinct = places[:-1] if places[0] == places[-1] else places
    if len(distinct) < 3:
        assert typed("geoshape", text) == Unread("not_enough_places")
    else:
        area = value("geoshape", text)
        assert places_of(area) == [*distinct, distinct[0]]
        assert value("geoshape", shown_value("geoshape", area)) == area


def test_lines_need_places():
    assert typed("geotrace", "30 114") == Unread("not_enough_places")
    assert typed("geotrace", "here; there") == Unread("not_a_place")
    assert typed("geotrace", " ; ") == Unread("not_a_place")
    assert typed("geotrace", "30 114;" * (MOST + 1)) == Unread("not_a_place")
    assert typed("geotrace", "30 114;" * 9_999) == Unread("not_a_place")
    assert typed("geoshape", "done") == Wish("done")
