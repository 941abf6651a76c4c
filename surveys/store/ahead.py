"""What the updates of a batch need first, read for all of them in one statement.

Each row is handed out once, to the handler of its person; whoever looks again reads anew.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ARRAY, String, any_, bindparam, exists, select
from sqlalchemy.orm import Session

from surveys.store import people, stepped
from surveys.store.database import kind_of
from surveys.store.interviews import AREA, INTERVIEW, RESPONDENT, WAVE
from surveys.store.people import CONTACT, ContactRow
from surveys.store.schema import Base
from surveys.store.stepped import InterviewRow

ADMINISTRATOR = Base.metadata.tables["administrator"]
ONE_OF = {
    "sqlite": CONTACT.c.address_hash.in_(bindparam("lanes", expanding=True)),
    # However many, one statement, the same each time.
    "postgresql": CONTACT.c.address_hash == any_(bindparam("lanes", type_=ARRAY(String))),
}
_READ = {
    kind: select(
        CONTACT.c.address_hash,
        exists(
            select(ADMINISTRATOR.c.id)
            .join(CONTACT, CONTACT.c.id == ADMINISTRATOR.c.contact_id)
            .where(one_of)
        ),
        *(column.label(f"own_{column.name}") for column in people.COLUMNS),
        *stepped.COLUMNS,
    )
    .select_from(CONTACT)
    .join(INTERVIEW, INTERVIEW.c.id == CONTACT.c.current_interview_id)
    .join(RESPONDENT, RESPONDENT.c.id == INTERVIEW.c.respondent_id)
    .join(WAVE, WAVE.c.id == INTERVIEW.c.wave_id)
    .join(AREA, AREA.c.id == INTERVIEW.c.area_id)
    .where(one_of)
    # As when each is read by itself.
    .suffix_with("FOR NO KEY UPDATE OF contact FOR UPDATE OF interview", dialect="postgresql")
    for kind, one_of in ONE_OF.items()
}


def look_ahead(session: Session, lanes: Sequence[str]) -> None:
    """Read and lock the contacts of these lanes that are at an interview, and those interviews.

    Nothing is handed out where an administrator is among them: what they do, in the same
    transaction, may change what was read of the others.
    """
    rows = session.connection().execute(_READ[kind_of(session)], {"lanes": list(lanes)}).all()
    if any(row[1] for row in rows):
        return
    upto = 2 + len(people.COLUMNS)
    people.hand_out(session, {row[0]: ContactRow(*row[2:upto]) for row in rows})
    stepped.hand_out(session, [InterviewRow(*row[upto:]) for row in rows])
