"""Every sentence for people stands in the catalogue, and says in Chinese what it fills in."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po

import bot
import surveys.export
import surveys.reports

PLACEHOLDER = re.compile(r"\{(\w+)[^}]*\}")
KEYWORDS = {"_": None, "say": None, "self": None, "gettext": None, "count": (1, 2)}
PACKAGES = {
    name: folder
    for name, folder in {
        "surveys.reports": Path(surveys.reports.__file__).parent,
        "surveys.export": Path(surveys.export.__file__).parent,
        "bot": Path(bot.__file__).parent,
    }.items()
    if (folder / "locale" / "zh").is_dir()
}


def catalogue(folder: Path) -> Catalog:
    """All catalogues of a package as one, each sentence once."""
    together = Catalog(locale="zh")
    for path in sorted((folder / "locale" / "zh").glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="zh", abort_invalid=True):
                if message.id:
                    assert together.get(message.id) is None, (path.name, message.id)
                    together[message.id] = message
    return together


def sentences(folder: Path) -> Iterator[tuple[str | tuple[str, ...], str]]:
    """What the code and the templates of a package say: the sentence, and where."""
    for path in sorted(folder.rglob("*")):
        method = {".py": "python", ".html": "jinja2"}.get(path.suffix)
        if method is None or path.name == "catalogue.py":
            continue
        with path.open("rb") as file:
            for line, said, _, _ in extract(method, file, keywords=KEYWORDS):  # type: ignore[arg-type]
                yield said, f"{path.name}:{line}"


def placeholders(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text))


@pytest.mark.parametrize("package", PACKAGES)
def test_every_sentence_has_a_chinese_translation(package: str) -> None:
    known = catalogue(PACKAGES[package])
    missing = []
    for said, where in sentences(PACKAGES[package]):
        message = known.get(said if isinstance(said, str) else said[0])
        if message is None or not message.string or not all(message.string) or message.fuzzy:
            missing.append(f"{where}: {said}")
    assert missing == []


@pytest.mark.parametrize("package", PACKAGES)
def test_translations_fill_in_what_the_sentence_fills_in(package: str) -> None:
    wrong = []
    for message in catalogue(PACKAGES[package]):
        if not message.id:
            continue
        ids = (message.id,) if isinstance(message.id, str) else tuple(message.id)
        strings = (message.string,) if isinstance(message.string, str) else tuple(message.string)
        for string in strings:
            if placeholders(string) != placeholders(ids[-1]):
                wrong.append((ids[-1], string))
    assert wrong == []


def test_no_translation_of_the_reports_is_left_over() -> None:
    folder = PACKAGES["surveys.reports"]
    said = {said if isinstance(said, str) else said[0] for said, _ in sentences(folder)}
    ids = {m.id if isinstance(m.id, str) else m.id[0] for m in catalogue(folder) if m.id}
    assert ids - said == set()
