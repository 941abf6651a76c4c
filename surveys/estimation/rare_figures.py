"""How far "few" may reach: a limit for shares of 0 to 2 persons, from all villages together.

Of 0 of n a direct interval is made of nothing but n; the beta-binomial model also knows how rare it
is elsewhere. That two said so is taken of all "few" alike, so that the limit tells no one apart.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from surveys.estimation.figures import WORDS, Figures
from surveys.estimation.frame import Floats
from surveys.estimation.rare_shares import beta_binomial
from surveys.estimation.small_areas import MODEL_FROM
from surveys.estimation.standing import Together
from surveys.estimation.suppression import FEW

_FEW, _NEARLY_ALL = WORDS.index("few"), WORDS.index("nearly_all")


def reaching(
    together: Together | None, name: str, found: Figures, yes: Floats, no: Floats
) -> Figures:
    """With an upper limit of "few", and a lower one of "nearly all", rounded outward to 5 per cent.

    yes, no: (villages,) persons on each side; name: what the villages that stand know these by.
    Without 20 villages there is no model, and no limit; of areas (together: None) there is none.

    >>> from surveys.estimation.census import Census
    >>> none = np.full(20, np.nan)
    >>> alone = Together(Census(none, none, none, none), np.ones(20, np.bool_), None)
    >>> words = Figures.of(np.full(20, np.nan), np.zeros(20, int))
    >>> words = replace(words, words=np.ones(20, np.int8))
    >>> one = reaching(alone, "share", words, np.zeros(20), np.full(20, 60.0)).at(0)
    >>> one.words, one.low, one.high
    ('few', None, 10.0)
    """
    if together is None:
        return found
    few, nearly = found.words == _FEW, found.words == _NEARLY_ALL
    asked = yes + no
    most = np.where(few, np.fmin(FEW - 1, asked), np.where(nearly, asked - (FEW - 1), yes))
    most = np.where(asked > 0, np.clip(most, 0, asked), 0)
    all_most, all_asked = together.of_all(f"{name}/most", most), together.of_all(name, asked)
    if not (few | nearly).any() or (all_asked > 0).sum() < MODEL_FROM:
        return found
    wanted = np.zeros(len(all_asked), np.bool_)
    wanted[: len(few)] = few | nearly
    model = beta_binomial(all_most, all_asked, wanted)
    low, high = model.low[: len(few)], model.high[: len(few)]
    return replace(
        found,
        low=np.where(nearly, np.clip(5 * np.floor(20 * low), 1, 99), found.low),
        high=np.where(few, np.clip(5 * np.ceil(20 * high), 1, 99), found.high),
    )
