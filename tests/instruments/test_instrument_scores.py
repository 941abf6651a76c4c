"""What the form computes against the method, written down a second time in `method_scores`."""

import pytest
from method_scores import asked, scores
from respondents import respondent


def same(computed: dict[str, str], given: dict[str, str]) -> None:
    for name, expected in scores(given).items():
        value = computed.get(name, "")
        if expected is None:
            assert value == "", (name, value, given)
        elif isinstance(expected, str):
            assert value == expected, (name, given)
        else:
            assert value != "", (name, given)
            assert float(value) == pytest.approx(float(expected), abs=1e-9), (name, given)


def test_javarosa_scores_as_the_method_says(javarosa, sheets):
    people = [respondent(sheets, seed) for seed in range(150)]
    for given, (_, refused, values) in zip(people, javarosa(people), strict=True):
        assert refused == set()
        same(values, given)
        assert {name for name in given if name in values} == asked(given) & set(given)


def test_javarosa_refuses_what_cannot_be(javarosa, sheets):
    full = respondent(sheets, 1, skipping=0)
    full |= {"A1": "self", "A3": "35", "A5": "farm", "B4": "day"}
    nobody_online = full | {"B4": "never"}
    wrong = [
        (full, {"B1": "none smart"}),
        (full, {"C1": "none news"}),
        (full, {"R1": "none train"}),
        (full, {"R3": "none sell"}),
        (full, {"R4": "none dev"}),
        (full, {"F2": "none earn"}),
        (nobody_online, {"B7": "no fam"}),
        (full, {"A6": "0", "A7": "", "A8": ""}),
        (full, {"A6": "16", "A7": "", "A8": ""}),
        (full, {"A7": "3", "A6": "2"}),
        (full, {"A8": "3", "A6": "2"}),
        (full, {"G1": "net cost dev old"}),
        (full, {"G2": "字" * 201}),
    ]
    people = [{k: v for k, v in (base | bad).items() if v} for base, bad in wrong]
    right = [full, full | {"R4": "no dev", "G1": "net cost dev", "G2": "字" * 200}]
    told = javarosa(people + right)
    for (_, bad), (_, refused, _) in zip(wrong, told, strict=False):
        assert refused == {next(iter(bad))}, bad
    assert [refused for _, refused, _ in told[len(wrong) :]] == [set(), set()]


def test_everyone_reads_one_result_and_one_tip(javarosa, sheets):
    people = [respondent(sheets, seed, skipping=0) for seed in range(300, 400)]
    tips = set()
    for given, (shown, _, values) in zip(people, javarosa(people), strict=True):
        notes = [name for name in shown if name.startswith(("result_", "tip_", "young"))]
        if given["A3"] == "0":
            assert shown - {"note_proxy", "note_helped"} == {"young"}
            assert values["exclude"] == "1"
            assert "tip" not in values
            continue
        second = [name for name in shown if name.startswith(("riddles_", "heard_"))]
        assert (len(notes), len(second)) == (2, 1), (given, shown)
        assert f"tip_{values['tip']}" in notes
        tips.add(values["tip"])
    assert len(tips) > 5
