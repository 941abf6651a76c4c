"""What people send as answers: noted with the step that takes it, then fetched by a job.

    offer(session, "3f9c2a.jpg", Offered(sealed file_id, size, media type))   # before the step
    advance(session, interview_id, Attached("image", "3f9c2a.jpg"), now, update_id)

A step takes what it was offered, or does not. What it takes becomes a row and a job in the step's
own transaction, so that neither is there without the other whatever happens to the program.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from surveys.conduct.forms import Loaded, of_node
from surveys.form.model import Form, Question
from surveys.interview.state import Decode, Effect, Interview
from surveys.store.attachments import drop_nodes, put_waiting
from surveys.store.database import leave_no_traces
from surveys.store.jobs import add_job
from surveys.store.stepped import InterviewRow

FETCH, SCAN = "fetch", "scan"
"""The kinds of the jobs: keep what was sent · read the barcode in it, and go on."""
WITH_PLACE = "with-place"
"""The word in a question's appearance that lets a photo keep where and when it was taken."""
_OFFERED = "attachments offered"


@dataclass(frozen=True, slots=True)
class Offered:
    """Something that was sent, and may be taken by the step that follows in this transaction."""

    file_id: bytes
    """Telegram's, sealed."""
    size: int
    """Bytes, as Telegram says; 0 where it does not."""
    media_type: str


def offer(session: Session, name: str, offered: Offered) -> None:
    """Let the step that follows in this transaction take this under this name."""
    session.info.setdefault(_OFFERED, {})[name] = offered


def keeps_place(form: Form, node: str) -> bool:
    """Whether the question at a node wants photos with what their camera wrote into them."""
    question = form.nodes.get(of_node(node))
    return isinstance(question, Question) and WITH_PLACE in question.appearance.split()


def keep_attachments(  # noqa: PLR0917
    session: Session,
    row: InterviewRow,
    loaded: Loaded,
    before: Interview,
    after: Interview,
    effects: Sequence[Effect],
    now: datetime,
    update_id: int | None,
) -> None:
    """Note what a step took of what was offered, drop what it took the place of."""
    offered: Mapping[str, Offered] = session.info.get(_OFFERED, {})
    if loaded.media and before.answers != after.answers:
        was, now_is = _attached(before, loaded), _attached(after, loaded)
        gone = [node for node in was if was[node] != now_is.get(node)]
        if gone and drop_nodes(session, row.id, gone):
            leave_no_traces(session)
        for node, name in now_is.items():
            if was.get(node) != name and name in offered:
                attachment_id = _note(session, row.id, node, name, offered[name], now)
                add_job(session, FETCH, {"attachment_id": attachment_id}, now)
    for effect in effects:
        if isinstance(effect, Decode) and effect.name in offered and after.current is not None:
            # Of a barcode the digits are kept, not the picture: it is deleted once it is read.
            attachment_id = _note(
                session, row.id, after.current, effect.name, offered[effect.name], now
            )
            arguments = {
                "attachment_id": attachment_id, "seq": effect.seq, "update_id": update_id,
            }  # fmt: skip
            add_job(session, SCAN, arguments, now)


def _attached(interview: Interview, loaded: Loaded) -> dict[str, str]:
    """The names of files that are answers, by node."""
    return {
        path: value
        for path, value in interview.answers.items()
        if value and of_node(path) in loaded.media
    }


def _note(  # noqa: PLR0917
    session: Session, interview_id: int, node: str, name: str, offered: Offered, now: datetime
) -> int:
    return put_waiting(
        session, interview_id, node, name=name, media_type=offered.media_type, size=offered.size,
        file_id=offered.file_id, now=now,
    )  # fmt: skip
