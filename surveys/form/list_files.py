"""Files that travel with a form, as trees to look things up in: CSV, XML and GeoJSON lists."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import NoReturn
from xml.etree.ElementTree import Element, ParseError

from surveys.form.items import Item
from surveys.form.problems import refused

LARGEST = 10 * 1024 * 1024
"""Bytes of a list."""
MOST = 200_000
"""Cells (elements, properties) of one list: the tree of so many takes about 80 MB."""
DEEPEST = 50
"""Elements of XML inside each other."""
ENDINGS = ("csv", "xml", "geojson")

_SHAPES: Mapping[str, int] = {"Point": 0, "LineString": 1, "Polygon": 2}
"""Geometries that ODK reads, and how many lists are around a position."""


def read_list(name: str, content: bytes) -> Item:
    """The list in a file, by the ending of its name, as ODK shapes it.

    CSV and GeoJSON become an element "root" with an "item" for each row or feature; in it stands an
    element for each column, or for the geometry ("latitude longitude 0 0", the points of a line or
    of a polygon's outline joined by "; "), each property and the id. Of XML it is the document's
    own element. Raises `FormError` with one sentence where the file is no such list.
    """
    ending = PurePath(name).suffix.lower().lstrip(".")
    if ending not in ENDINGS:
        _wrong(name, "{file} is no list.", "A list's name ends in .csv, .xml or .geojson.")
    if len(content) > LARGEST:
        _wrong(
            name,
            "The file {file} is too large.",
            "A list has up to {most} megabytes.",
            most=LARGEST // 1024 // 1024,
        )
    if ending == "xml":
        return _xml(name, content)
    text = _text(name, content)
    return _csv(name, text) if ending == "csv" else _geojson(name, text)


def _wrong(file: str, told: str, remedy: str, /, **named: object) -> NoReturn:
    raise refused(told, remedy, file=file[:80], **named)


def _text(name: str, content: bytes) -> str:
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        _wrong(name, "The file {file} is not UTF-8 text.", "In Excel save it as “CSV UTF-8”.")


# CSV --------------------------------------------------------------------------------------------


def _csv(name: str, text: str) -> Item:
    rows = _rows(name, text)
    headers = [header.strip() for header in next(rows, [])]
    if not any(headers):
        _wrong(
            name, "The file {file} is empty.", "Write the names of the columns in its first line."
        )
    twice = next((one for one in headers if one and headers.count(one) > 1), None)
    if twice is not None:
        _wrong(name, "The file {file} has two columns {twice}.", "Rename one.", twice=twice[:80])
    root = Item("root")
    for number, cells in enumerate(rows, 1):
        if number * len(headers) > MOST:
            _too_many(name)
        item = root.add(Item("item"))
        for place, header in enumerate(headers):
            if header:
                item.add(Item(header, cells[place] if place < len(cells) else ""))
    return root


def _rows(name: str, text: str) -> Iterator[list[str]]:
    """The rows that are not empty, whatever separates cells and ends lines."""
    head = text.lstrip("\r\n").partition("\n")[0]
    sign = next((one for one in ",;\t" if one in head), ",")
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=sign):
            if cells:
                yield cells
    except csv.Error:
        _wrong(name, "The file {file} is not CSV.", "Save it again as CSV in UTF-8.")


def _too_many(name: str) -> NoReturn:
    _wrong(
        name,
        "The file {file} has more than {most} cells.",
        "Take out the columns that the form does not use.",
        most=f"{MOST:,}",
    )


# XML --------------------------------------------------------------------------------------------


def _xml(name: str, content: bytes) -> Item:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except DefusedXmlException:
        _wrong(
            name,
            "The file {file} declares entities or a document type.",
            "Take the declaration out.",
        )
    except (ParseError, ValueError, LookupError):
        _wrong(name, "The file {file} is not well-formed XML.", "Save it again as XML.")
    made = Item(_local(root.tag), (root.text or "").strip(), _attributes(root))
    left, count = [(root, made, 1)], 0
    while left:
        element, item, depth = left.pop()
        count += len(element)
        if depth > DEEPEST:
            _wrong(
                name,
                "The file {file} has more than {most} elements inside each other.",
                "Flatten it.",
                most=DEEPEST,
            )
        if count > MOST:
            _too_many(name)
        for child in element:
            inner = Item(_local(child.tag), (child.text or "").strip(), _attributes(child))
            left.append((child, item.add(inner), depth + 1))
    return made


def _attributes(element: Element) -> dict[str, str]:
    return {_local(name): value for name, value in element.attrib.items()}


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


# GeoJSON ----------------------------------------------------------------------------------------


class _Written(str):
    """A number with a point, as it is written: 3.50 stays 3.50 in a property."""


def _geojson(name: str, text: str) -> Item:
    try:
        document = json.loads(text, parse_float=_Written, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        _wrong(name, "The file {file} is not JSON.", "Export it again as GeoJSON.")
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or document.get("type") != "FeatureCollection":
        _wrong(
            name,
            "The file {file} is no FeatureCollection.",
            "Export its features as one GeoJSON collection.",
        )
    root, count = Item("root"), 0
    for number, feature in enumerate(features, 1):
        item = root.add(_feature(name, number, feature))
        count += 1 + len(item.children)
        if count > MOST:
            _too_many(name)
    return root


def _feature(name: str, number: int, feature: object) -> Item:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        _wrong(
            name,
            "In the file {file}, feature {number} is none.",
            "Export it again as GeoJSON.",
            number=number,
        )
    item = Item("item")
    if feature.get("geometry") is not None:
        item.add(Item("geometry", _geometry(name, number, feature["geometry"])))
    properties = feature.get("properties") or {}
    if not isinstance(properties, dict):
        properties = {}
    for key, value in properties.items():
        if isinstance(value, (dict, list)):
            _wrong(
                name, "In the file {file}, {key} of feature {number} has more than one value.",
                "A property is a text or a number.", key=key[:80], number=number,
            )  # fmt: skip
        item.add(Item(key, _plain(value)))
    if feature.get("id") is not None:
        given = next((child for child in item.children if child.name == "id"), None)
        (given or item.add(Item("id"))).text = _plain(feature["id"])
    return item


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _geometry(name: str, number: int, geometry: object) -> str:
    """The points as ODK writes them: latitude first, no altitude, no accuracy."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    shape = _SHAPES.get(kind) if isinstance(kind, str) else None
    if shape is None or not isinstance(geometry, dict):
        _wrong(
            name, "In the file {file}, feature {number} is no point, line or polygon.",
            "ODK reads Point, LineString and Polygon only.", number=number,
        )  # fmt: skip
    points = geometry.get("coordinates")
    if shape == 2:
        # The outline; what is cut out of a polygon has no place in ODK's text.
        points = points[0] if isinstance(points, list) and points else points
    listed = [points] if shape == 0 else points
    if not isinstance(listed, list):
        listed = [None]
    told = [_point(point) for point in listed]
    if None in told:
        _wrong(
            name, "In the file {file}, feature {number} has a place that is none.",
            "A place is [longitude, latitude], in degrees.", number=number,
        )  # fmt: skip
    return "; ".join(filter(None, told))


def _point(point: object) -> str | None:
    if not isinstance(point, Sequence) or isinstance(point, str) or len(point) < 2:
        return None
    words = [_degrees(point[1], 90), _degrees(point[0], 180)]
    return None if None in words else f"{words[0]} {words[1]} 0 0"


def _degrees(value: object, most: int) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (int, _Written)):
        return None
    number = float(value) if len(str(value)) < 40 else most + 1.0
    if not -most <= number <= most:
        return None
    return str(value) if isinstance(value, int) else str(number)
