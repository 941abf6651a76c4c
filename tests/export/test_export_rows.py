"""Rows of SPSS and Stata files that are ours are what pyreadstat writes of the whole table."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.export.spss import write_spss
from surveys.export.stata import write_stata
from surveys.export.table import Table, Value, Variable
from surveys.export.unwritable import Unwritable

VALUES = (
    Value("0", {"en": "Never"}), Value("3", {"en": "Always"}), Value("98", {"en": "Refused"}, True),
    Value("99", {"en": "Do not know"}, True),
)  # fmt: skip
PLUS_8 = timezone(timedelta(hours=8))
LENGTHS = (1, 7, 8, 9, 84, 85, 251, 252, 253, 255, 256, 257, 504, 505, 510, 511, 764, 2044)
TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    st.builds(lambda one, times: one * times, st.sampled_from("x村 "), st.sampled_from(LENGTHS)),
)
NUMBER = st.floats(-1e12, 1e12) | st.sampled_from([-100.0, -99.0, -0.0, 151.0, 152.0, 0.5])
MOMENT = st.datetimes(
    datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.sampled_from([UTC, PLUS_8])
).map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000))
CELLS = {
    "text": TEXT,
    "category": st.sampled_from(["0", "3", "98", "99", "gone"]),
    "integer": st.integers(-(2**31) + 200, 2**31 - 200) | st.integers(-200, 200),
    "decimal": NUMBER,
    "date": st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    "time": st.times(),
    "moment": MOMENT,
    "yes_no": st.integers(0, 1),
}


@st.composite
def tables(draw):
    """A table of some columns, and its rows some at a time."""
    kinds = draw(st.lists(st.sampled_from(list(CELLS)), min_size=1, max_size=10))
    variables = tuple(
        Variable(
            f"v{at}", kind, {"en": f"Column {at}", "zh": "列"},
            values=VALUES if kind == "category" else (),
            question=draw(st.sampled_from(["", "dateTime"])) if kind == "moment" else "",
        )
        for at, kind in enumerate(kinds)
    )  # fmt: skip
    row = st.tuples(*(st.none() | CELLS[kind] for kind in kinds)).map(list)
    rows = draw(st.lists(row, max_size=20))
    step = draw(st.integers(1, 7))
    made = lambda: iter([rows[at : at + step] for at in range(0, len(rows), step)])  # noqa: E731
    return Table("table", variables, made, len(rows)), rows


def whole(table, rows, letters):
    """The same as one data frame, made by hand; letters: of missing values, by code."""
    codes = {"0": 0, "3": 3, "98": 98, "99": 99}
    frame = {}
    for at, one in enumerate(table.variables):
        cells = [row[at] for row in rows]
        if one.kind == "text":
            cells = ["" if cell is None else cell for cell in cells]
            made = pd.Series(cells, dtype=pd.StringDtype("python", na_value=np.nan))
        elif one.kind == "category":
            others = {"gone": 100}
            cells = [None if cell is None else (codes | others)[cell] for cell in cells]
            made = pd.Series(pd.array(cells, dtype="Int32"))
            if letters:
                made = made.astype(object).replace(letters)
        elif one.kind in ("integer", "yes_no"):
            made = pd.Series(pd.array(cells, dtype="Int32"))
        elif one.kind == "decimal":
            made = pd.Series(cells, dtype="float64")
        elif one.kind == "moment":
            zone = None if one.question else UTC
            cells = [
                cell and (cell if zone is None else cell.astimezone(zone)).replace(tzinfo=None)
                for cell in cells
            ]
            made = pd.Series(cells, dtype="datetime64[ms]")
        elif all(cell is None for cell in cells):
            # Of nothing pyreadstat makes no column of days.
            made = pd.Series([np.nan] * len(cells), dtype="float64")
        else:
            made = pd.Series(cells, dtype="object")
        frame[f"v{at}"] = made
    return pd.DataFrame(frame)


def both(table, rows, write, name):
    """Our file and that which pyreadstat writes of the whole, with the same labels."""
    asked = {}
    library = getattr(pyreadstat, name)

    def writing(frame, path, **more):
        asked.update(more)
        library(frame, path, **more)

    with TemporaryDirectory() as folder:
        with patch.object(pyreadstat, name, writing):
            (ours,) = write([table], Path(folder), "en")
        theirs = Path(folder, "theirs")
        letters = {98: "a", 99: "b"} if name == "write_dta" else {}
        library(whole(table, rows, letters), theirs, **asked)
        return ours.read_bytes(), theirs.read_bytes()


@settings(max_examples=100, deadline=None)
@given(tables())
def test_an_spss_file_is_the_librarys_own_byte_for_byte(made):
    table, rows = made
    ours, theirs = both(table, rows, write_spss, "write_sav")
    # When each was made.
    assert ours[:92] + ours[109:] == theirs[:92] + theirs[109:]


def read(file):
    """The columns of a Stata file, missing values told apart; its texts; what it says of them."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "x.dta")
        path.write_bytes(file)
        seen = pd.read_stata(path, convert_missing=True, convert_dates=False,
                             convert_categoricals=False)  # fmt: skip
        texts, meta = pyreadstat.read_dta(path)
    texts = {name: list(texts[name]) for name, kind in meta.readstat_variable_types.items()
             if kind == "string"}  # fmt: skip
    columns = {name: [str(cell) for cell in seen[name]] for name in seen}
    return columns, texts, meta.variable_value_labels, meta.original_variable_types


@settings(max_examples=100, deadline=None)
@given(tables())
def test_a_stata_file_is_the_librarys_own(made):
    table, rows = made
    ours, theirs = both(table, rows, write_stata, "write_dta")
    assert read(ours) == read(theirs)
    # Of long texts ours has no empty ones behind the rows, and the library each text once.
    if b"GSO" not in theirs:
        timed = re.compile(rb"<timestamp>.*?</timestamp>", re.DOTALL)
        assert timed.sub(b"", ours) == timed.sub(b"", theirs)


@pytest.mark.parametrize(("write", "name"), [(write_spss, "write_sav"), (write_stata, "write_dta")])
def test_a_library_that_writes_rows_otherwise_is_not_followed(tmp_path, write, name):
    library = getattr(pyreadstat, name)

    def otherwise(frame, path, **more):
        library(frame.assign(v0=7), path, **more)

    table = Table("table", (Variable("v0", "integer", {"en": "A"}),), lambda: iter([[[3]]]), 1)
    with patch.object(pyreadstat, name, otherwise), pytest.raises(Unwritable, match="pyreadstat"):
        write([table], tmp_path, "en")
