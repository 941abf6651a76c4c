"""The chat text and the page: what is shown stands there, what is withheld nowhere."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surveys.estimation.profile import (
    Band,
    Figure,
    Gap,
    Kind,
    Link,
    VillageProfile,
    Withheld,
)
from surveys.reports.render import LIMIT, chat_text, page
from surveys.reports.wording import Language, words
from tests.reports.conftest import rich_village, township

LANGUAGES: tuple[Language, ...] = ("en", "zh")
TELEGRAM = {"b", "i", "u", "code", "blockquote"}
NO_END = {"meta", "line", "circle", "rect", "path"}
DRAWN = re.compile(
    r'(<circle class="dot( hollow)?" cx|class="(here|there)" x1|class="(step|slice)\d" x|<svg x)'
    r'="\S+%"'
)
ENTITY = re.compile(r"&(#\d+|lt|gt|amp|quot);")


class Strict(HTMLParser):
    """Well-formed, or an error; the text and the attributes are kept."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in NO_END:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in NO_END:
            assert self.open, f"</{tag}> was not opened"
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(text: str) -> Strict:
    parser = Strict()
    parser.feed(text)
    parser.close()
    assert parser.open == []
    return parser


def is_telegram_html(text: str) -> Strict:
    """As strict as Telegram: its tags without attributes, and only what is escaped as & or <."""
    assert 0 < len(text.encode("utf-16-le")) // 2 < LIMIT
    found = parsed(text)
    assert {tag for tag, _ in found.tags} <= TELEGRAM
    assert all(not attributes for _, attributes in found.tags)
    bare = re.sub(r"</?(b|i|u|code|blockquote)>", "", text)
    assert "<" not in bare
    assert ">" not in bare
    assert "&" not in ENTITY.sub("", bare)
    assert "\n\n\n" not in text
    return found


def figures_of(value: object) -> Iterator[Figure]:
    """All figures inside a profile."""
    if isinstance(value, Figure):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from figures_of(one)
    elif is_dataclass(value):
        for field in fields(value):
            yield from figures_of(getattr(value, field.name))


def with_figures(value: object, make: Iterator[Figure]) -> object:
    """The same with each figure replaced."""
    if isinstance(value, Figure):
        return next(make)
    if isinstance(value, tuple):
        return tuple(with_figures(one, make) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value, **{f.name: with_figures(getattr(value, f.name), make) for f in fields(value)}
        )
    return value


@st.composite
def some_figure(draw: st.DrawFn) -> Figure:
    reason = draw(
        st.sampled_from(
            ("", "", "", "few_persons", "few_homes", "no_reference", "not_asked",
             "too_few_for_this", "imprecise")
        )
    )  # fmt: skip
    if reason and (reason != "imprecise" or draw(st.booleans())):
        return Figure(None, withheld=reason)
    low, value, high = sorted(draw(st.tuples(*[st.integers(-100, 100)] * 3)))
    bound = draw(st.sampled_from(("", "at_most", "at_least")))
    if reason:
        return Figure(None, low, high, bound, reason)
    words = draw(st.sampled_from(("", "", "", "few", "nearly_all")))
    if words:
        return Figure(None, words=words)
    limits = draw(st.sampled_from(((low, high), (None, None))))
    return Figure(value, *limits, bound, modelled=draw(st.booleans()))


hostile = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        ("<b>", "</b></i>&amp;", "<script>alert(1)</script>", "{0}", "{{ 7*7 }}", "%s", "\u202eabc",
         "村" * 300, "<" * 500, "&" * 500, "'" * 500, "🏡" * 200, "a\nb\x00c\ud800")
    ),
)  # fmt: skip


@st.composite
def some_profile(draw: st.DrawFn, full: VillageProfile) -> VillageProfile:
    """Built on a profile with everything on: parts are taken away, numbers and names replaced."""

    def forever() -> Iterator[Figure]:
        while True:
            yield draw(some_figure())

    name = draw(hostile)
    labels = st.dictionaries(st.sampled_from(("en", "zh", "中文 (zh)", "fr")), hostile, max_size=2)
    made = with_figures(full, forever())
    assert isinstance(made, VillageProfile)
    return replace(
        made,
        village=name,
        area=tuple(draw(st.lists(hostile, max_size=4))),
        wave=draw(hostile),
        form_id=draw(hostile),
        form_version=draw(hostile),
        reference_area=draw(st.none() | hostile),
        computed_at=draw(st.datetimes()).isoformat(),
        persons=draw(st.integers(0, 10**6)),
        homes=draw(st.integers(0, 10**6)),
        households=draw(st.none() | st.integers(0, 10**6)),
        target=draw(st.none() | st.integers(0, 10**6)),
        by_mode=draw(
            st.dictionaries(
                st.sampled_from(("self", "helped", "proxy", "visited")), st.integers(0, 500)
            )
        ),
        offline_known=draw(st.booleans()),
        kind=draw(st.sampled_from(get_args(Kind))),
        complementary=draw(st.booleans()),
        followup=draw(st.integers(0, 30)),
        waiting=draw(st.integers(0, 30)),
        band=draw(st.sampled_from((None, *get_args(Band)))),
        compared=draw(st.integers(5, 10**4)),
        flags=draw(st.dictionaries(st.sampled_from(sorted(made.flags)), st.integers(0, 500))),
        margins_of=draw(hostile),
        breakdowns=tuple(
            replace(one, withheld=draw(st.sampled_from(get_args(Withheld))))
            for one in made.breakdowns[: draw(st.integers(0, 3))]
        ),
        change=made.change and draw(st.none() | st.just(replace(made.change, wave=draw(hostile)))),
        inequality=draw(st.sampled_from((None, made.inequality))),
        deprivation=draw(st.sampled_from((None, made.deprivation))),
        within=made.within
        and replace(
            made.within,
            villages=tuple(
                replace(one, name=draw(hostile), band=draw(st.sampled_from(get_args(Band))))
                for one in made.within.villages * draw(st.integers(0, 4))
            ),
            scales=tuple(replace(one, label=draw(labels)) for one in made.within.scales),
        ),
        level=draw(st.sampled_from(("withheld", "small", "medium", "full"))),
        grade=draw(st.sampled_from((None, "A", "B", "C"))),
        gap=draw(st.sampled_from((None, made.gap))),
        gap_withheld=draw(st.sampled_from(("no_reference", "too_few_for_this"))),
        weakest=draw(st.sampled_from((None, "T", "C", "L", "P", "Q"))),
        indices=tuple(
            replace(one, label=draw(labels), name=name)
            for one in made.indices[: draw(st.integers(0, 10))]
        ),
        shares=tuple(
            replace(one, shares=tuple(replace(s, label=draw(labels)) for s in one.shares))
            for one in made.shares[: draw(st.integers(0, 3))]
        ),
        chain=made.chain[: draw(st.sampled_from((0, 5)))],
        benchmarks=tuple(
            replace(one, source=draw(hostile), label=draw(labels))
            for one in made.benchmarks[: draw(st.integers(0, 2))]
        ),
    )


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(data=st.data())
def test_any_profile_becomes_a_telegram_message_and_a_page(
    full: VillageProfile, rich: VillageProfile, area: VillageProfile, data: st.DataObject
) -> None:
    profile = data.draw(some_profile(data.draw(st.sampled_from((rich, area)))))
    previous = data.draw(st.sampled_from((None, full, replace(full, level="withheld"))))
    for language in LANGUAGES:
        text = is_telegram_html(chat_text(profile, language, previous)).text
        assert "None" not in text
        tags = parsed(page(profile, language).replace("<!DOCTYPE html>", "")).tags
        assert "script" not in {tag for tag, _ in tags}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_message_is_short_enough_to_be_read(
    any_village: VillageProfile, language: Language
) -> None:
    start = time.perf_counter()
    text = chat_text(any_village, language)
    assert time.perf_counter() - start < 0.5
    assert len(is_telegram_html(text).text) <= 1850
    assert any_village.village in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_holds_every_shown_number_and_nothing_from_outside(
    full: VillageProfile, language: Language
) -> None:
    document = page(full, language)
    found = parsed(document.replace("<!DOCTYPE html>", ""))
    assert not re.search(r"(src|href|url\((?!#)|@import|http)", document)
    assert {tag for tag, _ in found.tags}.isdisjoint({"script", "link", "img", "iframe"})
    say = words(language)
    for figure in (full.online, full.use_of_users, full.use, full.gap and full.gap.total):
        assert figure is not None
        assert say.figure(figure) in found.text
    for one in full.indices:
        if one.name != "s_use":
            unit = "share" if one.kind == "proportion" else "points"
            assert say.figure(one.village, unit) in found.text
    for shares in full.shares:
        for share in shares.shares:
            assert say.figure(share.figure, "share") in found.text
    for link in full.chain:
        assert say.figure(link.village) in found.text
        assert say.figure(link.shortfall, "spread") in found.text


@pytest.mark.parametrize("make", [rich_village, township])
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_withheld_is_written_or_drawn(
    make: Callable[[], VillageProfile], language: Language
) -> None:
    full = make()
    reasons = ("few_persons", "few_homes", "no_reference", "not_asked", "too_few_for_this")

    def hidden() -> Iterator[Figure]:
        n = 0
        while True:
            n += 1
            yield Figure(1234.5, 1234.5, 1234.5, withheld=reasons[n % 5])  # type: ignore[arg-type]

    profile = with_figures(full, hidden())
    assert isinstance(profile, VillageProfile)
    for text in (chat_text(profile, language), page(profile, language)):
        assert "1234" not in text
        assert "1235" not in text
        assert not DRAWN.search(text)
    assert len(DRAWN.findall(page(full, language))) > 40
    # Each figure of the table says in words why it is not there.
    say = words(language)
    for reason in reasons:
        assert say.why(reason) in page(profile, language)  # type: ignore[arg-type]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_withheld_village_shows_only_what_is_needed(
    withheld: VillageProfile, language: Language
) -> None:
    # Numbers stand in this profile, as no real one has them: none may come through.
    document = re.sub(r"<style>.*?</style>", "", page(withheld, language), flags=re.DOTALL)
    for text in (chat_text(withheld, language), document):
        assert not re.search(r"\b(31|62|50|88|26–37|46)\b", text)
    text = chat_text(withheld, language)
    assert ("3 more people, 1 more home" if language == "en" else "3人、1户") in text


def test_bounds_are_said(small: VillageProfile) -> None:
    text = chat_text(small, "en")
    assert "at most 34 (20–48) of 100" in text
    assert "upper limits" in text
    assert "最多34（20–48）" in chat_text(small, "zh")
    assert "upper limits" not in chat_text(replace(small, offline_known=True), "en")


SPLITS = [
    ((24, 17, 31), (15, 10, 21), (9, 4, 14), "is ahead by 24 (17–31)",
     "Of 24 points, 15 go with fewer people online, 9 with what those online do."),
    ((-8, -14, -2), (-5, -9, -1), (-3, -7, 1), "this village is ahead of",
     "Of 8 points, 5 go with more people online here, 3 with what those online do."),
    ((2, -3, 8), (1, -2, 4), (1, -3, 5), "no clear difference", ""),
    ((2, -3, 8), (10, 4, 16), (-8, -12, -3), "−3 to 8",
     "Behind by 10 points that go with fewer people online; ahead by 8"),
    ((2, -3, 8), (-8, -12, -3), (10, 4, 16), "no clear difference",
     "Ahead by 8 points that go with more people online; behind by 10"),
]  # fmt: skip


@pytest.mark.parametrize(("total", "access", "behaviour", "compared", "split"), SPLITS)
def test_the_gap_is_said_as_it_lies(
    full: VillageProfile,
    total: tuple[float, float, float],
    access: tuple[float, float, float],
    behaviour: tuple[float, float, float],
    compared: str,
    split: str,
) -> None:
    gap = Gap(Figure(*total), Figure(*access), Figure(*behaviour))
    text = chat_text(replace(full, gap=gap), "en")
    assert compared in text
    assert split in text
    drawn = 'class="slice0" x=' in page(replace(full, gap=gap), "en")
    assert drawn == bool(split)
    for line in re.findall(r'class="slice\d" x="([\d.]+)%" y="1" width="([\d.]+)%"',
                           page(replace(full, gap=gap), "en")):  # fmt: skip
        assert 0 <= float(line[0]) <= float(line[0]) + float(line[1]) <= 100.001


def test_the_other_side_of_a_bound(full: VillageProfile) -> None:
    gap = Gap(Figure(-8, -14, -2, "at_least"), Figure(-5), Figure(-3))
    assert "at most 8 (2–14)" in chat_text(replace(full, gap=gap), "en")


def test_the_weakest_link_is_marked_only_if_it_is_named(full: VillageProfile) -> None:
    assert page(full, "en").count('class="weakest"') == 1
    unnamed = replace(full, weakest=None)
    assert 'class="weakest"' not in page(unnamed, "en")
    assert "No link is clearly weaker" in chat_text(unnamed, "en")
    alone = replace(unnamed, reference_area=None)
    assert "Without an area to compare with" in page(alone, "en")


def test_levers_stand_in_their_order_with_the_needs_they_answer(full: VillageProfile) -> None:
    shuffled: tuple[Link, ...] = tuple(reversed(full.chain))
    text = parsed(page(replace(full, chain=shuffled), "en")[16:]).text
    assert "The chain: Access → Money → Skills help → Work and trade → A say and rights." in text
    assert "in this order: Policy → Capital → Talent → Industry → Rights." in text
    places = [text.index(f"{lever} ") for lever in
              ("1 Policy", "2 Capital", "3 Talent", "4 Industry", "5 Rights")]  # fmt: skip
    assert places == sorted(places)
    assert "Asked for: Teaching for beginners 46%, Help for older people 22%" in text


def test_news_is_what_came_and_never_a_change(full: VillageProfile) -> None:
    before = replace(full, persons=50, use=Figure(28, 22, 35))
    assert "14 more answers. The score then: 28 (22–35)." in chat_text(full, "en", before)
    fewer = replace(full, persons=70, level="withheld")
    assert "6 fewer answers.\n" in chat_text(full, "en", fewer)


def test_a_row_without_steps_or_choices_is_left_out(full: VillageProfile) -> None:
    empty = replace(full, shares=(), indices=(), chain=(), benchmarks=(), gap=None)
    for text in (chat_text(empty, "en"), page(empty, "en")):
        assert "ask for" not in text
        assert "Digital skills" not in text
        assert "action" not in text


@pytest.mark.parametrize("grade", ["A", "B", "C"])
def test_the_grade_is_said_in_words(full: VillageProfile, grade: str) -> None:
    assert f"Grade {grade}: " in chat_text(replace(full, grade=grade), "en")  # type: ignore[arg-type]
