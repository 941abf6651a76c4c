"""What functions give that no other test asks for: signatures, base64, times of the day."""

import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from form_samples import Person
from hypothesis import given
from hypothesis import strategies as st

from surveys.form import dates, library

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = base64.b64encode(KEY.public_key().public_bytes_raw()).decode()


@given(st.text(max_size=30), st.binary(max_size=5))
def test_what_was_signed_is_read_and_nothing_else(text, more):
    message = text.encode()
    signed = KEY.sign(message) + message
    assert library.extract_signed(base64.b64encode(signed).decode(), PUBLIC) == text
    if more:
        assert library.extract_signed(base64.b64encode(signed + more).decode(), PUBLIC) == ""
    assert library.extract_signed(base64.b64encode(signed[:-1]).decode(), PUBLIC) == ""
    assert library.extract_signed(base64.b64encode(signed).decode(), PUBLIC[8:]) == ""


@given(st.text(max_size=20))
def test_base64_is_read_back_whatever_stands_between(text):
    made = base64.b64encode(text.encode()).decode()
    assert library.base64_decode("\n".join(made)) == text
    # JavaRosa: what is cut short is nothing.
    assert not text or library.base64_decode(made[:-1]) == ""


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_text_raises(one, other):
    library.base64_decode(one)
    library.extract_signed(one, other)
    library.digest(one, other, one)
    library.format_date(Person(), one, other)
    library.decimal_time(Person(), one)


@pytest.mark.parametrize(
    ("value", "pattern", "told"),
    [
        # A time is a time of today, told in the interview's zone: as JavaRosa does of time nodes.
        ("08:30:00.000+08:00", "%Y-%m-%d %H:%M", "2026-11-24 08:30"),
        ("08:30:00.000+02:00", "%H:%M", "14:30"),
        ("08:30", "%h:%M", "8:30"),
        ("25:30", "%H", ""),
    ],
)
def test_a_time_can_be_formatted(value, pattern, told):
    assert library.format_date(Person(), value, pattern) == told


@given(st.times(), st.integers(-12, 14))
def test_a_time_is_the_part_of_the_day_in_the_zone_of_the_interview(clock, offset):
    zone = timezone(timedelta(hours=offset))
    there = datetime.combine(Person.now.date(), clock.replace(microsecond=0), tzinfo=zone)
    here = there.astimezone(Person.now.tzinfo)
    seconds = here.hour * 3600 + here.minute * 60 + here.second
    written = there.timetz().isoformat(timespec="milliseconds")
    assert library.decimal_time(Person(), written) == pytest.approx(seconds / 86400)


def test_bounds_of_a_checklist_are_cut_to_whole_numbers():
    nothing = float("nan")
    assert library.checklist(1.9, 1.9, True)
    assert not library.checklist(nothing, nothing, True)
    assert library.checklist(nothing, nothing, False)
    assert library.rounded(2.5, nothing) == 3
    assert library.digest("a", "MD5", "x") == ""


def test_a_time_before_the_calendar_is_none():
    assert dates.moment_of_clock("00:30+14:00", datetime(1, 1, 1, tzinfo=UTC)) is None
