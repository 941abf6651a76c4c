"""Villages whose numbers stand, beside those that are computed.

Where nothing of a village has changed its answers are not read again. What models, bands and the
rules of what is shown take of it is one row of numbers, noted when it was computed: all that looks
across villages is found from the rows of those computed now and of those that stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from surveys.estimation.census import Census, census_of
from surveys.estimation.estimates import Estimate
from surveys.estimation.frame import Bools, Floats


@dataclass(frozen=True, slots=True)
class Standing:
    """The villages that stand; none of the reference area is among them."""

    villages: pd.DataFrame
    """As `surveys.estimation.villages.compute` takes villages; no code is in both."""
    columns: Mapping[str, Floats]
    """By name (villages,), as `Together.noted` had them."""
    told: Mapping[str, Bools]
    """Of each of `surveys.estimation.editions.TOLD` (villages,) whether it is shown."""


@dataclass(frozen=True, slots=True)
class Direct:
    """What a model takes of the villages' own estimates: (villages,) each."""

    value: Floats
    v: Floats
    df: Floats
    homes: Floats


class Together:
    """All villages of a wave: those that are computed, and behind them those that stand."""

    def __init__(self, census: Census, compared: Bools, standing: Standing | None) -> None:
        """census, compared: of those that are computed (see `surveys.estimation.wave.Wave`)."""
        self._standing = standing
        self.noted: dict[str, Floats] = {}
        """By name, of those that are computed: what they will be known by when they stand."""
        self.census, self.compared = census, compared
        """Of all."""
        if standing is not None:
            self.census = census.and_of(census_of(standing.villages))
            self.compared = np.append(compared, np.ones(len(standing.villages), np.bool_))

    def of_all(self, name: str, own: NDArray[np.generic]) -> Floats:
        """A column of all villages, as numbers; own: of those that are computed, noted by this
        name.

        Raises KeyError where those that stand have no such column.
        """
        self.noted[name] = own.astype(np.float64)
        if self._standing is None:
            return self.noted[name]
        return np.concatenate([self.noted[name], self._standing.columns[name]])

    def told(self, name: str, own: Bools) -> Bools:
        """Of all whether something was shown when their editions were made (see `TOLD`)."""
        return own if self._standing is None else np.append(own, self._standing.told[name])

    def hidden(self, name: str, own: Bools) -> Bools:
        """Of all whether it is to stay hidden: of those that stand all that was not shown."""
        return own if self._standing is None else np.append(own, ~self._standing.told[name])

    def direct(self, name: str, own: Estimate) -> Direct:
        """An estimate of all villages."""
        return Direct(
            *(self.of_all(f"{name}/{part}", getattr(own, part))
              for part in ("value", "v", "df", "homes"))
        )  # fmt: skip
