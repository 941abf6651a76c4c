"""The words of the column `type`, as other XLSForm tools understand them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

SELECTS: Mapping[str, str] = {
    "select_one": "one", "select one": "one", "select one from": "one", "select1": "one",
    "add select one prompt using": "one",
    "select_multiple": "multiple", "select all that apply": "multiple",
    "select all that apply from": "multiple", "add select multiple prompt using": "multiple",
    "rank": "rank", "select_one_external": "external",
    "select_one_from_file": "one", "select one from file": "one",
    "select_multiple_from_file": "multiple", "select multiple from file": "multiple",
}  # fmt: skip
"""What stands before the name of a list."""
FROM_FILE = frozenset(word for word in SELECTS if word.endswith("file"))
DOCUMENTED = (
    "text", "integer", "decimal", "range", "date", "time", "dateTime", "note", "acknowledge",
    "trigger", "geopoint", "geotrace", "geoshape", "image", "audio", "video", "file", "barcode",
    "calculate", "hidden", "start", "end", "today", "deviceid", "username", "phonenumber", "email",
    "audit", "start-geopoint", "background-geopoint", "background-audio", "csv-external",
    "xml-external", "datetime", "string", "int",
)  # fmt: skip
"""Types of one word that people write today."""
_OLD = (
    "add audio prompt", "add barcode prompt", "add calculate prompt", "add date prompt",
    "add date time prompt", "add dateTime prompt", "add decimal prompt", "add file prompt",
    "add image prompt", "add integer prompt", "add location prompt", "add note prompt",
    "add photo prompt", "add text prompt", "add video prompt", "add acknowledge prompt",
    "date time", "device id", "end time", "get device id", "get end time", "get phone number",
    "get sim id", "get start time", "get subscriber id", "get today", "gps", "imei", "location",
    "number of days in last month", "number of days in last six months",
    "number of days in last year", "percentage", "phone number", "photo", "q acknowledge",
    "q audio", "q barcode", "q calculate", "q date", "q date time", "q dateTime", "q decimal",
    "q geopoint", "q geoshape", "q geotrace", "q image", "q int", "q location", "q note",
    "q picture", "q string", "q video", "sim id", "simserial", "start time", "subscriber id",
    "subscriberid", "uri:deviceid", "uri:email", "uri:phonenumber", "uri:simserial",
    "uri:subscriberid", "uri:username",
)  # fmt: skip
WORDS = frozenset((*DOCUMENTED, *_OLD))
"""Everything that is a type and takes no list."""
_COMPUTED = (
    "start", "end", "today", "deviceid", "username", "phonenumber", "email", "simserial",
    "subscriberid", "imei", "device id", "end time", "start time", "sim id",
    "subscriber id", "audit", "calculate", "add calculate prompt", "q calculate", "hidden",
    "csv-external", "xml-external", "background-geopoint", "background-audio", "start-geopoint",
)  # fmt: skip
SILENT = frozenset((*_COMPUTED, *(one for one in _OLD if one.startswith(("get ", "uri:")))))
"""What nobody is asked, and needs no label."""
IN_SETTINGS = frozenset({"form_title", "set_form_title", "form_id", "set_form_id", "prefix"})
"""Settings that may stand on the sheet survey, as in forms of long ago."""

_BEGIN = re.compile(r"begin[ _](group|repeat|lgroup|looped group|loop)( (over )?(\S+))?")
_END = re.compile(r"end[ _](group|repeat|lgroup|looped group|loop)")
_SELECT = re.compile(
    rf"({'|'.join(sorted(SELECTS, key=len, reverse=True))}) (\S+)"
    r"( (or specify other|or_other|or other))?"
)
_KINDS = {"group": "group", "loop": "loop"}

Kind = Literal["begin", "end", "select", "osm", "word", "setting", "unknown"]


@dataclass(frozen=True, slots=True)
class Written:
    """What a cell of the column type says."""

    kind: Kind
    word: str = ""
    """The type; of begin and end: group, repeat or loop; of a select: one, multiple, rank or
    external."""
    listed: str = ""
    """Of a select: the list, or the file, or the ${question} whose answers are its choices."""
    other: bool = False
    """Whether "or_other" follows."""
    from_file: bool = False


def written_type(text: str) -> Written:
    """A cell of the column type, spaces as they may be."""
    text = " ".join(text.split())
    begins, ends = _BEGIN.fullmatch(text), _END.fullmatch(text)
    if begins:
        return Written("begin", _KINDS.get(begins[1], "repeat"), begins[4] or "")
    if ends:
        return Written("end", _KINDS.get(ends[1], "repeat"))
    chosen = _SELECT.fullmatch(text)
    if chosen:
        return Written("select", SELECTS[chosen[1]], chosen[2], bool(chosen[3]),
                       chosen[1] in FROM_FILE)  # fmt: skip
    if text == "osm" or text.startswith("osm "):
        return Written("osm", "osm")
    if text in IN_SETTINGS:
        return Written("setting", text)
    return Written("word" if text in WORDS else "unknown", text)
