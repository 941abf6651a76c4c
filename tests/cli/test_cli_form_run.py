"""`usegap form run` as from a shell."""

import json

FORM = """
| survey |
| | type | name | label::English (en) | label::中文 (zh) | required | calculation |
| | select_one_from_file places.csv | place | Where? | 在哪里？ | yes | |
| | calculate | size | | | | pulldata('sizes', 'size', 'name', ${place}) |
| | note | told | ${size} homes | ${size} 户 | | |
| | calculate | day | | | | format-date(now(), '%Y-%m-%d %H') |
"""


def prepared(folder, answers):
    (folder / "villages.md").write_text(FORM, "utf-8")
    (folder / "villages-media").mkdir(exist_ok=True)
    (folder / "villages-media/places.csv").write_text("name,label\na,A village\nb,B village\n")
    (folder / "sizes.csv").write_text("name,size\na,12\nb,30\n")
    (folder / "answers.json").write_text(json.dumps(answers), "utf-8")
    return "form", "run", "villages.md", "--answers", "answers.json"


def test_json_is_what_the_page_says_and_files_are_found_beside_the_form(usegap, tmp_path):
    called = prepared(tmp_path, {"/data/place": "b", "/data/other": 1})
    chinese = ("--language", "zh", "--json", "--now")
    code, out, err = usegap(*called, *chinese, "2024-05-06T09:08:09+02:00")
    assert code == 0
    assert "there is no question /data/other" in err
    told = json.loads(out)
    assert told["asked"] == [
        {
            "node": "/data/place", "label": "在哪里？", "type": "select_one",
            "choices": [["a", "A village"], ["b", "B village"]], "answer": "b", "accepted": True,
            "message": None,
        },
        {
            "node": "/data/told", "label": "30 户", "type": "note", "choices": [], "answer": None,
            "accepted": True, "message": None,
        },
    ]  # fmt: skip
    assert told["nodes"][:4] == [
        {"node": "/data/place", "relevant": True, "value": "b"},
        {"node": "/data/size", "relevant": True, "value": "30"},
        {"node": "/data/told", "relevant": True, "value": None},
        {"node": "/data/day", "relevant": True, "value": "2024-05-06 07"},
    ]
    assert told["finished"] is True
    again = usegap(*called, *chinese, "2024-05-06T07:08:09Z")
    assert again[1] == out


def test_lines_say_what_was_refused_and_where_it_ended(usegap, tmp_path):
    code, out, _ = usegap(*prepared(tmp_path, {"/data/place": "c"}))
    assert code == 0
    assert out.split("\n")[:6] == [
        "/data/place (select_one) Where?",
        "    [a] A village",
        "    [b] B village",
        "    = c",
        "    ! That is none of the choices.",
        "Ended at /data/place, which needs an answer. What is in the form now (- not relevant):",
    ]


def test_what_is_wrong_with_the_call_is_said_in_one_line(usegap, tmp_path):
    called = prepared(tmp_path, {"/data/place": ["b"]})
    assert usegap(*called)[2].startswith("usegap: answers.json: /data/place: a text")
    assert usegap(*called, "--now", "noon")[0] == 1
    for no_json in ("{", "[" * 100_000):
        (tmp_path / "answers.json").write_text(no_json)
        assert usegap(*called)[2].startswith("usegap: answers.json is no JSON")
    assert usegap("form", "run", "villages.md", "--answers", "none.json")[0] == 1
    # A list that is nowhere is an error of the form, not of the run.
    (tmp_path / "villages-media/places.csv").unlink()
    prepared(tmp_path, {})
    (tmp_path / "villages-media/places.csv").unlink()
    code, _, err = usegap(*called)
    assert code == 1
    assert "places.csv" in err
