"""Quotas set, cleared, listed, imported: how many finished interviews of one sex and age."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from surveys.publish.areas import UnknownArea, find_area
from surveys.publish.village_rows import LineProblem, header_of, number_of, text_of
from surveys.publish.villages import VillagesRefused
from surveys.store.areas import ids_of, open_wave_at
from surveys.store.audit import audit
from surveys.store.quotas import (
    AGES,
    SEXES,
    Cell,
    QuotaRow,
    areas_with_quotas,
    counted,
    quotas_of,
    roles_of,
    set_quota,
    turned_away,
    within,
)
from surveys.store.schema import Area

COLUMNS = ("area", "sex", "age", "most")
MOST = 100_000
"""No area has use for more."""


class QuotasRefused(VillagesRefused):
    """A list of quotas that was not imported, with everything that is wrong with it."""


class NoQuota(ValueError):  # noqa: N818
    """There can be no such quota there: no wave is open, or its form does not ask."""


@dataclass(frozen=True, slots=True)
class Filling:
    """A quota, and how far it is."""

    cell: Cell
    finished: int
    most: int


@dataclass(frozen=True, slots=True)
class AreaQuotas:
    """The quotas of an area in the wave that is open there."""

    area_id: int
    name: str
    wave_id: int
    wide: bool
    """Whether it is above villages."""
    fillings: tuple[Filling, ...]
    above: tuple[tuple[str, str, Filling], ...]
    """Those of the areas above it, with path and name of the area: they hold here, too."""
    turned_away: int
    """How many were told that there are enough answers from such people."""


def quotas(session: Session, area_id: int) -> AreaQuotas:
    """The quotas of an area. Raises `NoQuota` where no wave is open."""
    area = session.get_one(Area, area_id)
    wave = open_wave_at(session, area.path)
    if wave is None:
        raise NoQuota("no wave is open")
    own = _filled(session, wave.wave_id, area.path, quotas_of(session, wave.wave_id, area_id))
    above = []
    for one in ids_of(area.path)[-2::-1]:
        rows = quotas_of(session, wave.wave_id, one)
        if rows:
            place = session.get_one(Area, one)
            filled = _filled(session, wave.wave_id, place.path, rows)
            above += [(place.path, place.name, each) for each in filled]
    return AreaQuotas(
        area_id,
        area.name,
        wave.wave_id,
        area.kind != "village",
        own,
        tuple(above),
        turned_away(session, wave.wave_id, area.path),
    )


def change_quota(  # noqa: PLR0917
    session: Session, area_id: int, cell: Cell, most: int | None, now: datetime, by: str
) -> None:
    """Set a quota in the wave that is open in an area, or (None) take it away. Audited.

    Raises `NoQuota` where no wave is open, or where its form does not ask for sex and age by a role
    of the sheet `indicators`; `ValueError` for a cell or a number that cannot be.
    """
    if cell.sex not in ("", *SEXES) or cell.age not in ("", *AGES):
        raise ValueError("a quota is for f, m or both, and for 16-34, 35-54, 55-64, 65+ or all")
    if most is not None and not 0 <= most <= MOST:
        raise ValueError(f"a quota is a number from 0 to {MOST}")
    area = session.get_one(Area, area_id)
    wave = open_wave_at(session, area.path)
    if wave is None:
        raise NoQuota("no wave is open")
    asked = roles_of(session, wave.form_version_id)
    if not asked or (cell.sex and "sex" not in asked) or (cell.age and "age" not in asked):
        raise NoQuota("the form does not ask")
    set_quota(session, wave.wave_id, area_id, cell, most)
    audit(
        session,
        by,
        "clear quota" if most is None else "set quota",
        f"wave {wave.wave_id}, {said(cell)}" + ("" if most is None else f": {most}"),
        now,
        area_id=area_id,
    )


def all_quotas(session: Session) -> list[AreaQuotas]:
    """The quotas of every area that has any in the wave that is open there."""
    found: dict[int, AreaQuotas] = {}
    for area in session.query(Area).order_by(Area.path):
        wave = open_wave_at(session, area.path)
        if wave is not None and area.id in areas_with_quotas(session, wave.wave_id):
            found[area.id] = quotas(session, area.id)
    return list(found.values())


def import_quotas(
    session: Session, content: bytes, now: datetime, *, by: str = "command line"
) -> int:
    """Set the quotas of a CSV file (columns: docs/commands.md); how many.

    An empty `most` takes a quota away. Raises `QuotasRefused` with every problem and its line; then
    nothing is written.
    """
    problems: list[LineProblem] = []
    rows = _read(content, problems)
    ready: list[tuple[int, Cell, int | None]] = []
    for line, place, cell, most in rows:
        try:
            ready.append((find_area(session, place).id, cell, most))
        except UnknownArea as error:
            problems.append(LineProblem(line, str(error)))
    if problems:
        raise QuotasRefused(problems)
    for (line, place, *_), (area_id, cell, most) in zip(rows, ready, strict=True):
        try:
            change_quota(session, area_id, cell, most, now, by)
        except NoQuota as error:
            raise QuotasRefused([LineProblem(line, f"{place}: {error}.")]) from None
    return len(ready)


def said(cell: Cell) -> str:
    """A cell as it is typed.

    >>> said(Cell("f", "65+")), said(Cell("", "16-34")), said(Cell())
    ('f 65+', '16-34', 'all')
    """
    return " ".join(filter(None, (cell.sex, cell.age))) or "all"


def sex_word(word: str) -> str | None:
    """f, m or "" for what someone writes; None for what is no sex.

    >>> sex_word("Women"), sex_word("男"), sex_word("x")
    ('f', 'm', None)
    """
    words = {
        "f": ("f", "female", "woman", "women", "女", "女性"),
        "m": ("m", "male", "man", "men", "男", "男性"),
        "": ("", "all", "both", "all sexes", "不限", "全部"),
    }
    return next((sex for sex, known in words.items() if word.strip().casefold() in known), None)


def age_word(word: str) -> str | None:
    """An age group for what someone, or a spreadsheet, writes; None for what is none.

    >>> age_word("16 – 34"), age_word("65岁以上"), age_word("17-20")
    ('16-34', '65+', None)
    """
    plain = re.sub(r"[\s岁]", "", word.casefold())
    plain = re.sub(r"[-‐‑–—~到至]", "-", plain)
    plain = re.sub(r"^65(\+|及以上|以上|-)?$", "65+", plain)
    if plain in ("", "all", "不限", "全部"):
        return ""
    return plain if plain in AGES else None


def _filled(session: Session, wave_id: int, path: str, rows: list[QuotaRow]) -> tuple[Filling, ...]:
    counts = counted(session, wave_id, path) if rows else {}
    return tuple(Filling(row.cell, within(counts, row.cell), row.most) for row in rows)


def _read(content: bytes, problems: list[LineProblem]) -> list[tuple[int, str, Cell, int | None]]:
    text = text_of(content, problems)
    if text is None:
        return []
    head, _, _ = text.lstrip("\r\n").partition("\n")
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    places: dict[str, int] | None = None
    found: list[tuple[int, str, Cell, int | None]] = []
    for cells in lines:
        line = lines.line_num
        if not any(cell.strip() for cell in cells):
            continue
        if places is None:
            headers = [header_of(cell) for cell in cells]
            places = {name: headers.index(name) for name in COLUMNS if name in headers}
            if len(places) < len(COLUMNS):
                what = "the first line must name the columns area, sex, age and most."
                problems.append(LineProblem(line, what))
                return []
            continue
        given = {
            name: cells[place].strip() if place < len(cells) else ""
            for name, place in places.items()
        }
        wrong: list[str] = []
        sex, age = sex_word(given["sex"]), age_word(given["age"])
        if not given["area"]:
            wrong.append("the area is missing.")
        if sex is None:
            wrong.append(f"the sex must be f, m or empty, not {given['sex'][:40]}.")
        if age is None:
            what = f"the age must be {', '.join(AGES)} or empty, not {given['age'][:40]}."
            wrong.append(what)
        most = number_of(given, "most", int, 0, MOST, wrong)
        problems.extend(LineProblem(line, what) for what in wrong)
        if not wrong:
            found.append((line, given["area"], Cell(sex or "", age or ""), most))
    if not found and not problems:
        problems.append(LineProblem(1, "there is no quota here."))
    return found
