"""One small form with a node of each type, and a person who sees its values."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from surveys.form.items import Item
from surveys.form.shape import Shape

VALUES: Mapping[str, tuple[str, str]] = {
    "n0": ("int", ""),
    "n3": ("int", "3"),
    "n12": ("int", "12"),
    "d25": ("decimal", "2.5"),
    "d3": ("decimal", "3.0"),
    "t0": ("string", ""),
    "t3": ("string", "3"),
    "tx": ("string", "x"),
    "tab": ("string", "a  b"),
    "many": ("string", "a b c"),
    "day": ("date", "2026-11-24"),
    "no_day": ("date", ""),
}
"""Names with their XForm type and their value."""

PATHS: Mapping[str, str] = {name: f"/data/g/{name}" for name in VALUES}
NUMBERS = {
    PATHS[name]: "number" for name, (kind, _) in VALUES.items() if kind in ("int", "decimal")
}
SAMPLE: Mapping[str, str] = {PATHS[name]: value for name, (_, value) in VALUES.items()}

SHAPE = Shape(leaves=tuple(SAMPLE), types=NUMBERS, lists=("k",))


def xform(items: int = 12) -> str:
    """The form as XForm XML, with a list of so many choices."""
    nodes = "".join(f"<{name}>{value}</{name}>" for name, (_, value) in VALUES.items())
    binds = "".join(
        f'<bind nodeset="/data/g/{name}" type="{kind}"/>' for name, (kind, _) in VALUES.items()
    )
    choices = "".join(f"<item><name>c{i}</name><label>C {i}</label></item>" for i in range(items))
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
  xmlns:jr="http://openrosa.org/javarosa" xmlns:odk="http://www.opendatakit.org/xforms">
<h:head><h:title>sample</h:title><model odk:xforms-version="1.0.0">
<instance><data id="sample" version="1"><g>{nodes}</g></data></instance>
<instance id="k"><root>{choices}</root></instance>{binds}
</model></h:head><h:body><group ref="/data/g"><input ref="/data/g/tx"><label>x</label></input>
<select1 ref="/data/g/t3"><label>which</label><itemset nodeset="instance('k')/root/item">
<value ref="name"/><label ref="label"/></itemset></select1></group></h:body></h:html>"""


class Person:
    """A `Scope` over fixed values."""

    now = datetime(2026, 11, 24, 8, 30, 5, 250_000, tzinfo=timezone(timedelta(hours=8)))
    here = "/data/g/tx"
    places: tuple[int, ...] = ()
    inner: tuple[int, ...] = ()
    item = Item("")
    position = 1
    size = 1

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self.values = (
            {PATHS[name]: value for name, (_, value) in VALUES.items()}
            if values is None
            else values
        )

    def value(self, path: str, places: tuple[int, ...] = ()) -> str:
        return self.values.get(path, "")

    def stored(self, path: str, places: tuple[int, ...] = ()) -> str:
        return self.values.get(path, "")

    def relevant(self, path: str, places: tuple[int, ...] = ()) -> bool:
        return True

    def count(self, path: str, places: tuple[int, ...] = ()) -> int:
        return 0

    def list(self, name: str) -> Item | None:
        return None

    def known(self, name: str) -> str:
        return {"version": "7", "deviceid": "d"}.get(name, "")

    def translation(self, text_id: str) -> str:
        return f"text {text_id}"

    def random(self) -> float:
        return 0.5

    def uuid(self) -> str:
        return "c0ffee"

    def choice_label(self, path: str, places: tuple[int, ...], value: str) -> str:
        return f"{value} of {path}"
