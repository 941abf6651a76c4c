"""Texts for people in their language: gettext catalogues, read from their .po files.

A package keeps its catalogues in `<package>/locale/<language>/messages.po`; English is as written
in the code. The .po file itself is read, so that no compiled copy can lag behind it.
"""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


@cache
def load(package: str, language: str) -> NullTranslations:
    """The catalogue of an importable package ("bot") in a language ("zh"), read once.

    A language without a catalogue gives one that leaves every sentence as it is written.

    Raises:
        ValueError: `language` is not a plain tag such as "zh" or "pt_BR".
        ModuleNotFoundError: there is no such package.
        babel.messages.pofile.PoFileError: the catalogue is not a .po file.
    """
    return translations(files(package) / "locale", language)


def translations(folder: Traversable, language: str) -> NullTranslations:
    """The catalogue `<folder>/<language>/messages.po`; see `load`."""
    if not language.replace("_", "").replace("-", "").isalnum():
        raise ValueError(f"not a language tag: {language!r}")
    file = folder / language / "messages.po"
    if not file.is_file():
        return NullTranslations()
    compiled = BytesIO()
    # A fuzzy translation is a guess: it is left out, and the sentence stays English.
    write_mo(compiled, read_po(BytesIO(file.read_bytes()), locale=language, abort_invalid=True))
    compiled.seek(0)
    return GNUTranslations(compiled)
