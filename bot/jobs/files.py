"""A file that an owner sent: fetched, recognised, checked; what it would change is said first."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session
from telegram.error import BadRequest

from bot.accepted import LARGEST, form_choices, too_large, what_can_be_sent
from bot.access import ROLES
from bot.desk import Desk
from bot.jobs.parcels import Parcel, Run
from bot.outbox import Outgoing
from bot.request import FileTooLarge
from bot.say import Keyboard, file, send
from bot.texts import Speak, escape, speak
from surveys.form.archives import TooLarge
from surveys.form.problems import FormError, Problem
from surveys.form.xlsform import Workbook, convert
from surveys.publish import AlreadyPublished, VillagesRefused
from surveys.publish.form_drafts import FORM, drafted
from surveys.publish.forms import published_before
from surveys.publish.margins import read_margins
from surveys.publish.recognise import Recognised, recognise
from surveys.publish.sentences import Sentence
from surveys.publish.villages import look_at_villages
from surveys.store.administrators import Addressee, Right, entitled, rights_of
from surveys.store.database import Database
from surveys.store.drafts import erase_draft, keep_draft
from surveys.store.jobs import DueJob

SHOWN = 10
"""Problems that a message names."""
WARNED = 3
"""Of what does not hinder."""
LONGEST = 300
"""Characters of one."""
SECONDS = 15
"""For a question: of the shipped questionnaire, 40 questions take ten minutes."""


class _Wrong(Exception):  # noqa: N818
    """The file cannot be taken in: what to say instead."""

    def __init__(self, text: str, whole: str = "") -> None:
        super().__init__("a file that is not taken in")
        self.text = text
        self.whole = whole
        """All that is wrong, where the text has not all of it."""


@dataclass(frozen=True, slots=True)
class _Draft:
    """What is kept until it is confirmed."""

    kind: str
    body: bytes
    mark: str = ""
    """What its buttons carry, where that is not its own mark."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a file is, and what is said of it."""

    draft: _Draft | None
    text: str
    whole: str = ""
    """All problems, where the text has not all of them."""
    right: bool = True
    """It could be taken in."""


async def file_came(job: DueJob, database: Database, desk: Desk, run: Run) -> list[Parcel]:
    """A job "file": {contact_id, file_id}. No message has a key: those of jobs that leave no row
    behind would not be theirs alone, and all are queued as the job is marked done."""
    contact_id = int(job.arguments["contact_id"])
    one, mine = await database.in_reader(_sender, database, contact_id)
    if one is None or not mine:
        return []
    say = speak(one.language)
    chat = desk.address(one)
    try:
        content = await desk.fetch(str(job.arguments["file_id"]), LARGEST)
    except FileTooLarge:
        return [(one, [send(chat, too_large(say))])]
    except BadRequest:
        text = say("Telegram no longer has this file. Please send it again.")
        return [(one, [send(chat, text)])]
    seen: _Seen | None = await run(looked, content, mine, one.language)
    if seen is None:
        return [(one, [send(chat, too_large(say))])]
    mark = await database.in_thread(_keep, database, desk, contact_id, seen.draft)
    if not seen.right:
        return [(one, [send(chat, seen.text), *_whole(chat, seen.whole, say)])]
    asked = _asked(chat, seen.text, seen.draft, mark, say)
    return [(one, [*_whole(chat, seen.whole, say), asked])]


def _sender(database: Database, contact_id: int) -> tuple[Addressee | None, list[Right]]:
    with database.read() as session:
        one = entitled(session, contact_id, ROLES["setup"])
        mine = () if one is None else rights_of(session, one.lane)
    return one, [right for right in mine if right.role in ROLES["setup"]]


def _keep(database: Database, desk: Desk, contact_id: int, draft: _Draft | None) -> str:
    """Put a draft in the place of the one before; its mark. None: there is nothing to confirm."""
    with database.begin() as session:
        if draft is None or entitled(session, contact_id, ROLES["setup"]) is None:
            erase_draft(session, contact_id)
            return ""
        mark = keep_draft(session, desk.vault, contact_id, draft.kind, draft.body, desk.clock())
        return draft.mark or mark


def _whole(chat: int, text: str, say: Speak) -> list[Outgoing]:
    """All problems as a file, where a message has not all of them."""
    if not text:
        return []
    # With its mark at the beginning, or Windows reads Chinese as something else.
    content = text.encode("utf-8-sig")
    return [file(chat, content, "problems.txt", say("All of them, one on each line."))]


def _asked(chat: int, text: str, draft: _Draft | None, mark: str, say: Speak) -> Outgoing:
    if mark and draft is not None and draft.kind == FORM:
        return send(chat, text, form_choices(mark, say))
    rows: Keyboard = (
        [[("✅ " + say("Take it in"), f"y:t:{mark}")], [(say("Not now"), f"y:n:{mark}")]]
        if mark
        else ()
    )
    return send(chat, text, rows)


# What it is, and what it would do ---------------------------------------------------------------


def looked(
    content: bytes, mine: list[Right], language: str, database: Database, desk: Desk
) -> _Seen | None:
    """What a file is and would do; None: unpacked it is too large."""
    try:
        return _Seen(*_look(database, content, mine, speak(language)))
    except TooLarge:
        return None
    except _Wrong as wrong:
        return _Seen(None, wrong.text, wrong.whole, right=False)


def _look(
    database: Database, content: bytes, mine: list[Right], say: Speak
) -> tuple[_Draft | None, str, str]:
    """What to keep, what to say, and all problems where that has not all; raises `_Wrong`."""
    try:
        found = recognise(content)
        if found is None:
            raise _Wrong(what_can_be_sent(say))
        if found.kind == "form":
            if not any(right.path.count("/") == 2 for right in mine):
                text = say(
                    "A questionnaire is for all areas: only an owner of the whole programme can"
                    " take it in. /team shows who that is."
                )
                raise _Wrong(text)
            workbook = convert(found.content, f"form.{found.ending}", files=found.files)
        with database.read() as session:
            if found.kind == "form":
                return _form(session, workbook, say)
            within = [right.path for right in mine]
            if found.kind == "villages":
                return *_villages(session, found, within, say), ""
            return *_margins(session, found, within, say), ""
    except VillagesRefused as refused:
        lines = [_line(problem.line, problem.what, say) for problem in refused.problems]
        raise _Wrong(_problems(lines, say)) from None
    except TooLarge:
        raise
    except FormError as error:
        lines = [_problem(problem, say) for problem in error.problems]
        whole = "\n".join(lines) if len(lines) > SHOWN else ""
        raise _Wrong(_problems([escape(line[:LONGEST]) for line in lines], say), whole) from None
    except AlreadyPublished:
        text = say(
            "This version of the questionnaire was published before, with other content. Give the"
            " changed one a new version in its sheet <b>settings</b> and send it again."
        )
        raise _Wrong(text) from None


def _villages(
    session: Session, found: Recognised, within: list[str], say: Speak
) -> tuple[_Draft | None, str]:
    seen = look_at_villages(session, found.content, within)
    lines = [
        f"<b>{say('A list of villages')}</b>",
        say("{villages} in {places}: {added} new, {changed} changed.").format(
            villages=say.count("{n} village", "{n} villages", seen.villages),
            places=say.count("{n} township", "{n} townships", seen.places),
            added=seen.added,
            changed=seen.changed,
        ),
    ]
    if seen.adults:
        lines.append(say("{n} adults live there.").format(n=f"{seen.adults:,}"))
    if seen.without_adults:
        lines.append(
            say.count(
                "⚠ {n} village has no number of adults: its profile cannot say who is missing.",
                "⚠ {n} villages have no number of adults: their profiles cannot say who is"
                " missing.",
                seen.without_adults,
            )
        )
    lines += ["⚠ " + _said(warning, say) for warning in seen.warnings[:SHOWN]]
    if not seen.added and not seen.changed:
        lines.append(say("All of it is here already: there is nothing to take in."))
        return None, "\n".join(lines)
    lines.append(say("Nothing is changed yet. Shall I take it in?"))
    return _Draft("villages", found.content), "\n".join(lines)


def _margins(
    session: Session, found: Recognised, within: list[str], say: Speak
) -> tuple[_Draft | None, str]:
    result = read_margins(session, found.content, within).result
    lines = [
        f"<b>{say('Margins: how many adults are online, by sex, age and schooling')}</b>",
        say.count("For {n} area.", "For {n} areas.", result.areas),
    ]
    if result.taken_away:
        lines.append(
            say.count(
                "{n} margin is all 0: it is taken away.",
                "{n} margins are all 0: they are taken away.",
                result.taken_away,
            )
        )
    lines.append(say("They take the place of those that are here. Nothing is changed yet."))
    return _Draft("margins", found.content), "\n".join(lines)


def _form(session: Session, workbook: Workbook, say: Speak) -> tuple[_Draft | None, str, str]:
    form = workbook.form
    known = published_before(session, workbook)
    asked = sum(question.asked for question in form.questions)
    lines = [
        f"<b>{say('A questionnaire')}</b>",
        say("“{title}”, version {version}: {questions}, {languages}, about {minutes}.").format(
            title=escape(form.title[:100]),
            version=escape(form.version[:40]),
            questions=say.count("{n} question", "{n} questions", asked),
            languages=say.count("{n} language", "{n} languages", max(1, len(form.languages))),
            minutes=say.count("{n} minute", "{n} minutes", max(1, round(asked * SECONDS / 60))),
        ),
    ]
    told = [_problem(one, say) for one in workbook.problems]
    whole = "\n".join(told) if len(told) > WARNED else ""
    if told:
        lines.append(
            say.count(
                "⚠ {n} thing could be better, and does not hinder:",
                "⚠ {n} things could be better, and do not hinder:",
                len(told),
            )
        )
        lines += [f"• {escape(one[:LONGEST])}" for one in told[:WARNED]]
    if known is not None:
        lines.append(say("It was published before, just as it is: there is nothing to take in."))
        return None, "\n".join(lines), whole
    lines.append(
        say(
            "A version that is taken in never changes again. New interviews ask it once you open"
            " a wave with it. Shall I take it in?"
        )
    )
    draft = drafted(workbook)
    return _Draft(FORM, draft.body(), draft.mark), "\n".join(lines), whole


# What is wrong ----------------------------------------------------------------------------------


def _line(number: int, what: str, say: Speak) -> str:
    return say("Line {n}: {what}").format(n=number, what=_said(what, say))


def _said(what: str, say: Speak) -> str:
    """A sentence about a file in this language, as far as it can be; escaped."""
    return escape(_words(what, say))


def _words(what: str, say: Speak) -> str:
    if not isinstance(what, Sentence):
        return what[:LONGEST]
    named = {name: str(value)[:LONGEST] for name, value in what.named.items()}
    return say(what.template).format(**named) if what.template else ""


def _problem(problem: Problem, say: Speak) -> str:
    """What is wrong with a form, where, and what to write instead; plain text."""
    space, comma, colon = ("", "，", "：") if say.language == "zh" else (" ", ", ", ": ")
    row = "" if problem.row is None else say("row {n}").format(n=problem.row)
    where = [" ".join(filter(None, (problem.sheet, row))), problem.column]
    told = [_words(problem.what, say), _words(problem.remedy, say)]
    return colon.join(
        filter(None, (comma.join(filter(None, where)), space.join(filter(None, told))))
    )


def _problems(lines: list[str], say: Speak) -> str:
    head = say.count(
        "This file cannot be taken in yet: {n} thing is to be put right.",
        "This file cannot be taken in yet: {n} things are to be put right.",
        len(lines),
    )
    shown = [f"<b>{head}</b>", *(f"• {one}" for one in lines[:SHOWN])]
    if len(lines) > SHOWN:
        shown.append(say("… and {n} more.").format(n=len(lines) - SHOWN))
    shown.append(say("Nothing was changed. Put it right and send the file again."))
    return "\n".join(shown)
