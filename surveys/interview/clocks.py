"""Times of the day as people type them, "8:30", "half past 8", 下午三点一刻; with a day, too."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from surveys.interview.days import day
from surveys.interview.numerals import WORDS, chinese, plain

LONGEST = 60
"""Characters of a time or of a day with its time; more is a story."""

_PARTS = {
    "am": "morning", "a.m": "morning", "a.m.": "morning", "pm": "afternoon", "p.m": "afternoon",
    "p.m.": "afternoon", "in the morning": "morning", "in the afternoon": "afternoon",
    "in the evening": "evening", "at night": "night", "morning": "morning",
    "afternoon": "afternoon", "evening": "evening", "night": "night", "noon": "noon",
    "凌晨": "small hours", "清晨": "morning", "早上": "morning", "早晨": "morning", "早": "morning",
    "上午": "morning", "中午": "noon", "下午": "afternoon", "傍晚": "evening", "晚上": "evening",
    "晚": "evening", "夜里": "night", "夜晚": "evening", "半夜": "night", "深夜": "night",
}  # fmt: skip
"""What tells which half of the day is meant."""
_BEFORE = re.compile(
    "|".join(sorted((one for one in _PARTS if one >= "一"), key=len, reverse=True))
)
_BEHIND = re.compile(
    r"\s*(?<![a-z])(?:" + "|".join(
        sorted((re.escape(one) for one in _PARTS if one < "一"), key=len, reverse=True)
    ) + r")$"
)  # fmt: skip
_WHOLE = {
    "noon": (12, 0), "midday": (12, 0), "midnight": (0, 0), "中午": (12, 0), "正午": (12, 0),
    "半夜": (0, 0), "午夜": (0, 0), "12 noon": (12, 0), "12 midnight": (0, 0),
}  # fmt: skip

_DIGITS = re.compile(r"(\d{1,2})\s*:\s*(\d{1,2})(?:\s*:\s*(\d{1,2})(?:\.\d+)?)?")
_POINTED = re.compile(r"(\d{1,2})\s*[.h]\s*(\d{2})")
_FOUR = re.compile(r"(\d{1,2})(\d{2})(?:\s*h(?:ou)?rs)?")
_HOUR = re.compile(r"(\d{1,2}|[a-z]{3,6})(?:\s*(?:h|hrs?|o'?\s?clock))?")
_SPOKEN = re.compile(r"([a-z]{3,6}|\d{1,2})\s+([a-z]{3,6}|\d{2})(?:[\s-]([a-z]{3,5}))?")
_PAST = re.compile(
    r"(?:a\s+)?(half|quarter|\d{1,2}|[a-z]{3,6}(?:[\s-][a-z]{3,5})?)(?:\s*min(?:ute)?s?)?\s+"
    r"(past|after|to|before)\s+(\d{1,2}|[a-z]{3,6})(?:\s*o'?clock)?"
)
_CHINESE = re.compile(
    r"(?P<hour>[^点时點時]{1,3})\s*[点时點時]\s*(?:钟|鐘|整)?\s*(?:过|過)?"
    r"(?:(?P<half>半)|(?P<quarter>[一三1-3两二])刻|(?P<minute>[^分]{1,3}?)\s*(?P<said>分)?(?:钟)?)?"
    r"(?:(?<=分)\s*(?P<second>[^秒]{1,3})秒)?"
)
_CHINESE_TO = re.compile(
    r"(?:差(?P<first>.{1,3})分(?:钟)?(?:到)?(?P<hour1>.{1,3})点(?:钟)?)"
    r"|(?:(?P<hour2>.{1,3})点差(?P<last>.{1,3})分)"
    r"|(?:差一刻(?:到)?(?P<hour3>.{1,3})点)"
)
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50}
_TEENS = {
    "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19,
}  # fmt: skip

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}t\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:z|[+-]\d{2}:?\d{2})?")
_NIGHTS = (
    (re.compile(r"\btonight\b"), "today evening"),
    (re.compile(r"\blast night\b"), "yesterday night"),
    (re.compile(r"\bthis (morning|afternoon|evening)\b"), r"today \1"),
    (re.compile(r"今早(?!上|晨)"), "今天早上"),
    (re.compile(r"([今昨明])晚上?"), r"\1天晚上"),
    (re.compile(r"明早(?!上|晨)"), "明天早上"),
)
_EVENING = re.compile(r"\b(morning|afternoon|evening|night)\s+(?:at\s+)?(.*)$")
_JOINTS = re.compile(
    r"^(?:(?:(?:at|on|the|around|about)\b|,|的|大概|大约|约)\s*)+|(?:[\s,]+(?:at|on))?[\s,的]*$"
)


def clock(text: str, now: datetime | None = None) -> time | None:
    """The time of the day that someone typed, or None. `now` is what "now" means.

    Hours go to 24 unless it is said which half of the day is meant; "8" is eight in the morning.
    """
    found = _clock(_bare(text), now)
    return None if found is None else found[0]


def moment(text: str, today: date, now: datetime | None = None) -> datetime | None:
    """The day with its time that someone typed ("yesterday 8:30", 昨天下午三点), without a zone
    unless one was typed; None where one of both is missing or not clear."""
    typed = _bare(text)
    if typed in ("now", "right now", "现在", "此刻") and now is not None:
        return now.replace(second=0, microsecond=0, tzinfo=None)
    if _ISO.fullmatch(typed):
        return _iso(typed)
    for pattern, instead in _NIGHTS:
        typed = pattern.sub(instead, typed)
    spaces = [place for place, sign in enumerate(typed) if sign in " ,的"]
    for splits in (spaces, range(1, len(typed))):
        found = {
            one
            for place in splits
            for one in (
                _joined(typed[:place], typed[place:], today, now),
                _joined(typed[place:], typed[:place], today, now),
            )
            if one is not None
        }
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def _iso(typed: str) -> datetime | None:
    try:
        return datetime.fromisoformat(typed.upper())
    except ValueError:
        return None


def _joined(on: str, at: str, today: date, now: datetime | None) -> datetime | None:
    typed_day, typed_clock = _JOINTS.sub("", on.strip()), _JOINTS.sub("", at.strip())
    if not typed_day or not typed_clock:
        return None
    that_day = day(typed_day, today)
    if that_day is None:
        return None
    # "yesterday evening at 8": the evening belongs to the clock.
    turned = _EVENING.fullmatch(typed_clock)
    if turned is not None and turned[2]:
        typed_clock = f"{turned[2]} {turned[1]}"
    found = _clock(typed_clock, None)
    if found is None:
        return None
    that_clock, part = found
    if part in ("evening", "night"):
        # Twelve at night ends the day; one or two at night is of that day or of the next.
        if that_clock.hour == 0:
            if that_day == date.max:
                return None
            that_day += timedelta(days=1)
        elif that_clock.hour < 5:
            return None
    return datetime.combine(that_day, that_clock)


def _bare(text: str) -> str:
    if len(text) > LONGEST:
        return ""
    typed = (
        re.sub(r"(?<!m)\.$", "", plain(text))
        .replace("\u2019", "'")
        .replace("點", "点")
        .replace("時", "时")
    )
    return re.sub(
        r"[\s。!,]+$", "", re.sub(r"^(?:at|around|about|大概|大约|约)\s*(?=\S)", "", typed)
    )


def _clock(typed: str, now: datetime | None) -> tuple[time, str] | None:
    """A time, and the part of the day that was named with it."""
    if typed in ("now", "right now", "现在", "此刻") and now is not None:
        return now.time().replace(second=0, microsecond=0), ""
    if typed in _WHOLE:
        return time(*_WHOLE[typed]), ""
    typed, part = _part(typed)
    numbers = _chinese(typed) or _spoken(typed) or _numbers(typed)
    if numbers is None:
        return None
    hour, minute, second = numbers
    turned = _turned(hour, part)
    if turned is None or (hour == 24 and (minute or second)):
        return None
    try:
        return time(turned % 24, minute, second), part
    except ValueError:
        return None


def _part(typed: str) -> tuple[str, str]:
    """The time without the part of the day, and that."""
    before = _BEFORE.match(typed)
    if before is not None:
        return typed[before.end() :].strip(), _PARTS[before[0]]
    behind = _BEHIND.search(typed)
    if behind is None or behind.start() == 0:
        return typed, ""
    return typed[: behind.start()].strip(" ,"), _PARTS[behind[0].strip()]


def _turned(hour: int, part: str) -> int | None:
    """The hour of 24; None where there is none like it in that part of the day."""
    if not 0 <= hour <= 24:
        return None
    match part:
        case "morning" | "small hours":
            # Twelve in the morning is none in Chinese, and midnight as 12 am.
            return None if hour > 12 else hour % 12
        case "afternoon":
            return None if hour == 0 else hour + 12 if hour < 12 else hour
        case "noon":
            return hour + 12 if 1 <= hour <= 3 else hour if 11 <= hour <= 15 else None
        case "evening" | "night":
            if hour in (0, 12, 24):
                return 0
            return hour + 12 if 5 <= hour < 12 else hour if hour < 5 or hour >= 17 else None
        case _:
            return hour


def _numbers(typed: str) -> tuple[int, int, int] | None:
    if found := _DIGITS.fullmatch(typed):
        return int(found[1]), int(found[2]), int(found[3] or 0)
    if found := _POINTED.fullmatch(typed) or _FOUR.fullmatch(typed):
        return int(found[1]), int(found[2]), 0
    if (found := _HOUR.fullmatch(typed)) and (hour := _named(found[1])) is not None:
        return hour, 0, 0
    if typed and (spoken := chinese(typed)) is not None and spoken == int(spoken):
        return int(spoken), 0, 0
    if found := _SPOKEN.fullmatch(typed):
        hour, minute = _named(found[1]), _minutes(found[2], found[3])
        if hour is not None and minute is not None and minute >= 10:
            return hour, minute, 0
    return None


def _spoken(typed: str) -> tuple[int, int, int] | None:
    found = _PAST.fullmatch(typed)
    if found is None:
        return None
    words = found[1].replace("-", " ").split()
    minutes = {"half": 30, "quarter": 15}.get(found[1])
    if minutes is None:
        minutes = _minutes(words[0], words[1] if len(words) > 1 else None)
    hour = _named(found[3])
    if hour is None or minutes is None or not 0 < minutes < 60:
        return None
    if found[2] in ("past", "after"):
        return hour, minutes, 0
    # "half to 9" is no English, and before whom it is half nobody knows.
    if minutes == 30 and found[1] == "half":
        return None
    return (hour - 1) % 24, 60 - minutes, 0


def _chinese(typed: str) -> tuple[int, int, int] | None:
    if found := _CHINESE_TO.fullmatch(typed):
        hour = _whole(found["hour1"] or found["hour2"] or found["hour3"])
        minutes = 15 if found["hour3"] else _whole(found["first"] or found["last"])
        if hour is None or minutes is None or not 0 < minutes < 60:
            return None
        return (hour - 1) % 24, 60 - minutes, 0
    found = _CHINESE.fullmatch(typed)
    if found is None:
        return None
    hour = _whole(found["hour"])
    minute: int | None = 0
    if found["half"]:
        minute = 30
    elif found["quarter"]:
        minute = 15 * (_whole(found["quarter"]) or 0)
    elif found["minute"]:
        # 三点三 may be three past three or half past.
        clear = found["said"] or len(found["minute"].strip()) > 1
        minute = _whole(found["minute"]) if clear else None
    second = _whole(found["second"]) if found["second"] else 0
    return None if hour is None or minute is None or second is None else (hour, minute, second)


def _named(word: str) -> int | None:
    """An hour as digits or as an English word."""
    return int(word) if word.isdecimal() else WORDS.get(word)


def _minutes(word: str, more: str | None) -> int | None:
    if word.isdecimal():
        return int(word) if more is None else None
    if more is not None:
        below = WORDS.get(more)
        return _TENS[word] + below if word in _TENS and below is not None and below < 10 else None
    return {**WORDS, **_TEENS, **_TENS}.get(word)


def _whole(written: str) -> int | None:
    written = written.strip()
    if written.isdecimal():
        return int(written)
    found = chinese(written)
    return int(found) if found is not None and found == found.to_integral_value() else None
