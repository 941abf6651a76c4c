"""Numbers and dates as people type them."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.interview.days import day
from surveys.interview.numerals import MOST_DIGITS, chinese, number, plain, readable, written

TODAY = date(2026, 11, 24)


def spoken(value: int) -> str:
    """A whole number under 10^8 as it is written in Chinese, by the rules of a school book."""
    signs = "零一二三四五六七八九"
    if value >= 10_000:
        high, low = divmod(value, 10_000)
        return spoken(high) + "万" + ("" if not low else "零" * (low < 1000) + spoken(low))
    told, gap = "", False
    for unit, sign in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, value = divmod(value, unit)
        if digit:
            told += "零" * gap + signs[digit] + sign
            gap = False
        else:
            gap = bool(told)
    return told or "零"


@given(st.integers(0, 99_999_999))
def test_every_chinese_number_is_read(value):
    assert chinese(spoken(value)) == value
    assert number(spoken(value) + "人") == value


@given(st.integers(-(10**12), 10**12), st.sampled_from(["{}", " {} ", "{:,}", "{} people", "{}个"]))
def test_every_whole_number_is_read(value, pattern):
    assert number(pattern.format(value)) == value


@given(st.decimals(-9999, 9999, places=3).filter(lambda value: value % 1))
def test_every_decimal_is_read(value):
    for typed in (f"{value}", f"{value:,}", f"{value:f}".rstrip("0")):
        assert number(typed) == value
        assert Decimal(written(value)) == value
    assert "E" not in written(value)


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("３", "3"), ("③", "3"), ("٣", "3"), ("３．５", "3.5"), ("十", "10"), ("十一", "11"),
        ("二十三", "23"), ("一百零五", "105"), ("一百五", "150"), ("两千三", "2300"), ("两", "2"),
        ("一万二", "12000"), ("二〇二六", "2026"), ("三点五", "3.5"), ("负三", "-3"),
        ("负二点五", "-2.5"), ("1万2千", "12000"), ("1.5万", "15000"), ("壹拾贰", "12"),
        ("十二亿三千万", "1230000000"), ("一万亿", "1000000000000"), ("三口人", "3"),
        ("35 岁", "35"), ("three people", "3"), ("three", "3"), ("3 of us", "3"), ("1,200", "1200"),
        ("1 200", "1200"), ("3,5", "3.5"), ("0,123", "0.123"), ("1.234,5", "1234.5"),
        ("3。", "3"), ("3.0", "3"), ("007", "7"), ("−2", "-2"), ("-0", "0"), ("+4", "4"),
    ],
)  # fmt: skip
def test_ways_to_write_a_number(typed, value):
    found = number(typed)
    assert found is not None
    assert written(found) == value


@pytest.mark.parametrize(
    "typed",
    [
        "", "abc", "3 or 4", "3-4", "三个半", "百", "万", "点五", "三点", "三点十", "负", "负x",
        "一二十", "x点五", "三x", "1,23,456", "1.2.3", "9" * (MOST_DIGITS + 1), "九" * 40, "NaN",
        "inf", "1e5", "people", "0x10", "零千",
    ],
)  # fmt: skip
def test_what_is_no_number(typed):
    assert number(typed) is None


@given(st.dates(date(1000, 1, 1)))
def test_every_day_is_read(value):
    year, month, of_month = value.year, value.month, value.day
    ways = [
        value.isoformat(), f"{year}/{month}/{of_month}", f"{year}.{month}.{of_month}",
        f"{of_month}.{month}.{year}", f"{year}年{month}月{of_month}日", f"{value:%Y%m%d}",
        f"{year}年{spoken(month)}月{spoken(of_month).removeprefix('一') or '一'}号"
        if of_month in range(10, 20) else f"{year}年{month}月{of_month}号",
        f"{of_month} {value:%B} {year}", f"{value:%b} {of_month}, {year}",
    ]  # fmt: skip
    for typed in ways:
        assert day(typed, TODAY) == value, typed


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("today", TODAY), ("今天", TODAY), ("Yesterday.", date(2026, 11, 23)),
        ("昨天", date(2026, 11, 23)), ("二〇二六年十一月三日", date(2026, 11, 3)),
        ("13/11/2026", date(2026, 11, 13)), ("11/13/2026", date(2026, 11, 13)),
        ("5-5-2026", date(2026, 5, 5)), ("３.11.2026", date(2026, 11, 3)),
        ("2026年2月30日", None), ("30.2.2026", None), ("3/11/2026", None), ("3.11.26", None),
        ("3 foo 2026", None), ("2026年x月3日", None), ("soon", None), ("", None),
        ("0000-01-01", None), ("May 5th 2026", date(2026, 5, 5)), ("2026年1.5月3日", None),
    ],
)  # fmt: skip
def test_ways_to_write_a_day(typed, expected):
    assert day(typed, TODAY) == expected


@given(st.text())
def test_nothing_typed_raises(typed):
    number(typed)
    day(typed, TODAY)
    plain(typed)
    kept = readable(typed)
    kept.encode()
    assert "\x00" not in kept


def test_what_no_document_can_hold_is_left_out():
    assert readable(" a\x00b\ud800\n\tc\x07 ") == "ab\n\tc"
