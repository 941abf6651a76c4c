"""Days as people type them: in any order that can be read one way only, "3 days ago", 昨天."""

from __future__ import annotations

import re
from datetime import date, timedelta

from surveys.interview.numerals import WORDS, chinese, plain

_NAMED = {
    "today": 0, "this day": 0, "今天": 0, "今日": 0, "今儿": 0,
    "yesterday": -1, "昨天": -1, "昨日": -1, "昨儿": -1,
    "the day before yesterday": -2, "day before yesterday": -2, "前天": -2, "前日": -2,
    "大前天": -3, "tomorrow": 1, "明天": 1, "明日": 1, "明儿": 1,
    "the day after tomorrow": 2, "day after tomorrow": 2, "后天": 2, "大后天": 3,
}  # fmt: skip
_YEARS_NAMED = {
    "今年": 0, "本年": 0, "去年": -1, "前年": -2, "大前年": -3, "明年": 1, "后年": 2,
    "this year": 0, "last year": -1, "next year": 1,
}  # fmt: skip
_MONTHS_NAMED = {
    "本月": 0, "这个月": 0, "上月": -1, "上个月": -1, "下月": 1, "下个月": 1,
    "this month": 0, "last month": -1, "next month": 1,
}  # fmt: skip
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_WEEKDAY = re.compile(
    r"^(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?[\s,]+|"
    r"(?<=[日号\d])[\s,(]*(?:星期|周|礼拜)[一二三四五六日天]\)?$"
)
_IN_WEEK = re.compile(r"(上个?|这个?|本|下个?)(?:星期|周|礼拜)([一二三四五六日天])")
_WEEKS = {"上": -1, "这": 0, "本": 0, "下": 1}

_YEAR_FIRST = re.compile(r"(\d{4})(\s*[-/.]\s*|\s+)(\d{1,2})(?:\s*[-/.]\s*|\s+)(\d{1,2})")
_EIGHT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_YEAR_LAST = re.compile(r"(\d{1,2})\s*([-/.])\s*(\d{1,2})\s*[-/.]\s*(\d{4})")
_CHINESE_DATE = re.compile(
    r"((?:大?前|今|本|去|明|后)年|.{2,4}?年)\s*(.{1,3}?)\s*月\s*(?:份的?)?(.{1,3}?)\s*[日号]?"
)
_DAY_NAMED = re.compile(
    r"(?:the\s+)?(\d{1,2})(?:st|nd|rd|th)?\.?[\s/-]*(?:of\s+)?([a-z]{3,9})\.?,?[\s/-]+(\d{4})"
)
_NAMED_DAY = re.compile(r"([a-z]{3,9})\.?\s+(?:the\s+)?(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})")
_YEAR_NAMED_DAY = re.compile(r"(\d{4}),?[\s/-]+([a-z]{3,9})\.?[\s/-]+(\d{1,2})(?:st|nd|rd|th)?")

_AMOUNT = r"(\d{1,5}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_AGO = re.compile(_AMOUNT + r"\s+(day|week|month|year)s?\s+(ago|before|from now|later)")
_IN = re.compile(r"in\s+" + _AMOUNT + r"\s+(day|week|month|year)s?")
_CHINESE_AGO = re.compile(
    r"(.{1,5}?)\s*(天|日|个?星期|周|个?礼拜|个月|年)(半)?\s*(以前|之前|前|以后|之后|后)"
)
_UNITS = {"天": "day", "日": "day", "星期": "week", "周": "week", "礼拜": "week", "月": "month",
          "年": "year"}  # fmt: skip

_YEAR = re.compile(r"(\d{4})")
_CHINESE_YEAR = re.compile(r".{2,4}?年")
_MONTH_FIRST = re.compile(r"(\d{1,2})\s*[-/.]\s*(\d{4})")
_MONTH_LAST = re.compile(r"(\d{4})\s*[-/.]\s*(\d{1,2})|(\d{4})(\d{2})")
_MONTH_NAMED = re.compile(r"([a-z]{3,9})\.?,?[\s/-]*(?:of\s+)?(\d{4})")
_NAMED_MONTH = re.compile(r"(\d{4}),?[\s/-]*([a-z]{3,9})\.?")
_CHINESE_MONTH = re.compile(r"((?:大?前|今|本|去|明|后)年|.{2,4}?年)\s*(.{1,2}?)\s*月\s*份?")

LONGEST = 60
"""Characters of a day; more is a story."""


def day(text: str, today: date) -> date | None:
    """The day that someone typed, or None: no day, one that does not exist, or one of several.

    Year first, or day first with the year last; months as words; "yesterday", "3 days ago", 上周三.
    Nobody can say which is the month in "3/11/2026", so it is none; with points the day comes
    first. Without a year a day is none. So are those of other calendars (农历, Ethiopian).
    """
    typed = _bare(text)
    if typed in _NAMED:
        return _shifted(today, "day", _NAMED[typed])
    typed = _WEEKDAY.sub("", typed)
    return _numbered(typed, today) or _worded(typed) or _counted(typed, today, ("day", "week"))


def month(text: str, today: date) -> date | None:
    """The first day of the month that someone typed ("2026-05", "May 2026", 去年五月, "3 months
    ago"), or in which the day is that they typed; None where it is none."""
    typed = _bare(text)
    if typed in _MONTHS_NAMED:
        return _first(_shifted(today, "month", _MONTHS_NAMED[typed]))
    found: tuple[object, object] | None = None
    if one := _MONTH_LAST.fullmatch(typed):
        found = (one[1] or one[3], one[2] or one[4])
    elif one := _MONTH_FIRST.fullmatch(typed):
        found = (one[2], one[1])
    elif one := _MONTH_NAMED.fullmatch(typed):
        found = (one[2], _month(one[1]))
    elif one := _NAMED_MONTH.fullmatch(typed):
        found = (one[1], _month(one[2]))
    elif one := _CHINESE_MONTH.fullmatch(typed):
        found = (_year(one[1], today), _whole(one[2]))
    if found is not None:
        return _date(found[0], found[1], 1)
    return _first(day(text, today) or _counted(typed, today, ("month", "year")))


def year(text: str, today: date) -> date | None:
    """The first day of the year that someone typed ("2026", 去年, "3 years ago"), or in which the
    month or the day is that they typed; None where it is none."""
    typed = _bare(text)
    if typed in _YEARS_NAMED:
        return _date(today.year + _YEARS_NAMED[typed], 1, 1)
    if one := _YEAR.fullmatch(typed):
        return _date(one[1], 1, 1)
    if one := _CHINESE_YEAR.fullmatch(typed):
        return _date(_year(one[0], today), 1, 1)
    found = month(text, today)
    return None if found is None else found.replace(month=1)


def _bare(text: str) -> str:
    """In small letters, without what stands around a date."""
    typed = plain(text[: LONGEST + 1])
    typed = re.sub(r"^(?:(?:on|since)\s+|in\s+(?=[a-z]*\s*\d{4}$)|公历\s*|阳历\s*)", "", typed)
    return "" if len(text) > LONGEST else re.sub(r"[\s。.,!]+$", "", typed)


def _numbered(typed: str, today: date) -> date | None:
    if found := _YEAR_FIRST.fullmatch(typed):
        return _date(found[1], found[3], found[4])
    if found := _EIGHT.fullmatch(typed):
        return _date(*found.groups())
    if found := _YEAR_LAST.fullmatch(typed):
        first, sign, second, this_year = found.groups()
        if sign == "." or int(first) > 12 or first == second:
            return _date(this_year, second, first)
        return _date(this_year, first, second) if int(second) > 12 else None
    if found := _CHINESE_DATE.fullmatch(typed):
        return _date(_year(found[1], today), _whole(found[2]), _whole(found[3]))
    return None


def _worded(typed: str) -> date | None:
    if found := _DAY_NAMED.fullmatch(typed):
        return _date(found[3], _month(found[2]), found[1])
    if found := _NAMED_DAY.fullmatch(typed):
        return _date(found[3], _month(found[1]), found[2])
    if found := _YEAR_NAMED_DAY.fullmatch(typed):
        return _date(found[1], _month(found[2]), found[3])
    return None


def _counted(typed: str, today: date, units: tuple[str, ...]) -> date | None:
    """A day so many days, weeks, months or years from today; of a week of this one or beside it."""
    if found := _AGO.fullmatch(typed):
        amount, unit, way = found[1], found[2], -1 if found[3] in ("ago", "before") else 1
    elif found := _IN.fullmatch(typed):
        amount, unit, way = found[1], found[2], 1
    elif (found := _CHINESE_AGO.fullmatch(typed)) and not found[3]:
        unit = _UNITS[found[2].removeprefix("个")]
        amount, way = str(_whole(found[1])), -1 if found[4].endswith("前") else 1
    elif found := _IN_WEEK.fullmatch(typed):
        monday = today - timedelta(days=today.weekday())
        place = "一二三四五六日".index(found[2].replace("天", "日"))
        return _shifted(monday, "day", 7 * _WEEKS[found[1][0]] + place)
    else:
        return None
    count = {"a": 1, "an": 1, **WORDS}.get(amount) if not amount.isdecimal() else int(amount)
    return None if count is None or unit not in units else _shifted(today, unit, way * count)


def _shifted(start: date, unit: str, count: int) -> date | None:
    try:
        if unit in ("day", "week"):
            return start + timedelta(days=count * (7 if unit == "week" else 1))
        months = start.year * 12 + start.month - 1 + count * (12 if unit == "year" else 1)
        return date(months // 12, months % 12 + 1, 1)
    except (OverflowError, ValueError):
        return None


def _first(found: date | None) -> date | None:
    return None if found is None else found.replace(day=1)


def _year(written: str, today: date) -> int | None:
    """The year in 2026年, 二〇二六年, 85年, 去年; of two digits the last one that has been, or next
    year."""
    if written in _YEARS_NAMED:
        return today.year + _YEARS_NAMED[written]
    digits = written.removesuffix("年")
    found = None if "十" in digits else _whole(digits)
    if found is None or len(digits) not in (2, 4):
        return None
    if len(digits) == 4:
        return found
    century = today.year // 100 * 100
    return century + found if century + found <= today.year + 1 else century - 100 + found


def _whole(written: str) -> int | None:
    written = written.strip()
    if written.isdecimal():
        return int(written)
    found = chinese(written)
    return int(found) if found is not None and found == found.to_integral_value() else None


def _month(word: str) -> int | None:
    if word == "sept":
        return 9
    return next(
        (place for place, name in enumerate(_MONTHS, start=1) if name.startswith(word)), None
    )


def _date(this_year: object, this_month: object, of_month: object) -> date | None:
    if this_year is None or this_month is None or of_month is None:
        return None
    try:
        return date(int(str(this_year)), int(str(this_month)), int(str(of_month)))
    except ValueError:
        return None
