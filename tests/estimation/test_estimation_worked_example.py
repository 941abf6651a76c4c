"""The example that docs/method.md calculates by hand, calculated by the program."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from estimation_samples import INDICATORS, frame_of, person

from surveys.estimation import suppression
from surveys.estimation.decomposition import Side, online_limits, split
from surveys.estimation.estimates import Estimate
from surveys.estimation.frame import answers, measures
from surveys.estimation.intervals import logit_interval, t_quantile
from surveys.estimation.sample import Sample, of_villages

PAGE = (Path(__file__).parents[2] / "docs" / "method.md").read_text("utf-8")
HOMES = (
    # Adults, online adults, and the score and the phone of each user.
    (2, 1, ((90, "own"),)),
    (4, 2, ((40, "one"), (80, "one"))),
    (2, 2, ((30, "his"), (60, "hers"))),
)


def sample_of(homes: object = HOMES) -> Sample:
    rows = [
        person("v", home, who, entry=f"{home}/{phone}", s_use=str(score), A6=str(adults),
               A7="0", A8=str(online))
        for home, (adults, online, users) in enumerate(homes)  # type: ignore[arg-type,var-annotated]
        for who, (score, phone) in enumerate(users)
    ]  # fmt: skip
    frame = answers(frame_of(rows), ["v"], measures(INDICATORS, {}))
    return of_villages(frame, np.array([200.0]), np.array([50.0]))


def use_of(sample: Sample) -> Estimate:
    return sample.of_all(sample.answers.scores["s_use"])


def said(*cells: str) -> bool:
    return f"| {' | '.join(cells)} |" in PAGE


def test_the_homes_of_the_table() -> None:
    one = sample_of()
    data, w = one.answers, one.weights.w
    for home, (adults, online, users) in enumerate(HOMES):
        rows = data.home == home
        sums = [
            f"{(w * other)[rows].sum():.0f}"
            for other in (np.ones(len(w)), one.weights.x, data.scores["s_use"])
        ]
        begins = f"| {home + 1} | {adults} | {online} | {one.weights.x[rows][0]:.0f} | "
        line = next(line for line in PAGE.split("\n") if line.startswith(begins))
        assert line.endswith(f" | {' | '.join(sums)} |")
        assert all(str(score) in line for score, _ in users)


def test_the_numbers_of_three_homes() -> None:
    one = sample_of()
    online, mean, use = one.online, one.of_users(one.answers.scores["s_use"]), use_of(one)
    low, high = online_limits(online, one.g)
    t = t_quantile(online.df)[0]
    assert said(
        "π", f"{online.value[0]:.2f}", f"{online.se[0]:.3f}", f"{online.df[0]:.2f}",
        f"{t:.3f}", f"{low[0]:.3f} to {high[0]:.3f}",
    )  # fmt: skip
    for name, estimate, top in (("ū", mean, 100.0), ("U", use, 75.0)):
        low, high = (
            top * limit
            for limit in logit_interval(
                estimate.value / top, estimate.v / top**2, estimate.n, estimate.df
            )
        )
        assert said(
            name, f"{estimate.value[0]:.0f}", f"{estimate.se[0]:.2f}", f"{estimate.df[0]:.2f}",
            f"{t_quantile(estimate.df)[0]:.3f}", f"{low[0]:.1f} to {high[0]:.1f}",
        )  # fmt: skip
    # Three homes are too few for a profile, whose limits are the same otherwise.
    shown = suppression.scores(replace(use, n=np.array([30.0]), homes=np.array([9.0])), 10, None,
                               100 * one.g)  # fmt: skip
    assert (shown.low[0], shown.high[0]) == (16, 47)


def test_what_leaving_a_home_out_does() -> None:
    one = use_of(sample_of())
    z = one.z / np.sqrt(2 / 3)
    for home, value in enumerate(z, start=1):
        line = next(line for line in PAGE.split("\n") if line.startswith(f"    home {home} "))
        assert line.endswith(f"= {'−' if value < 0 else ' '}{abs(value):.3f}")
    assert f"v = 2/3·(1.875² + 3.75² + 1.875²) = {one.v[0]:.2f}" in PAGE
    without = use_of(sample_of(HOMES[1:])).value[0]
    assert f"{without:.3f}, which is {one.value[0] - without:.3f} less" in PAGE
    assert one.value[0] - without == pytest.approx(z[0])


def test_the_gap_to_a_town() -> None:
    one = sample_of()
    mean, use = one.of_users(one.answers.scores["s_use"]), use_of(one)
    town = Side(
        replace(one.online, value=np.array([0.8])),
        replace(mean, value=np.array([70.0])),
        replace(use, value=np.array([56.0])),
        np.array([1.0]),
    )
    found = split(Side(one.online, mean, use, one.g), town)
    flat = " ".join(PAGE.split())
    assert f"is {found.total.value[0]:.0f} points" in flat
    assert f"access (0.80 − 0.50)·(70 + 60)/2 = {found.access.value[0]:.1f}," in flat
    assert f"(0.80 + 0.50)/2·(70 − 60) = {found.behaviour.value[0]:.1f}." in flat
