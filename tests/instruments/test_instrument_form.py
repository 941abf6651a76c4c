"""The shipped instruments: valid for ODK, and fit for a small screen and a tired reader."""

import re
import unicodedata
from collections import Counter
from typing import get_args

import pytest
from method_scores import ITEMS, LACKS

from surveys.form.indicators import Base, Dimension, Kind, Role
from surveys.instruments import shipped, shipped_names

EN, ZH = "English (en)", "中文 (zh)"
SHOWN = {"select_one", "select_multiple", "integer", "text", "note"}
EXCLUSIVE = ("none", "no")


def test_an_unknown_name_is_refused_with_what_there_is():
    assert {"village_digital", "three_questions"} <= set(shipped_names())
    with pytest.raises(LookupError, match="village_digital"):
        shipped("../secrets")


def test_pyxform_converts_it_without_a_warning(any_instrument):
    from pyxform.xls2xform import convert

    result = convert(any_instrument, file_type=".md")
    assert result.warnings == []


def test_odk_validate_accepts_it(any_instrument, java):
    from pyxform.xls2xform import convert

    convert(any_instrument, file_type=".md", validate=True)


def test_odk_validate_is_really_asked(java):
    from pyxform.validators.odk_validate import ODKValidateError
    from pyxform.xls2xform import convert

    broken = shipped().replace(b"if(${B5} = ''", b"iff(${B5} = ''")
    with pytest.raises(ODKValidateError, match="iff"):
        convert(broken, file_type=".md", validate=True)


def kind(row: dict[str, str]) -> str:
    return row["type"].partition(" ")[0]


def test_every_text_is_there_in_both_languages(sheets):
    for row in (*sheets["survey"], *sheets["choices"], *sheets["indicators"]):
        for column in ("label", "hint", "constraint_message", "required_message"):
            texts = [bool(row.get(f"{column}::{language}")) for language in (EN, ZH)]
            assert texts[0] == texts[1], row
    for row in sheets["survey"]:
        if kind(row) in SHOWN:
            assert row[f"label::{EN}"], row
            assert bool(row["constraint"]) == bool(row[f"constraint_message::{EN}"]), row
            assert bool(row["required"]) == bool(row[f"required_message::{EN}"]), row


def test_chinese_is_chinese_and_english_is_not(sheets):
    def chinese(text: str) -> bool:
        return re.search("[\u4e00-\u9fff]", text) is not None

    for row in (*sheets["survey"], *sheets["choices"], *sheets["indicators"]):
        for column, text in row.items():
            if column.endswith(EN):
                assert not chinese(text), text
            if column.endswith(ZH) and text:
                assert chinese(text), text
                assert not re.search("[\u4e00-\u9fff][,?!;:()]|[,?!;:()][\u4e00-\u9fff]", text), (
                    text
                )


def columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def test_every_choice_fits_on_a_button(sheets):
    wide = [
        (row["list_name"], row["name"], language)
        for row in sheets["choices"]
        for language in (EN, ZH)
        if columns(row[f"label::{language}"]) > 28
    ]
    assert wide == []


def test_no_text_is_long(sheets):
    for row in sheets["survey"]:
        assert columns(row[f"label::{ZH}"]) <= 130, row["name"]
        assert len(row[f"label::{EN}"]) <= 140, row["name"]


def test_labels_and_values_of_a_list_are_distinct_and_values_are_plain(sheets):
    seen = Counter()
    for row in sheets["choices"]:
        assert re.fullmatch("[a-z0-9]+", row["name"])
        for what in ("name", f"label::{EN}", f"label::{ZH}"):
            seen[row["list_name"], what, row[what]] += 1
    assert [key for key, times in seen.items() if times > 1] == []
    used = {row["type"].split()[1] for row in sheets["survey"] if kind(row).startswith("select")}
    assert used == {row["list_name"] for row in sheets["choices"]}


def test_whoever_must_answer_can_answer(sheets):
    """A required question has an answer for everyone; where none fits everyone, skipping is one."""
    values: dict[str, set[str]] = {}
    for row in sheets["choices"]:
        values.setdefault(row["list_name"], set()).add(row["name"])
    complete = {"a1", "a3", "b4"}
    way_out = {"99", "none", "no", "dk", "8", "9"}
    for row in sheets["survey"]:
        if row["required"]:
            list_name = row["type"].split()[1]
            assert list_name in complete or values[list_name] & way_out, row["name"]


def test_none_of_these_stands_alone(sheets):
    values: dict[str, list[str]] = {}
    for row in sheets["choices"]:
        values.setdefault(row["list_name"], []).append(row["name"])
    for row in sheets["survey"]:
        if kind(row) == "select_multiple":
            alone = next(
                (one for one in EXCLUSIVE if one in values[row["type"].split()[1]][-1:]), None
            )
            if alone:
                assert f"selected(., '{alone}') and count-selected(.) > 1" in row["constraint"]


def test_knowledge_is_shuffled_by_six_whole_seeds(sheets):
    rows = {row["name"]: row for row in sheets["survey"]}
    for number in range(1, 7):
        assert rows[f"K{number}"]["parameters"] == f"randomize=true, seed=${{seed_k{number}}}"
        assert rows[f"seed_k{number}"]["calculation"] == "once(int(random() * 2147483646) + 1)"


def test_no_address_in_a_text_can_be_tapped(sheets):
    """K1 shows an address of fraud: written with a full-width dot, no phone makes it a link."""
    for row in sheets["survey"]:
        for language in (EN, ZH):
            label = row[f"label::{language}"]
            assert not re.search(r"https?:|[a-z0-9-]\.(top|com|cn|net|org)\b", label), label


def test_the_sheet_indicators_names_what_there_is(sheets):
    names = {row["name"] for row in sheets["survey"]}
    rows = sheets["indicators"]
    assert [row["name"] for row in rows if row["name"] not in names] == []
    assert max(Counter(row["name"] for row in rows).values()) == 1
    for row in rows:
        assert row["role"] in ("", *get_args(Role))
        assert row["dimension"] in get_args(Dimension)
        assert row["kind"] in ("", *get_args(Kind))
        assert row["base"] in (("",) if not row["kind"] else get_args(Base))
        assert row["higher_is_better"] in ("", "yes", "no")
        assert not row["reference"] or row["reference_source"]
        assert row["role"] or row["kind"]
    roles = Counter(row["role"] for row in rows if row["role"])
    assert roles == dict.fromkeys(get_args(Role), 1) | {"agreement": 3}
    chain = {row["dimension"] for row in rows if row["dimension"].startswith("chain-")}
    assert chain == {f"chain-{link}" for link in "TCLPQ"}
    assert [r["name"] for r in rows if (r["dimension"], r["kind"]) == ("use", "score")] == ["s_use"]


def test_every_score_is_an_indicator_and_every_indicator_a_score(sheets):
    listed = {row["name"] for row in sheets["indicators"] if row["kind"]}
    scores = {
        row["name"]
        for row in sheets["survey"]
        if kind(row) == "calculate" and re.match("[spc]_", row["name"])
    }
    # S - K has no natural zero: only differences between groups of it may be shown.
    assert scores - listed == {"s_overclaim"}
    assert listed - scores == {"user", "B6", "B7", "G1", *LACKS, *ITEMS}


def test_the_sheet_indicators_names_items_and_lacks(sheets):
    rows = [row for row in sheets["indicators"] if row["kind"] == "item"]
    lacking = [row for row in rows if row["dimension"] == "deprivation"]
    assert [row["name"] for row in lacking] == LACKS
    assert {(row["base"], row["higher_is_better"]) for row in lacking} == {("all", "no")}
    parts = {row["name"]: row["part_of"] for row in rows if row not in lacking}
    knowledge = {f"i_K{number}": "s_knowledge" for number in range(1, 7)}
    assert parts == knowledge | {f"i_S{number}": "s_self" for number in range(1, 4)}
