import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.export.cells import DANGEROUS, harmless
from surveys.publish import publish
from surveys.store.interviews import strip_finished
from surveys.store.schema import Contact, FormVersion, Respondent
from tests.export.reading import files_of, made_of, rows, submissions
from tests.fieldwork import NOW, answered, interview, open_field, small_form

CHOICES = "\n| | did | pay | Paid | 付款 |"
ROWS = "\n| | integer | A9 | More? | 还有？ | | |"


@pytest.fixture
def field(database):
    made = open_field(database)
    with database.begin() as session:
        answered(session, made, "LP01", 6)
        answered(session, made, "LP02", 5)
        answered(session, made, "LP03", 4)  # 8 persons: too few
        interview(session, made, "LP01", "open", status="open", G2="never")
    return made


def test_columns_are_named_as_odk_central_names_them(database, field):
    header = list(submissions(database, field)[0])
    assert header == [
        "SubmissionDate",
        "home-A6", "home-A8", "Q1", "user", "use-Q2", "use-Q2/news", "use-Q2/call", "s_use",
        "village",
        "meta-instanceID", "KEY", "SubmitterID", "SubmitterName", "AttachmentsPresent",
        "AttachmentsExpected", "Status", "ReviewState", "DeviceID", "Edits", "FormVersion",
        "usegap-village", "village_name", "township", "county", "household", "entry",
        "base_weight", "weight", "in_profile", "roster_x", "roster_no_phone", "phase",
        "visit_weight", "visit_adults", "raking_pool", "raking_sex_age", "raking_schooling",
        "mode", "language", "started", "finished", "duration", "active_seconds", "flags",
    ]  # fmt: skip


def test_a_row_says_what_was_answered_and_a_blank_is_not_a_no(database, field):
    with database.begin() as session:
        interview(session, field, "LP01", "x", Q1="no", user="0", language="中文 (zh)",
                  mode="helped", village="@here")  # fmt: skip
        interview(session, field, "LP01", "y")
    found = submissions(database, field)
    assert len(found) == 12 + 10 + 2
    first = found[0]
    assert (first["use-Q2"], first["use-Q2/news"], first["use-Q2/call"]) == ("news", "1", "0")
    assert first["KEY"] == first["meta-instanceID"] == "uuid:00000001"
    assert first["SubmissionDate"] == "2026-03-02T09:02:30.000Z"
    assert (first["duration"], first["language"], first["FormVersion"]) == ("90", "en", "1")
    assert (first["usegap-village"], first["township"]) == ("LP01", "Shang")
    someone, silent = found[-2:]
    assert (someone["use-Q2"], someone["use-Q2/news"], someone["base_weight"]) == ("", "", "1")
    assert (someone["mode"], someone["language"]) == ("helped", "zh")
    assert (someone["village"], silent["base_weight"], silent["Q1"]) == ("'@here", "", "")


def test_two_users_on_one_phone_weigh_half_each(database, field):
    with database.begin() as session:
        interview(session, field, "LP01", "LP01-0", entry="LP01-0-a", Q1="yes", user="1")
    weights = {
        (r["entry"], r["user"]): r["base_weight"]
        for r in submissions(database, field)
        if r["household"] == "LP01-0"
    }
    assert weights == {("LP01-0-a", "1"): "0.5", ("LP01-0-a", "0"): "1"}


def test_villages_with_few_answers_and_private_texts_stay_here(database, field):
    with database.begin() as session:
        session.add(Contact(channel="telegram", address=b"secret-address", address_hash="h",
                            language="en", created_at=NOW))  # fmt: skip
        # Ten persons in four homes are too few homes.
        for number in range(2):
            interview(session, field, "LP03", f"LP03-{number}", user="1", G2="my secret")
        interview(session, field, "LP01", "z", user="1", G2="my secret", Q1="yes")
    made = made_of(database, field)
    assert (made.submissions.count, made.villages_withheld) == (23, 1)
    files = files_of(made)
    assert list(files) == [
        "submissions.csv", "villages.csv", "analysis.R", "analysis.py", "codebook.csv",
        "codebook.html", "README.txt",
    ]  # fmt: skip
    both = b"".join(files.values())
    assert b"G2" not in both
    assert b"secret" not in both
    found = rows(files["submissions.csv"])
    assert {row["usegap-village"] for row in found} == {"LP01", "LP02"}
    assert {row["village"] for row in rows(files["villages.csv"])} == {"LP01", "LP02"}
    none = made_of(database, field, area_ids=(field.villages["LP03"],))
    assert (none.submissions.count, none.villages_withheld) == (0, 1)
    assert rows(files_of(none)["submissions.csv"]) == []


def test_a_question_private_in_one_version_is_private_in_all(database, field):
    with database.begin() as session:
        new = publish(session, small_form("2", ROWS, CHOICES), "test", NOW).form_version_id
        version = session.get(FormVersion, new)
        version.indicators = [{"name": "Q1", "label": {}, "role": "private"}]
        interview(session, field, "LP01", "n", version=new, Q1="yes", A9="7", G2="no role any more")
    text = files_of(made_of(database, field))["submissions.csv"].decode()
    assert "G2" not in text
    assert "no role any more" not in text
    assert "Q1" not in text


def test_all_versions_of_a_form_fit_one_file(database, field):
    with database.begin() as session:
        new = publish(session, small_form("2", ROWS, CHOICES), "test", NOW).form_version_id
        interview(session, field, "LP01", "n", version=new, Q1="yes", user="1", A9="-7",
                  use__Q2="pay")  # fmt: skip
    found = submissions(database, field)
    assert (found[-1]["A9"], found[-1]["use-Q2/pay"], found[-1]["use-Q2/news"]) == ("-7", "1", "0")
    assert (found[0]["A9"], found[0]["use-Q2/pay"], found[0]["FormVersion"]) == ("", "0", "1")
    assert found[-1]["FormVersion"] == "2"


def test_what_people_write_is_no_formula_and_reads_back(database, field):
    texts = ["=1+1", "+86 138", "-dash", "@x", "\tt", "\rr", "＝全角", 'a "quoted", line\nand two',
             "柳坪 🐟", "plain"]  # fmt: skip
    with database.begin() as session:
        for number, text in enumerate(texts):
            interview(session, field, "LP01", f"f{number}", user="1", village=text)
    whole = files_of(made_of(database, field), bom=True)["submissions.csv"]
    assert whole.startswith(b"\xef\xbb\xbf")
    read = pd.read_csv(io.BytesIO(whole), keep_default_na=False, dtype=str)
    assert list(read["village"][-len(texts) :]) == [harmless(text) for text in texts]
    assert read["village_name"].isin(["Liuping", "'=Cmd Village"]).all()
    assert not read.stack().str.startswith(tuple("=@\t\r")).any()


@given(st.text(max_size=20))
def test_harmless_texts_begin_no_formula_and_lose_nothing(text):
    safe = harmless(text)
    assert not safe.startswith(DANGEROUS)
    assert safe in (text, f"'{text}")


def test_the_codebook_explains_every_column(database, field):
    made = made_of(database, field)
    book = {
        r["field"]: r
        for r in rows(files_of(made)["codebook.csv"])
        if r["table"] == "submissions"
    }  # fmt: skip
    assert list(book) == [one.name for one in made.submissions.variables]
    assert book["use-Q2"].items() >= {
        "field": "use-Q2", "type": "select_multiple", "question_en": "What did you do?",
        "question_zh": "你做过哪些？", "choices_en": "news = Read the news | call = Called",
        "choices_zh": "news = 看新闻 | call = 打电话", "relevant": "/data/user = 1",
        "constraint": "", "calculation": "",
    }.items()  # fmt: skip
    assert book["use-Q2/call"]["question_zh"] == "打电话"
    assert not book["weight"]["question_en"].startswith("'")
    assert (book["s_use"]["question_zh"], book["user"]["question_en"]) == ("用网", "Online")
    assert "/data/Q1" in book["user"]["calculation"]
    assert all(row["question_en"] for row in book.values())


def test_progress_ends_at_the_end(database, field):
    told = []
    submissions(database, field, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (22, 22)


def test_who_was_forgotten_and_left_the_answers_is_exported_without_a_language(database, field):
    with database.begin() as session:
        person = session.query(Respondent.id).order_by(Respondent.created_at).first()
        strip_finished(session, [person.id])
    assert [row["language"] for row in submissions(database, field)[:2]] == ["", "en"]
