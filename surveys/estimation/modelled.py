"""Small villages as they are shown: by the Fay-Herriot model where there is one, marked so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from surveys.estimation.estimates import Estimate
from surveys.estimation.figures import Figures
from surveys.estimation.frame import Bools, Floats
from surveys.estimation.sample import online_share
from surveys.estimation.small_areas import Modelled, modelled
from surveys.estimation.standing import Direct, Together
from surveys.estimation.suppression import FULL_FROM, rounded
from surveys.estimation.wave import Wave


def modelled_figures(
    wave: Wave,
    name: str,
    estimate: Estimate,
    own: Figures,
    full: Bools | None = None,
    *,
    scale: float = 1.0,
    limits: tuple[float, float] = (0.0, 100.0),
) -> Figures:
    """Of villages with under 50 persons behind a number the modelled one, where it is shown at all.

    name: what the villages that stand know it by; estimate: times `scale` on 0-100; own: its direct
    figures; full: (villages,) two bases are two models; limits: of what is shown. Villages of the
    reference area have no part in it; areas are not modelled.
    """
    together = wave.together
    if together is None:
        return own
    direct = together.direct(name, estimate)
    every = np.ones(len(direct.value), np.bool_)
    parts: tuple[Bools, ...] = (every,)
    if full is not None:
        whole = together.of_all(f"{name}/full", full) > 0
        parts = (whole, ~whole)
    small = (estimate.n < FULL_FROM) & (own.why == 0)
    found, count = own, wave.count
    for part in parts:
        here = small & part[:count]
        if here.any():
            model = village_model(together, direct, part, scale)
            found = _placed(model, found, here & model.used[:count], limits)
    return found


def village_model(
    together: Together, direct: Direct, part: Bools, scale: float = 1.0
) -> Modelled:  # fmt: skip
    """The model of those of all villages that are compared with a reference.

    Covariates: the share of adults in homes where nobody is online, and the ring; one that is not
    known of every village in the model is left out.
    """
    used = part & together.compared & np.isfinite(direct.v)
    return modelled(
        np.where(used, scale * direct.value, np.nan),
        scale**2 * direct.v,
        1 / (direct.df + 1),
        direct.homes,
        together.census.adults,
        covariates=_covariates(together, used),
    )


def _covariates(together: Together, used: Bools) -> Floats | None:
    one = together.census
    # Not `own.g`: where silent homes were visited that is 1, whoever is offline there.
    share, told = online_share(one.adults, one.offline)
    columns = [np.where(told, 1 - share, np.nan), one.ring]
    known = [column for column in columns if np.isfinite(column[used]).all()]
    return np.column_stack(known) if known else None


def _placed(model: Modelled, own: Figures, here: Bools, limits: tuple[float, float]) -> Figures:
    count = len(own.value)
    value, low, high = (
        rounded(np.clip(one[:count], *limits)) for one in (model.value, model.low, model.high)
    )
    return replace(
        own,
        value=np.where(here, value, own.value),
        low=np.where(here, low, own.low),
        high=np.where(here, high, own.high),
        modelled=own.modelled | here,
    )
