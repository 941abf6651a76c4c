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
from surveys.estimation.suppression import FEW

_FEW, _NEARLY_ALL = WORDS.index("few"), WORDS.index("nearly_all")


def reaching(found: Figures, yes: Floats, no: Floats) -> Figures:
    """With an upper limit of "few", and a lower one of "nearly all", rounded outward to 5 per cent.

    yes, no: (villages,) persons on each side. Without 20 villages there is no model, and no limit.

    >>> words = Figures.of(np.full(20, np.nan), np.zeros(20, int))
    >>> words = replace(words, words=np.ones(20, np.int8))
    >>> one = reaching(words, np.zeros(20), np.full(20, 60.0)).at(0)
    >>> one.words, one.low, one.high
    ('few', None, 10.0)
    """
    few, nearly = found.words == _FEW, found.words == _NEARLY_ALL
    asked = yes + no
    if not (few | nearly).any() or (asked > 0).sum() < MODEL_FROM:
        return found
    most = np.where(few, np.fmin(FEW - 1, asked), np.where(nearly, asked - (FEW - 1), yes))
    model = beta_binomial(np.where(asked > 0, np.clip(most, 0, asked), 0), asked)
    return replace(
        found,
        low=np.where(nearly, np.clip(5 * np.floor(20 * model.low), 1, 99), found.low),
        high=np.where(few, np.clip(5 * np.ceil(20 * model.high), 1, 99), found.high),
    )
