"""What is known of one interview without its answers, for who asked by /find."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.access import ROLES
from bot.desk import Desk
from bot.jobs.parcels import Parcel
from bot.reviewing import review_buttons, reviewer, state_name
from bot.say import send
from bot.texts import Speak, escape, speak
from surveys.publish.reviews import NoSuchSubmission, find
from surveys.store.administrators import addressee, rights_of
from surveys.store.areas import zone_name
from surveys.store.database import Database
from surveys.store.jobs import DueJob
from surveys.store.quality import checked
from surveys.store.reviews import Reviewed


def found(job: DueJob, database: Database, desk: Desk) -> list[Parcel]:
    """A job "find": nothing for who may not look there any more."""
    with database.read() as session:
        one = addressee(session, int(job.arguments["contact_id"]))
        if one is None:
            return []
        rights = tuple(
            right for right in rights_of(session, one.lane) if right.role in ROLES["find"]
        )
        try:
            interview = find(session, job.arguments["key"], [right.path for right in rights])
        except NoSuchSubmission:
            return []
        # Its flags come from comparing it with all others of its wave.
        looked = checked(session, interview.wave_id)
        zone = ZoneInfo(zone_name(session, interview.area_path) or "UTC")
    say = speak(one.language)
    finished = interview.status == "finished"
    text = "\n".join(
        _lines(
            interview,
            looked.flags_of(interview.interview_id) if finished else None,
            looked.seconds_of(interview.interview_id),
            zone,
            say,
        )
    )
    buttons = (
        review_buttons(interview, interview.review, say)
        if finished and reviewer(rights, interview) is not None
        else ()
    )
    key = f"job:{job.id}:{one.contact_id}:0"
    return [(one, [send(desk.address(one), text, buttons, key=key)])]


def _lines(
    one: Reviewed, flags: tuple[str, ...] | None, seconds: float | None, zone: ZoneInfo, say: Speak
) -> list[str]:
    status = {"finished": say("finished"), "stopped": say("stopped"), "open": say("under way")}
    modes = {
        "self": say("by themselves"),
        "helped": say("with someone's help"),
        "proxy": say("someone answered for them"),
        "visited": say("in a visited home"),
    }
    lines = [
        f"<b>{escape(one.village)}</b> · {escape(one.code)} · {escape(one.wave)}",
        f"<code>{escape(one.key)}</code>",
        say("Interview: {status}").format(status=status[one.status]),
        say("Begun: {when}").format(when=_when(one.started_at, zone)),
    ]
    if one.finished_at is not None:
        lines.append(say("Finished: {when}").format(when=_when(one.finished_at, zone)))
    if seconds is not None:
        lines.append(say("Time at the questions: {n} seconds").format(n=round(seconds)))
    if one.mode in modes:
        lines.append(say("How: {mode}").format(mode=modes[one.mode]))
    if one.language:
        lines.append(say("In: {language}").format(language=escape(one.language)))
    lines.append(say("Questionnaire, version {version}").format(version=escape(one.form)))
    if flags is not None:
        lines.append(_flags(flags, say))
        lines.append(say("Review: {state}").format(state=state_name(one.review, say)))
    return lines


def _flags(flags: tuple[str, ...], say: Speak) -> str:
    names = {
        "straight_lining": say("the same answer all the way through"),
        "speeding": say("answered very fast"),
        "contradiction": say("the number of adults at home does not fit"),
        "duplicate": say("the same answers as another interview"),
    }
    if not flags:
        return say("Nothing about it stands out.")
    return "⚠ " + say("Look at it again: {what}").format(
        what=say(", ").join(escape(names.get(flag, flag)) for flag in flags)
    )


def _when(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
