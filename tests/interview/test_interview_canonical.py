"""Values from elsewhere, made what an XForm writes, or refused with the reason."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from surveys.form.model import Question
from surveys.interview.canonical import canonical

SHANGHAI = datetime(2026, 11, 28, 9, 0, tzinfo=timezone(timedelta(hours=8)))


@pytest.mark.parametrize(
    ("kind", "given", "kept", "why"),
    [
        ("integer", "007", "7", None), ("integer", "-3", "-3", None),
        ("integer", "2.5", "2.5", "not_a_whole_number"),
        ("decimal", "3", "3.0", None), ("decimal", "2.50", "2.5", None),
        ("decimal", "-0.125", "-0.125", None), ("decimal", "x", "x", "not_a_number"),
        ("decimal", "inf", "inf", "not_a_number"), ("range", "4", "4.0", None),
        ("date", "2026-5-1", "2026-05-01", None), ("date", "2026-02-30", "", "not_a_date"),
        ("dateTime", "2026-05-01T01:00:00Z", "2026-05-01T09:00:00.000+08:00", None),
        ("dateTime", "soon", "", "not_a_moment"),
        ("time", "8:05", "08:05:00.000+08:00", None),
        ("time", "08:05:06.7Z", "08:05:06.700Z", None),
        ("time", "24:00", "24:00", "not_a_time"), ("time", "noon", "noon", "not_a_time"),
        ("geopoint", "30.5 114", "30.5 114.0 0.0 0.0", None),
        ("geopoint", "0 0.00001 2 3", "0.0 0.00001 2.0 3.0", None),
        ("geopoint", "91 0", "91 0", "not_a_place"), ("geopoint", "a b", "a b", "not_a_place"),
        ("geopoint", "1", "1", "not_a_place"), ("geopoint", "1 1; 2 2", "1 1; 2 2", "not_a_place"),
        ("geotrace", "1 1;2 2;", "1.0 1.0 0.0 0.0; 2.0 2.0 0.0 0.0", None),
        ("geotrace", "1 1", "1 1", "not_enough_places"),
        ("geoshape", "1 1;2 2", "1 1;2 2", "not_enough_places"),
        ("text", " as it is ", " as it is ", None), ("barcode", "0042", "0042", None),
    ],
)  # fmt: skip
def test_a_value_is_what_an_xform_writes(kind, given, kept, why):
    question = Question("/d/q", "q", kind)
    assert canonical(question, given, SHANGHAI) == (kept, why)
    if why is None:
        assert canonical(question, kept, SHANGHAI) == (kept, None)


def test_a_range_of_whole_numbers_keeps_whole_numbers():
    question = Question("/d/q", "q", "range", value_type="int")
    assert canonical(question, "4", SHANGHAI) == ("4", None)
    assert canonical(question, "4.5", SHANGHAI) == ("4.5", "not_a_whole_number")


def test_the_clock_of_greenwich_is_a_z():
    now = SHANGHAI.astimezone(UTC)
    assert canonical(Question("/d/q", "q", "time"), "8:05", now) == ("08:05:00.000Z", None)
