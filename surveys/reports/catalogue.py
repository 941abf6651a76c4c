"""Texts for people in their language: gettext catalogues, read from their .po files.

A package keeps its catalogues in `<package>/locale/<language>/`, one .po file a topic, each with
the sentences of some modules; English is as written in the code. The .po files themselves are
read, so that no compiled copy can lag behind them.
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
    """The catalogues `<folder>/<language>/*.po` as one; see `load`.

    Of a sentence in two of them the one in the file first by name counts.
    """
    if not language.replace("_", "").replace("-", "").isalnum():
        raise ValueError(f"not a language tag: {language!r}")
    at = folder / language
    found = sorted(file.name for file in at.iterdir()) if at.is_dir() else []
    catalogue = NullTranslations()
    for name in found:
        if not name.endswith(".po"):
            continue
        compiled = BytesIO()
        read = read_po(BytesIO((at / name).read_bytes()), locale=language, abort_invalid=True)
        # A fuzzy translation is a guess: it is left out, and the sentence stays English.
        write_mo(compiled, read)
        compiled.seek(0)
        one = GNUTranslations(compiled)
        if isinstance(catalogue, GNUTranslations):
            catalogue.add_fallback(one)
        else:
            catalogue = one
    return catalogue
