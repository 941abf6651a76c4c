"""What has changed in every place since the wave before, as it is shown."""

from __future__ import annotations

from dataclasses import dataclass

from surveys.estimation import suppression as shown
from surveys.estimation.change import change, interval
from surveys.estimation.decomposition import Interval, Side
from surveys.estimation.estimates import Estimate
from surveys.estimation.figures import Figures
from surveys.estimation.frame import Bools, Ints
from surveys.estimation.profile import Change


@dataclass(frozen=True, slots=True)
class ChangeColumns:
    """π, ū and Ū less those of the wave before, in points."""

    wave: str
    """The name of the wave before."""
    answered: Bools
    """(places,) whether anybody answered then."""
    online: Figures
    of_users: Figures
    use: Figures

    def at(self, place: int) -> Change | None:
        """One place's; None where nobody answered before."""
        if not self.answered[place]:
            return None
        return Change(self.wave, *(one.at(place) for one in (self.online, self.of_users, self.use)))


def change_columns(
    wave: str, before: Side, after: Side, same: Ints, told: Bools
) -> ChangeColumns:  # fmt: skip
    """same: (homes,) which home of the wave before each one is, -1 for none.

    told: (places,) which were shown then: of the others, now less the change would be what was not.
    """
    columns = (
        _column(before.online, after.online, same, 100.0),
        _column(before.mean, after.mean, same),
        _column(before.use, after.use, same),
    )
    return ChangeColumns(
        wave, before.use.n > 0, *(one.hidden(~told, "complementary") for one in columns)
    )


def _column(before: Estimate, after: Estimate, same: Ints, scale: float = 1.0) -> Figures:
    found = interval(change(before, after, same), -100 / scale, 100 / scale)
    why = shown.both_reasons(
        *(shown.reasons(one.n, one.homes, shown.DIRECT_FROM) for one in (before, after))
    )
    limits = (scale * one for one in (found.value, found.low, found.high))
    return shown.figures(Interval(*limits), why)
