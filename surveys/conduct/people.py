"""Who answers: villages behind a code, the persons of a phone, consent, coming back.

Every function takes the session of the update's transaction. None of them commits.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from surveys.conduct.forms import form_of, zone_of
from surveys.form.model import language_of
from surveys.interview.engine import begin
from surveys.interview.plan import places_of
from surveys.interview.state import to_json
from surveys.store import areas, interviews, people, sent
from surveys.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Ending:
    """A wave that will be closed soon."""

    wave_id: int
    zone: ZoneInfo
    until: datetime
    """So long who has begun may finish."""


class NoWave(Exception):  # noqa: N818
    """The village is there, and nobody can begin in it (closed, not yet, or about to be closed)."""

    def __init__(self, village: str, ending: Ending | None = None) -> None:
        super().__init__("no wave is open in this village")
        self.village = village
        """Its name."""
        self.ending = ending
        """The wave in which who has begun may finish."""


class NotYours(Exception):  # noqa: N818
    """The interview is another contact's."""


@dataclass(frozen=True, slots=True)
class Reach:
    """A contact, as the bot knows it."""

    contact_id: int
    language: str
    """"en" or "zh"."""
    current_interview_id: int | None
    blocked: bool


@dataclass(frozen=True, slots=True)
class OpenWave:
    """A village and the wave that is open there: what a resident is told before they agree."""

    area_id: int
    code: str
    village: str
    zone: ZoneInfo
    wave_id: int
    form_version_id: int
    form_title: str
    organisation: str
    contact: str
    retention_months: int


@dataclass(frozen=True, slots=True)
class Person:
    """One of the persons who answer through a contact."""

    respondent_id: str
    number: int
    """1, 2, 3 … on this phone."""
    household_id: str
    area_id: int
    """The village of the home."""
    interview_id: int | None
    """In the wave asked about."""
    status: str
    """"open", "stopped", "finished", or "" where nothing was begun in this wave."""
    begun: datetime | None
    answered: int
    """How many questions this person has answered in it."""
    before: datetime | None
    """When they last answered in another wave."""


# Contacts -------------------------------------------------------------------------------------


def reach(session: Session, lane: str) -> Reach | None:
    """The contact with this keyed hash."""
    row = people.contact_by_lane(session, lane)
    if row is None:
        return None
    return Reach(row.id, row.language, row.current_interview_id, row.blocked_at is not None)


def know(  # noqa: PLR0917 - the names speak
    session: Session, vault: Vault, lane: str, address: str, language: str, now: datetime
) -> int:
    """The id of the contact with this keyed hash, made if it is new (channel: Telegram)."""
    known = people.contact_by_lane(session, lane)
    if known is not None:
        return known.id
    return people.add_contact(
        session,
        channel="telegram",
        address=vault.seal(address.encode()),
        lane=lane,
        language=language,
        now=now,
    )


def set_language(session: Session, contact_id: int, language: str) -> None:
    """What the bot speaks to this contact from now on."""
    people.set_contact(session, contact_id, language=language)


def set_blocked(session: Session, lane: str, at: datetime | None) -> None:
    """The person blocked the bot, or came back (None)."""
    people.set_contact_by_lane(session, lane, blocked_at=at)


def turn_to(session: Session, contact_id: int, interview_id: int | None) -> None:
    """Make an interview of this contact the current one; raises `NotYours` for any other's."""
    if interview_id is not None and interviews.contact_of(session, interview_id) != contact_id:
        raise NotYours
    people.set_contact(session, contact_id, current_interview_id=interview_id)


def remember(session: Session, contact_id: int, key: str, message_id: int, now: datetime) -> None:
    """Note a message that a person sent, under "heard:<interview>:…", to take it out of the chat
    when they ask for that."""
    sent.note_message(session, contact_id, key, message_id, now)


def messages_of_interview(session: Session, interview_id: int) -> list[int]:
    """The message_ids of an interview's questions and answers in its contact's chat."""
    contact_id = interviews.contact_of(session, interview_id)
    return [] if contact_id is None else sent.messages_of(session, contact_id, interview_id)


# Villages and waves ---------------------------------------------------------------------------


def open_wave(session: Session, code: str) -> OpenWave | None:
    """The village with this code (letter case apart) and its open wave; None: no such village.

    Raises `NoWave` where the village is there and nobody can begin (closed, not yet, ending).
    """
    village = areas.village_by_code(session, code)
    return None if village is None else _open_in(session, village)


def open_wave_of_home(session: Session, link: str) -> tuple[OpenWave, str] | None:
    """The village, wave and household behind a family link; None: no such link, else as above."""
    found = areas.home_by_link(session, link)
    return None if found is None else (_open_in(session, found[0]), found[1])


def open_wave_of_area(session: Session, area_id: int) -> OpenWave | None:
    """The same by the village's id."""
    village = areas.village_by_id(session, area_id)
    return None if village is None else _open_in(session, village)


def latest_village(session: Session, contact_id: int) -> int | None:
    """The id of the village where this contact last answered."""
    return interviews.latest_area(session, contact_id)


def anew(session: Session, lane: str) -> bool:
    """Whether a wave is open where this contact last answered."""
    contact = reach(session, lane)
    area_id = latest_village(session, contact.contact_id) if contact else None
    return area_id is not None and begins_in(session, area_id) is not None


def begins_in(session: Session, area_id: int) -> OpenWave | None:
    """The wave in which somebody can begin in a village; None where there is none (any more)."""
    try:
        return open_wave_of_area(session, area_id)
    except NoWave:
        return None


def count_day(session: Session, area_id: int, kind: str, day: datetime) -> None:
    """One more of this kind today: "opened", "declined". `day` is in the village's zone."""
    areas.add_to_day(session, area_id, kind, day.date())


# Persons --------------------------------------------------------------------------------------


def persons(session: Session, contact_id: int, wave_id: int) -> list[Person]:
    """The persons of a contact, by number."""
    return [
        Person(
            row.respondent_id,
            row.number,
            row.household_id,
            row.area_id,
            row.interview_id,
            row.status or "",
            row.begun,
            _answered(session, row),
            row.before,
        )
        for row in people.persons_of(session, contact_id, wave_id)
    ]


def returning(known: Iterable[Person], wave: OpenWave) -> list[Person]:
    """Those of `persons` who answered in this village before, and have not begun in this wave."""
    return [one for one in known if one.interview_id is None and one.area_id == wave.area_id]


def my_persons(session: Session, contact_id: int) -> dict[int, str]:
    """The respondents of a contact by their numbers, in all waves."""
    return people.respondents_of(session, contact_id)


def several_waves(session: Session, respondent_ids: Sequence[str]) -> bool:
    """Whether these persons answered in more than one wave."""
    return interviews.waves_of(session, respondent_ids) > 1


def number_of(session: Session, contact_id: int, interview_id: int) -> int | None:
    """The number of the person of an interview; None where it is not this contact's."""
    return interviews.number_of_person(session, contact_id, interview_id)


def enrol(
    session: Session,
    vault: Vault,
    *,
    lane: str,
    address: str,
    language: str,
    wave: OpenWave,
    household_id: str | None,
    consent_version: str,
    now: datetime,
    respondent_id: str | None = None,
    abroad_at: datetime | None = None,
) -> int:
    """Someone agreed: contact (made if new), household (None: a new home), respondent, interview.

    Returns the interview's id, which becomes the contact's current one. A contact answering in a
    household where it already has persons adds one, in the same entry; one that comes by the
    family link shares the entry of the household's first person, as it did not let itself in
    (docs/decisions/0008). A household of another village (or one forgotten meanwhile) counts as
    none.

    `respondent_id`: a person of this contact who answers again, in another wave. They stay in
    their household and entry, so that change between waves is told home by home (METHOD.md §4);
    whoever has begun in this wave goes on with that. One of another village, of another contact
    or forgotten meanwhile counts as none.

    `abroad_at`: when it was agreed on this phone that messages pass through computers abroad.
    """
    contact_id = know(session, vault, lane, address, language, now)
    if respondent_id is not None:
        if people.lives_in(session, respondent_id, contact_id, wave.area_id):
            begun = interviews.interview_in(session, respondent_id, wave.wave_id)
            if begun is not None:
                people.set_contact(session, contact_id, current_interview_id=begun)
                return begun
        else:
            respondent_id = None
    if respondent_id is None:
        respondent_id = _new_person(session, contact_id, household_id, wave.area_id, now)
    form = form_of(session, wave.form_version_id)
    # The person is random, and no telephone: all that a form learns is who answered twice.
    known = {"deviceid": f"usegap:{respondent_id}"}
    fresh = begin(form, secrets.randbits(31), language_of(form, language), known)
    interview_id = interviews.add_interview(
        session,
        key=f"uuid:{uuid4()}",
        respondent_id=respondent_id,
        wave_id=wave.wave_id,
        form_version_id=wave.form_version_id,
        area_id=wave.area_id,
        status="open",
        consent_version=consent_version,
        consented_at=now,
        abroad_at=abroad_at,
        state=json.dumps(to_json(fresh), ensure_ascii=False, separators=(",", ":")),
        started_at=now,
        updated_at=now,
    )
    people.set_contact(session, contact_id, current_interview_id=interview_id)
    return interview_id


def agreed_abroad(session: Session, contact_id: int, consent_version: str) -> datetime | None:
    """When it was agreed on this phone, to this text, that messages pass through computers abroad;
    None: never, or whoever did was forgotten."""
    return interviews.abroad_since(session, contact_id, consent_version)


def family_link(session: Session, interview_id: int) -> str:
    """The code of the family link of this interview's home, made when first asked for."""
    household_id = interviews.household_of(session, interview_id)
    if household_id is None:
        raise NotYours
    return home_link(session, household_id)


def home_link(session: Session, household_id: str) -> str:
    """The code of the family link of a home, made when first asked for."""
    link = people.link_of(session, household_id)
    if link is None:
        link = secrets.token_urlsafe(12)
        people.set_link(session, household_id, link)
    return link


def _new_person(
    session: Session, contact_id: int, household_id: str | None, area_id: int, now: datetime
) -> str:
    if household_id is None or not people.household_in(session, household_id, area_id):
        household_id = uuid4().hex
        people.add_household(session, household_id, area_id)
    entry = people.entry_of(session, contact_id, household_id) or uuid4().hex
    respondent_id = uuid4().hex
    people.add_respondent(
        session,
        respondent_id,
        household_id=household_id,
        contact_id=contact_id,
        entry=entry,
        now=now,
    )
    return respondent_id


def _open_in(session: Session, village: areas.VillageRow) -> OpenWave:
    wave = areas.open_wave_at(session, village.path)
    if wave is None:
        raise NoWave(village.name)
    zone = zone_of(session, village.path)
    if wave.closing_at is not None:
        raise NoWave(village.name, Ending(wave.wave_id, zone, wave.closing_at))
    return OpenWave(
        area_id=village.area_id,
        code=village.code,
        village=village.name,
        zone=zone,
        wave_id=wave.wave_id,
        form_version_id=wave.form_version_id,
        form_title=wave.form_title,
        organisation=wave.organisation,
        contact=wave.contact,
        retention_months=wave.retention_months,
    )


def _answered(session: Session, row: people.PersonRow) -> int:
    if row.state is None or row.form_version_id is None:
        return 0
    values = json.loads(row.state).get("answers", {})
    form = form_of(session, row.form_version_id)
    asked = {question.path for question in form.questions if question.asked}
    return sum(bool(value) and places_of(path)[0] in asked for path, value in values.items())
