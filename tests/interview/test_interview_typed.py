"""Every kind of answer as tired people type it, in English and Chinese."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_answers import NOW, TODAY, typed, value

from surveys.interview.answers import Read, Unread, Wish, read
from surveys.interview.shown import shown_value

# Bands ----------------------------------------------------------------------------------------

AGES = ("16-24", "25-34", "35-44", "45-54", "55-64", "65-74", "75+", "Under 16 (the survey ends)")
ZH_AGES = ("16-24岁", "25-34岁", "35-44岁", "45-54岁", "55-64岁", "65-74岁", "75岁及以上",
           "16岁以下(结束)")  # fmt: skip


@pytest.mark.parametrize("labels", [AGES, ZH_AGES])
@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("72", 6), ("七十二", 6), ("72岁", 6), ("我今年七十二岁", 6), ("I am 72", 6),
        ("72 years old", 6),
        ("16", 1), ("24", 1), ("25", 2), ("75", 7), ("103", 7), ("15", 8), ("12岁", 8), ("8", 8),
        ("3", 3), ("65-74", 6),
    ],
)  # fmt: skip
def test_who_types_their_age_is_in_its_band(labels, text, place):
    choices = tuple((f"v{at}", label) for at, label in enumerate(labels, 1))
    assert read("select_one", choices, text, TODAY, now=NOW) == Read((f"v{place}",))


def test_a_number_that_no_band_holds_is_no_choice():
    choices = tuple((f"v{at}", label) for at, label in enumerate(AGES, 1))
    assert isinstance(read("select_one", choices, "24.5", TODAY, now=NOW), Unread)
    # One band among words is none, and several choices are never guessed from one number.
    shops = (("a", "None"), ("b", "One"), ("c", "5+"))
    assert isinstance(read("select_one", shops, "72", TODAY, now=NOW), Unread)
    assert isinstance(read("select_multiple", choices, "72", TODAY, now=NOW), Unread | Read)
    assert read("select_multiple", choices, "72", TODAY, now=NOW) == Read(("v7", "v2"))


# Ranges ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "bounds", "expected"),
    [
        ("7", ("0", "10", "1"), "7"),
        ("七", ("0", "10", "1"), "7"),
        ("seven", ("0", "10", "1"), "7"),
        ("7/10", ("0", "10", "1"), "7"),
        ("7 out of 10", ("1", "10", "1"), "7"),
        ("7 of 10", ("1", "10", "1"), "7"),
        ("7分", ("0", "10", "1"), "7"),
        ("7/10", ("0", "5", "1"), Unread("not_a_number")),
        ("70%", ("0", "100", "10"), "70"),
        ("2.5", ("0", "5", "0.5"), "2.5"),
        ("2,5", ("0", "5", "0.5"), "2.5"),
        ("2.3", ("0", "5", "0.5"), Unread("between_steps")),
        ("5.5", ("0", "5", "0.5"), Unread("out_of_range")),
        ("-3", ("-5", "5", "1"), "-3"),
        ("minus 3", ("-5", "5", "1"), "-3"),
        ("零下3", ("-5", "5", "1"), "-3"),
        ("8", ("10", "0", "2"), "8"),
        ("7", ("10", "0", "2"), Unread("between_steps")),
        ("11", ("10", "0", "2"), Unread("out_of_range")),
        ("4", ("1", "10", "3"), "4"),
        ("5", ("1", "10", "3"), Unread("between_steps")),
        ("a lot", ("0", "10", "1"), Unread("not_a_number")),
        ("10", None, "10"),
        ("back", ("0", "10", "1"), Wish("back")),
        ("3 stars", ("1", "5", "1"), "3"),
    ],
)
def test_ranges(text, bounds, expected):
    assert value("range", text, bounds=bounds) == expected


@given(
    st.integers(-50, 50),
    st.integers(1, 40),
    st.integers(1, 12),
    st.booleans(),
    st.integers(-60, 120),
)
def test_a_number_of_a_range_is_on_its_steps(start, quarters, count, down, tried):
    step = Decimal(quarters) / 4
    first, last = Decimal(start), start + (-1 if down else 1) * step * count
    bounds = (str(first), str(last), str(step))
    listed = {first + (-1 if down else 1) * step * place for place in range(count + 1)}
    number = Decimal(tried) / 4
    found = typed("range", str(number), bounds=bounds)
    if number in listed:
        assert Decimal(found.values[0]) == number
        # Choices are their numbers, not places in a list.
        labelled = tuple((str(one), str(one)) for one in sorted(listed))
        assert read("range", labelled, str(number), TODAY, bounds=bounds) == found
    else:
        inside = min(first, last) <= number <= max(first, last)
        assert found == Unread("between_steps" if inside else "out_of_range")


# Orders ---------------------------------------------------------------------------------------

RANKED = (("w", "Water, clean"), ("r", "Roads"), ("s", "School"), ("c", "Clinic"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3 1 2 4", "s w r c"),
        ("3124", "s w r c"),
        ("3,1,2", "s w r c"),
        ("三、一、二、四", "s w r c"),
        ("3>1>2>4", "s w r c"),
        ("3 - 1 - 2 - 4", Unread("not_a_choice")),
        ("3-1-2-4", "s w r c"),
        ("3→1→2", "s w r c"),
        ("school, water, roads and clinic", "s w r c"),
        ("School, Water, clean, Roads", "s w r c"),
        ("3 1", Unread("not_ranked")),
        ("3 1 1 2", Unread("not_ranked")),
        ("3 1 2 4 4", Unread("not_ranked")),
        ("3", Unread("not_ranked")),
        ("3 1 9 2", Unread("not_a_choice")),
        ("", Unread("not_a_choice")),
        ("back", Wish("back")),
        ("skip", Wish("skip")),
        ("wurst", Unread("not_a_choice")),
    ],
)
def test_orders(text, expected):
    found = read("rank", RANKED, text, TODAY)
    assert (" ".join(found.values) if isinstance(found, Read) else found) == expected


def test_two_labels_that_are_one_have_no_order():
    same = (("a", "Same"), ("b", "same"), ("c", "Other"))
    assert read("rank", same, "same, other", TODAY) == Unread("ambiguous_choice")


@given(st.permutations(range(6)), st.booleans(), st.booleans())
def test_every_order_is_read(order, by_name, short):
    names = ["River", "Hill", "Wood", "Stone", "Cloud", "Grass"]
    choices = tuple((name[0], name) for name in names)
    said = [names[place] if by_name else str(place + 1) for place in order][: 5 if short else 6]
    expected = Read(tuple(names[place][0] for place in order))
    for between in (" ", ", ", "、", "\n", " > "):
        assert read("rank", choices, between.join(said), TODAY) == expected


# Words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "texts", "expected"),
    [
        (
            "acknowledge",
            "ok|OK!|Yes|y|got it|好|好的。|知道了|明白了|嗯|收到|👍|done",
            Read(("OK",)),
        ),
        ("acknowledge", "no|why?|不||3", Unread("not_a_choice")),
        ("acknowledge", "back|/back|返回", Wish("back")),
        ("repeat", "yes|Y|add|one more|Another one|有|还有|要|再加一个|加一个|是的|+", Wish("add")),
        (
            "repeat",
            "no|No more.|that's all|That’s all|enough|done|没有了|没有|不用了|就这些|够了|好了",
            Wish("enough"),
        ),
        ("repeat", "remove|undo|删除|去掉最后一个", Wish("remove")),
        ("repeat", "back|返回", Wish("back")),
        ("repeat", "stop|停止", Wish("stop")),
        ("repeat", "ok|好|maybe|2||家", Unread("not_yes_or_no")),
        ("image", "a photo|cat.jpg", Unread("wrong_medium")),
        ("audio", "skip|跳过", Wish("skip")),
        ("select_one", "3|x", Unread("not_a_choice")),
        ("barcode", "/skip", Wish("skip")),
        ("barcode", "", Unread("required")),
    ],
)
def test_words(kind, texts, expected):
    for text in texts.split("|"):
        assert typed(kind, text) == expected, text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("007", "007"),
        ("１３８ ００００ ０００１", "13800000001"),
        ("138-0000-0001", "138-0000-0001"),
        ("+86 138", "+86138"),
        ("1,234,567", "1234567"),
        ("12.50", "12.50"),
        ("一三八零", "1380"),
        ("-5", "-5"),
        ("back", Wish("back")),
        ("/skip", Wish("skip")),
        ("abc", Unread("not_a_number")),
        ("12 houses", Unread("not_a_number")),
        ("", Unread("required")),
        ("٣٤", "34"),
    ],
)
def test_texts_of_digits(text, expected):
    assert value("text", text, appearance="numbers thousands-sep") == expected


@given(st.text("0123456789", min_size=1, max_size=20))
def test_digits_are_kept_as_they_are(text):
    assert value("text", text, appearance="numbers") == text
    assert value("barcode", text) == text
    assert value("text", f"{text}@b.example") == f"{text}@b.example"


def documented():
    """The lines of the table of examples: type, appearance, typed, kept ("" for refused)."""
    page = Path(__file__).parents[2] / "docs/typed-answers.md"
    for line in page.read_text("utf-8").split("## In words")[0].split("\n"):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `"):
            kind, _, appearance = cells[0].partition(",")
            for text in re.findall("`([^`]+)`", cells[1]):
                yield kind.strip("`"), appearance.strip(), text, cells[2].strip("`–")


@pytest.mark.parametrize(("kind", "appearance", "text", "kept"), list(documented()))
def test_what_the_page_says_is_read(kind, appearance, text, kept):
    found = typed(kind, text, appearance=appearance, bounds=("0", "10", "0.5"))
    assert (found.values[0] if isinstance(found, Read) else "") == kept


KINDS = [
    "time",
    "dateTime",
    "date",
    "geopoint",
    "geotrace",
    "geoshape",
    "range",
    "rank",
    "repeat",
    "integer",
    "decimal",
    "text",
    "barcode",
    "acknowledge",
    "image",
    "select_one",
    "select_multiple",
]
PIECES = st.lists(
    st.sampled_from(
        [
            *"0123456789点半刻分:.-/, 年月日前后上下午天晚北东°'NESW;+%万一二三十",
            "am",
            "half",
            "past",
            "ago",
        ]
    ),
    max_size=14,
).map("".join)


@given(
    st.sampled_from(KINDS),
    st.text(max_size=40) | PIECES,
    st.sampled_from(["", "month-year", "year", "numbers"]),
)
def test_nothing_typed_raises(kind, text, appearance):
    choices = RANKED if kind in ("rank", "select_one", "select_multiple") else ()
    found = read(
        kind, choices, text, TODAY, now=NOW, bounds=("0", "10", "0.5"), appearance=appearance
    )
    if isinstance(found, Read):
        assert found.values
        assert all(isinstance(one, str) and one for one in found.values)
        read(
            kind, choices, shown_value(kind, found.values[0]), TODAY, now=NOW, appearance=appearance
        )


@given(PIECES)
def test_what_was_read_is_read_again_as_it_is_shown(text):
    for kind in ("time", "dateTime", "date", "geopoint", "geotrace"):
        found = typed(kind, text)
        if isinstance(found, Read):
            assert typed(kind, shown_value(kind, found.values[0])) == found


def test_without_a_clock_there_is_no_zone():
    assert read("time", (), "8:30", TODAY) == Read(("08:30:00.000",))
    assert read("time", (), "now", TODAY) == Unread("not_a_time")
    assert read("date", (), "yesterday", date.min) == Unread("not_a_date")
    assert read("dateTime", (), "0001-01-01T00:00+09:00", TODAY, now=NOW) == Unread("not_a_moment")


@pytest.mark.parametrize(
    ("kind", "stored", "language", "shown"),
    [
        ("time", "08:30:00.000+08:00", "", "08:30"),
        ("time", "08:30:15.000Z", "", "08:30:15"),
        ("time", "x", "", "x"),
        ("dateTime", "2026-05-31T14:00:00.000+08:00", "", "2026-05-31 14:00"),
        ("dateTime", "2026-05-31", "", "2026-05-31"),
        ("geopoint", "30.5 114.0 0.0 0.0", "", "30.5, 114"),
        ("geopoint", "0 -0.0000001 0 5", "", "0, -0.0000001, 0, 5"),
        ("geopoint", "nowhere", "", "nowhere"),
        ("geopoint", "30", "", "30"),
        ("geotrace", "1 2 0 0; 3 4 0 0;", "", "1, 2; 3, 4"),
        ("acknowledge", "OK", "English (en)", "OK"),
        ("acknowledge", "OK", "中文 (zh)", "知道了"),
        ("acknowledge", "OK", "zh-Hans", "知道了"),
        ("text", "x", "", "x"),
    ],
)
def test_what_is_shown(kind, stored, language, shown):
    assert shown_value(kind, stored, language) == shown
