"""What a report of a village says, before any format.

The chat text, the page and the card show the same `Content`, so that they cannot disagree.
"""

from __future__ import annotations

from surveys.estimation.profile import Benchmark, VillageProfile
from surveys.reports.levers import chain_sentence, levers
from surveys.reports.rows import (
    gap_slices,
    index_rows,
    listed,
    needs_of,
    online_rows,
    reasons_of,
    skills,
)
from surveys.reports.sentences import (
    compared,
    headline,
    limits,
    method,
    needed,
    respondents,
    split,
)
from surveys.reports.shapes import Content, Ladder, Listed
from surveys.reports.wording import Words


def content(profile: VillageProfile, say: Words) -> Content:
    """What to say of a profile in a language; of a withheld one only what is needed."""
    withheld = profile.level == "withheld"
    reference = say.name(profile.reference_area) if profile.reference_area else ""
    ladder = Ladder() if withheld else skills(profile, say)
    return Content(
        village=say.name(profile.village),
        place=" › ".join(say.name(name) for name in profile.area[-2:]),
        wave=say.name(profile.wave),
        date=say.date(profile.computed_at),
        withheld=withheld,
        headline=needed(profile, say) if withheld else headline(profile, say),
        respondents=() if withheld else respondents(profile, say),
        reference="" if withheld else reference,
        online=() if withheld else online_rows(profile, say),
        indices=() if withheld else index_rows(profile, say),
        compared="" if withheld else compared(profile, say),
        split="" if withheld else split(profile, say),
        slices=() if withheld or profile.gap is None else gap_slices(profile.gap, say),
        ladder=ladder,
        chain="" if withheld else chain_sentence(profile, say),
        levers=() if withheld else levers(profile, needs_of(profile), say),
        needs=Listed() if withheld else listed(needs_of(profile), say),
        reasons=Listed() if withheld else listed(reasons_of(profile), say),
        published=() if withheld else tuple(published(b, say) for b in profile.benchmarks),
        limits=() if withheld else limits(profile, say),
        method=() if withheld else method(profile, say),
    )


def published(benchmark: Benchmark, say: Words) -> str:
    """A published figure with its source and year: context, no gap."""
    return say(
        "{label}: {value}% ({source}, {year})",
        label=say.label(benchmark.label, benchmark.beside),
        value=f"{benchmark.value:g}",
        source=say.name(benchmark.source),
        year=say.name(benchmark.year),
    )
