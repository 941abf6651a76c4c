"""The villages of an area side by side, in the order given: nobody is sorted by score."""

from __future__ import annotations

from surveys.estimation.profile import Band, Place, VillageProfile
from surveys.reports.shapes import Row, mark, visible
from surveys.reports.wording import Words, borrowed, known, sign, turned

NAMED = 5
"""In one sentence; the page has a row for each."""


def village_rows(profile: VillageProfile, say: Words) -> tuple[Row, ...]:
    """A row a village: its name, how many answered, the use of all adults, its band."""
    places = profile.within.villages if profile.within else ()
    return tuple(
        Row(say.name(place.name), note(place, say), mark(place.use, say)) for place in places
    )


def about_villages(profile: VillageProfile, say: Words) -> tuple[str, ...]:
    """What the rows show, and how use goes from ring to ring."""
    if not profile.within or not profile.within.villages:
        return ()
    said = [
        say(
            "Use of all adults, village by village; the order says nothing. Below and above: the "
            "mean of the other villages."
        )
    ]
    if any(place.use.modelled or place.online.modelled for place in profile.within.villages):
        said.append(borrowed(say))
    return (*said, *filter(None, (gradient(profile, say),)))


def note(place: Place, say: Words) -> str:
    """How many answered, how many are online, the band, and on request the ranks."""
    said = [say.count("{n} person", "{n} people", place.persons)]
    if visible(place.online):
        said.append(say("online {share}", share=mark(place.online, say, "share").brief))
    if place.band is not None:
        said.append(band_words(place.band, say))
    if place.ranks:
        said.append(rank_words(place.ranks, say))
    return say("; ").join(said)


def rank_words(ranks: tuple[int, ...], say: Words) -> str:
    """The first and the last rank that a village may have."""
    first, last = ranks[0], ranks[-1]
    if first == last:
        return say("rank {n}", n=first)
    return say("rank {first} to {last}", first=first, last=last)


def band_words(band: Band, say: Words) -> str:
    """A band in words."""
    return {
        "below": say("clearly below the others"),
        "same": say("not clearly different"),
        "above": say("clearly above the others"),
    }[band]


def band_sentences(profile: VillageProfile, say: Words) -> tuple[str, ...]:
    """Which villages are clearly below or above the mean of the others, and how many are not."""
    places = profile.within.villages if profile.within else ()
    below, same, above = (
        [say.name(place.name) for place in places if place.band == band]
        for band in ("below", "same", "above")
    )
    said = []
    if below:
        said.append(
            say("Clearly below the mean of the others: {villages}.", villages=listed(below, say))
        )
    if above:
        said.append(
            say("Clearly above the mean of the others: {villages}.", villages=listed(above, say))
        )
    if same:
        said.append(
            say.count(
                "{n} village is not clearly different from the others.",
                "{n} villages are not clearly different from the others.",
                len(same),
            )
        )
    return tuple(said)


def listed(names: list[str], say: Words) -> str:
    """Some names, and how many more there are."""
    named = say(", ").join(names[:NAMED])
    if len(names) <= NAMED:
        return named
    return say("{names} and {n} more", names=named, n=len(names) - NAMED)


def gradient(profile: VillageProfile, say: Words) -> str:
    """How the use of all adults goes from the county seat outward; "" where rings are unknown."""
    figure = profile.within.gradient if profile.within else None
    if figure is None or known(figure) is None:
        return ""
    way = sign(figure)
    if way < 0:
        n = say.figure(turned(figure), "spread")
        return say("Each ring outward: {n} points less of use.", n=n)
    if way > 0:
        n = say.figure(figure, "spread")
        return say("Each ring outward: {n} points more of use.", n=n)
    n = say.figure(figure, "spread")
    return say("From ring to ring outward no clear difference in use: {n} points.", n=n)
