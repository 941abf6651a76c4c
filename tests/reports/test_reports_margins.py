"""Which margins were used is always said, none too."""

from dataclasses import replace

import pytest

from surveys.estimation.profile import VillageProfile
from surveys.reports.render import page
from surveys.reports.smallprint import weighed
from surveys.reports.wording import words


@pytest.mark.parametrize(
    ("margins", "said", "in_chinese"),
    [
        (
            (),
            "Not weighed by sex, age or schooling: how many of each are online is not known.",
            "未按性别、年龄或学历加权：还不知道各有多少人上网。",
        ),
        (
            ("schooling",),
            "Weighed to the known numbers of people online by schooling (Yongan).",
            "已按上网人数加权：学历（Yongan）。",
        ),
        (
            ("sex_age", "schooling"),
            "Weighed to the known numbers of people online by sex and age, schooling (Yongan).",
            "已按上网人数加权：性别和年龄、学历（Yongan）。",
        ),
    ],
)
def test_margins_are_said(
    full: VillageProfile, margins: tuple[str, ...], said: str, in_chinese: str
) -> None:
    profile = replace(full, margins=margins, margins_of="Yongan" if margins else "")
    assert weighed(profile, words("en")) == said
    assert weighed(profile, words("zh")) == in_chinese
    assert said in page(profile, "en")
    assert in_chinese in page(profile, "zh")
