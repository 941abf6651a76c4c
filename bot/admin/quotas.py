"""/quota: how many of one sex and age an area wants, and how many it has."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from bot.access import Malformed, allowed, command, parts, taps, unknown_button, voice, whole
from bot.admin.guard import only_for
from bot.admin.places import AT_ONCE, called, choices
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.say import Button, instead, send, tapped
from bot.texts import Speak, escape
from surveys.publish.quotas import (
    MOST,
    AreaQuotas,
    Filling,
    NoQuota,
    age_word,
    change_quota,
    quotas,
    sex_word,
)
from surveys.store.administrators import Right, Village, areas_below
from surveys.store.quotas import AGES, SEXES, Cell

STEPS = (5, 10, 15, 20, 30, 50)
"""Numbers that have a button; others are typed."""
OFF = ("off", "none", "-", "无", "取消", "不限")
"""What takes a quota away."""
SETTING = ("owner", "area")
"""Who may set them."""
LETTERS = {"": "x", "f": "f", "m": "m"}


@only_for("quota")
def quota(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/quota, "/quota VILLAGE", "/quota VILLAGE f 55-64 20": which area, how far, so many."""
    _, say = voice(session, incoming, desk)
    mine = areas_below(session, allowed(session, incoming, "quota"))
    text = command(incoming.text)[1]
    found = _named(mine, text)
    if not found:
        place, cell, most = _setting(text)
        found = _named(mine, place) if most is not None and place else []
        if len(found) == 1:
            return _set(session, incoming, desk, found[0], cell, most or "", say)
    if len(found) == 1:
        return [send(incoming.chat_id, *_shown(session, incoming, found[0], say))]
    if not found:
        lines = (
            say("I did not understand that. Write it like this:"),
            "/quota LP01",
            "/quota LP01 f 55-64 20",
        )
        return [send(incoming.chat_id, "\n".join(lines))]
    which = say("Which village or area?")
    if len(found) > AT_ONCE:
        which += "\n" + say("Tap one, or send /quota and a part of the name.")
    return [send(incoming.chat_id, which, choices(found, 0, _part(text), say, "q"))]


@only_for("quota")
@taps
def quota_step(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """The buttons of /quota.

    "q:p:<area>" shows an area · "q:n:<from>:<part>" turns the page · "q:s:<area>" whose number? ·
    "q:a:<area>.<sex>" of which age? · "q:m:<area>.<sex>.<age>" how many? ·
    "q:x:<area>.<sex>.<age>.<number>" sets it, without a number takes it away. Sex: f, m, x (both);
    age: its place in AGES, 9 (all).
    """
    _, say = voice(session, incoming, desk)
    mine = areas_below(session, allowed(session, incoming, "quota"))
    step, what = parts(incoming, 2)
    if step == "n":
        start, _, part = what.partition(":")
        rows = choices(called(mine, part), whole(start), part, say, "q")
        return instead(incoming, say("Which village or area?"), rows)
    number, *rest = what.split(".")
    area = next((one for one in mine if one.area_id == whole(number)), None)
    if area is None:
        return unknown_button(session, incoming, desk)
    if step == "p" and not rest:
        return instead(incoming, *_shown(session, incoming, area, say))
    if not _may_set(session, incoming, area):
        return unknown_button(session, incoming, desk)
    back: list[Button] = [("◀ " + say("Back"), f"q:p:{area.area_id}")]
    if step == "s" and not rest:
        rows = [[(_sex(sex, say), f"q:a:{number}.{LETTERS[sex]}")] for sex in (*SEXES, "")]
        return instead(incoming, say("Whose number do you want to set?"), [*rows, back])
    if step == "a" and len(rest) == 1:
        sex = _sex_of(rest[0])
        rows = [[(_age(age, say), f"q:m:{number}.{rest[0]}.{_place(age)}")] for age in (*AGES, "")]
        return instead(incoming, say("{who}: of which age?").format(who=_sex(sex, say)),
                     [*rows, back])  # fmt: skip
    if step == "m" and len(rest) == 2:
        cell = Cell(_sex_of(rest[0]), _age_of(rest[1]))
        start = f"q:x:{number}.{rest[0]}.{rest[1]}."
        buttons: list[Button] = [(str(most), f"{start}{most}") for most in STEPS]
        rows = [buttons[:3], buttons[3:], [(say("No limit"), start)], back]
        text = say("{who}: how many finished interviews at most?").format(who=_who(cell, say))
        text += "\n" + say("Another number: type it like /quota {example}").format(
            example=escape(f"{area.code or area.name} {_typed(cell)} 25".replace("  ", " "))
        )
        return instead(incoming, text, rows)
    if step == "x" and len(rest) == 3:
        cell = Cell(_sex_of(rest[0]), _age_of(rest[1]))
        return _set(session, incoming, desk, area, cell, rest[2] or OFF[0], say)
    raise Malformed


def _set(  # noqa: PLR0917
    session: Session,
    incoming: Incoming,
    desk: Desk,
    area: Village,
    cell: Cell,
    most: str,
    say: Speak,
) -> list[Outgoing]:
    if not _may_set(session, incoming, area):
        text = say("You may look at quotas. An owner or an area administrator sets them.")
        return [*tapped(incoming), send(incoming.chat_id, text)]
    number = None if most in OFF else whole(most)
    if number is not None and number > MOST:
        return [*tapped(incoming), send(incoming.chat_id, say("That is too large a number."))]
    right = _right(session, incoming, area)
    try:
        by = f"administrator {right.administrator_id}"
        change_quota(session, area.area_id, cell, number, desk.clock(), by)
    except NoQuota as error:
        return [*tapped(incoming), send(incoming.chat_id, _why_not(str(error), area, say))]
    text, rows = _shown(session, incoming, area, say)
    done = say("Done.") + "\n\n" + text
    if incoming.kind == "tap":
        return instead(incoming, done, rows)
    return [send(incoming.chat_id, done, rows)]


def _shown(
    session: Session, incoming: Incoming, area: Village, say: Speak
) -> tuple[str, list[list[Button]]]:
    """The quotas of an area, and a button to set them for who may."""
    try:
        found = quotas(session, area.area_id)
    except NoQuota as error:
        return _why_not(str(error), area, say), []
    rows: list[list[Button]] = []
    if _may_set(session, incoming, area):
        rows.append([(say("Set a number"), f"q:s:{area.area_id}")])
    reach = [right.path for right in allowed(session, incoming, "quota")]
    return _text(found, reach, say), rows


def _text(found: AreaQuotas, reach: Sequence[str], say: Speak) -> str:
    lines = [f"<b>{escape(found.name)}</b> · " + say("Quotas: finished / at most")]
    if not found.fillings and not found.above:
        lines.append(say("There are none: everyone who is 16 or older can answer."))
    lines += [_line(one, say) for one in found.fillings]
    for path, name, one in found.above:
        if any(path.startswith(mine) for mine in reach):
            lines.append(f"{_line(one, say)} ({escape(name)})")
        elif one.finished >= one.most:
            # How many have answered in the wider area is not for who looks after a part of it.
            full = say("{who}: full in {area}")
            lines.append("✓ " + full.format(who=_who(one.cell, say), area=escape(name)))
    if found.wide and found.fillings:
        lines.append(say("Counted over all villages together."))
    if found.turned_away:
        lines.append(
            say.count(
                "{n} person came when it was full", "{n} persons came when it was full",
                found.turned_away,
            )
        )  # fmt: skip
    return "\n".join(lines)


def _line(one: Filling, say: Speak) -> str:
    mark = "✓" if one.finished >= one.most else "·"
    return f"{mark} {_who(one.cell, say)}: {one.finished} / {one.most}"


def _why_not(error: str, area: Village, say: Speak) -> str:
    if error == "no wave is open":
        return say("No survey is open in {village} now, so there are no quotas.").format(
            village=escape(area.name)
        )
    return say("This questionnaire does not say which question asks for sex and age.")


def _may_set(session: Session, incoming: Incoming, area: Village) -> bool:
    return any(right.role in SETTING for right in _reaching(session, incoming, area))


def _right(session: Session, incoming: Incoming, area: Village) -> Right:
    return next(one for one in _reaching(session, incoming, area) if one.role in SETTING)


def _reaching(session: Session, incoming: Incoming, area: Village) -> list[Right]:
    mine = allowed(session, incoming, "quota")
    return [right for right in mine if area.path.startswith(right.path)]


def _named(areas: Sequence[Village], text: str) -> list[Village]:
    """The areas that a text means: by code or whole name, by County/Township, else by a part."""
    part = _part(text)
    if not part:
        return list(areas)
    exact = [one for one in areas if part in (one.code.casefold(), one.name.casefold())]
    if exact:
        return exact
    names = {one.path: one.name.casefold() for one in areas}
    for area in areas:
        above = [path for path in names if area.path.startswith(path)]
        path = "/".join(names[one] for one in sorted(above, key=len))
        ends = "/" + part.strip("/"), "/" + path
        # Of what is above one's own area the names are not known here.
        if "/" in part and (ends[1].endswith(ends[0]) or ends[0].endswith(ends[1])):
            return [area]
    return called(areas, part)


def _part(text: str) -> str:
    return " ".join(text.split()).casefold()


def _setting(text: str) -> tuple[str, Cell, str | None]:
    """ "LP01 f 55-64 20" -> ("LP01", Cell("f", "55-64"), "20"); None: no number at its end."""
    *words, last = text.split() or [""]
    number = last.casefold()
    if number not in OFF and not (number.isascii() and number.isdigit() and len(number) < 9):
        return text, Cell(), None
    sex = age = ""
    while len(words) > 1:
        as_sex, as_age = sex_word(words[-1]), age_word(words[-1])
        if as_sex and not sex:
            sex = as_sex
        elif as_age and not age:
            age = as_age
        elif as_sex != "" and as_age != "":
            break
        words.pop()
    return " ".join(words), Cell(sex, age), number if number not in OFF else OFF[0]


def _sex_of(letter: str) -> str:
    found = [sex for sex, one in LETTERS.items() if one == letter]
    if not found:
        raise Malformed
    return found[0]


def _age_of(place: str) -> str:
    number = whole(place)
    if number == len(AGES) or number > 9:
        raise Malformed
    return AGES[number] if number < len(AGES) else ""


def _place(age: str) -> int:
    return AGES.index(age) if age else 9


def _typed(cell: Cell) -> str:
    return " ".join(filter(None, (cell.sex, cell.age)))


def _sex(sex: str, say: Speak) -> str:
    return {"f": say("Women"), "m": say("Men"), "": say("Women and men")}[sex]


def _age(age: str, say: Speak) -> str:
    if age == AGES[-1]:
        return say("65 and older")
    return age or say("all ages")


def _who(cell: Cell, say: Speak) -> str:
    return f"{_sex(cell.sex, say)}, {_age(cell.age, say)}"
