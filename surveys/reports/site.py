"""A folder of pages that needs no server: names of files, links between pages, and the list of all.

Every page is one file; links are relative, so that the folder can be opened, mailed or copied.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from surveys.estimation.profile import Kind, VillageProfile
from surveys.reports.area import Beside, area_page
from surveys.reports.links import Link, Links
from surveys.reports.render import environment, page
from surveys.reports.shapes import mark
from surveys.reports.villages import band_words
from surveys.reports.wording import Language, Words, words

OWN_NAMES: dict[Language, str] = {"en": "English", "zh": "中文"}
TAGS: dict[Language, str] = {"en": "en", "zh": "zh-Hans"}
SLUG = 40
"""Letters of an area's name in the name of its file."""


@dataclass(frozen=True, slots=True)
class Node:
    """An area or village of the folder."""

    area_id: int
    parent_id: int | None
    kind: Kind
    name: str
    code: str
    """A village's; "" of others."""


@dataclass(frozen=True, slots=True)
class Line:
    """What the list of all pages says of one of them, and what lies below it."""

    name: str
    code: str
    href: str
    """"" where nobody has answered: there is no page."""
    answered: str
    use: str
    shown: bool
    band: str
    below: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A file and its HTML; how to draw it for paper, and the file for that."""

    file: str
    html: str
    on_paper: Callable[[], str] | None
    paper_file: str


def slug(name: str) -> str:
    """A name in letters that every computer takes in the name of a file; may be "".

    >>> slug("Nà Rì / 青溪 (North)"), slug("永安镇")
    ('na-ri-north', '')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "-", plain)[:SLUG].strip("-")


class Site:
    """The pages of some areas; they are made in any order, the list of all last.

    nodes: each area before what is in it; the first is the root, whatever lies above it.
    paged: those that will have a page. languages: the first is that of the file `index.html`.
    paper: whether a PDF lies beside each page.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        paged: Collection[int],
        languages: Sequence[Language],
        *,
        paper: bool = False,
    ) -> None:
        self.nodes, self.paged = tuple(nodes), frozenset(paged)
        self.languages, self.paper = tuple(languages), paper
        self._by_id = {node.area_id: node for node in nodes}
        self._lines: dict[tuple[int, Language], Line] = {}

    # Names of files -----------------------------------------------------------------------------

    def stem(self, node: Node) -> str:
        """A node's file, without language and kind: no two differ by the case of letters alone."""
        if node.kind == "village":
            return f"village-{node.code}"
        return "-".join(filter(None, (node.kind, str(node.area_id), slug(node.name))))

    def file(self, node: Node, language: Language, kind: str = "html") -> str:
        """The file of a node's page in a language."""
        return f"{self.stem(node)}.{language}.{kind}"

    def index_file(self, language: Language) -> str:
        """The file of the list of all pages."""
        return "index.html" if language == self.languages[0] else f"index.{language}.html"

    # Pages --------------------------------------------------------------------------------------

    def pages(
        self,
        node: Node,
        profile: VillageProfile | None,
        counts: tuple[int, int | None],
        beside: Beside | None = None,
    ) -> Iterator[Page]:
        """A node's page in each language; of one without a profile only its line is kept.

        counts: how many answered, and the target. beside: of an area.
        """
        for language in self.languages:
            say = words(language)
            self._lines[node.area_id, language] = self._line(node, profile, counts, say)
            if profile is None:
                continue
            links = self._links(node, language, say)
            draw: Callable[..., str]
            if node.kind == "village":
                draw = partial(page, profile, language, links)
            else:
                there = beside or Beside()
                with_links = replace(there, links=self._below(node, language, there))
                draw = partial(area_page, profile, language, with_links, links)
            yield Page(
                self.file(node, language),
                draw(),
                partial(draw, paper=True) if self.paper else None,
                self.file(node, language, "pdf"),
            )

    def index(self) -> Iterator[tuple[str, str]]:
        """(file, HTML) of the list of all pages, in each language."""
        template = environment().get_template("index.html")
        for language in self.languages:
            say = words(language)
            text = template.render(
                title=say.name(self.nodes[0].name),
                lines=(self._tree(self.nodes[0], language),),
                also=self._other_index(language),
                tag=TAGS[language],
                _=say,
            )
            yield self.index_file(language), text

    def _links(self, node: Node, language: Language, say: Words) -> Links:
        up = []
        at = self._by_id.get(node.parent_id or 0)
        while at is not None:
            if at.area_id in self.paged:
                up.append(Link(say.name(at.name), self.file(at, language)))
            at = self._by_id.get(at.parent_id or 0)
        up.append(Link(say("All pages"), self.index_file(language)))
        also = [
            Link(OWN_NAMES[other], self.file(node, other), TAGS[other])
            for other in self.languages
            if other != language
        ]
        if self.paper:
            also.append(Link("PDF", self.file(node, language, "pdf")))
        return Links(say.name(node.name), tuple(reversed(up)), tuple(also))

    def _below(self, node: Node, language: Language, beside: Beside) -> dict[str, str]:
        """Of a village's code, or of the name of an area right below, where its page is."""
        found = {
            one.name: self.file(one, language)
            for one in self.nodes
            if one.parent_id == node.area_id and one.area_id in self.paged
        }
        wanted = {row.code for row in beside.fieldwork}
        return found | {
            one.code: self.file(one, language)
            for one in self.nodes
            if one.code in wanted and one.area_id in self.paged
        }

    # The list -----------------------------------------------------------------------------------

    def _line(
        self,
        node: Node,
        profile: VillageProfile | None,
        counts: tuple[int, int | None],
        say: Words,
    ) -> Line:
        answered, target = counts
        use, shown = say("nobody has answered yet"), False
        if profile is not None and profile.complementary:
            use = say("not shown: a smaller village could be worked out from it")
        elif profile is not None and profile.level == "withheld":
            use = say("not shown yet: too few answers")
        elif profile is not None:
            use, shown = mark(profile.use, say).text, mark(profile.use, say).shown
        return Line(
            name=say.name(node.name),
            code=node.code,
            href=self.file(node, say.language) if profile is not None else "",
            answered=say.number(answered) + (f" / {say.number(target)}" if target else ""),
            use=use,
            shown=shown,
            band=band_words(profile.band, say)
            if profile is not None and profile.band is not None and shown
            else "",
        )

    def _tree(self, node: Node, language: Language) -> Line:
        below = [one for one in self.nodes if one.parent_id == node.area_id]
        line = self._lines[node.area_id, language]
        return replace(line, below=tuple(self._tree(one, language) for one in below))

    def _other_index(self, language: Language) -> tuple[Link, ...]:
        return tuple(
            Link(OWN_NAMES[other], self.index_file(other), TAGS[other])
            for other in self.languages
            if other != language
        )
