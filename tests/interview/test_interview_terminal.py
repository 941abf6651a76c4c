"""The interview in a terminal: what a form's author reads and types."""

from datetime import UTC, datetime

from bot.terminal import CHINESE, ENGLISH, run
from surveys.form.xlsform import convert
from surveys.instruments import shipped

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
