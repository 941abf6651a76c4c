"""Workbooks opened by openpyxl and pandas, Parquet by pandas and pyarrow."""

import json
import re
import zipfile
from datetime import datetime
from math import nan

import openpyxl
import pandas as pd
import pytest
from made_tables import EMPTY, LONG, ROWS, table
from pyarrow import parquet

from surveys.export import Unwritable
from surveys.export.parquet import write_parquet
from surveys.export.xlsx import LONGEST_TITLE, MOST_ROWS, write_xlsx

HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "#N/A", "=HYPERLINK(\"http://x\")", "＝1",
           "a\x00b\x1b￾", "x" * 40_000]  # fmt: skip


def book_of(tables, folder, language="zh"):
    (path,) = write_xlsx(tables, folder, language)
    return openpyxl.load_workbook(path), path


def cells(sheet):
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_a_workbook_has_values_labels_and_the_codebook(tmp_path):
    book, path = book_of([table(), EMPTY], tmp_path)
    assert path.name == "submissions.xlsx"
    assert book.sheetnames == ["values", "labels", "values members", "labels members", "codebook"]
    values, labels = cells(book["values"]), cells(book["labels"])
    assert values[0][:5] == ["KEY", "household", "home-A6", "access-B2", "access-B3"]
    assert labels[0][:3] == ["编号", "家庭", "几口大人？"]
    assert labels[0][3] == LONG
    assert values[1] == [
        "k1", "h1", 3, "fixed", 3, "news", 1, 0, 12.5, datetime(2026, 3, 2),
        datetime(2026, 3, 2, 17, 0, 30, 500_000), None, None,
    ]  # fmt: skip
    assert labels[1][3:8] == ["宽带", "一直", "news", "是", "否"]
    assert [row[4] for row in values[1:]] == [3, 99, 98, 0]
    assert [row[3] for row in labels[1:]] == ["宽带", "不想说", "流量" * 100, "withdrawn"]
    assert [row[0] for row in cells(book["codebook"])[1:6]] == values[0][:5]
    assert len(cells(book["values members"])) == 1
    for sheet in book:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == sheet.dimensions
        assert all(8 <= one.width <= 40 for one in sheet.column_dimensions.values())
    day = book["values"].cell(2, 10)
    assert (day.is_date, day.number_format) == (True, "yyyy-mm-dd")
    assert pd.read_excel(path, "values")["use_c1_news"][3] == pytest.approx(1 / 3)


def test_no_text_is_ever_a_formula_and_nothing_breaks_the_file(tmp_path):
    rows = [[text, text, *ROWS[0][2:]] for text in HOSTILE]
    book, path = book_of([table(rows)], tmp_path)
    for sheet in (book["values"], book["labels"]):
        found = [sheet.cell(at + 2, 1) for at in range(len(rows))]
        assert {cell.data_type for cell in found} == {"s"}
        assert [cell.value for cell in found[:8]] == HOSTILE[:8]
        assert (found[8].value, len(found[9].value)) == ("ab", 32_767)
        # It stays a text when somebody edits it.
        assert all(cell.quotePrefix for cell in found[:8])
    with zipfile.ZipFile(path) as packed:
        for name in packed.namelist():
            assert not re.search(rb"<f[ >]", packed.read(name))


def test_more_than_a_sheet_holds_is_refused_before_anything_is_written(tmp_path):
    from dataclasses import replace

    with pytest.raises(Unwritable, match="more than a sheet of Excel holds"):
        write_xlsx([replace(table(), count=MOST_ROWS)], tmp_path, "en")
    assert list(tmp_path.iterdir()) == []


def test_sheets_of_long_and_like_names_are_told_apart(tmp_path):
    long = [table([], name=f"submissions-a very long name of a repeat [{number}]: x")
            for number in range(3)]  # fmt: skip
    book, _ = book_of([table(), *long], tmp_path)
    assert len({name.lower() for name in book.sheetnames}) == 9
    assert max(map(len, book.sheetnames)) <= LONGEST_TITLE


def test_parquet_has_types_dictionaries_and_labels(tmp_path, monkeypatch):
    monkeypatch.setattr("surveys.export.parquet.ROWS", 3)
    paths = write_parquet([table(), EMPTY], tmp_path, "en")
    assert [path.name for path in paths] == ["submissions.parquet", "submissions-members.parquet"]
    file = parquet.ParquetFile(paths[0])
    assert [file.metadata.row_group(at).num_rows for at in range(2)] == [3, 1]
    types = {field.name: str(field.type) for field in file.schema_arrow}
    assert types["access-B2"] == "dictionary<values=string, indices=int32, ordered=0>"
    assert types["use-C1/news"] == "bool"
    assert types["day"] == "date32[day]"
    assert types["finished"] == "timestamp[ms, tz=UTC]"
    meaning = json.loads(file.schema_arrow.metadata[b"usegap"])
    assert meaning["access-B3"]["values"][3] == {
        "value": "99", "label": {"en": "Do not know", "zh": "不知道"}, "missing": True
    }  # fmt: skip
    frame = pd.read_parquet(paths[0])
    assert frame["KEY"].tolist() == [row[0] for row in ROWS]
    assert frame["access-B2"].tolist() == ["fixed", "99", "mobile", "withdrawn"]
    assert list(frame["access-B3"].cat.categories) == ["0", "3", "98", "99"]
    assert frame["use_c1_news"].tolist() == pytest.approx([12.5, nan, 0.1, 1 / 3], nan_ok=True)
    assert frame["finished"][2] == pd.Timestamp("1999-12-31 23:59:59", tz="UTC")
    assert pd.read_parquet(paths[1]).shape == (0, len(frame.columns))


def test_without_pyarrow_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with pytest.raises(Unwritable, match=r"usegap\[parquet\]"):
        write_parquet([table()], tmp_path, "en")
