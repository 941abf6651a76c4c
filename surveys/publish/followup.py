"""Follow-ups: which homes to visit, and the answers of those that were visited."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from surveys.form.indicators import from_json as indicators_from_json
from surveys.form.model import Form, Question, Text
from surveys.form.xform import load
from surveys.interview.collected import Misfit, MisfitReason, collected
from surveys.interview.engine import submission
from surveys.interview.plan import plan_of
from surveys.interview.state import Interview, to_json
from surveys.publish.village_rows import LineProblem
from surveys.publish.villages import VillagesRefused
from surveys.publish.visited_rows import VisitedReading, VisitedRow, read_visited
from surveys.store.areas import target_of, zone_name
from surveys.store.audit import audit
from surveys.store.database import leave_no_traces
from surveys.store.interviews import count_finished, version_of_form
from surveys.store.jobs import add_job
from surveys.store.schema import Area, Wave
from surveys.store.vault import Vault
from surveys.store.visits import VISITED, add_visits, erase_visits, visit_hash, visited_homes

CONSENT = "visited"
"""In the place of a consent text's version: it was read out at the door."""
MOST_CHOICES = 12
"""Of a question, named in a problem."""


class VisitsRefused(VillagesRefused):
    """A list of answers that was not imported, with everything that is wrong with it."""


@dataclass(frozen=True, slots=True)
class VisitsResult:
    """What an import did."""

    homes: int
    persons: int
    replaced: int
    """Homes that had answers from a visit before."""
    silent: int
    """Homes of which the file has nothing but the number."""
    too_young: int
    """Persons whose answers are not kept."""
    in_all: int
    """Homes of the village that were visited and answered, by now."""
    unknown: tuple[str, ...]
    """Columns that are no questions of the form."""


def shuffled(households: int, seed: int) -> list[int]:
    """The numbers 1 … households in random order; the same again for the same seed.

    Whoever goes down the list and passes over homes that answered has drawn the first k others by
    lot: a simple random sample without replacement.
    """
    return random.Random(seed).sample(range(1, households + 1), households)


def draw_homes(
    session: Session, area_id: int, households: int, seed: int, now: datetime, *, by: str
) -> list[int]:
    """A village's homes, `shuffled`; what was drawn is audited, so that it can be drawn again."""
    audit(session, by, "draw follow-up", f"{households} homes, seed {seed}", now, area_id=area_id)
    return shuffled(households, seed)


def import_visits(  # noqa: PLR0917
    session: Session, vault: Vault, area_id: int, wave_id: int, content: bytes, now: datetime,
    *, by: str = "command line",
) -> VisitsResult:  # fmt: skip
    """Import the answers of visited homes (columns: docs/followup.md) into a village's wave.

    Each line becomes a finished interview of mode "visited", by the wave's form version. A home
    that was imported before has its answers replaced, so that the same file again changes nothing.
    Raises `VisitsRefused` with every problem and its line; then nothing is written.
    """
    wave = session.get_one(Wave, wave_id)
    xform, indicators = version_of_form(session, wave.form_version_id)
    form = load(xform)
    reading = read_visited(content, form)
    roles = {one.role: one.name for one in indicators_from_json(indicators)}
    path = session.get_one(Area, area_id).path
    taking = _Taking(
        visit_hash(session, vault), form, area_id, wave,
        ZoneInfo(zone_name(session, path) or "UTC"), now,
        next((one.path for one in form.questions if one.name == roles.get("exclude")), ""),
        next((one.path for one in form.questions if one.preload == "uid"), ""),
        problems=list(reading.problems),
    )  # fmt: skip
    for row in reading.rows:
        taking.take(row, reading)
    if taking.problems:
        raise VisitsRefused(taking.problems)
    leave_no_traces(session)
    replaced = erase_visits(session, wave_id, taking.homes)
    answered = {one["household_id"] for one in taking.respondents}
    add_visits(session, area_id, sorted(answered), taking.respondents, taking.interviews)
    target = target_of(session, area_id)
    if target is not None and count_finished(session, wave_id, area_id) >= target:
        # As when someone finishes in the chat: once for a village and wave.
        arguments = {"area_id": area_id, "wave_id": wave_id, "reason": "target"}
        add_job(session, "profile", arguments, now, key=f"target:{wave_id}:{area_id}")
    result = VisitsResult(
        homes=len(answered),
        persons=len(taking.respondents),
        replaced=replaced,
        silent=len(taking.homes - answered),
        too_young=taking.too_young,
        in_all=visited_homes(session, wave_id, area_id),
        unknown=tuple(reading.unknown),
    )
    what = f"wave {wave_id}: {result.persons} persons of {result.homes} homes"
    audit(session, by, "import follow-up", f"{what}, {result.silent} silent", now, area_id=area_id)
    return result


@dataclass(slots=True)
class _Taking:
    """The lines of a file as they become rows of tables."""

    hashed: Callable[[str], str]
    form: Form
    area_id: int
    wave: Wave
    zone: ZoneInfo
    now: datetime
    exclude: str
    """The path of the node that is 1 where an interview is not kept; ""."""
    instance_id: str
    problems: list[LineProblem] = field(default_factory=list)
    homes: set[str] = field(default_factory=set)
    """The ids of all homes of the file."""
    respondents: list[dict[str, Any]] = field(default_factory=list)
    interviews: list[dict[str, Any]] = field(default_factory=list)
    too_young: int = 0
    persons: dict[str, int] = field(default_factory=dict)
    """Home -> how many persons so far."""
    lacking: set[str] = field(default_factory=set)
    """Questions without a column that somebody needs: each is named once."""

    def take(self, row: VisitedRow, reading: VisitedReading) -> None:
        """One line: a person, or a home that did not answer."""
        home = self._id("home", self.area_id, row.home)
        self.homes.add(home)
        if not row.answered:
            return
        number = self.persons[home] = self.persons.get(home, 0) + 1
        person = self._id("person", home, self.wave.id, number)
        end = self._moment(row.end) or self.now
        start = min(self._moment(row.start) or end, end)
        seed = int(self._id("seed", person)[:8], 16) >> 1
        interview, misfits = collected(
            self.form, row.given, seed, self.form.default_language,
            start.astimezone(self.zone), end.astimezone(self.zone),
        )  # fmt: skip
        if self.exclude and interview.answers.get(self.exclude) == "1":
            self.too_young += 1
        elif misfits:
            self._tell(row, misfits, reading)
        else:
            self._keep(home, person, number, interview, start, end)

    def _keep(  # noqa: PLR0917
        self, home: str, person: str, number: int, interview: Interview, start: datetime,
        end: datetime,
    ) -> None:  # fmt: skip
        key = f"uuid:{UUID(hex=self._id('interview', person), version=4)}"
        values = submission(self.form, interview)
        if self.instance_id:
            values[self.instance_id] = key
        # Everybody in the home is asked, each for themselves: each is a sampling unit.
        self.respondents.append(
            {
                "id": person, "household_id": home, "contact_id": None,
                "entry": self._id("entry", person), "number": number, "created_at": start,
            }
        )  # fmt: skip
        self.interviews.append(
            {
                "key": key, "respondent_id": person, "wave_id": self.wave.id,
                "form_version_id": self.wave.form_version_id, "area_id": self.area_id,
                "mode": VISITED, "status": "finished", "consent_version": CONSENT,
                "consented_at": start, "started_at": start, "updated_at": end, "finished_at": end,
                "state": json.dumps(to_json(interview), ensure_ascii=False), "submission": values,
                "flags": [],
            }
        )  # fmt: skip

    def _id(self, *of: object) -> str:
        """A keyed hash: the same again for the same, and telling nothing without the key."""
        return self.hashed(json.dumps(["visited", *of], ensure_ascii=False))[:32]

    def _moment(self, text: str) -> datetime | None:
        """A time as ODK writes it; None where it is none, or not over yet."""
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self.zone)
        return moment if moment <= self.now else None

    def _tell(self, row: VisitedRow, misfits: tuple[Misfit, ...], reading: VisitedReading) -> None:
        for one in misfits:
            question = plan_of(self.form).questions[one.path]
            if one.path in row.given:
                header = reading.headers[one.path]
                what = _remedy(self.form, question, one.reason, header, reading.headers)
                self.problems.append(LineProblem(row.line, what))
            elif one.path not in self.lacking:
                self.lacking.add(one.path)
                what = f"there is no column {question.name}, and line {row.line} needs it."
                self.problems.append(LineProblem(reading.head, what))


def _remedy(
    form: Form, question: Question, reason: MisfitReason, header: str, headers: Mapping[str, str]
) -> str:
    """What is wrong with a cell, without repeating it: it is an answer."""
    if reason == "not_a_choice" and question.choices is not None:
        values = [choice.value for choice in question.choices.choices]
        named = ", ".join(values[:MOST_CHOICES]) + (" …" if len(values) > MOST_CHOICES else "")
        several = " with spaces between" if question.type == "select_multiple" else ""
        return f"{header} has no such choice: write one of {named}{several}."
    if reason == "required":
        return f"{header} is empty, and the form asks this person for it."
    if reason == "not_relevant":
        read = plan_of(form).sources[question.path]
        sources = [headers.get(one.path, one.name) for one in form.questions if one.path in read]
        correct = f", or correct {' or '.join(sources)}" if sources else ""
        return f"{header} is answered where the form does not ask it: leave it empty{correct}."
    if reason == "constraint":
        rule = _said(question.constraint_message, form.default_language)
        return f"{header} is not what the form accepts: {rule or 'correct it.'}"
    return f"{header} {_UNREAD.get(reason, 'cannot be read: correct it.')}"


_UNREAD: Mapping[MisfitReason, str] = {
    "not_a_number": "must be a number.",
    "not_a_whole_number": "must be a whole number.",
    "not_a_date": "must be a day, such as 2026-05-31.",
    "text_too_long": "is too long: shorten it.",
}


def _said(text: Text | None, language: str) -> str:
    """A text of the form with "…" where an answer would stand."""
    pieces = text.pieces.get(language, ()) if text else ()
    return "".join(piece if isinstance(piece, str) else "…" for piece in pieces).strip()
