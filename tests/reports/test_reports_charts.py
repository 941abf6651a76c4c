"""The card is a picture of sane size with every character drawn."""

import struct
import sys
import time
import warnings
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from surveys.estimation.profile import Figure, VillageProfile
from surveys.reports import charts
from surveys.reports.charts import card, drawable, wrapped
from surveys.reports.content import content
from surveys.reports.wording import Language, columns, words

LANGUAGES: tuple[Language, ...] = ("en", "zh")


def size(picture: bytes) -> tuple[int, int]:
    """Width and height of a PNG whose chunks are all sound."""
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    at, kinds, pixels = 8, [], b""
    while at < len(picture):
        length, kind = struct.unpack(">I4s", picture[at : at + 8])
        body = picture[at + 8 : at + 8 + length]
        (check,) = struct.unpack(">I", picture[at + 8 + length : at + 12 + length])
        assert check == zlib.crc32(kind + body)
        kinds.append(kind)
        pixels += body if kind == b"IDAT" else b""
        at += 12 + length
    assert kinds[-1] == b"IEND"
    zlib.decompress(pixels)
    width, height = struct.unpack(">II", picture[16:24])
    return width, height


@pytest.fixture(autouse=True)
def no_missing_glyph() -> None:
    warnings.simplefilter("error")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_card_is_a_picture_that_telegram_takes(
    any_village: VillageProfile, language: Language
) -> None:
    picture = card(any_village, language)
    width, height = size(picture)
    assert width == 1080
    assert 250 < height <= 2 * width
    assert len(picture) < 400_000


def test_a_card_is_drawn_fast_once_matplotlib_is_there(full: VillageProfile) -> None:
    card(full, "zh")
    start = time.process_time()
    card(full, "zh")
    assert time.process_time() - start < 1.5


@pytest.mark.parametrize("language", LANGUAGES)
def test_extreme_villages_have_a_card(
    full: VillageProfile, rich: VillageProfile, area: VillageProfile, language: Language
) -> None:
    assert area.within
    hidden = Figure(None, withheld="imprecise")
    ladder = full.shares[1]
    for extreme in (
        replace(full, village="村" * 300, reference_area="$x^2$ \U0002a6a5 🏡\n" * 40),
        replace(full, reference_online=Figure(0, 0, 0), reference_use=Figure(0, 0, 0)),
        replace(full, online=hidden, use=hidden, use_of_users=hidden, gap=None, indices=()),
        replace(full, shares=(replace(ladder, shares=tuple(
            replace(one, figure=one.figure if i else hidden)
            for i, one in enumerate(ladder.shares))),)),
        replace(rich, reference_area="$x^2$" * 40, followup=0, offline_known=False,
                use=replace(rich.use, modelled=True), change=replace(rich.change, wave="村" * 99)),
        replace(area, offline_known=False, within=replace(area.within, villages=tuple(
            replace(one, name="村" * 300) for one in area.within.villages * 30))),
    ):  # fmt: skip
        width, height = size(card(extreme, language))
        assert width == 1080
        assert height <= 2 * width


def test_a_modelled_dot_is_drawn_hollow(full: VillageProfile) -> None:
    """In black and white too: white inside, where others are dark."""
    assert full.use.value is not None
    modelled = replace(full, use=replace(full.use, modelled=True))
    insides = []
    for profile in (full, modelled):
        sheet = charts.Sheet()
        say = words("en", charts.LONGEST)
        charts.draw(sheet, content(profile, say), say)
        x = sheet.place(full.use.value)
        insides.append([hollow for at, _, kind, hollow in sheet.dots if (at, kind) == (x, "o")])
    assert insides == [[False], [True]]
    assert card(modelled, "en") != card(full, "en")


def test_what_is_withheld_leaves_no_mark(full: VillageProfile) -> None:
    shown = Figure(None, withheld="few_persons")
    secret = Figure(77, 70, 84, withheld="few_persons")
    assert card(replace(full, use=shown), "en") == card(replace(full, use=secret), "en")
    assert card(replace(full, use=Figure(77, 70, 84)), "en") != card(full, "en")


def test_the_font_is_found_without_importing_its_package() -> None:
    assert charts.font_file().is_file()
    assert "zhplot" not in sys.modules


def test_without_the_font_it_is_said_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="zhplot"):
        charts.font_file.__wrapped__()


def test_characters_without_a_glyph_become_a_box() -> None:
    assert drawable("柳树沟 Nà Rì–57%") == "柳树沟 Nà Rì–57%"
    assert drawable("🏡\U0002a6a5") == "□□"


@pytest.mark.parametrize(
    "text",
    [
        "Adults here score 31 (26–37) of 100 for using the internet; 62 (53–70) of 100 are online.",
        "满分100分，全村成年人用网得分31（26–37）；每100个成年人中上网的62（53–70）人。",
    ],
)
@pytest.mark.parametrize("room", [12, 20, 33, 200])
def test_lines_fit_and_lose_nothing(text: str, room: int) -> None:
    lines = wrapped(text, room)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(columns(line) <= room + 3 for line in lines)
    assert not any(
        line.startswith(("，", "。", "；", "）")) or line.endswith("（") for line in lines
    )


def test_the_pictures_of_the_handbook_are_small() -> None:
    folder = Path(__file__).parents[2] / "docs" / "pictures"
    for language in LANGUAGES:
        picture = (folder / f"profile-{language}.png").read_bytes()
        assert size(picture)[0] >= 720
        assert len(picture) <= 200_000
