"""What does not change while the program runs, kept at hand: compiled forms and time zones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from surveys.form.indicators import from_json
from surveys.form.model import Form
from surveys.form.xform import load
from surveys.store.areas import zone_name
from surveys.store.attachments import media_of
from surveys.store.interviews import version_of_form


@dataclass(frozen=True, slots=True)
class Loaded:
    """A form version, compiled, and where some of its roles are."""

    form: Form
    mode: str | None
    """The path of the question that says who answers for whom."""
    exclude: str | None
    """The path of the node that is 1 where an interview is not kept."""
    instance_id: str | None
    """The path of the node that names the submission (ODK's instanceID)."""
    cell: tuple[str | None, str | None]
    """The paths of the roles sex and age, which quotas ask for."""


_forms: WeakKeyDictionary[Engine, dict[int, Loaded]] = WeakKeyDictionary()
_zones: WeakKeyDictionary[Engine, dict[str, ZoneInfo]] = WeakKeyDictionary()


def form_of(session: Session, form_version_id: int) -> Form:
    """The compiled form of a version: loaded once, kept (versions never change)."""
    return loaded_form(session, form_version_id).form


def loaded_form(session: Session, form_version_id: int) -> Loaded:
    """The same with its roles."""
    kept = _forms.setdefault(_engine(session), {})
    loaded = kept.get(form_version_id)
    if loaded is None:
        xform, indicators = version_of_form(session, form_version_id)
        # Lists are read with the form; pictures and sounds are fetched when they are shown.
        files = media_of(session, form_version_id) if "jr://file" in xform else {}
        form = load(xform, files=files)
        names = {one.role: one.name for one in from_json(indicators) if one.role}
        paths = {question.name: question.path for question in form.questions}
        loaded = Loaded(
            form,
            mode=paths.get(names.get("mode", "")),
            exclude=paths.get(names.get("exclude", "")),
            instance_id=next((one.path for one in form.questions if one.preload == "uid"), None),
            cell=(paths.get(names.get("sex", "")), paths.get(names.get("age", ""))),
        )
        kept[form_version_id] = loaded
    return loaded


def zone_of(session: Session, path: str) -> ZoneInfo:
    """The time zone at an area's path; UTC where none is given up to the root.

    Kept: whoever moves a village to another zone starts the bot anew.
    """
    zones = _zones.setdefault(_engine(session), {})
    zone = zones.get(path)
    if zone is None:
        zone = zones[path] = _zone(zone_name(session, path) or "UTC")
    return zone


def _engine(session: Session) -> Engine:
    bind = session.get_bind()
    return bind.engine if isinstance(bind, Connection) else bind


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
