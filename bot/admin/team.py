"""/team: who is in it, who was invited, who goes."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.access import (
    Malformed,
    allowed,
    command,
    parts,
    rights,
    role_name,
    taps,
    unknown_button,
    voice,
    whole,
)  # fmt: skip
from bot.admin.guard import only_for
from bot.admin.places import AT_ONCE, messages, short
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.say import Button, instead, send
from bot.texts import Speak, escape
from surveys.publish.invites import INVITE_DAYS, invite_to
from surveys.publish.team import LastOwner, may_appoint, revoke, roles_to_give
from surveys.store.administrators import ROLES, Right
from surveys.store.audit import audit
from surveys.store.jobs import add_job
from surveys.store.team import (
    Member,
    Pending,
    administrator_of,
    area_at,
    areas_below,
    members,
    pending,
    pending_to,
    rename,
    touchable,
    withdraw_invite,
)

LONGEST = 40
"""Letters of a name."""


@only_for("team")
def team(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/team: the list; "/team name …": what the team calls me."""
    _, say = voice(session, incoming, desk)
    first, _, name = command(incoming.text)[1].partition(" ")
    if first.casefold() == "name":
        return _call_me(session, incoming, desk, " ".join(name.split())[:LONGEST], say)
    return _list(session, incoming, desk, say)


@only_for("team")
@taps
def team_step(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """The buttons of /team.

    "t:l:<from>" the list · "t:g:<grant>" one of them · "t:y:<grant>" out · "t:w:<invite>" take an
    invite back · "t:i:0" invite · "t:r:<role>" where? · "t:c:<role>.<area>.<from>" an area and
    those below it · "t:m:<role>.<area>" make the invite. A role is its place in ROLES.
    """
    _, say = voice(session, incoming, desk)
    step, what = parts(incoming, 2)
    if step == "l":
        return _turn(session, incoming, desk, whole(what), say)
    if step == "g":
        return _one(session, incoming, desk, whole(what), say)
    if step == "y":
        return _out(session, incoming, desk, whole(what), say)
    if step == "w":
        return _take_back(session, incoming, desk, whole(what), say)
    mine = allowed(session, incoming, "team")
    if step == "i":
        rows: list[list[Button]] = [
            [(_role_line(role, say), f"t:r:{ROLES.index(role)}")] for role in roles_to_give(mine)
        ]
        if not rows:
            return unknown_button(session, incoming, desk)
        rows.append([("◀ " + say("Back"), "t:l:0")])
        return instead(incoming, say("What may they do?"), rows)
    role, *rest = (whole(part) for part in what.split("."))
    if role >= len(ROLES):
        raise Malformed
    if step == "r" and not rest:
        return _where(session, incoming, mine, role, say)
    if step == "c" and len(rest) == 2:
        return _below(session, incoming, mine, role, rest[0], start=rest[1], say=say)
    if step == "m" and len(rest) == 1:
        return _make(session, incoming, desk, role, rest[0], say=say)
    raise Malformed


def _list(session: Session, incoming: Incoming, desk: Desk, say: Speak) -> list[Outgoing]:
    head, rows, lines = _shown(session, incoming, desk, 0, say)
    sent = messages(head, lines)
    last = len(sent) - 1
    return [
        send(incoming.chat_id, text, rows if place == last else ())
        for place, text in enumerate(sent)
    ]


def _turn(
    session: Session, incoming: Incoming, desk: Desk, start: int, say: Speak
) -> list[Outgoing]:
    head, rows, lines = _shown(session, incoming, desk, start, say)
    return instead(incoming, messages(head, lines)[-1], rows)


def _shown(
    session: Session, incoming: Incoming, desk: Desk, start: int, say: Speak
) -> tuple[str, list[list[Button]], list[str]]:
    """The list as a head and lines, and a button for each who can be taken out."""
    mine = allowed(session, incoming, "team")
    own = mine[0].administrator_id
    found = members(session, mine)
    invited = pending(session, mine, desk.clock())
    lines = [_member_line(one, own, desk, say) for one in found]
    lines += [_pending_line(one, say) for one in invited]
    touch: list[tuple[str, str]] = [
        (f"✕ {short(_name(one, desk, say))} · {role_name(one.role, say)}", f"t:g:{one.grant_id}")
        for one in found
        if one.administrator_id == own or may_appoint(mine, one.role, one.path)
    ]
    touch += [
        (f"✕ {say('invite')} · {role_name(one.role, say)} · {short(one.area)}",
         f"t:w:{one.invite_id}")
        for one in invited
        if may_appoint(mine, one.role, one.path)
    ]  # fmt: skip
    start = min(start, max(len(touch) - 1, 0))
    rows: list[list[Button]] = []
    if roles_to_give(mine):
        rows.append([("＋ " + say("Invite someone"), "t:i:0")])
    rows += [[button] for button in touch[start : start + AT_ONCE]]
    turn: list[Button] = []
    if start:
        turn.append(("◀", f"t:l:{max(start - AT_ONCE, 0)}"))
    if start + AT_ONCE < len(touch):
        turn.append((say("More") + " ▶", f"t:l:{start + AT_ONCE}"))
    if turn:
        rows.append(turn)
    return f"<b>{say('Who is in the team')}</b>", rows, lines


def _one(
    session: Session, incoming: Incoming, desk: Desk, grant_id: int, say: Speak
) -> list[Outgoing]:
    """Sure? Before somebody is taken out, or leaves."""
    one = _touchable(session, incoming, grant_id)
    own = rights(session, incoming)[0].administrator_id
    if one.administrator_id == own:
        text = say("You are {role} of <b>{area}</b>. Give this up?")
        yes = say("Yes, give it up")
    else:
        text = say("{name} is {role} of <b>{area}</b>. Take this away?")
        yes = say("Yes, take it away")
    filled = text.format(
        name=escape(_name(one, desk, say)), role=role_name(one.role, say), area=escape(one.area)
    )
    return instead(
        incoming, filled, [[(yes, f"t:y:{one.grant_id}")], [("◀ " + say("Back"), "t:l:0")]]
    )


def _out(
    session: Session, incoming: Incoming, desk: Desk, grant_id: int, say: Speak
) -> list[Outgoing]:
    one = _touchable(session, incoming, grant_id)
    own = rights(session, incoming)[0].administrator_id
    now = desk.clock()
    try:
        done = revoke(session, grant_id, f"administrator {own}", now)
    except LastOwner:
        text = say("This is the last owner: without one, nobody could invite anyone any more."
                   " Invite another owner first.")  # fmt: skip
        return instead(incoming, text, [[("◀ " + say("Back"), "t:l:0")]])
    if done is None:
        return unknown_button(session, incoming, desk)
    if one.administrator_id == own:
        add_job(session, "menu", {"contact_id": one.contact_id}, now)
        text = say("You are no longer {role} of <b>{area}</b>.")
        filled = text.format(role=role_name(one.role, say), area=escape(one.area))
        return instead(incoming, filled, [])
    what = {"contact_id": one.contact_id, "role": one.role, "area": one.area}
    add_job(session, "farewell", what, now, key=f"farewell:{grant_id}:{incoming.update_id}")
    text = say("Done. {name} is no longer {role} of <b>{area}</b>.")
    filled = text.format(
        name=escape(_name(one, desk, say)), role=role_name(one.role, say), area=escape(one.area)
    )
    return instead(incoming, filled, [[("◀ " + say("Back"), "t:l:0")]])


def _take_back(
    session: Session, incoming: Incoming, desk: Desk, invite_id: int, say: Speak
) -> list[Outgoing]:
    mine, now = allowed(session, incoming, "team"), desk.clock()
    one = pending_to(session, invite_id, mine, now)
    if one is None:
        raise Malformed
    back: list[list[Button]] = [[("◀ " + say("Back"), "t:l:0")]]
    if not withdraw_invite(session, invite_id, now):
        return instead(incoming, say("Somebody has opened this link already."), back)
    actor = f"administrator {mine[0].administrator_id}"
    audit(session, actor, "withdraw invite", f"invite {invite_id}", now, area_id=one.area_id)
    return instead(incoming, say("Done. The link works no more."), back)


def _where(
    session: Session, incoming: Incoming, mine: tuple[Right, ...], role: int, say: Speak
) -> list[Outgoing]:
    """Of several areas that one holds: which? Of one, go on to those below it."""
    held = [right for right in mine if right.role in ("owner", "area")]
    if len(held) == 1:
        return _below(session, incoming, mine, role, held[0].area_id, start=0, say=say)
    rows: list[list[Button]] = [
        [(short(right.area), f"t:c:{role}.{right.area_id}.0")] for right in held[:AT_ONCE]
    ]
    return instead(incoming, say("Where?"), [*rows, [("◀ " + say("Back"), "t:i:0")]])


def _below(
    session: Session,
    incoming: Incoming,
    mine: tuple[Right, ...],
    role: int,
    area_id: int,
    *,
    start: int,
    say: Speak,
) -> list[Outgoing]:
    """An area and those right below it: here, or further down?"""
    at = area_at(session, area_id, mine)
    if at is None:
        raise Malformed
    name, path = at
    rows: list[list[Button]] = []
    if may_appoint(mine, ROLES[role], path):
        rows.append([(say("All of {area}").format(area=short(name)), f"t:m:{role}.{area_id}")])
    below = areas_below(session, area_id, mine)
    rows += [
        [(short(one.name),
          f"t:m:{role}.{one.area_id}" if one.kind == "village" else f"t:c:{role}.{one.area_id}.0")]
        for one in below[start : start + AT_ONCE]
    ]  # fmt: skip
    turn: list[Button] = []
    if start:
        turn.append(("◀", f"t:c:{role}.{area_id}.{max(start - AT_ONCE, 0)}"))
    if start + AT_ONCE < len(below):
        turn.append((say("More") + " ▶", f"t:c:{role}.{area_id}.{start + AT_ONCE}"))
    rows += [turn] if turn else []
    question = say("{role}: of which area?").format(role=_capital(role_name(ROLES[role], say)))
    return instead(incoming, question, [*rows, [("◀ " + say("Back"), "t:i:0")]])


def _make(
    session: Session, incoming: Incoming, desk: Desk, role: int, area_id: int, *, say: Speak
) -> list[Outgoing]:
    mine = allowed(session, incoming, "team")
    at = area_at(session, area_id, mine, giving=ROLES[role])
    if at is None:
        raise Malformed
    actor = f"administrator {mine[0].administrator_id}"
    code = invite_to(session, desk.vault, ROLES[role], area_id, desk.clock(), actor)
    before = say("Forward the next message to the person. Its link works once, for {n} days: who"
                 " opens it first is in the team.").format(n=INVITE_DAYS)  # fmt: skip
    link = say(
        "You are invited to be {role} of <b>{area}</b> in the survey on the internet in our"
        " villages. Open the link and press Start:"
    ).format(role=role_name(ROLES[role], say), area=escape(at[0]))
    url = f"https://t.me/{desk.bot_username}?start=admin-{code}"
    return [*instead(incoming, before, []), send(incoming.chat_id, f"{link}\n{url}")]


def _call_me(
    session: Session, incoming: Incoming, desk: Desk, name: str, say: Speak
) -> list[Outgoing]:
    mine = allowed(session, incoming, "team")
    if not name:
        text = say("Write your name after it: /team name Li Mei")
        return [send(incoming.chat_id, text)]
    rename(session, mine[0].contact_id, desk.vault.seal(name.encode()))
    text = say("Your team reads “{name}” from now on.").format(name=escape(name))
    return [send(incoming.chat_id, text)]


def _touchable(session: Session, incoming: Incoming, grant_id: int) -> Member:
    """A grant that the sender holds, or may take away. Raises `Malformed`."""
    one = touchable(session, grant_id, allowed(session, incoming, "team"))
    if one is None:
        raise Malformed
    return one


def _member_line(one: Member, own: int, desk: Desk, say: Speak) -> str:
    you = f" ({say('you')})" if one.administrator_id == own else ""
    name = escape(_name(one, desk, say))
    return f"<b>{name}</b>{you}\n{_capital(role_name(one.role, say))} · {escape(one.area)}"


def _pending_line(one: Pending, say: Speak) -> str:
    text = say("Invite not opened yet, until {day}").format(day=f"{one.expires_at:%Y-%m-%d}")
    return f"<i>{text}</i>\n{_capital(role_name(one.role, say))} · {escape(one.area)}"


def _name(one: Member, desk: Desk, say: Speak) -> str:
    if one.name is None:
        return say("Administrator {n}").format(n=one.administrator_id)
    return desk.vault.open(one.name).decode()


def name_of(session: Session, contact_id: int, desk: Desk) -> str:
    """What the team reads for an administrator; "" where they are none, or have no name."""
    found = administrator_of(session, contact_id)
    return "" if found is None or found[1] is None else desk.vault.open(found[1]).decode()


def _role_line(role: str, say: Speak) -> str:
    return "{} – {}".format(
        _capital(role_name(role, say)),
        {
            "owner": say("everything"),
            "area": say("fieldwork and profiles of an area"),
            "helper": say("links and posters"),
            "analyst": say("profiles and files, without contacts"),
            "viewer": say("profiles"),
        }[role],
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
