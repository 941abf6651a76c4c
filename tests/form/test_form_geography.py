"""Areas, lengths and fences: as JavaRosa has them, and as geometry does."""

import math
import random
import subprocess
from fractions import Fraction
from itertools import combinations, pairwise, product
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.form.geography import (
    EARTH_RADIUS,
    MOST_SIDES,
    area,
    distance,
    geofence,
    intersects,
    place_of,
)
from tests.javarosa import compiled

WRITTEN = [
    "", " ", "0 0", "0 0;", "0 0; ", ";", "0 0;;1 1", "1;2;3 4", "30.5 114.3 20 5",
    "91 200; 92 300;1 1",
    "0 0 0 0; 0 1 0 0; 1 1 0 0; 0 0 0 0", "1e1 2;2 2; 3 1.", "1d 2f;.5 +2;-.5 -2",
    "  1   2 ; 3  4 ;5 6",
    "1 2 3 4 5; 1 2", "0 x;1", "x", "0,5 1;1 1", "1\t2;3 4", "1 2\t;3 4;0 9",
]  # fmt: skip
"""What may stand in a node, places or not."""


def shapes() -> list[str]:
    """Open and closed lines of a few places, as large as a field, a county, a continent."""
    chance = random.Random(6)
    made = []
    for size in (0.001, 0.5, 40):
        for _ in range(12):
            latitude, longitude = chance.uniform(-45, 45), chance.uniform(-120, 120)
            corners = [
                f"{latitude + chance.gauss(0, size)} {longitude + chance.gauss(0, size)} 0 0"
                for _ in range(chance.randint(1, 7))
            ]
            made.append("; ".join(corners + corners[: chance.randint(0, 1)]))
    return made


TEXTS = WRITTEN + shapes()


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """What JavaRosa says of expressions over nodes /data/g0, /data/g1 … that hold the texts."""
    folder = tmp_path_factory.mktemp("javarosa")
    command = compiled(Path(__file__).with_name("Expressions.java"), folder)
    nodes = "".join(f"<g{i}>{escape(text)}</g{i}>" for i, text in enumerate(TEXTS))
    several = "".join(f"<r><p>{one}</p></r>" for one in ("0 0", "0 1", "1 1 5 5", "0 0"))
    form = folder / "form.xml"
    form.write_text(
        f"""<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
        xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>t</h:title><model><instance>
        <data id="t"><x/>{nodes}{several}</data></instance></model></h:head>
        <h:body><input ref="/data/x"><label>x</label></input><group ref="/data/r"><repeat
        nodeset="/data/r"><input ref="/data/r/p"><label>p</label></input></repeat></group>
        </h:body></h:html>"""
    )

    def judge(expressions: list[str]) -> list[float]:
        lines = "".join(f"/data/x\t{one}\n" for one in expressions)
        told = subprocess.run(
            [*command, form], input=lines, capture_output=True, encoding="utf-8", check=True
        ).stdout.splitlines()
        # As numbers: what raises there is NaN here.
        return [math.nan if one == "error" else float(one) for one in told]

    return judge


POINTS = [text for text in TEXTS if ";" not in text][:12]


REPEATED = ["0 0", "0 1", "1 1 5 5", "0 0"]


def test_places_are_measured_as_javarosa_does(judged):
    ours = {
        "area(/data/r/p)": area(REPEATED),
        "distance(/data/r/p)": distance(REPEATED),
        "area(/data/none)": area([]),
        "distance(/data/none)": distance([]),
    }
    for i, text in enumerate(TEXTS):
        ours[f"area(/data/g{i})"] = area([text])
        ours[f"distance(/data/g{i})"] = distance(text)
        ours[f"number(geofence('0.5 0.4', /data/g{i}))"] = geofence("0.5 0.4", [text])
    for point, other in product(POINTS, POINTS):
        ours[f"distance('{point}', '{other}')"] = distance(point, other)
        ours[f"number(geofence('{point}', /data/r/p))"] = geofence(point, REPEATED)
    for (expression, mine), theirs in zip(ours.items(), judged(list(ours)), strict=True):
        # What raises there is false here; one place twice may be NaN there (a cosine over 1).
        fence, nowhere = "geofence" in expression, math.isnan(theirs)
        if not nowhere or not (fence or mine == 0):
            assert mine == pytest.approx(theirs, rel=1e-6, abs=0.2, nan_ok=True), expression
        assert not (fence and nowhere and mine)


# On a grid, so that nothing is rounded; what is fenced stands beside it, on no side.
grid = st.integers(-5, 5)
corners = st.lists(st.tuples(grid, grid), min_size=3, max_size=9, unique=True)
beside = st.tuples(grid.map(lambda place: place + 0.4142), grid.map(lambda place: place + 0.7321))


def written(places) -> str:
    return ";".join(f"{latitude} {longitude} 0 0" for latitude, longitude in places)


@given(corners, st.integers(0, 8), beside)
def test_a_shape_is_the_same_from_wherever_it_is_walked(places, start, point):
    turned = places[start % len(places) :] + places[: start % len(places)]
    ring, other = written([*places, places[0]]), written([*turned, turned[0]][::-1])
    assert distance(ring) == pytest.approx(distance(other), abs=1)
    # Near the equator, where a degree is as long everywhere.
    assert area(ring) == pytest.approx(area(other), rel=0.02, abs=3e9)
    assert intersects(ring) == intersects(other)
    assert geofence(written([point]), ring) == geofence(written([point]), other)


@given(st.floats(-60, 60), st.floats(-170, 170), st.floats(0.001, 1), st.floats(0.001, 1))
def test_a_small_rectangle_is_its_sides_multiplied(latitude, longitude, height, width):
    box = [
        (latitude, longitude),
        (latitude + height, longitude),
        (latitude + height, longitude + width),
        (latitude, longitude + width),
        (latitude, longitude),
    ]
    high = math.radians(height) * EARTH_RADIUS
    wide = math.radians(width) * EARTH_RADIUS * math.cos(math.radians(latitude))
    assert area(written(box)) == pytest.approx(high * wide, rel=0.03)
    assert distance(written(box[:2])) == pytest.approx(high, rel=0.001, abs=1)
    assert geofence(written([(latitude + height / 2, longitude + width / 2)]), written(box))
    assert not geofence(written([(latitude - height, longitude + width / 2)]), written(box))
    assert not intersects(written(box))
    assert intersects(written([box[0], box[2], box[1], box[3], box[0]]))


def crossings(places) -> bool:
    """Whether two sides that are no neighbours have a place in common: by parameters, not turns."""
    sides = list(pairwise(places))
    closed = places[0] == places[-1]

    def common(one, other) -> bool:
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = (*one, *other)
        over = (bx - ax) * (dy - cy) - (by - ay) * (dx - cx)
        along = (cx - ax) * (dy - cy) - (cy - ay) * (dx - cx)
        across = (cx - ax) * (by - ay) - (cy - ay) * (bx - ax)
        if over:
            return 0 <= Fraction(along, over) <= 1 and 0 <= Fraction(across, over) <= 1
        (first, last), (start, end) = sorted(one), sorted(other)
        return across == 0 and first <= end and start <= last

    return any(
        common(one, other)
        for (i, one), (j, other) in combinations(enumerate(sides), 2)
        if j > i + 1 and not (closed and i == 0 and j == len(sides) - 1)
    )


@given(corners.filter(lambda places: len(places) > 3), st.booleans())
def test_a_line_that_crosses_itself_is_seen(places, closed):
    line = [*places, places[0]] if closed else places
    assert intersects(written(line)) == crossings(line)


@pytest.mark.parametrize(
    ("line", "crosses"),
    [
        ("", False), ("blah", False), ("0 0;0 1", False), ("0 0;0 2;0 1", True),
        ("0 0;0 1;0 0", True),
        ("0 0;0 1;1 1", False), ("0 0;0 1;1 1;0 0", False), ("0 0;0 0;0 1;0 1", False),
        ("1 1 0 0; 1 3 0 0; 2 3 0 0; 2 2 0 0; 0 2 0 0", True), ("0 0;0 2;1 2;1 1;0 1", True),
        ("0 0;0 2;1 2;1 1;0 x", False), ("1e999 0;1 1;2 2", False),
    ],
)  # fmt: skip
def test_lines_that_cross_themselves(line, crosses):
    assert intersects(line) is crosses
    assert not crosses or intersects(line.split(";"))


def test_of_what_is_very_long_nobody_asks():
    zigzag = [(place, place % 2) for place in range(MOST_SIDES - 1)]
    assert intersects(written([*zigzag, (0, 1), (1, 0)]))
    assert not intersects(written([*zigzag, (0, 1), (1, 0), (2, 0)]))


@given(st.text("0123456789.-+ ;eEdx\t", max_size=30), st.text(max_size=10))
def test_nothing_written_raises(text, point):
    place_of(text)
    for values in (text, [text], [text, point], [point]):
        assert area(values) >= 0 or math.isnan(area(values))
        assert distance(values) >= 0 or math.isnan(distance(values))
        geofence(point, values)
        intersects(values)
    distance([text], point)
    distance([], point)
