"""Catalogues are read as they are in git; what is not sure stays English."""

from gettext import NullTranslations
from pathlib import Path

import pytest
from babel.messages.pofile import PoFileError

from surveys.reports.catalogue import load, translations

CATALOGUE = """
msgid ""
msgstr ""
"Language: zh\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

msgid "Thank you, {name}"
msgstr "谢谢，{name}"

msgid "{n} home"
msgid_plural "{n} homes"
msgstr[0] "{n} 户"

#, fuzzy
msgid "Go back"
msgstr "也许"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "zh").mkdir()
    (tmp_path / "zh" / "messages.po").write_text(CATALOGUE, encoding="utf-8")
    return tmp_path


def test_a_catalogue_translates_counts_and_leaves_what_is_fuzzy_or_unknown(folder: Path) -> None:
    zh = translations(folder, "zh")
    assert zh.gettext("Thank you, {name}") == "谢谢，{name}"
    assert [zh.ngettext("{n} home", "{n} homes", n) for n in (1, 2)] == ["{n} 户", "{n} 户"]
    assert zh.gettext("Go back") == "Go back"
    assert zh.gettext("Not in the catalogue") == "Not in the catalogue"


def test_several_files_of_a_language_are_one_catalogue(folder: Path) -> None:
    more = CATALOGUE.replace("Thank you, {name}", "Good day").replace("{n} 户", "{n} 家")
    (folder / "zh" / "topic.po").write_text(more, encoding="utf-8")
    (folder / "zh" / "notes.txt").write_text("no catalogue", encoding="utf-8")
    zh = translations(folder, "zh")
    assert zh.gettext("Thank you, {name}") == "谢谢，{name}"
    assert zh.gettext("Good day") != "Good day"
    assert zh.ngettext("{n} home", "{n} homes", 2) == "{n} 户"


def test_without_a_catalogue_sentences_stay_english(folder: Path) -> None:
    en = translations(folder, "en")
    assert type(en) is NullTranslations
    assert [en.ngettext("{n} home", "{n} homes", n) for n in (1, 2)] == ["{n} home", "{n} homes"]


def test_a_package_is_read_once_and_a_wrong_name_is_an_error() -> None:
    assert load("surveys.reports", "zh") is load("surveys.reports", "zh")
    with pytest.raises(ModuleNotFoundError):
        load("surveys.nothing_here", "zh")


@pytest.mark.parametrize("tag", ["", "..", "../zh", "zh/../en", "/etc"])
def test_a_language_is_a_tag_and_no_path(folder: Path, tag: str) -> None:
    with pytest.raises(ValueError, match="language tag"):
        translations(folder, tag)


def test_a_broken_catalogue_is_an_error_and_not_silence(folder: Path) -> None:
    (folder / "zh" / "messages.po").write_text(
        'msgid "Go"\n<<<<<<<\nmsgstr "走"\n', encoding="utf-8"
    )
    with pytest.raises(PoFileError):
        translations(folder, "zh")
