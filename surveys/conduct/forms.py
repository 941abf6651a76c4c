"""What does not change while the program runs, kept at hand: compiled forms and time zones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from surveys.estimation.measured import Layout, layouts
from surveys.form.indicators import from_json
from surveys.form.model import MEDIA_TYPES, Form, Question, Text, language_of
from surveys.form.own_words import OwnWords, own_words
from surveys.form.xform import load
from surveys.store.areas import zone_name
from surveys.store.forms import lists_of
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
    media: frozenset[str]
    """The paths, without numbers of instances, of the questions whose answers are attachments."""
    words: OwnWords
    """Where people answer in their own words."""
    layout: Layout
    """What is written down of a submission for the estimates."""


_INSTANCE = re.compile(r"\[\d+\]")
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
        form = load(xform, files=dict(lists_of(session, form_version_id, xform)) or None)
        measured = from_json(indicators)
        names = {one.role: one.name for one in measured if one.role}
        paths = {question.name: question.path for question in form.questions}
        loaded = Loaded(
            form,
            mode=paths.get(names.get("mode", "")),
            exclude=paths.get(names.get("exclude", "")),
            instance_id=next((one.path for one in form.questions if one.preload == "uid"), None),
            cell=(paths.get(names.get("sex", "")), paths.get(names.get("age", ""))),
            media=frozenset(one.path for one in form.questions if one.type in MEDIA_TYPES),
            words=own_words(form),
            layout=layouts({form_version_id: (form, measured)})[form_version_id],
        )
        kept[form_version_id] = loaded
    return loaded


def of_node(path: str) -> str:
    """The path of a node in the form, without numbers of instances.

    >>> of_node("/data/person[2]/photo")
    '/data/person/photo'
    """
    return _INSTANCE.sub("", path)


def label_of(form: Form, path: str, language: str) -> str:
    """What a question is called in a language (a tag), without the answers that its label repeats;
    in a repeat with the numbers of the instances."""
    question = form.nodes.get(of_node(path))
    label = question.label if isinstance(question, Question) else None
    said = said_in(label, language_of(form, language)) or path.rpartition("/")[2]
    numbers = ".".join(one.strip("[]") for one in _INSTANCE.findall(path))
    return f"{said} ({numbers})" if numbers else said


def said_in(text: Text | None, language: str) -> str:
    """A text in a language, as the form names it, without the answers that it repeats."""
    pieces = text.pieces.get(language, ()) if text else ()
    return "".join(piece if isinstance(piece, str) else "…" for piece in pieces).strip()


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
