"""What a report of a village or an area says, before any format.

The chat text, the page and the card show the same `Content`, so that they cannot disagree.
"""

from __future__ import annotations

import re
from dataclasses import replace

from surveys.estimation.profile import Benchmark, VillageProfile
from surveys.reports.changes import change_rows, change_sentence
from surveys.reports.depth import lacking, unequal
from surveys.reports.gaps import compared, inside, split
from surveys.reports.groups import apart, pairs
from surveys.reports.layers import layers
from surveys.reports.levers import chain_names, chain_sentence, lever_names, levers
from surveys.reports.rows import (
    dot_rows,
    gap_slices,
    index_rows,
    listed,
    needs_of,
    online_rows,
    published_of,
    reasons_of,
    skills,
)
from surveys.reports.sentences import banded, headline, needed, respondents, waiting
from surveys.reports.shapes import Content, Quoted
from surveys.reports.smallprint import asking, limits, method
from surveys.reports.villages import about_villages, band_sentences, gradient, village_rows
from surveys.reports.wording import Words, borrowed

LONGEST_SOURCE = 160
"""Columns of what is said of a published figure's definition."""


def content(profile: VillageProfile, say: Words) -> Content:
    """What to say of a profile in a language; of a withheld one only what is needed."""
    bare = Content(
        village=say.name(profile.village),
        subtitle=say("How the village uses the internet")
        if profile.kind == "village"
        else say("How the area uses the internet"),
        place=" › ".join(say.name(name) for name in profile.area[-2:]),
        wave=say.name(profile.wave),
        date=say.date(profile.computed_at),
        withheld=profile.level == "withheld",
        headline=needed(profile, say),
        villages=village_rows(profile, say),
        about_villages=about_villages(profile, say),
        bands=band_sentences(profile, say),
        asking=asking(profile, say),
    )
    return bare if bare.withheld else _shown(bare, profile, say)


def _shown(bare: Content, profile: VillageProfile, say: Words) -> Content:
    online, indices = online_rows(profile, say), index_rows(profile, say)
    chain, reasons = levers(profile, needs_of(profile), say), reasons_of(profile)
    dots, elsewhere = dot_rows(online, indices), published_of(profile, reasons, say)
    marks = [row.village for row in (*online, *indices)] + [lever.village for lever in chain]
    marks += [row.around for row in (*online, *indices) if row.around]
    return replace(
        bare,
        headline=headline(profile, say),
        respondents=respondents(profile, say),
        band=banded(profile, say),
        modelled=borrowed(say) if any(one.modelled for one in marks) else "",
        waiting=waiting(profile, say),
        reference=say.name(profile.reference_area) if profile.reference_area else "",
        online=online,
        indices=indices,
        dots=dots,
        others=tuple(row for row in indices if row not in dots),
        around=say.name(profile.around.name) if profile.around else "",
        pairs=pairs(profile, say),
        apart=apart(profile, say),
        change=change_sentence(profile, say),
        before=say.name(profile.change.wave) if profile.change else "",
        changes=change_rows(profile, say),
        compared=compared(profile, say),
        split=split(profile, say),
        inside=inside(profile, say),
        slices=() if profile.gap is None else gap_slices(profile.gap, say),
        ladder=skills(profile, say),
        unequal=unequal(profile, say),
        lacking=lacking(profile, say),
        chain=chain_sentence(profile, say),
        links=chain_names(profile, say),
        order=lever_names(profile, say),
        levers=chain,
        layers=layers(profile, say),
        needs=listed(needs_of(profile), say),
        reasons=listed(reasons, say, elsewhere),
        reasons_elsewhere=_elsewhere(profile, f"{reasons.name}/", say) if reasons else "",
        gradient=gradient(profile, say),
        published=tuple(published(one, say) for one in profile.benchmarks if "/" not in one.beside),
        limits=limits(profile, say),
        method=method(profile, say),
    )


def published(benchmark: Benchmark, say: Words) -> Quoted:
    """A published figure with its source and year: context, no gap."""
    whole, source = replace(say, longest=LONGEST_SOURCE), say.source(benchmark)

    def quoted(source: str) -> str:
        return say(
            "{label}: {value} ({source}, {year})",
            label=say.label(benchmark.label, benchmark.beside),
            value=say.published(benchmark.value),
            source=source,
            year=say.name(benchmark.year),
        )

    return Quoted(quoted(say.name(publisher(source))), quoted(whole.name(source)))


def publisher(source: str) -> str:
    """Who published it: of a source what stands before the first semicolon."""
    return re.split("[;；]", source, maxsplit=1)[0]


def _elsewhere(profile: VillageProfile, start: str, say: Words) -> str:
    """What the published figures of a list's choices are of, and who published them."""
    one = next((one for one in profile.benchmarks if one.beside.startswith(start)), None)
    if one is None:
        return ""
    whole = replace(say, longest=LONGEST_SOURCE)
    return say("On the right, published: {source}.", source=whole.name(say.source(one)))
