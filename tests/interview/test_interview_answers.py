"""What a person typed, as a value, a wish or a refusal."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.interview.answers import MOST_WORDS, TEXT_LIMIT, Read, Unread, Wish, read

TODAY = date(2026, 11, 24)
ENGLISH = (
    ("smart", "My own smartphone"),
    ("shared", "Someone else's smartphone"),
    ("basic", "Keypad phone"),
    ("pc", "Computer, or tablet"),
    ("none", "None of these"),
)
CHINESE = (
    ("farm", "务农"),
    ("home", "料理家务、照顾家人"),
    ("talk", "和人联络"),
    ("away", "外出打工，现在在家"),
)
AGES = (("16", "16 to 24"), ("25", "25 to 34"), ("0", "Under 16 (we stop here)"))
TIMES = (("0", "0 times"), ("1", "1 time"), ("2", "2 times"), ("9", "9 or more"))
MANY = tuple((f"v{place}", f"Village {chr(64 + place)}") for place in range(1, 13))


def one(typed, choices=ENGLISH):
    found = read("select_one", choices, typed, TODAY)
    return found.values[0] if isinstance(found, Read) else found


@pytest.mark.parametrize(
    "typed",
    ["3", "３", "③", "三", "3.", "3)", "(3)", "第3个", "第三个", "选3",
     "选第三项", "no. 3", "#3", "3号",
     "Keypad phone", " keypad  PHONE! ", "ｋｅｙｐａｄ　phone",
     "keypad", "pad ph", "basic", "BASIC"],
)  # fmt: skip
def test_ways_to_name_a_choice(typed):
    assert one(typed) == "basic"


@pytest.mark.parametrize(
    ("typed", "choices", "expected"),
    [
        ("phone", ENGLISH, Unread("ambiguous_choice")),
        ("smartphone", ENGLISH, Unread("ambiguous_choice")),
        ("6", ENGLISH, Unread("not_a_choice")),
        ("0", ENGLISH, Unread("not_a_choice")),
        ("第9个", ENGLISH, Unread("not_a_choice")),
        ("x", ENGLISH, Unread("not_a_choice")),
        ("", ENGLISH, Unread("not_a_choice")),
        ("？", ENGLISH, Unread("not_a_choice")),
        ("1 3", ENGLISH, Unread("several_choices")),
        ("13", ENGLISH, Unread("several_choices")),
        ("keypad and computer", ENGLISH, Unread("several_choices")),
        ("phone and computer", ENGLISH, Unread("ambiguous_choice")),
        ("照顾家人", CHINESE, "home"),
        ("料理家务，照顾家人", CHINESE, "home"),
        ("和人联络", CHINESE, "talk"),
        ("家", CHINESE, Unread("not_a_choice")),
        ("在家", CHINESE, "away"),
        ("打工", CHINESE, "away"),
        # A number is the position; it is neither a hidden value nor a piece of another number.
        ("3", AGES, "0"),
        ("0", AGES, Unread("not_a_choice")),
        ("16", AGES, "16"),
        ("34", AGES, "25"),
        ("1", TIMES, Unread("ambiguous_choice")),
        ("第1个", TIMES, "0"),
        ("1 time", TIMES, "1"),
        ("4", TIMES, "9"),
        ("9", TIMES, Unread("not_a_choice")),
        ("20", (("a", "2000 yuan"), ("b", "none")), Unread("not_a_choice")),
        ("12", MANY, "v12"),
        ("十二", MANY, "v12"),
        ("一二", MANY, Unread("not_a_choice")),
        ("v3", MANY, "v3"),
        ("back", ENGLISH, Wish("back")),
        ("返回。", ENGLISH, Wish("back")),
        ("/skip", ENGLISH, Wish("skip")),
        ("停止", ENGLISH, Wish("stop")),
        ("OK", ENGLISH, Wish("done")),
        ("继续", ENGLISH, Wish("again")),
        ("go on", (("a", "Go on"), ("b", "Stop here")), "a"),
        ("back", (("a", "Back"), ("b", "Front")), "a"),
        ("same", (("a", "Same"), ("b", "same")), Unread("ambiguous_choice")),
    ],
)
def test_one_choice(typed, choices, expected):
    assert one(typed, choices) == expected


@pytest.mark.parametrize(
    ("typed", "choices", "expected"),
    [
        ("1 3", ENGLISH, ("smart", "basic")),
        ("1,3", ENGLISH, ("smart", "basic")),
        ("１、３和４", ENGLISH, ("smart", "basic", "pc")),
        ("134", ENGLISH, ("smart", "basic", "pc")),
        ("二，三", ENGLISH, ("shared", "basic")),
        ("keypad, computer, or tablet", ENGLISH, ("basic", "pc")),
        ("computer and 1", ENGLISH, ("pc", "smart")),
        ("3 3", ENGLISH, ("basic",)),
        ("务农、料理家务、照顾家人和和人联络", CHINESE, ("farm", "home", "talk")),
        ("1 2 9", ENGLISH, Unread("not_a_choice")),
        ("12", MANY, ("v12",)),
        ("1 2", MANY, ("v1", "v2")),
        ("none smart", ENGLISH, ("none", "smart")),
        ("phone computer", ENGLISH, Unread("ambiguous_choice")),
        ("done", ENGLISH, Wish("done")),
        ("1 " * (MOST_WORDS + 1), ENGLISH, Unread("not_a_choice")),
        (" ".join("abcdefg"), ENGLISH, Unread("not_a_choice")),
    ],
)
def test_several_choices(typed, choices, expected):
    found = read("select_multiple", choices, typed, TODAY)
    assert (found.values if isinstance(found, Read) else found) == expected


@pytest.mark.parametrize(
    ("kind", "typed", "expected"),
    [
        ("integer", "二十三", Read(("23",))),
        ("integer", "3.0", Read(("3",))),
        ("integer", "3.5", Unread("not_a_whole_number")),
        ("integer", "many", Unread("not_a_number")),
        ("integer", "跳过", Wish("skip")),
        ("decimal", "3,50", Read(("3.5",))),
        ("decimal", "", Unread("not_a_number")),
        ("date", "昨天", Read(("2026-11-23",))),
        ("date", "30.2.2026", Unread("not_a_date")),
        ("date", "back", Wish("back")),
        ("text", "  back ", Read(("back",))),
        ("text", "/Back", Wish("back")),
        ("text", "/skip", Wish("skip")),
        ("text", "/stop", Wish("stop")),
        ("text", "/done", Read(("/done",))),
        ("text", " \n ", Unread("required")),
        ("text", "字" * TEXT_LIMIT, Read(("字" * TEXT_LIMIT,))),
        ("text", "字" * (TEXT_LIMIT + 1), Unread("text_too_long")),
    ],
)
def test_other_questions(kind, typed, expected):
    assert read(kind, (), typed, TODAY) == expected


labels = st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=14, unique=True)


@given(labels, st.text(max_size=30), st.sampled_from(["select_one", "select_multiple"]))
def test_nothing_typed_raises(names, typed, kind):
    choices = tuple((f"v{place}", label) for place, label in enumerate(names))
    found = read(kind, choices, typed, TODAY)
    if isinstance(found, Read):
        assert set(found.values) <= {value for value, _ in choices}
        assert len(found.values) == 1 or kind == "select_multiple"


@given(labels, st.data())
def test_a_position_is_never_another_choice(names, data):
    """Whatever the labels are, a number is its position or asks which is meant."""
    choices = tuple((f"v{place}", label) for place, label in enumerate(names, start=1))
    place = data.draw(st.integers(1, len(names)))
    assert one(str(place), choices) in (f"v{place}", Unread("ambiguous_choice"))
    assert one(f"第{place}个", choices) == f"v{place}" or f"第{place}个" in names


@given(labels, st.data())
def test_a_label_is_never_another_choice(names, data):
    choices = tuple((f"v{place}", label) for place, label in enumerate(names, start=1))
    value, label = data.draw(st.sampled_from(choices))
    found = read("select_one", choices, label, TODAY)
    if isinstance(found, Read) and found.values != (value,):
        # Only signs that nobody types as words may read as a position.
        assert (
            not any(sign.isalpha() for sign in label) or label.strip() in "一二三四五六七八九十两〇"
        )
