"""The PDF: one sheet or two, readable by machines and by eyes, the same each time."""

import io
import re
import shutil
import subprocess
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from surveys.estimation.profile import VillageProfile
from surveys.reports import pdf as module
from surveys.reports.pdf import PangoMissingError, pdf
from surveys.reports.wording import Language
from tests.reports.conftest import (
    full_village,
    rich_village,
    withheld_village,
)
from tests.reports.extremes import long_names, nothing_much

VILLAGES: dict[str, tuple[Callable[[], VillageProfile], Language, int]] = {
    "everything": (rich_village, "en", 2),
    "long names": (lambda: long_names("zh"), "zh", 2),
    "full": (full_village, "zh", 1),
    "little": (nothing_much, "zh", 1),
    "withheld": (withheld_village, "en", 1),
}


@cache
def made(name: str) -> bytes:
    make, language, _ = VILLAGES[name]
    return pdf(make(), language)


def poppler(tool: str, *arguments: str, document: bytes) -> bytes:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed (Debian: apt install poppler-utils)")
    command = [tool, *arguments]
    done = subprocess.run(command, input=document, capture_output=True, check=True)
    assert b"Error" not in done.stderr
    return done.stdout


def read(document: bytes, page: int = 0) -> str:
    pages = ["-f", str(page), "-l", str(page)] if page else []
    return poppler("pdftotext", *pages, "-layout", "-", "-", document=document).decode()


def squeezed(text: str) -> str:
    return "".join(text.split())


def unpacked(document: bytes) -> bytes:
    """What is compressed in a document, and the rest, so that it can be searched."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", document, re.DOTALL)
    opened = (zlib.decompressobj().decompress(one) for one in streams if one[:1] == b"x")
    return document + b"".join(opened)


@pytest.mark.parametrize("name", VILLAGES)
def test_a_pdf_is_one_sheet_or_two_and_can_be_read(name: str) -> None:
    make, language, sheets = VILLAGES[name]
    village, document = make(), made(name)
    told = poppler("pdfinfo", "-", document=document).decode()
    assert f"Pages: {sheets} " in re.sub(r" +", " ", told).replace("\n", " ")
    assert "Tagged: yes" in re.sub(r" +", " ", told)
    assert "A4" in told
    assert village.village in told.split("\n")[0]
    assert (b"/Lang (en)" if language == "en" else b"/Lang (zh-Hans)") in unpacked(document)
    # Every character is embedded, and is text, not a picture of it.
    for line in poppler("pdffonts", "-", document=document).decode().split("\n")[2:]:
        if line:
            assert re.search(r"Report.*\byes +yes +yes\b", line), line
    text = read(document)
    assert squeezed(village.village) in squeezed(text)
    assert "\ufffd" not in text
    assert "□" not in text
    # No heading is alone at the end of a sheet.
    if sheets == 2:
        last = read(document, 1).rstrip().split("\n")[-1].strip()
        assert len(last) > 24, last


@pytest.mark.parametrize(
    ("name", "whom", "more"),
    [
        ("everything", "Questions about this: 李梅", "More from the same answers"),
        ("long names", "有疑问请找：青溪县", "同一批答卷还能看出什么"),
    ],
)
def test_what_an_official_needs_stands_on_the_first_sheet(name: str, whom: str, more: str) -> None:
    assert squeezed(whom) in squeezed(read(made(name), 1))
    assert squeezed(more) in squeezed(read(made(name), 2))


def test_a_pdf_is_the_same_each_time_and_dark_enough_to_print() -> None:
    document = made("full")
    assert document == pdf(full_village(), "zh")
    drawn = poppler("pdftoppm", "-r", "50", "-gray", "-png", "-", document=document)
    grey = Image.open(io.BytesIO(drawn)).convert("L")
    # The ladder's steps, grey in grey: seven of them can be told apart by their neighbours.
    found = grey.getcolors(256)
    assert found
    tones = {value for count, value in found if count > 20}
    assert len([tone for tone in tones if tone < 250]) >= 6


def test_without_pango_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.setattr(module, "import_module", missing)
    with pytest.raises(PangoMissingError, match=r"Debian: apt install libpango-1\.0-0"):
        pdf(full_village(), "en")


def test_the_system_s_libraries_are_those_that_ci_and_the_image_install() -> None:
    root = Path(__file__).parents[2]
    for name in module.NEEDED.split():
        for file in (".ci/run", "Dockerfile", "docs/profile.md"):
            assert name in (root / file).read_text("utf-8"), (name, file)
