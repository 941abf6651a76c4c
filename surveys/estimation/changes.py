"""What has changed in every place since the wave before, as it is shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surveys.estimation import suppression as shown
from surveys.estimation.decomposition import Interval, Side
from surveys.estimation.estimates import Estimate
from surveys.estimation.figures import Figures
from surveys.estimation.frame import Ints
from surveys.estimation.profile import Change


@dataclass(frozen=True, slots=True)
class ChangeColumns:
    """π, ū and Ū less those of the wave before, in points."""

    wave: str
    """The name of the wave before."""
    online: Figures
    of_users: Figures
    use: Figures

    def at(self, place: int) -> Change | None:
        """One place's; None where nobody answered before."""
        if not np.isfinite(self.use.value[place]) and self.use.why[place] == 1:
            return None
        return Change(self.wave, self.online.at(place), self.of_users.at(place), self.use.at(place))


def change_columns(wave: str, before: Side, after: Side, same: Ints) -> ChangeColumns:
    """same: (homes,) which home of the wave before each one is, -1 for none."""

    def column(one: Estimate, other: Estimate, scale: float = 1.0) -> Figures:
        from surveys.estimation.change import change, interval

        found = interval(change(one, other, same), -100 / scale, 100 / scale)
        why = shown.both_reasons(
            *(shown.reasons(part.n, part.homes, shown.DIRECT_FROM) for part in (one, other))
        )
        points = Interval(scale * found.value, scale * found.low, scale * found.high)
        return shown.figures(points, why)

    return ChangeColumns(
        wave,
        column(before.online, after.online, 100.0),
        column(before.mean, after.mean),
        column(before.use, after.use),
    )
