"""A profile as what people read: the message in the chat and the page to print or forward."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from surveys.estimation.profile import VillageProfile
from surveys.reports.content import content
from surveys.reports.links import Links
from surveys.reports.sentences import since
from surveys.reports.wording import LONGEST_NAME, Language, words

LIMIT = 4096
"""Telegram's limit for one message. It counts UTF-16 units, after the tags; so do we, with them."""


@cache
def environment() -> Environment:
    """The templates. Everything filled into them is escaped."""
    return Environment(
        loader=PackageLoader("surveys.reports"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def chat_text(
    profile: VillageProfile, language: Language, previous: VillageProfile | None = None
) -> str:
    """The profile as a Telegram message in HTML (b, i, blockquote), under 4,096 characters.

    `previous`: the profile sent last, to say what has come since.
    """
    for longest in (LONGEST_NAME, 20, 8):
        say = words(language, longest)
        news = () if previous is None else since(profile, previous, say)
        template = environment().get_template("chat.html")
        report = content(profile, say)
        text = template.render(report=report, since=news, _=say, language=language).strip()
        if len(text.encode("utf-16-le")) // 2 < LIMIT:
            break
    return text


def page(
    profile: VillageProfile,
    language: Language,
    links: Links | None = None,
    *,
    paper: bool = False,
) -> str:
    """The profile as one HTML document: a phone's width or A4, nothing from outside.

    links: where it leads, in a folder of pages; paper: to be set as a PDF (surveys.reports.pdf).
    """
    say = words(language)
    template = environment().get_template("page.html")
    return template.render(
        report=content(profile, say), _=say, language=language, links=links, paper=paper
    )
