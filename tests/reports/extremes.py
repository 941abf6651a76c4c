"""Villages that are hard to lay out: long names, huge changes, nearly nothing shown."""

from dataclasses import replace

from surveys.estimation.profile import Change, Figure, Gap, Link, VillageProfile
from surveys.reports.wording import Language
from tests.reports.conftest import HIDDEN, full_village, rich_village, small_village

LONG = {
    "en": "Upper Liushugou with the Western Hamlets",
    "zh": "青溪县永安镇柳树沟上坪苗族侗族自治村民组",
}


def long_names(language: Language) -> VillageProfile:
    """Everything said of a village whose own name and all around it are long."""
    village, name = rich_village(), LONG[language]
    assert village.around
    return replace(
        village,
        village=name,
        area=(name, name, name),
        reference_area=name,
        around=replace(village.around, name=name),
        wave=name,
        margins_of=name,
        organisation=name * 2,
        contact=name * 2,
    )


def ahead() -> VillageProfile:
    """Ahead of its reference by much, and much changed since the wave before."""
    village = rich_village()
    links = tuple(
        replace(link, shortfall=Figure(-value, -value - 0.4, -value + 0.4))
        for link, value in zip(village.chain, (0.2, 1.4, 0.0, 0.9, 2.1), strict=True)
    )
    return replace(
        village,
        online=Figure(99, 96, 99),
        use=Figure(97, 92, 100),
        gap=Gap(Figure(-42, -49, -35), Figure(-11, -15, -7), Figure(-31, -39, -23)),
        chain=links,
        weakest=None,
        change=Change(
            "2024年秋季", Figure(61, 50, 72), Figure(-58, -70, -46), Figure(100, 88, 100)
        ),
    )


def nothing_much() -> VillageProfile:
    """Small, at most, with its non-users, needs and skills withheld, beside a reference."""
    full, small = full_village(), small_village()
    chain: tuple[Link, ...] = tuple(
        replace(link, village=HIDDEN, shortfall=HIDDEN) for link in full.chain
    )
    return replace(
        small,
        reference_area=full.reference_area,
        reference_online=full.reference_online,
        reference_use=full.reference_use,
        indices=full.indices[:1],
        chain=chain,
        gap=None,
        gap_withheld="too_few_for_this",
    )
