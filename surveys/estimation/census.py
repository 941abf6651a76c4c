"""What is known of places from outside the sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from surveys.estimation.frame import Floats


@dataclass(frozen=True, slots=True)
class Census:
    """What is known of places from outside the sample; NaN where it is not."""

    adults: Floats
    """(places,) N."""
    offline: Floats
    """(places,) N₀."""
    households: Floats
    ring: Floats
    """(places,) 0 county seat to 3 outlying hamlet."""

    def and_of(self, others: Census) -> Census:
        """These places, and others behind them."""
        return Census(
            np.append(self.adults, others.adults),
            np.append(self.offline, others.offline),
            np.append(self.households, others.households),
            np.append(self.ring, others.ring),
        )


def census_of(villages: pd.DataFrame) -> Census:
    """Of villages as `surveys.estimation.villages.compute` takes them."""

    def column(name: str) -> Floats:
        if name not in villages.columns:
            return np.full(len(villages), np.nan)
        return pd.to_numeric(villages[name]).to_numpy(np.float64, na_value=np.nan)

    return Census(*(column(name) for name in ("adults", "adults_offline", "households", "ring")))
