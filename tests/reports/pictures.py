"""The pictures of a profile in docs/pictures, of an invented village.

    python -m tests.reports.pictures

Needs Chromium and Poppler (pdftoppm).
"""

import io
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from PIL import Image

from surveys.estimation.profile import VillageProfile
from surveys.reports.charts import card
from surveys.reports.pdf import pdf
from surveys.reports.render import page
from surveys.reports.wording import Language
from tests.browser import PHONE, Browser
from tests.reports.conftest import rich_village

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
STRIPS = 4
"""A phone's page is long: cut into so many pieces, side by side."""


def invented(language: Language) -> VillageProfile:
    """The village of the pictures; in English its names are written in Latin letters."""
    village = rich_village()
    if language == "zh":
        return village
    assert village.around
    assert village.change
    return replace(
        village,
        village="Liushugou",
        area=("Digital Village Survey", "Qingxi", "Yongan"),
        wave="Autumn 2025",
        reference_area="Qingxi town",
        around=replace(village.around, name="Yongan"),
        change=replace(village.change, wave="Autumn 2024"),
        margins_of="Yongan",
        organisation="Qingxi County Office of Agriculture",
        contact="Li Mei, 0571 8888 0000",
    )


def strips(picture: bytes) -> Image.Image:
    """A tall picture as strips side by side."""
    whole = Image.open(io.BytesIO(picture)).convert("RGB")
    height, space = -(-whole.height // STRIPS), 24
    sheet = Image.new("RGB", (STRIPS * (whole.width + space) - space, height), "#b8c0c8")
    for i in range(STRIPS):
        piece = whole.crop((0, i * height, whole.width, min((i + 1) * height, whole.height)))
        sheet.paste("#ffffff", (i * (whole.width + space), 0, i * (whole.width + space)
                                + whole.width, height))  # fmt: skip
        sheet.paste(piece, (i * (whole.width + space), 0))
    return sheet


def save(picture: Image.Image, name: str) -> None:
    """Keep a picture, in as few colours as it needs."""
    few = picture.quantize(64, dither=Image.Dither.NONE)
    few.save(FOLDER / f"{name}.png", optimize=True)


def sheet(document: bytes) -> Image.Image:
    """The first page of a PDF."""
    drawn = subprocess.run(
        ["pdftoppm", "-r", "110", "-f", "1", "-l", "1", "-png", "-"],
        input=document, capture_output=True, check=True,
    )  # fmt: skip
    return Image.open(io.BytesIO(drawn.stdout)).convert("RGB")


def main() -> None:
    """Draw them all again."""
    program = shutil.which("chromium")
    assert program, "Chromium is not installed"
    with tempfile.TemporaryDirectory() as folder:
        browser = Browser(program, Path(folder))
        for language in ("en", "zh"):
            village = invented(language)
            save(Image.open(io.BytesIO(card(village, language))).convert("RGB"),
                 f"profile-{language}")  # fmt: skip
            tab = browser.open(page(village, language), PHONE)
            save(strips(tab.picture()), f"profile-page-{language}")
            save(sheet(pdf(village, language)), f"profile-pdf-{language}")
        browser.end()


if __name__ == "__main__":
    main()
