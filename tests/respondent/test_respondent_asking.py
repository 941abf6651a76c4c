"""What stands in the chat for each kind of question, seen as Telegram shows it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args

import pytest

from bot.demo.strict import keyboard as checked
from bot.demo.strict import message_text, parse_html, units
from bot.respondent.buttons import ACTIONS, QUICK
from bot.respondent.prompts import keyboard, question, refusal, settled
from bot.respondent.refusals import SENTENCES
from bot.respondent.said import said
from bot.say import markup
from bot.texts import speak, width
from surveys.form.model import QuestionType
from surveys.interview.answers import Read, Wish, read
from surveys.interview.quoting import quoting
from surveys.interview.state import Closed, Prompt, RefusalReason, Refused

EN, ZH = speak("en"), speak("zh")
PLAIN = Prompt(
    path="/data/q", seq=4, number=3, total=9, type="text", label="Why?", hint="", choices=(),
    selected=(), answer="", required=False, can_go_back=True,
)  # fmt: skip
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
NAMES = tuple((f"v{n}", f"Name {n}") for n in range(40))
CONTROL = ["◀ Back", "Skip ▶", "⏸ Stop"]


def shown(prompt, say=EN):
    """The last message of a question and its buttons, as Telegram takes them."""
    *_, last = question(prompt, say)
    rich = message_text({"text": last, "parse_mode": "HTML"})
    rows = checked(markup(keyboard(prompt, "7", say)))
    return rich.text, [[button["text"] for button in row] for row in rows]


def ask(kind, **more):
    return replace(PLAIN, type=kind, **more)


def test_each_type_says_what_to_do_and_has_its_own_buttons():
    told = {
        kind: (text.removeprefix("3 / 9  Why?").strip(), rows[:-1])
        for kind in get_args(QuestionType)
        if kind not in ("note", "calculate", "select_one", "select_multiple", "rank")
        for text, rows in [shown(ask(kind, bounds=("0", "10", "0.5")))]
    }
    all_of_them = "Or type them all: 30.27 120.15; 30.28 120.16"
    assert told == {
        "acknowledge": ("", [["✅ OK"]]),
        "text": ("Type your answer.", []),
        "integer": ("Type a number.", []),
        "decimal": ("Type a number.", []),
        "range": ("Type a number from 0 to 10, in steps of 0.5.", []),
        "date": ("Type a date, like 2026-05-31.", [["Today", "Yesterday"]]),
        "time": ("Type a time, like 14:30.", [["Now"]]),
        "dateTime": ("Type a day and a time, like 2026-05-31 14:30.", [["Now"]]),
        "geopoint": ("Send the place. Or type it, like 30.2741 120.1551.", []),
        "geotrace": (
            f"Send places along the line, one after the other. Then tap All sent. {all_of_them}",
            [["✅ All sent"]],
        ),
        "geoshape": (
            f"Send the corners of the area, one after the other. Then tap All sent. {all_of_them}",
            [["✅ All sent"]],
        ),
        "barcode": ("Send a photo of the code, or type what stands under it.", []),
        "image": ("Send a photo.", []),
        "audio": ("Record a voice message, or send a sound.", []),
        "video": ("Send a video.", []),
        "file": ("Send a file.", []),
    }
    whole = ask("range", bounds=("10", "1", "1"))
    assert "Type a whole number from 10 to 1." in shown(whole)[0]
    assert "Type a year" in shown(ask("date", appearance="w2 year"))[0]
    assert shown(ask("date", appearance="month-year"))[1] == [CONTROL]
    assert "on paper" in shown(ask("image", appearance="signature"))[0]


def test_a_rank_shows_the_order_a_range_its_numbers_beside_each_other():
    choices = (("a", "Road"), ("b", "Water"), ("c", "Net"))
    text, rows = shown(ask("rank", choices=choices, selected=("b", "a")))
    assert rows[:4] == [["② Road"], ["① Water"], ["○ Net"], ["✅ Done"]]
    assert "in order, the first one first" in text
    numbers = tuple((str(n), str(n)) for n in range(11))
    text, rows = shown(ask("range", choices=numbers, selected=("7",)))
    assert rows[:3] == [["0", "1", "2", "3", "4"], ["5", "6", "● 7", "8", "9"], ["10"]]
    long = tuple((value, label * 9) for value, label in choices)
    text, rows = shown(ask("rank", choices=long, selected=("c",)))
    assert "3  ① NetNet" in text
    assert rows[0] == ["○ 1", "○ 2", "① 3"]


def test_a_long_list_has_pages_and_can_be_searched():
    second = ask("select_one", choices=NAMES, shown=tuple(range(10, 20)), page=1, pages=4)
    text, rows = shown(second)
    assert text.endswith("Page 2 of 4\n\nTap one, or type a part of its name to find it.")
    assert [rows[0], *rows[10:]] == [["Name 10"], ["‹ 1", "3 ›"], CONTROL]
    data = [data for row in keyboard(second, "7", EN) for _, data in row]
    assert (data[0], data[10], data[11]) == ("i:7:4:10", "i:7:4:p0", "i:7:4:p2")
    found = replace(second, shown=(3, 33), page=0, pages=1, search="3")
    text, rows = shown(found)
    assert "Found for “3”: 2" in text
    assert rows == [["Name 3"], ["Name 33"], ["Show all"], CONTROL]
    several = replace(second, type="select_multiple", selected=("v0", "v12"))
    text, rows = shown(several)
    assert "Your answer so far: Name 0, Name 12" in text
    assert (rows[1], rows[2]) == (["☐ Name 11"], ["☑ Name 12"])


def test_one_more_and_where_one_is():
    offer = ask("repeat", label="**Household** member", instances=2, can_remove=True)
    text, rows = shown(offer)
    assert text == "3 / 9  Household member: 2 so far. Add another?"
    assert rows == [["➕ Yes", "No"], ["🗑 Remove the last one"], ["◀ Back", "⏸ Stop"]]
    text, rows = shown(replace(offer, label="家人", instances=0, can_remove=False), ZH)
    assert text == "3 / 9  家人：还没有填。要填一个吗？"
    assert rows == [["➕ 要", "不用了"], ["◀ 上一题", "⏸ 先停下"]]
    inside = replace(PLAIN, around=(("Home", 0), ("Member", 2), ("Health", 0), ("Visit", 1)))
    assert shown(inside)[0].startswith("3 / 9  Member 2 › Visit 1\nWhy?")
    opening = replace(inside, opens=True, guidance="Because.")
    text, rows = shown(opening)
    assert text.startswith("3 / 9  Home › Member 2 › Health › Visit 1\nWhy?")
    assert rows[0] == ["❓ More about this"]


def test_what_is_asked_in_arabic_reads_from_the_right():
    arabic = ask(
        "select_one", label="من يجيب؟", hint="اختر واحدًا", around=(("الأسرة", 2),),
        choices=(("a", "أنا " * 12), ("b", "WhatsApp " + "واتساب " * 6)),
    )  # fmt: skip
    (told,) = question(arabic, EN)
    lines = told.split("\n")
    assert lines[0] == "\u200f\u2066<b>3 / 9</b>\u2069  <i>الأسرة 2</i>"
    assert lines[1] == "\u200fمن يجيب؟"
    assert lines[3].startswith("\u200f\u2066<b>1</b>\u2069  أنا")
    assert lines[4].startswith("\u200f\u2066<b>2</b>\u2069  WhatsApp واتساب")
    assert lines[6] == "<i>\u200fاختر واحدًا</i>"
    assert "Your answer so far: \u2068نعم\u2069" in shown(replace(PLAIN, answer="نعم"))[0]
    closed = Closed("/data/q", 4, 3, 9, "من يجيب؟", "أنا", "answered")
    assert settled(closed, "select_one", EN).endswith("\u200f✓ <b>أنا</b>")


@pytest.mark.parametrize("say", [EN, ZH], ids=["en", "zh"])
@pytest.mark.parametrize("kind", ["text", "select_multiple", "rank", "geotrace"])
def test_what_is_too_long_stands_in_several_messages_and_only_the_last_one_changes(kind, say):
    label = quoting([("**So long.** Why & <b>what</b>? " * 250, False), ("*x* " * 300, True)])
    long = ask(
        kind, label=label, hint="_Think._ " * 400,
        choices=tuple((f"v{n}", f"{n} " + "word " * 40) for n in range(12))
        if kind in ("select_multiple", "rank") else (),
        shown=tuple(range(10)), pages=2,
    )  # fmt: skip
    more = replace(long, selected=("v1", "v9"), answer="1 2; 3 4" * (kind == "geotrace"))
    first, second = question(long, say), question(more, say)
    assert len(first) == len(second) > 2
    assert first[:-1] == second[:-1]
    seen = [message_text({"text": part, "parse_mode": "HTML"}) for part in first]
    assert all(units(rich.text) <= 4096 for rich in seen)
    together = "".join(rich.text for rich in seen)
    assert "**" not in together
    found = [together.count(words) for words in ("So long.", "*x*", "Think.")]
    assert found == [250, 300, 400]


@pytest.mark.parametrize("say", [EN, ZH], ids=["en", "zh"])
def test_every_reason_has_one_clear_sentence(say):
    assert set(SENTENCES) == set(get_args(RefusalReason))
    sentences = {}
    for reason in get_args(RefusalReason):
        for kind in (*get_args(QuestionType), "repeat"):
            prompt = ask(kind, choices=NAMES[:3], bounds=("0", "10", "2"))
            if kind not in ("select_one", "select_multiple", "rank"):
                prompt = replace(prompt, choices=())
            told = refusal(Refused(reason, "", "wang <b>", prompt), say)
            assert 0 < width(told) <= 160, told
            assert "{" not in told
            sentences[reason, kind] = told
    assert "3" in sentences["not_a_choice", "select_one"]
    assert "wang <b>" in sentences["nothing_found", "select_one"]
    assert sentences["not_enough_places", "geotrace"] != sentences["not_enough_places", "geoshape"]
    assert sentences["wrong_medium", "image"] != sentences["wrong_medium", "audio"]
    bounds = sentences["out_of_range", "range"]
    assert [number in bounds for number in ("0", "10")] == [True, True]
    own = Refused("constraint", "At **most** 5.", "9", PLAIN)
    assert refusal(own, say) == "At most 5."


@pytest.mark.parametrize("say", [EN, ZH], ids=["en", "zh"])
@pytest.mark.parametrize("kind", [*get_args(QuestionType), "repeat"])
def test_what_stands_on_a_button_can_be_typed(kind, say):
    choices = NAMES[:3] if kind in ("select_one", "select_multiple", "rank") else ()
    prompt = ask(kind, choices=choices, guidance="More.", can_remove=kind == "repeat")
    for label, data in [button for row in keyboard(prompt, "7", say) for button in row]:
        means = data.rpartition(":")[2]
        # To a question for words, words are the answer.
        if means.isdigit() or kind in ("text", "barcode", "note", "calculate"):
            continue
        words = label.strip("✅◀▶⏸🗑➕❓ ")
        found = read(kind, choices, words, NOW.date(), now=NOW)
        if means in QUICK or (kind, means) == ("acknowledge", "d"):
            assert isinstance(found, Read), (words, found)
        else:
            assert found == Wish(ACTIONS[means]), words


def test_an_answer_is_shown_as_people_write_it():
    told = {
        ("geopoint", "30.2741500000 120.1551 0.0 12.4"): "30.27415, 120.1551 (± 12 m)",
        ("geopoint", "-30 120 0 0"): "-30, 120",
        ("geopoint", "30.5, 120.25, 0, 4"): "30.5, 120.25 (± 4 m)",
        ("geotrace", "1 1 0 0; 2 2 0 0"): "2 places",
        ("time", "14:30:00.000+08:00"): "14:30",
        ("dateTime", "2026-05-31T14:30:00.000+08:00"): "2026-05-31 14:30",
        ("date", "2026-05-31"): "2026-05-31",
        ("image", "3f9c2a.jpg"): "📷 a photo",
        ("acknowledge", "OK"): "OK",
        ("select_one", "**Both**"): "Both",
        ("text", "**as** <b>typed</b>"): "**as** <b>typed</b>",
        ("geopoint", "somewhere"): "somewhere",
    }
    assert {key: said(*key, EN) for key in told} == told
    closed = Closed("/data/p", 4, 3, 9, "*Who*?", "2", "added")
    assert parse_html(settled(closed, "repeat", EN)).text == "3 / 9  Who?\n\n– one more"
    closed = replace(closed, how="enough")
    assert parse_html(settled(closed, "repeat", EN)).text == "3 / 9  Who?\n\n✓ 2 in all"
