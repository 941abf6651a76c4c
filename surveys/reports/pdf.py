"""The page as a PDF, to print or to file: the same template, set on A4 by WeasyPrint."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from surveys.estimation.profile import VillageProfile
from surveys.reports.charts import font_file
from surveys.reports.render import page
from surveys.reports.wording import Language

NEEDED = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
"""What WeasyPrint needs from the system, as Debian calls it."""

FONT = '@font-face {{ font-family: Report; src: url("{where}"); }}'


class NoPaperError(Exception):
    """No PDF can be made of a page: says why in one sentence."""


class PangoMissingError(NoPaperError):
    """WeasyPrint cannot be used here: says what to install."""


def pdf(profile: VillageProfile, language: Language) -> bytes:
    """The profile on one A4 sheet, or two; tagged, its characters embedded, the same each time.

    Raises:
        PangoMissingError: the system lacks the libraries that set text.
        NoPaperError: WeasyPrint stumbled over this page.
        FileNotFoundError: the font that we ship is not installed (`charts.font_file`).
    """
    return on_paper(page(profile, language, paper=True))


def on_paper(html: str) -> bytes:
    """A page that was drawn for paper (`paper=True`) as a PDF; errors as `pdf`."""
    weasyprint, fonts = _weasyprint()
    shapes = fonts.FontConfiguration()
    font = FONT.format(where=font_file().as_uri())
    style = weasyprint.CSS(string=font, font_config=shapes, media_type="print")
    document = weasyprint.HTML(string=html)
    # PDF/UA: a tagged PDF with its title and language, which screen readers can follow.
    try:
        made: bytes = document.write_pdf(
            stylesheets=[style], font_config=shapes, pdf_variant="pdf/ua-1"
        )
    except Exception as error:
        # Its layout has assertions of its own; whoever waits can do with the page alone.
        what = type(error).__name__
        raise NoPaperError(
            f"The PDF could not be set ({what}); the HTML page says the same."
        ) from error
    return made


def _weasyprint() -> tuple[Any, Any]:
    """WeasyPrint and its fonts, imported only where a PDF is made: that takes a second."""
    try:
        return import_module("weasyprint"), import_module("weasyprint.text.fonts")
    except OSError as error:
        raise PangoMissingError(
            f"A PDF needs Pango, which is not installed here (Debian: apt install {NEEDED})."
        ) from error
