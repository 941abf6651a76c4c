"""The profiles of many villages: those that nothing changed are read when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from surveys.estimation.profile import VillageProfile, from_json
from surveys.store.database import Database
from surveys.store.reports import documents

AT_ONCE = 500
"""Documents that are read at a time, and held."""


def to_five(count: int) -> int:
    """A number of persons that may be told, to the nearest five."""
    return 5 * round(count / 5)


class Profiles(Mapping[str, VillageProfile]):
    """Profiles by village's code, in the order of the villages."""

    def __init__(
        self,
        database: Database,
        found: Mapping[str, VillageProfile | int],
        given: Callable[[str, VillageProfile], VillageProfile],
    ) -> None:
        """found: a profile, or the report that it is kept in; given: with what is added to it as it
        is handed out."""
        self._database, self._found, self._given = database, found, given
        self._order: list[str] = []
        self._read: dict[str, VillageProfile] = {}

    def __getitem__(self, code: str) -> VillageProfile:
        one = self._found[code]
        if isinstance(one, int):
            if code not in self._read:
                self._next(code)
            one = self._read[code]
        return self._given(code, one)

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def made(self) -> frozenset[str]:
        """The villages whose profile had to be made; of the others nothing has changed."""
        return frozenset(code for code, one in self._found.items() if not isinstance(one, int))

    def _next(self, code: str) -> None:
        """Read a profile and those that come after it: who asks for one asks for the next."""
        if not self._order:
            self._order = [code for code, one in self._found.items() if isinstance(one, int)]
        start = self._order.index(code)
        reports = {
            one: report_id
            for one in self._order[start : start + AT_ONCE]
            if isinstance(report_id := self._found[one], int)
        }
        with self._database.read() as session:
            kept = documents(session, list(reports.values()))
        self._read = {one: from_json(kept[report_id]) for one, report_id in reports.items()}
