"""What of a wave stands, so that only villages are computed of which something has changed.

A village stands while its submissions, what is known of it from elsewhere, the form, the reference
area and the program are the same. Models and bands look at all villages; what they say of one that
stands is not looked up again for each answer elsewhere: that happens when one in ten has changed
(docs/decisions/0021). Few submissions are always computed whole, which takes a second or two.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from surveys.profiles.computed_wave import Round, reference_name, wave_before
from surveys.store.areas import reference_villages
from surveys.store.margins import margins_for
from surveys.store.measured import layouts_of
from surveys.store.reports import told_names
from surveys.store.schema import FormVersion, Wave
from surveys.store.standing import (
    Rests,
    Row,
    Settled,
    Stamp,
    alone,
    keep_basis,
    keep_standing,
    newest_reports,
    rests_on,
    stamps,
    standing,
)
from surveys.store.submissions import Census, census, table

if TYPE_CHECKING:
    from surveys.estimation.frame import Floats
    from surveys.estimation.standing import Standing

STANDS_FROM = 20_000
"""Submissions from which on anything stands."""
ANEW = 10
"""One village in so many that was computed after all of them: then all are computed once more."""
COUNTED = ("answered/persons", "answered/homes", "waiting")
"""Of a village besides what models take of it: who has answered, and who is in no edition yet."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A wave as it is now, and what of it stands."""

    wave_id: int
    made_of: str
    stamps: Mapping[int, Stamp]
    """Of its submissions, and of what is known of it from elsewhere."""
    census: Mapping[int, Census]
    """Of all villages where somebody has finished, and of the reference area."""
    reference: frozenset[int]
    rests: Rests | None
    """What the numbers that stand rest on; None: all must be computed."""
    rows: Mapping[int, Row]
    """The villages that stand."""
    changed: frozenset[int]
    """The others where somebody has finished."""
    reports: Mapping[int, int]
    """Of each place of the wave the id of its newest report."""
    large: bool
    """Whether what is computed is to be kept."""
    earlier: bool
    """Whether there is a wave before it."""

    @property
    def answered(self) -> frozenset[int]:
        """The villages where somebody finished, and was not rejected."""
        return frozenset(
            area_id for area_id, one in self.stamps.items() if one.finished > one.rejected
        )

    def counted(self, area_id: int) -> tuple[int, int, int]:
        """Of a village that stands `COUNTED`."""
        import numpy as np

        names = () if self.rests is None else self.rests.names
        numbers = np.frombuffer(self.rows[area_id].numbers)
        persons, homes, waiting = (int(numbers[names.index(name)]) for name in COUNTED)
        return persons, homes, waiting

    def beside(self, among: Collection[int]) -> Standing:
        """The villages that stand, but for these."""
        import numpy as np

        from surveys.estimation.standing import Standing

        names = () if self.rests is None else self.rests.names
        rows = {one: row for one, row in sorted(self.rows.items()) if one not in among}
        numbers = np.frombuffer(b"".join(row.numbers for row in rows.values()))
        told = np.array([row.told for row in rows.values()], np.bool_)
        told = told.reshape(len(rows), len(told_names()))
        return Standing(
            table([self.census[one] for one in rows]),
            dict(zip(names, numbers.reshape(len(rows), len(names)).T, strict=True)),
            dict(zip(told_names(), told.T, strict=True)),
        )

    def needed(self, session: Session, area_ids: Collection[int]) -> frozenset[int]:
        """The villages that must be computed with these: the reference area, what else has changed,
        and all that are raked with one of them."""
        own = self.reference | self.changed | frozenset(area_ids)
        raked, _ = margins_for(session, own)
        return own | (frozenset(raked) & self.stamps.keys())


def seen(session: Session, wave_id: int) -> Seen:
    """Look at a wave: nothing is read but how many have answered where, and what was kept."""
    wave = session.get_one(Wave, wave_id)
    submissions = stamps(session, wave_id)
    reference = reference_villages(session, wave)
    places = census(session, submissions.keys() | set(reference))
    now = {
        area_id: one._replace(text=_hash(one.text, places[area_id]))
        for area_id, one in submissions.items()
    }
    found = Seen(
        wave_id=wave_id,
        made_of="",
        stamps=now,
        census=places,
        reference=frozenset(reference),
        rests=None,
        rows={},
        changed=frozenset(now),
        reports={},
        large=sum(one.finished for one in now.values()) >= STANDS_FROM,
        earlier=wave_before(session, wave) is not None,
    )
    if not found.large:
        return found
    found = replace(found, made_of=_made_of(session, wave, found))
    rests = rests_on(session, wave_id)
    if rests is None or rests.made_of != found.made_of:
        return found
    reports = newest_reports(session, wave_id)
    rows = {
        area_id: row
        for area_id, row in standing(session, wave_id).items()
        if area_id in now
        and now[area_id].text == row.stamp
        and reports.get(area_id) == row.report_id
    }
    changed = frozenset(now.keys() - rows.keys())
    raked, _ = margins_for(session, changed)
    changed |= frozenset(raked) & now.keys()
    rows = {area_id: row for area_id, row in rows.items() if area_id not in changed}
    if changed and (found.earlier or not _may_stand(wave, rows, changed)):
        return found
    return replace(found, rests=rests, rows=rows, changed=changed, reports=reports)


def _may_stand(wave: Wave, rows: Mapping[int, Row], changed: Collection[int]) -> bool:
    """Whether the rest stands where some villages have changed.

    At a wave's end the small villages of an area come in together.
    """
    later = sum(row.later for row in rows.values()) + len(changed)
    return wave.closed_at is None and later * ANEW <= len(rows) + len(changed)


def _made_of(session: Session, wave: Wave, found: Seen) -> str:
    """A hash of all that the numbers of villages are made of, besides their answers."""
    version = session.get_one(FormVersion, wave.form_version_id)
    earlier = wave_before(session, wave)
    before = {} if earlier is None else stamps(session, earlier.id)
    said = [
        program(),
        wave.name,
        wave.closed_at is not None,
        version.id,
        json.dumps(version.indicators, sort_keys=True),
        sorted((number, one.mark) for number, one in layouts_of(session, wave.id).items()),
        [found.census[area_id] for area_id in sorted(found.reference)],
        reference_name(session, sorted(found.reference)),
        sorted(margins_for(session, found.census.keys())[1].items()),
        earlier and earlier.id,
        sorted(before.items()),
    ]
    return _hash(*said)


def _hash(*said: object) -> str:
    return blake2b(repr(said).encode(), digest_size=16).hexdigest()


@cache
def program() -> str:
    """What stands for the program that computes: with another one nothing is the same."""
    found = blake2b(digest_size=16)
    for one in sorted(files("surveys.estimation").iterdir(), key=lambda one: one.name):
        if one.name.endswith(".py"):
            found.update(one.read_bytes())
    return found.hexdigest()


def settle(
    session: Session,
    before: Seen,
    one: Round,
    codes: Iterable[str],
    told: Mapping[str, tuple[bool, ...]],
) -> Seen:
    """Keep the numbers of these villages as they were computed, with their reports, which are kept.

    told: of each village what of it is shown. Of whom someone was forgotten, so that they are in no
    number until others have come, stand too, with numbers of nobody. Gives what stands now.
    """
    alone(session, before.wave_id)
    if before.rests is not None and rests_on(session, before.wave_id) != before.rests:
        # Meanwhile somebody else has computed all, with other numbers to note.
        return replace(before, rows={}, changed=frozenset(before.stamps))
    columns = noted(one)
    names = tuple(sorted(columns))
    whole = before.rests is None
    rests = before.rests or Rests(before.made_of, names, one.pace.medians)
    reports = newest_reports(session, before.wave_id)
    at = {code: place for place, code in enumerate(one.computed.codes)}
    kept = [
        Settled(
            area_id,
            before.stamps[area_id].text,
            reports[area_id],
            told[code],
            _row(columns, rests.names, at[code]),
        )
        for code in codes
        if (area_id := one.ids[code]) in reports and area_id in before.stamps
    ]
    if whole:
        keep_basis(session, before.wave_id, rests)
    keep_standing(session, before.wave_id, kept, later=not whole)
    rows = dict(before.rows) | {
        new.area_id: Row(new.stamp, new.report_id, new.told, new.numbers.tobytes(), later=not whole)
        for new in kept
    }
    return replace(
        before, rests=rests, rows=rows, reports=reports,
        changed=frozenset(before.stamps.keys() - rows.keys()),
    )  # fmt: skip


def noted(one: Round) -> dict[str, Floats]:
    """By name, of each village that was computed, what will be known of it when it stands."""
    import numpy as np

    codes = one.computed.codes
    answered = np.array([one.answered.get(code, (0, 0)) for code in codes], np.float64)
    answered = answered.reshape(len(codes), 2)
    waiting = np.array([one.editions.waiting.get(code, 0) for code in codes], np.float64)
    counted = dict(zip(COUNTED, (*answered.T, waiting), strict=True))
    return dict(one.computed.together.noted) | counted


def _row(columns: Mapping[str, Floats], names: Iterable[str], at: int) -> Floats:
    import numpy as np

    return np.array([columns[name][at] for name in names], np.float64)
