"""Lines made by two processes, columns taken from some answers: the same files."""

import importlib
import logging
import signal
from contextlib import contextmanager

import pytest
from sqlalchemy import delete, func, select

from surveys.export import Wanted, apart, into_folder
from surveys.export.answers import column
from surveys.export.kinds import Kinds
from surveys.export.plan import learned
from surveys.export.questions import of_versions
from surveys.store.database import Database
from surveys.store.forms import versions_of_wave
from surveys.store.schema import Interview
from tests.export.reading import files_of, made_of, rows
from tests.export.workbooks import open_form, put

TABLES = importlib.import_module("surveys.export.tables")
"""The module: the package has a function of this name."""
FORM = """
| survey | | | | |
| | type | name | label::English (en) | calculation |
| | text | words | Say it | |
| | integer | age | How old? | |
| | decimal | part | Which part? | |
| | select_multiple thing | several | Which? | |
| | rank thing | order | What first? | |
| | select_one thing | one | Which one? | |
| | geopoint | place | Where? | |
| | dateTime | moment | When was it? | |
| | calculate | sum | | 1 + 1 |
| | calculate | never | | 1 + 1 |
| choices | | | | |
| | list_name | name | label::English (en) | |
| | thing | road | A road | |
| | thing | tower | A tower | |
| settings | | | | |
| | form_title | form_id | version | default_language |
| | Any | any | 1 | English (en) |
"""
WORDS = ("=1+1", 'she said "so", ', "two\nlines", "路不好走", '", "')
LAST = 89


def answers_of(at):
    """What a person answers; each eighth is in the sample."""
    given = {
        "words": WORDS[at % len(WORDS)], "age": str(20 + at), "part": f"{at * 7919 % 100}.5",
        "several": " ".join(["road", "tower"][: at % 3]), "order": "tower road", "one": "road",
        "place": f"{at}.25 -{at} 0 5", "moment": f"2026-03-01T0{at % 10}:15:00.000+08:00",
        "sum": str(at % 4),
    }  # fmt: skip
    return {f"/data/{name}": value for name, value in given.items() if at % 11 != 3}


@pytest.fixture
def field(database):
    made = open_form(database, FORM)
    with database.begin() as session:
        put(session, made, [answers_of(at) for at in range(LAST)])
    return made


@pytest.fixture
def small(monkeypatch):
    """All that is done with many submissions alone is done with few."""
    monkeypatch.setattr(apart, "FROM", 0)
    monkeypatch.setattr(apart, "cores", lambda: 2)
    monkeypatch.setattr("surveys.export.plan.BATCH", 7)
    monkeypatch.setattr("surveys.export.submissions.BATCH", 7)
    monkeypatch.setattr("surveys.export.plan.GUESSED_FROM", 10)
    monkeypatch.setattr("surveys.export.plan.SAMPLE", 10)


@pytest.fixture(params=[0, 35, LAST])
def begun(request, monkeypatch):
    """How many lines the other process begins at most while weights are computed here."""
    inner = apart._begun

    def some(here, other, ids, *more):
        return inner(here, other, ids[: request.param], *more)

    monkeypatch.setattr(apart, "_begun", some)
    return request.param


@pytest.fixture
def started(monkeypatch):
    """The processes that were started."""
    found = []
    init = apart._Process.__init__

    def spied(self):
        init(self)
        found.append(self._process)

    monkeypatch.setattr(apart._Process, "__init__", spied)
    return found


@pytest.fixture
def sqlite_database(sqlite_url):
    made = Database(sqlite_url)
    yield made
    made.close()


def in_one_process(database, field, monkeypatch):
    """The files as they are made without all this."""
    with monkeypatch.context() as patch:
        patch.setattr(apart, "FROM", 10**9)
        patch.setattr("surveys.export.plan.GUESSED_FROM", 10**9)
        made = made_of(database, field)
        assert not made.guessed
        return files_of(made)


def test_two_processes_write_what_one_writes(
    database, field, small, begun, started, monkeypatch
):  # fmt: skip
    made = made_of(database, field)
    assert made.guessed
    files = files_of(made)
    assert files == in_one_process(database, field, monkeypatch)
    assert len(rows(files["submissions.csv"])) == LAST
    assert len(started) == 1
    # Ended, and waited for.
    assert all(one.returncode is not None for one in started)


@pytest.mark.parametrize("released", [False, True])
def test_nothing_waits_outside_of_the_export(
    database, field, small, tmp_path, monkeypatch, released
):
    # The system's temporary folder may be in memory.
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    out = tmp_path / "new" / "out"
    made = made_of(database, field, released=released, folder=out)
    paths = into_folder(made, Wanted(("csv", "sav", "dta", "parquet")), out)
    assert {one.suffix for one in paths} >= {".csv", ".sav", ".dta", ".parquet"}
    assert sorted(out.iterdir()) == sorted(paths)


def test_progress_is_told_of_them_too(database, field, small):
    told = []
    files_of(made_of(database, field, progress=lambda done, of: told.append((done, of))))
    assert told[0] == (7, LAST)
    assert told[-1] == (LAST, LAST)
    assert len(told) == -(-LAST // 7)


@pytest.mark.parametrize("processes", [True, False])
@pytest.mark.parametrize("begun", [0, LAST], indirect=True)
@pytest.mark.parametrize(
    ("path", "value"),
    [("age", "forty"), ("one", "ferry"), ("several", "bus"), ("order", "bus"), ("place", "here"),
     ("never", "7"), ("sum", "1.5"), ("moment", "noon")],
)  # fmt: skip
def test_an_answer_that_fits_no_guess_makes_other_columns(
    sqlite_database, small, begun, monkeypatch, processes, path, value
):
    field = open_form(sqlite_database, FORM)
    with sqlite_database.begin() as session:
        given = [answers_of(at) for at in range(LAST)]
        given[LAST - 2][f"/data/{path}"] = value
        put(session, field, given)
    if not processes:
        monkeypatch.setattr(apart, "FROM", 10**9)
    again = []
    monkeypatch.setattr(TABLES, "learned", lambda *given: again.append(1) or learned(*given))
    made = made_of(sqlite_database, field)
    assert made.guessed
    files = files_of(made)
    assert again == [1]
    assert files == in_one_process(sqlite_database, field, monkeypatch)
    assert value in files["submissions.csv"].decode()


@pytest.mark.parametrize("formats", [("csv", "xlsx"), ("xlsx",)])
def test_other_formats_have_columns_from_all_answers(sqlite_database, small, monkeypatch, formats):
    field = open_form(sqlite_database, FORM)
    with sqlite_database.begin() as session:
        given = [answers_of(at) for at in range(LAST)]
        given[LAST - 2]["/data/one"] = "ferry"
        put(session, field, given)
    found = files_of(made_of(sqlite_database, field), formats=formats)
    one = in_one_process(sqlite_database, field, monkeypatch)
    assert found["codebook.csv"] == one["codebook.csv"]


@pytest.mark.parametrize("begun", [0, LAST], indirect=True)
@pytest.mark.parametrize("at", [2, 3, 4, 5])
def test_a_process_that_dies_leaves_no_file_cut_short(
    database, field, small, begun, started, monkeypatch, tmp_path, caplog, at
):
    answer, answered = apart._Process.answer, []

    def dying(self):
        answered.append(self)
        if len(answered) == min(at, 4 if begun else 5):
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process.stdout.read()
        return answer(self)

    monkeypatch.setattr(apart._Process, "answer", dying)
    with caplog.at_level(logging.WARNING):
        out = tmp_path / "out"
        into_folder(made_of(database, field), Wanted(), out)
    assert "one process" in caplog.text
    assert len(started) == 1
    found = {path.name: path.read_bytes() for path in out.iterdir()}
    assert found == in_one_process(database, field, monkeypatch)


def test_an_error_there_is_one_process_here(database, field, small, monkeypatch, caplog):
    monkeypatch.setattr(apart, "_START", "raise SystemExit(3)")
    with caplog.at_level(logging.WARNING):
        files = files_of(made_of(database, field))
    assert files == in_one_process(database, field, monkeypatch)
    assert "one process" in caplog.text


def test_all_processes_see_the_database_at_one_moment(database, field, small, monkeypatch):
    begin, before = apart._begin, in_one_process(database, field, monkeypatch)

    @contextmanager
    def forgotten_behind(*given):
        with begin(*given) as seen:
            with database.begin() as session:
                session.execute(delete(Interview))
            yield seen

    monkeypatch.setattr(apart, "_begin", forgotten_behind)
    made = made_of(database, field)
    # Weights, too, are those of that moment.
    assert files_of(made)["submissions.csv"] == before["submissions.csv"]


def test_who_is_forgotten_before_is_left_out(database, field, small, started, monkeypatch):
    made = made_of(database, field)
    with database.begin() as session:
        latest = session.scalar(select(func.max(Interview.id)))
        session.execute(delete(Interview).where(Interview.id.in_((latest, latest - 20))))
    files = files_of(made)
    assert len(started) == 1
    assert len(rows(files["submissions.csv"])) == LAST - 2
    monkeypatch.setattr(apart, "FROM", 10**9)
    assert files == files_of(made)


def test_what_is_on_the_command_line_of_a_process_is_no_secret(
    database, field, small, started, monkeypatch
):
    files_of(made_of(database, field))
    assert started
    password = database.url.password
    for one in started:
        told = " ".join(one.args)
        assert "sqlite:" not in told
        assert "postgresql:" not in told
        assert not password or password not in told


VALUES = ("7", "-7", "1.5", "x", "road", "tower road", "ferry", "1 2", "1 2 3", "2026-03-01",
          "2026-03-01T07:15:00.000+08:00", "0", "01", "road road", "1e5")  # fmt: skip


def test_what_fits_is_what_changes_no_column(database, field):
    with database.read() as session:
        asked, _ = of_versions(versions_of_wave(session, field.wave))

    def seen(*more):
        kinds = Kinds(asked)
        for one in (*(answers_of(at) for at in range(10)), *more):
            kinds.see(one)
        return [column(one) for one in kinds.seen]

    before = seen()
    outcomes = set()
    for place, one in enumerate(before):
        fits = one.reader.fitting()
        for value in VALUES:
            after = seen({one.asked.paths[0]: value})[place]
            same = after.variables == one.variables
            # Of what nobody answered any answer is looked at: it may be a number.
            assert fits(value) == (same and not one.unseen), (one.name, value)
            outcomes.add((one.name, fits(value)))
    assert {name for name, _ in outcomes} == {name for name, fitted in outcomes if not fitted} | {
        "words"
    }
