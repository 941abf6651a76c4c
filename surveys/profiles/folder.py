"""A folder of pages: every area and village below one, each file as soon as it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from surveys.profiles.tree import Leaf, leaves, tree
from surveys.reports.site import Node, Site
from surveys.reports.wording import Language
from surveys.store.database import Database


def folder_files(
    database: Database,
    area_id: int,
    languages: Sequence[Language],
    now: datetime,
    *,
    on_paper: Callable[[str], bytes] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[tuple[str, bytes]]:
    """(name, content) of each file: a page of each area and village in each language, and the list.

    on_paper: makes a PDF of a page drawn for paper; without it there is none. Only one page is in
    memory at a time, and of the villages what their areas show of them. Nothing where no area has
    this id.
    """
    with database.read() as session:
        found = tree(session, area_id, now)
    if not found.branches:
        return
    nodes = {
        one.area_id: Node(one.area_id, one.parent_id, one.kind, one.name, one.code)
        for one in found.branches
    }
    site = Site(list(nodes.values()), found.paged, languages, paper=on_paper is not None)
    for done, leaf in enumerate(leaves(database, found, now), start=1):
        yield from _files(site, nodes[leaf.branch.area_id], leaf, on_paper)
        if progress is not None:
            progress(done, len(nodes))
    for name, html in site.index():
        yield name, html.encode()


def _files(
    site: Site, node: Node, leaf: Leaf, on_paper: Callable[[str], bytes] | None
) -> Iterator[tuple[str, bytes]]:
    counts = leaf.answered, leaf.target
    for page in site.pages(node, leaf.profile, counts, leaf.beside):
        yield page.file, page.html.encode()
        if on_paper is not None and page.on_paper is not None:
            yield page.paper_file, on_paper(page.on_paper())
