"""A poster is one A4 sheet that any copier can print, and its code is read by someone else's."""

import io
import subprocess

import numpy as np
import pytest
import zxingcpp
from PIL import Image

from surveys.reports.poster import Poster, picture, poster_page, poster_pdf

SHORT = Poster("柳坪", "LP01", "some_bot", "Bureau of <Fields> & Homes", "Li Mei, 0931-123456")
LONG = Poster(
    "A village with a name " * 9, "A" * 32, "b" * 32, "An office of many words " * 20,
    "Somebody to call " * 40,
)  # fmt: skip


@pytest.mark.parametrize("tongue", ["en", "zh", "both"])
@pytest.mark.parametrize("poster", [SHORT, LONG], ids=["short", "long"])
def test_one_sheet_and_a_code_that_can_be_read(poster, tongue, tmp_path):
    file = tmp_path / "poster.pdf"
    file.write_bytes(poster_pdf(poster, tongue))
    subprocess.run(
        ["pdftoppm", "-r", "60", "-gray", "-png", file, tmp_path / "page"], check=True
    )  # fmt: skip
    (sheet,) = tmp_path.glob("page*.png")
    for drawn in (Image.open(sheet), Image.open(io.BytesIO(picture(file.read_bytes())))):
        read = {one.text for one in zxingcpp.read_barcodes(drawn)}
        assert read == {poster.link}
        assert abs(drawn.height / drawn.width - 297 / 210) < 0.01
        # Black on white: between them are only the edges of letters.
        shades = np.asarray(drawn.convert("L"))
        assert ((shades > 40) & (shades < 215)).mean() < 0.12
        # Nothing is cut at the edges.
        edge = max(drawn.width // 60, 2)
        assert min(shades[:, :edge].min(), shades[:, -edge:].min(), shades[:edge].min()) > 200
    said = subprocess.run(
        ["pdftotext", "-layout", file, "-"], check=True, capture_output=True, text=True
    ).stdout
    for part in (poster.organisation[:20], poster.contact[:16], "/start", f"@{poster.bot[:8]}"):
        assert part in said


def test_every_sentence_is_there_in_its_language_and_what_was_set_is_escaped():
    english, chinese, both = (poster_page(SHORT, tongue) for tongue in ("en", "zh", "both"))
    for page, said in ((english, "nobody has to take part"), (chinese, "参加全凭自愿"),
                       (both, "nobody has to take part"), (both, "参加全凭自愿")):  # fmt: skip
        assert said in page
        assert "Bureau of &lt;Fields&gt; &amp; Homes" in page
    assert 'lang="zh"' in chinese
    assert "参加" not in english
