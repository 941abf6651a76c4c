"""The codebook: conditions in words, counts that tell nothing of a few, and its page."""

import csv
import io
import re
from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_tables import EMPTY, VARIABLES, said, table

from surveys.export.codebook import codebook_csv, write_codebook_html
from surveys.export.conditions import in_words
from surveys.export.frequencies import frequencies
from surveys.export.table import Table, Value, Variable
from tests.browser import A4, PHONE, chromium

__all__ = ["chromium"]

B4 = Variable("access-B4", "category", said("How often?", "多久上一次网？"), values=(
    Value("day", said("Every day", "每天")), Value("week", said("Every week", "每周")),
    Value("old", said("Long ago", "很久以前")),
))  # fmt: skip
C1 = Variable("use-C1", "text", said("What did you do?", "做过哪些？"), values=(
    Value("none", said("Nothing", "都没有")),
), question="select_multiple")  # fmt: skip
USER = Variable("access-user", "yes_no", said("Online", "上网的人"))
A6 = Variable("home-A6", "integer", said("How many adults?", "几口大人？"))
ASKED = {one.name.replace("-", "/"): one for one in (B4, C1, USER, A6)}

CONDITIONS = [
    ("/data/access/B4 = 'day'", "“How often?” is “Every day”", "“多久上一次网？”答的是“每天”"),
    ("/data/access/B4 != 'day'", "“How often?” is not “Every day”",
     "“多久上一次网？”答的不是“每天”"),
    ("not('day' = /data/access/B4)", "“How often?” is not “Every day”",
     "“多久上一次网？”答的不是“每天”"),
    ("/data/access/B4 = 'day' or /data/access/B4 = 'week' or (/data/access/B4 = 'old')",
     "“How often?” is “Every day”, “Every week” or “Long ago”",
     "“多久上一次网？”答的是“每天”、“每周”或“很久以前”"),
    ("(/data/access/user = 1) and (/data/home/A6 != '')",
     "“Online” is yes, and “How many adults?” was answered",
     "“上网的人”为“是”，并且“几口大人？”答了"),
    ("/data/access/user != 1", "“Online” is no", "“上网的人”为“否”"),
    ("/data/home/A6 >= 3 and (/data/access/user = 0 or selected(/data/use/C1, 'none'))",
     "“How many adults?” is at least 3, and (“Online” is no or “What did you do?” includes"
     " “Nothing”)",
     "“几口大人？”不少于3，并且（“上网的人”为“否”或“做过哪些？”选了“都没有”）"),
    ("not(selected(/data/use/C1, 'none')) and count-selected(/data/use/C1) > 1",
     "“What did you do?” does not include “Nothing”, and “What did you do?” has more than 1"
     " answers",
     "“做过哪些？”没有选“都没有”，并且“做过哪些？”选了超过1项"),
    ("2 < /data/home/A6", "“How many adults?” is more than 2", "“几口大人？”大于2"),
    ("not(/data/home/A6 <= 2)", "“How many adults?” is more than 2", "“几口大人？”大于2"),
    ("/data/home/A6 = 2", "“How many adults?” equals 2", "“几口大人？”等于2"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "en", "zh"), CONDITIONS)
def test_simple_conditions_are_said_in_words(expression, en, zh):
    assert in_words(expression, ASKED, "en") == en
    assert in_words(expression, ASKED, "zh") == zh


@pytest.mark.parametrize(
    "expression",
    ["../B4 = 'day'", "/data/access/B9 = 1", "/data/home/A6 + 1 = 2", "true()", "jr:choice-name(",
     "/data/home/A6 = /data/access/user", "not(true())", "/data/home/A6", "1 = 1"],
)  # fmt: skip
def test_others_are_shown_as_they_are_written(expression):
    assert in_words(expression, ASKED, "en") == expression


# Frequencies ------------------------------------------------------------------------------------


def counted(persons):
    """Of (home, value) pairs what is told of the value."""
    choice = Variable("B", "category", {}, values=tuple(Value(v, {}) for v in "abcde"))
    variables = (Variable("household", "text", {}), choice)
    return frequencies(Table("t", variables, lambda: [persons], len(persons)))["B"]


PEOPLE = st.lists(
    st.tuples(st.integers(0, 30).map(str), st.sampled_from("aaaaaaaabbbbbccde")), max_size=160
)


@given(PEOPLE)
def test_what_is_hidden_is_of_ten_persons_of_five_homes_together(people):
    found = counted(people)
    persons, homes = Counter(v for _, v in people), defaultdict(set)
    for home, value in people:
        homes[value].add(home)
    if len(people) < 10 or len({home for home, _ in people}) < 5:
        assert found.answered is None
        assert found.shares == ()
        return
    hidden = {one.value for one in found.shares if one.count is None}
    assert [one.value for one in found.shares] == list("abcde")
    for one in found.shares:
        if one.count is not None:
            assert persons[one.value] >= 10
            assert len(homes[one.value]) >= 5
            assert one.count % 5 == 0
            assert abs(one.count - persons[one.value]) <= 2
            assert 1 <= one.percent <= 99
    left = sum(persons[value] for value in hidden)
    if left and hidden != set("abcde"):
        assert len(hidden) > 1
        assert left >= 10
        assert len(set().union(*(homes[value] for value in hidden))) >= 5
    assert found.answered % 5 == 0


def test_a_rare_answer_takes_the_next_rare_with_it():
    people = [(str(at), "a" if at < 60 else "b" if at < 85 else "c") for at in range(88)]
    found = counted(people)
    assert [(one.value, one.count, one.percent) for one in found.shares[:3]] == [
        ("a", 60, 67), ("b", None, None), ("c", None, None)
    ]  # fmt: skip
    assert (found.answered, found.shares[3].count) == (90, None)


def test_an_answer_of_few_homes_is_hidden_however_many_gave_it():
    people = [(str(at), "a") for at in range(40)]
    people += [(str(at % 4), "b") for at in range(12)] + [(str(at), "c") for at in range(15)]
    assert [one.count for one in counted(people).shares[:3]] == [40, None, None]


def test_of_numbers_only_quantiles_with_ten_on_either_side():
    def told(count):
        variables = (Variable("household", "text", {}), Variable("n", "decimal", {}, "scale"))
        rows = [[str(at), float(at + 1)] for at in range(count)]
        return dict(frequencies(Table("t", variables, lambda: [rows], count))["n"].quantiles)

    assert told(19) == {}
    assert told(20) == {50: 10}
    assert told(40) == {25: 10, 50: 20, 75: 30}
    assert told(100) == {10: 10, 25: 25, 50: 50, 75: 75, 90: 90}
    assert told(5000)[90] == pytest.approx(4500, rel=0.005)


def test_rows_that_are_no_persons_are_not_counted():
    places = Table("villages", (B4,), lambda: [[["day"]] * 50], 50)
    assert not frequencies(places)["access-B4"].counted
    # Nor is a question of a repeat that is called household a home.
    asked = Variable("household", "text", {}, question="text")
    rows = [[str(at), "day"] for at in range(50)]
    members = Table("submissions-member", (asked, B4), lambda: [rows], 50)
    assert not frequencies(members)["access-B4"].counted


def test_what_is_drawn_by_lot_is_not_counted():
    def drawn(calculation):
        return Variable("n", "integer", {}, "scale", question="calculate", calculation=calculation)

    home = Variable("household", "text", {})
    rows = [[str(at), at] for at in range(50)]
    for calculation, counted in (
        ("once(int(random() * 2147483646) + 1)", False),
        ("concat('random()', /data/home/A6)", True),
        ("/data/home/A6 + 1", True),
        ("", True),
        ("no (expression", True),
    ):
        people = Table("submissions", (home, drawn(calculation)), lambda: [rows], 50)
        assert frequencies(people)["n"].counted == counted


# The files --------------------------------------------------------------------------------------


def test_the_csv_has_a_row_for_each_column_in_its_order():
    text = b"".join(codebook_csv([table(), EMPTY], ["en", "zh"], bom=True)).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert list(rows[0])[:9] == [
        "field", "type", "question_en", "question_zh", "choices_en", "choices_zh", "relevant",
        "constraint", "calculation",
    ]  # fmt: skip
    assert [row["field"] for row in rows] == [one.name for one in VARIABLES] * 2
    by_name = {row["field"]: row for row in rows[: len(VARIABLES)]}
    b2, b3 = by_name["access-B2"], by_name["access-B3"]
    assert b2["choices_en"] == "fixed = Broadband | 99 = Rather not say | mobile = Phone data only"
    assert (b2["codes"], b2["missing"]) == ("fixed = 1 | mobile = 2 | 99 = 3", "99")
    assert (b3["codes"], b3["missing"], b3["name_spss"]) == ("", "98 99", "access_B3")
    assert b2["asked_if_zh"] == "“几口大人？”大于0"
    assert b3["asked_if_en"] == "“How do you get online?” is “Broadband” or “Phone data only”"
    # Four persons of three homes are too few.
    assert (b2["answered"], b2["frequencies"]) == ("<10", "")
    assert by_name["use-C1/news"]["type"] == "1 chosen, 0 not, empty unanswered"


def people():
    """The table with sixty persons, and a label that would like to be a script."""
    rows = [[f"k{at}", f"h{at // 2}", at % 7, ("fixed", "mobile", "99")[at % 3], "3",
             "news" if at % 2 else "none", at % 2, 1 - at % 2, float(at), None, None, None, None]
            for at in range(60)]  # fmt: skip
    odd = Variable("home-A6", "integer", {"en": "<script>alert(1)</script> & how many?"}, "scale")
    return table(rows, tuple(odd if one.name == odd.name else one for one in VARIABLES))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_is_whole_on_a_phone_and_on_paper(tmp_path, chromium, language):
    (path,) = write_codebook_html([people(), EMPTY], tmp_path, language, "A & B", "March")
    page = path.read_text("utf-8")
    assert "<script" not in page
    assert not re.search(r"https?://", page)
    for width in (PHONE, A4):
        tab = chromium.open(path, width)
        assert tab.sticking_out() == []
        assert tab.violations() == []
        assert tab.said == []
        shown = tab.run("document.querySelector(\"[id='submissions.use-C1']\").innerText")
        assert re.search(r"news.*\n?.*30\s+50", shown)
        chromium.close(tab)
    assert page.count("<section") == 2 * (len(VARIABLES) - 2)
