"""The interview in a terminal: what a form's author reads and types."""

from datetime import UTC, datetime

import pytest

from bot.terminal import CHINESE, ENGLISH, run
from surveys.form.xlsform import convert
from surveys.instruments import shipped
from tests.respondent.every_type import EVERY, HOMES

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def talk(lines, language="en", table=None):
    """What is written when these lines are typed, and the interview at the end."""
    form = convert(table or shipped("three_questions"), "form.md").form
    typed = iter(lines)
    written = []

    def read():
        try:
            return next(typed)
        except StopIteration:
            raise EOFError from None

    interview = run(form, read, written.append, language, lambda: NOW)
    return "\n".join(written), interview


def test_to_the_end():
    written, interview = talk(["maybe", "yes", "", "4 1", "news and pay", "16", " 3 "])
    assert interview.status == "finished"
    in_order = [
        ENGLISH["welcome"],
        "1/3  Did you go online in the last 3 months?\n    1  Yes\n    2  No",
        "! That is none of the choices. Type a number from 1 to 2.",
        "✓ Yes",
        "2/3  What did you do online?",
        ENGLISH["several"],
        "! " + ENGLISH["required"],
        "✓ Read the news, Paid or banked online",
        ENGLISH["optional"],
        "! Please give a number from 1 to 15.",
        "✓ 3",
        "Thank you! Your answers count.",
        ENGLISH["finished"],
        "  user        1",
        "  Q3          3",
        "  s_use       100",
    ]
    place = 0
    for sentence in in_order:
        assert sentence in written[place:], sentence
        place = written.index(sentence, place)
    assert "cannot go with another answer" in written


def test_back_keeps_and_enter_goes_on_in_chinese():
    written, interview = talk(["上过", "1 2", "返回", "", "两", "停止"], language="zh")
    assert interview.answers["/data/Q2"] == "news call"
    assert interview.status == "finished"
    assert "* 1  看新闻\n  * 2  打语音、视频电话\n    3  手机支付、网上银行" in written
    assert "✓ 看新闻、打语音、视频电话" in written
    assert CHINESE["finished"] in written


def test_what_may_be_skipped_and_an_earlier_answer():
    table = b"""
| survey | | | | |
| | type | name | label | hint |
| | integer | n | How many? | Count all. |
| | text | t | Why? | |
"""
    written, interview = talk(
        [
            "3",
            "/back",
            "",
            "",
        ],
        table=table,
    )
    assert "How many?\n      Count all." in written
    assert "Your answer so far: 3" in written
    assert f"– {ENGLISH['skipped']}" in written
    assert interview.answers["/data/n"] == "3"
    assert "/data/t" not in interview.answers


def test_the_input_ends():
    written, interview = talk(["yes"])
    assert interview.status == "stopped"
    assert written.endswith(ENGLISH["stopped"])


def test_both_languages_say_everything():
    assert set(ENGLISH) == set(CHINESE)
    for name, sentence in ENGLISH.items():
        assert sentence.count("{") == CHINESE[name].count("{")


@pytest.mark.parametrize(("language", "say"), [("en", ENGLISH), ("zh", CHINESE)])
def test_every_kind_of_question(language, say):
    typed = [
        "", "?", "Lan *x*", "4", "9999", "250", "yesterday", "7:05", "now", "2 1", "/next",
        "1 12", "railway", "1", "there", "30.1 120.2", "1 1", "1 1; 1 2", "1 1; 1 2",
        "1 1; 1 2; 2 2",
        "a/b.jpg", "b.ogg", "c.mp4", "d.pdf", "6901",
    ]  # fmt: skip
    written, interview = talk(typed, language, EVERY.strip().encode())
    assert interview.status == "finished"
    # The styles of the form are gone, what was typed is there as it is.
    assert "**" not in written
    assert written.count("*x*") == 4
    for name in (
        "enter",
        "more",
        "date",
        "time",
        "dateTime",
        "in_order",
        "place",
        "places",
        "file",
    ):
        assert say[name] in written
    for name in ("nothing_found", "not_a_place", "not_enough_places"):
        assert f"! {say[name]}" in written
    assert say["page"].format(page=2, pages=2) in written
    last = written[written.index(say["finished"]) :]
    kept = dict(line.split(maxsplit=1) for line in last.splitlines()[1:])
    assert kept["wants"] == "water road net"
    assert (kept["metres"], kept["towns"], kept["photo"]) == ("250", "t1 t12", "b.jpg")


def test_repeats_in_repeats():
    typed = ["Liuping", "Lan", "34", "yesterday", "yes", "2026-11-01", "/remove", "no", "no"]
    written, interview = talk(typed, table=HOMES.strip().encode())
    assert interview.instances == {"/data/person": 1, "/data/person[1]/visit": 1}
    assert "Household member 1 › Visit of a doctor 2\n     Which day?" in written
    assert ENGLISH["another"].format(what="Visit of a doctor", n=2) in written
    assert "  person[1]/visit[1]/day  2026-11-23" in written
