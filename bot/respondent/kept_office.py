"""What is kept of an administrator besides answers: what they chose, what was made for them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.texts import Speak
from surveys.store.deliveries import made_for
from surveys.store.schedules import chosen_by


def lines(session: Session, administrator_id: int, say: Speak) -> list[str]:
    """Which profiles come to them without asking, as far as they chose that, and how many were
    made for them."""
    names = {
        "target": say("at a village's target"),
        "closed": say("at the survey's end"),
        "weekly": say("every week"),
    }
    found = []
    for area, kinds in chosen_by(session, administrator_id).items():
        wanted = ", ".join(names[kind] for kind, active in kinds.items() if active)
        unwanted = ", ".join(names[kind] for kind, active in kinds.items() if not active)
        if wanted:
            found.append(say("You want profiles of {area}: {when}").format(area=area, when=wanted))
        if unwanted:
            text = say("You do not want profiles of {area}: {when}")
            found.append(text.format(area=area, when=unwanted))
    count, last = made_for(session, administrator_id)
    if last is not None:
        text = say("Profiles made for you: {n}, the last on {day}")
        found.append(text.format(n=count, day=last.date().isoformat()))
    return found
