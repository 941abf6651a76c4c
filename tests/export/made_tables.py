"""A table by hand, with everything in it that a format can get wrong, and an empty one."""

from dataclasses import replace
from datetime import UTC, date, datetime

from surveys.export.table import Table, Value, Variable


def said(en, zh):
    return {"en": en, "zh": zh}


PATHS = {"home-A6": "home/A6", "access-B2": "access/B2"}
LONG = "很长的问题" * 90
VARIABLES = (
    Variable("KEY", "text", said("The id", "编号")),
    Variable("household", "text", said("The home", "家庭")),
    Variable("home-A6", "integer", said("How many adults?", "几口大人？"), "scale",
             question="integer"),
    Variable("access-B2", "category", said("How do you get online?", LONG), values=(
        Value("fixed", said("Broadband", "宽带")),
        Value("99", said("Rather not say", "不想说"), missing=True),
        Value("mobile", said("Phone data only", "流量" * 100)),
    ), question="select_one", relevant="/data/home/A6 > 0"),
    Variable("access-B3", "category", said("Is it smooth?", "顺不顺？"), "ordinal", values=(
        Value("0", said("Hardly ever", "很少")), Value("3", said("Always", "一直")),
        Value("98", said("Refused", "不答"), missing=True),
        Value("99", said("Do not know", "不知道"), missing=True),
    ), question="select_one", relevant="/data/access/B2 = 'fixed' or /data/access/B2 = 'mobile'"),
    Variable("use-C1", "text", said("What did you do?", "做过哪些？"), values=(
        Value("news", said("Read the news", "看新闻")), Value("none", said("Nothing", "都没有")),
    ), question="select_multiple"),
    Variable("use-C1/news", "yes_no", said("Read the news", "看新闻"), question="select_multiple",
             part="news"),
    Variable("use-C1/none", "yes_no", said("Nothing", "都没有"), question="select_multiple",
             part="none"),
    Variable("use_c1_news", "decimal", said("A score", "得分"), "scale", question="calculate",
             calculation="1 + 1"),
    Variable("day", "date", said("A day", "一天")),
    Variable("finished", "moment", said("When", "时间")),
    Variable("a_group_with_a_very_long_name-another_group-field", "category",
             said("Never answered", "没人答"), values=(
                 Value("1", said("One", "一")), Value("9", said("Refused", "不答"), missing=True),
             )),
    Variable("no_day", "date", said("No day", "没有日期")),
)  # fmt: skip
VARIABLES = tuple(replace(one, path=PATHS.get(one.name, "")) for one in VARIABLES)
ROWS = [
    ["k1", "h1", 3, "fixed", "3", "news", 1, 0, 12.5, date(2026, 3, 2),
     datetime(2026, 3, 2, 17, 0, 30, 500_000, tzinfo=UTC), None, None],
    ["=1+1", "h2", None, "99", "99", "none", 0, 1, None, None, None, None, None],
    ["\x07bell\x00 长" * 400, "h2", 12, "mobile", "98", None, None, None, 0.1, date(1950, 1, 31),
     datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC), None, None],
    ["@cmd", "h3", 0, "withdrawn", "0", "news none", 1, 1, 1 / 3, None, None, None, None],
]  # fmt: skip
"""The last has a value that the form does not list any more."""


def table(rows=ROWS, variables=VARIABLES, name="submissions"):
    """Rows two at a time."""
    return Table(
        name, variables, lambda: (rows[at : at + 2] for at in range(0, len(rows), 2)), len(rows)
    )


EMPTY = replace(
    table([], name="submissions-members"),
    label=said("Who lives here", "住在这里的人" * 20), parent="submissions",
)  # fmt: skip
