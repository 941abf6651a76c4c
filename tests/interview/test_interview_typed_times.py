"""Times, moments, days, months and years as tired people type them."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_answers import NOW, TODAY, ZONE, typed, value

from surveys.interview.answers import Read, Unread, read
from surveys.interview.shown import shown_value

CLOCKS = {
    "08:30": """8:30 | 8.30 | 0830 | 830 | 8：30 | ８:３０ | 08:30:00 | 8h30 | 8:30 am |
        8.30am | 8点半 | 八点半 | 8点30 | 8点30分 | 八点三十分 | 早上八点半 | 上午8:30 |
        half past 8 | half past eight | eight thirty | at 8:30 | about 8:30 | 8:30. | 8點半 |
        早8点半""",
    "08:00": """8 | 8:00 | 八 | 8点 | 8点钟 | 八点整 | eight | 8 o'clock | 8 o’clock |
        8 in the morning | 8am""",
    "08:05": """8:05 | 8:5 | 八点05 | 8点零5分 | 八点过五分 | 5 past 8 | five past eight |
        8点五分""",
    "08:45": """quarter to 9 | a quarter to nine | 差一刻九点 | 八点三刻 | 15 minutes to 9 |
        八点四十五""",
    "08:55": "five to nine | 差五分九点 | 九点差五分",
    "15:15": """下午三点一刻 | 下午3:15 | 3:15 pm | 15:15 | 15.15 | quarter past 3 pm |
        十五点一刻""",
    "15:00": "3 pm | 3pm | 3 p.m. | 15点 | 15h | 下午3点 | 3 in the afternoon | 1500 | 3 PM",
    "20:00": "晚上8点 | 8 in the evening | 8 at night | 20:00 | 8 pm | 傍晚八点",
    "12:00": "noon | midday | 中午 | 正午 | 12 pm | 12:00 | 中午12点 | 十二点",
    "13:00": "中午一点 | 下午一点 | 1 pm | 十三点",
    "00:00": "midnight | 半夜 | 零点 | 12 am | 24:00 | 0:00 | 晚上十二点 | 凌晨12点 | 00:00",
    "02:00": "凌晨两点 | 夜里2点 | 2 am | 两点",
    "08:25": "twenty-five past 8 | twenty five past eight | eight twenty five",
    "16:20": "now | 现在",
}


@pytest.mark.parametrize(
    ("text", "clock"),
    [(one.strip(), clock) for clock, texts in CLOCKS.items() for one in texts.split("|")],
)
def test_ways_to_say_a_time(text, clock):
    assert value("time", text) == f"{clock}:00.000+08:00"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "25:00",
        "8:60",
        "8.5",
        "8.3",
        "24:30",
        "15:00 am",
        "下午0点",
        "half to 9",
        "三点三",
        "60 past 8",
        "eight five",
        "差七十分九点",
        "eight 30 five",
        "eight thirty ten",
        "eight twenty x",
        "8:30 9:30",
        "早上",
        "点",
        "99",
        "8-9",
        "3点 or 4点",
        "yesterday",
        "x" * 100,
    ],
)
def test_what_is_no_time(text):
    assert typed("time", text) == Unread("not_a_time")


@given(st.times(), st.integers(-11 * 4, 13 * 4))
def test_every_time_is_read_as_it_is_shown(clock, quarters):
    clock = clock.replace(microsecond=0)
    zone = timezone(timedelta(minutes=15 * quarters))
    now = NOW.astimezone(zone)
    stored = f"{clock.isoformat()}.000{now.isoformat()[-6:]}".replace("+00:00", "Z")
    shown = shown_value("time", stored)
    assert read("time", (), shown, TODAY, now=now) == Read((stored,))
    ways = [clock.isoformat(), f"{clock.hour}点{clock.minute}分{clock.second}秒"]
    if not clock.second:
        half = "上午" if clock.hour < 12 else "下午"
        ways += [f"{clock:%I:%M %p}", f"{half}{clock.hour % 12 or 12}:{clock:%M}"]
    for text in ways:
        if not (text.startswith("上午12")):
            assert read("time", (), text, TODAY, now=now) == Read((stored,)), text


MOMENTS = {
    "2026-11-23T08:30": """yesterday 8:30 | 8:30 yesterday | yesterday at half past 8 |
        昨天八点半 | 昨天早上8:30 | yesterday, 8.30 am | 昨天 8点半 | 2026-11-23 8:30 |
        23 Nov 2026 8:30""",
    "2026-05-31T14:00": """2026-05-31 14:00 | 2026-05-31T14:00 | 2026-05-31T14:00:00.000+08:00 |
        2026-05-31T08:00+02:00 | 31 May 2026, 2 pm | 2 pm on 31 May 2026 |
        2026年5月31日下午2点 | 31.5.2026 14:00 | 20260531 1400 | 2026/5/31 14点 |
        Sunday, 31 May 2026 at 2pm""",
    "2026-11-23T15:00": "昨天下午三点 | yesterday 3pm | yesterday afternoon at 3 | 昨天15点",
    "2026-11-24T20:00": "tonight at 8 | 今晚8点 | 今天晚上八点 | today 8 pm | this evening at 8",
    "2026-11-24T08:30": "今早八点半 | this morning at 8:30 | today at 8.30",
    "2026-11-23T21:00": "last night at 9 | 昨晚9点 | 昨晚上九点",
    "2026-11-24T00:00": "昨天晚上十二点 | 今天零点 | today 0:00",
    "2026-11-22T12:00": """the day before yesterday at noon | 前天中午 | 2 days ago, noon |
        前天12点""",
    "2026-11-21T10:00": "三天前上午10点 | 3 days ago at 10",
    "2026-11-24T16:20": "now | 现在",
}


@pytest.mark.parametrize(
    ("text", "moment"),
    [(one.strip(), moment) for moment, texts in MOMENTS.items() for one in texts.split("|")],
)
def test_ways_to_say_a_moment(text, moment):
    assert value("dateTime", text) == f"{moment}:00.000+08:00"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "8:30",
        "昨天夜里两点",
        "5月31日 14:00",
        "3/11/2026 8:30",
        "农历五月初五 8点",
        "2026-02-30 8:00",
        "2026-02-30T08:00",
        "9999-12-31 晚上12点",
        "x" * 100,
    ],
)
def test_what_is_no_moment(text):
    assert typed("dateTime", text) == Unread("not_a_moment")


@given(st.datetimes(datetime(1000, 1, 1), datetime(9990, 1, 1)))
def test_every_moment_is_read_as_it_is_shown(moment):
    stored = moment.replace(microsecond=0, tzinfo=ZONE).isoformat(timespec="milliseconds")
    assert value("dateTime", stored) == stored
    assert value("dateTime", shown_value("dateTime", stored)) == stored
    day, clock = moment.date(), moment.time()
    text = f"{day.year}年{day.month}月{day.day}日"
    text += f"{clock.hour}点{clock.minute}分{clock.second}秒"
    assert value("dateTime", text) == stored


DAYS = {
    "2026-11-21": "3 days ago | three days ago | 三天前 | 3天以前 | 大前天 | Sat 21 Nov 2026",
    "2026-11-17": """a week ago | one week ago | 一周前 | 一个星期前 | 1个礼拜之前 | 上周二 |
        上个星期二""",
    "2026-11-27": "in 3 days | 三天后 | 3 days from now | 本周五 | 这个星期五",
    "2026-05-31": """31 May 2026 | May 31, 2026 | 31st of May 2026 | the 31st of May, 2026 |
        31-May-2026 | 2026 May 31 | 31/5/2026 | 2026年5月31日 | 2026年5月31号（周日） |
        26年5月31日 | 今年5月31日 | 2026 5 31 | 公历2026年5月31日 | on 31 May 2026 |
        Sunday 31 May 2026 | 31 may 2026.""",
    "1985-05-03": "85年5月3号 | 1985年五月三日 | 八五年五月三日 | 3 May 1985 | 3.5.1985",
    "2025-09-01": "去年9月1日 | 1 Sept 2025 | 去年九月一号",
}


@pytest.mark.parametrize(
    ("text", "day"), [(one.strip(), day) for day, texts in DAYS.items() for one in texts.split("|")]
)
def test_ways_to_say_a_day(text, day):
    assert value("date", text) == day


@pytest.mark.parametrize(
    "text",
    # Of no year, of other calendars, of one of several days: nobody can say which.
    [
        "5月31日",
        "31 May",
        "monday",
        "last monday",
        "正月初五",
        "腊月二十三",
        "农历五月初五",
        "农历2026年5月3日",
        "阴历2026年五月三日",
        "3 months ago",
        "去年",
        "2026",
        "May 2026",
        "30 Feb 2026",
        "marzipan 3 2026",
        "五月",
        "9999999 days ago",
        "x" * 100,
        "365年前",
        "十五年5月3日",
        "123年5月3日",
        "the day",
    ],
)
def test_what_is_no_day(text):
    assert typed("date", text) == Unread("not_a_date")


MONTHS = {
    "2026-05-01": """2026-05 | 5/2026 | 05.2026 | 202605 | May 2026 | may, 2026 | 2026 May |
        2026年5月 | 二〇二六年五月 | 今年五月 | 2026年5月份 | 31 May 2026 | 2026-05-31 |
        in May 2026 | 6 months ago | 六个月前""",
    "2026-10-01": "last month | 上个月 | 上月 | a month ago | 一个月前",
    "2025-05-01": "去年5月 | 25年5月",
}
YEARS = {
    "2026-01-01": """2026 | 2026年 | 今年 | this year | 二〇二六年 | 26年 | May 2026 |
        2026-05-31 | in 2026""",
    "2025-01-01": "last year | 去年 | a year ago | 一年前",
    "1985-01-01": "1985 | 85年",
}


@pytest.mark.parametrize(
    ("text", "day", "appearance"),
    [(one.strip(), day, "month-year") for day, texts in MONTHS.items() for one in texts.split("|")]
    + [
        (one.strip(), day, "no-calendar year")
        for day, texts in YEARS.items()
        for one in texts.split("|")
    ],
)
def test_months_and_years(text, day, appearance):
    assert value("date", text, appearance=appearance) == day


@pytest.mark.parametrize("text", ["5月", "13/2026", "May", "2026", "soon", "26"])
def test_what_is_no_month(text):
    assert typed("date", text, appearance="month-year") == Unread("not_a_date")
