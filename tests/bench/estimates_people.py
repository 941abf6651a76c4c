"""Simulated people for `make bench-estimates`: two of a home, villages alike in size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from surveys.estimation.frame import Floats, Ints
from surveys.form.indicators import Indicator
from surveys.form.xform import load
from surveys.form.xlsform import convert
from surveys.instruments import shipped
from surveys.store.submissions import labels_of

INDICATORS = 40
PLAIN = ("village", "home", "entry", "submission", "mode", "finished", "flags")


@dataclass(frozen=True, slots=True)
class Arrays:
    """What means by village are made of, sorted by home."""

    home: Ints
    """(rows,)"""
    of_home: Ints
    """(homes,) the village."""
    w: Floats
    """(rows,)"""
    y: Floats
    """(indicators, rows)"""
    villages: int


def arrays(rows: int, villages: int, missing: float, indicators: int = INDICATORS) -> Arrays:
    """Scores 0-100 of which a share is missing, weights 1, ½ and ⅓."""
    rng = np.random.default_rng(1)
    homes = rows // 2
    y = rng.integers(0, 101, (indicators, rows)).astype(np.float64)
    if missing:
        y[rng.random((indicators, rows)) < missing] = np.nan
    w = 1 / rng.integers(1, 4, rows)
    return Arrays(
        np.repeat(np.arange(homes), 2), np.arange(homes) * villages // homes, w, y, villages
    )


@dataclass(frozen=True, slots=True)
class Wave:
    """All that a wave's profiles are computed from."""

    frame: pd.DataFrame
    villages: pd.DataFrame
    indicators: Sequence[Indicator]
    choices: dict[str, tuple[tuple[str, dict[str, str]], ...]]


def wave(rows: int, villages: int) -> Wave:
    """Answers by chance to the instrument that we ship, as `surveys.store.submissions` has them."""
    rng = np.random.default_rng(1)
    shipped_form = convert(shipped(), "village_digital.md")
    choices = labels_of(load(shipped_form.xform))
    home = np.repeat(np.arange(rows // 2), 2)

    def text(letter: str, numbers: Ints) -> np.ndarray:
        return np.char.add(letter, numbers.astype(str)).astype(object)

    def drawn(values: Sequence[str], p: Sequence[float] | None = None) -> pd.Categorical:
        return pd.Categorical.from_codes(rng.choice(len(values), rows, p=p), list(values))

    codes = [f"v{number}" for number in range(villages)]
    found = {
        "village": pd.Categorical.from_codes(home * villages // (rows // 2), codes),
        "home": text("h", home),
        "entry": text("e", np.arange(rows)),
        "submission": text("s", np.arange(rows)),
        "mode": drawn(("self", "helped", "proxy"), (0.7, 0.2, 0.1)),
        "finished": pd.Timestamp("2026-01-01", tz="UTC")
        + pd.to_timedelta(rng.integers(0, 10**7, rows), unit="s"),
        "flags": drawn(("", "speeding"), (0.95, 0.05)),
    }
    values = {
        "score": [str(score) for score in range(0, 101, 5)],
        "proportion": ["0", "1"],
        "category": ["none", "limited", "narrow", "low", "basic", "above"],
    }
    roles = {"user": ["0", *["1"] * 9], "adults": ["4"], "no_phone": ["0", "1"],
             "online_adults": ["2", "3"]}  # fmt: skip
    for one in shipped_form.indicators:
        if one.role in roles:
            options = roles[one.role]
            found[one.name] = pd.Categorical(
                np.array(options, object)[rng.integers(0, len(options), rows)]
            )
        elif one.name not in found:
            options = [value for value, _ in choices.get(one.name, ())] or values.get(
                one.kind, [""]
            )
            found[one.name] = drawn(options)
    places = pd.DataFrame(
        {
            "name": codes,
            "area": [("P", f"C{at // 100}", f"T{at // 10}") for at in range(villages)],
            "households": 200.0, "adults": 600.0, "adults_offline": 60.0, "target": 50.0,
            "ring": 2.0,
        },
        index=pd.Index(codes, dtype=object),
    )  # fmt: skip
    return Wave(pd.DataFrame(found), places, shipped_form.indicators, choices)
