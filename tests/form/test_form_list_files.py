"""Lists that travel with a form, as ODK reads them; and what is no list, in one sentence."""

import json

import pytest

from surveys.form.list_files import DEEPEST, LARGEST, read_list
from surveys.form.problems import FormError

FEW = 2_000
"""Cells that a list may have here: as many as it really may take a second each."""


def rows(name, content):
    """Each item as its parts."""
    return [
        {part.name: part.text for part in item.children}
        for item in read_list(name, content).children
    ]


def refused(name, content):
    with pytest.raises(FormError) as found:
        read_list(name, content)
    return str(found.value)


@pytest.mark.parametrize("sign", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
def test_csv_as_people_save_it(sign, end, coding):
    lines = [["name", " 名 label"], ["a", f'"x{sign}""y"""'], [], ["b"], ["c", "  z ", "more"]]
    text = end.join(sign.join(line) for line in lines)
    assert rows("l.csv", text.encode(coding)) == [
        {"name": "a", "名 label": f'x{sign}"y"'},
        {"name": "b", "名 label": ""},
        {"name": "c", "名 label": "  z "},
    ]


def test_a_column_without_a_name_is_left_out():
    assert rows("l.csv", b"a,,b\n1,2,3") == [{"a": "1", "b": "3"}]


def test_xml_as_it_stands():
    root = read_list(
        "l.xml", b'<a xmlns="urn:x"><b c="1"> t <d/></b><b><d>2</d></b><e>\xc3\xa9</e></a>'
    )
    assert root.name == "a"
    assert [one.name for one in root.children] == ["b", "b", "e"]
    first, second, third = root.children
    assert (first.text, first.attributes, first.part("d")) == ("t", {"c": "1"}, "")
    assert (second.part("d"), third.text, second.parent) == ("2", "é", root)


def features(*them, **more):
    return json.dumps({"type": "FeatureCollection", "features": list(them), **more}).encode()


def feature(kind, coordinates, **more):
    shape = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "geometry": shape, **more}


def test_geojson_with_latitude_first():
    ring = [[0, 0], [1, 0.5], [0, 0]]
    found = rows(
        "l.geojson",
        features(
            feature("Point", [120.25, -30, 7], id=3, properties={"id": "x", "n": 1, "t": True}),
            feature("LineString", [[1, 2], [3, 4]], id="b", properties={"z": None}),
            feature("Polygon", [ring, [[9, 9]]], properties=None),
            {"type": "Feature", "geometry": None, "properties": {"title": "é"}},
            feature("Polygon", []),
        ).replace(b'"n": 1', b'"n": 1.50'),
    )
    assert found == [
        {"geometry": "-30 120.25 0 0", "id": "3", "n": "1.50", "t": "true"},
        {"geometry": "2 1 0 0; 4 3 0 0", "z": "", "id": "b"},
        {"geometry": "0 0 0 0; 0.5 1 0 0; 0 0 0 0"},
        {"title": "é"},
        {"geometry": ""},
    ]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("l.txt", b"a", "l.txt is no list. A list's name ends in .csv, .xml or .geojson."),
        ("l.csv", b"", "The file l.csv is empty."),
        ("l.csv", b" , \n1,2", "The file l.csv is empty."),
        ("l.csv", b"a,b,a\n", "has two columns a. Rename one."),
        ("l.csv", b"\xe9\n", "is not UTF-8 text."),
        ("l.csv", b'a\n"' + b"x" * 140_000, "is not CSV."),
        ("l.csv", b"a,b\n" + b"1\n" * (FEW // 2 + 1), "has more than 2,000 cells."),
        ("l.csv", b"a\n" * (LARGEST // 2 + 1), "is too large."),
        ("l.xml", b"<a><b></a>", "is not well-formed XML."),
        ("l.xml", b"", "is not well-formed XML."),
        ("l.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "declares entities"),
        ("l.xml", b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "declares entities"),
        ("l.xml", b"<a>" * 99 + b"</a>" * 99, f"has more than {DEEPEST} elements inside each"),
        ("l.xml", b"<a>" + b"<b/>" * (FEW + 1) + b"</a>", "has more than 2,000 cells."),
        ("l.geojson", b"{", "is not JSON."),
        ("l.geojson", b"[" * 100_000, "is not JSON."),
        ("l.geojson", b"[]", "is no FeatureCollection."),
        ("l.geojson", b'{"type": "FeatureCollection"}', "is no FeatureCollection."),
        ("l.geojson", features(1), "feature 1 is none."),
        ("l.geojson", features(feature("Point", [1, 2]), feature("MultiPoint", [])),
         "feature 2 is no point, line or polygon."),
        ("l.geojson", features(feature(["Point"], [1, 2])), "feature 1 is no point, line"),
        ("l.geojson", features(feature("Point", [200, 2])), "feature 1 has a place that is none."),
        ("l.geojson", features(feature("Point", ["1", "2"])), "has a place that is none."),
        ("l.geojson", features(feature("Point", [True, 2])), "has a place that is none."),
        ("l.geojson", features(feature("Point", None)), "has a place that is none."),
        ("l.geojson", features(feature("LineString", 3)), "has a place that is none."),
        ("l.geojson", features(feature("Point", [1, 10**50])), "has a place that is none."),
        ("l.geojson", features(feature("Point", [1, 2], properties={"a": [1]})),
         "a of feature 1 has more than one value."),
    ],
)  # fmt: skip
def test_what_is_no_list(name, content, words, monkeypatch):
    monkeypatch.setattr("surveys.form.list_files.MOST", FEW)
    assert words in refused(name, content)


def test_a_collection_of_many_features_ends_somewhere(monkeypatch):
    monkeypatch.setattr("surveys.form.list_files.MOST", FEW)
    one = json.dumps(feature("Point", [1, 2], properties=dict.fromkeys(map(str, range(98)), 1)))
    content = b'{"type":"FeatureCollection","features":[%s]}' % ",".join([one] * 21).encode()
    assert "more than 2,000 cells" in refused("l.geojson", content)


def test_properties_that_are_none_and_a_feature_with_an_own_id_only():
    odd = {"type": "Feature", "properties": 7, "id": 1}
    assert rows("l.geojson", features(odd)) == [{"id": "1"}]
