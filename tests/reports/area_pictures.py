"""The pictures of an area's page and of the list of all pages in docs/pictures; all is invented.

    python -m tests.reports.area_pictures

Needs Chromium.
"""

import io
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from PIL import Image

from surveys.reports.area import area_page
from surveys.reports.site import Node, Site
from surveys.reports.wording import Language
from tests.browser import PHONE, Browser
from tests.reports.area_samples import Made, area_of
from tests.reports.pictures import FOLDER, invented

VILLAGES: dict[Language, tuple[str, ...]] = {
    "en": ("Liushugou", "Shangping", "Hetou", "Qinglong", "Darongshu", "Baiyanjiao", "Xinkaitian",
           "Shiban", "Laoyingyan", "Shuiwei"),
    "zh": ("柳树沟村", "上坪村", "河头村", "青龙村", "大榕树村", "白岩脚村", "新开田村", "石板村",
           "老鹰岩村", "水尾村"),
}  # fmt: skip
NAMES: dict[Language, tuple[str, str, str]] = {
    "en": ("Yongan", "Qingxi", "Digital Village Survey"),
    "zh": ("永安镇", "青溪县", "乡村数字调查"),
}
WIDE, HIGH = 800, 1500


def township(language: Language) -> Made:
    """A township of ten villages, two of which have too few answers."""
    village = replace(invented(language), around=None, change=None, waiting=0, followup=0)
    made = area_of(village, 10, withheld=2, seed=2, names=VILLAGES[language])
    name, county, programme = NAMES[language]
    profile = replace(
        made.profile, village=name, kind="township", area=(programme, county), homes=310,
        by_mode={"self": 300, "helped": 70, "proxy": 15}, grade="B",
    )  # fmt: skip
    return Made(profile, made.beside)


def site(language: Language) -> Site:
    """The list of that township's pages."""
    made, name = township(language), NAMES[language][0]
    rows = made.beside.fieldwork
    nodes = [Node(1, None, "township", name, "")] + [
        Node(at, 1, "village", row.name, row.code) for at, row in enumerate(rows, start=2)
    ]
    found = Site(nodes, [node.area_id for node in nodes], [language])
    total = sum(row.answered for row in rows), made.profile.target
    list(found.pages(nodes[0], made.profile, total, made.beside))
    for node, row in zip(nodes[1:], rows, strict=True):
        profile = made.beside.villages[row.code]
        list(found.pages(node, profile, (row.answered, row.target)))
    return found


def main() -> None:
    """Draw all of them anew."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise SystemExit("Chromium is not installed.")
    with tempfile.TemporaryDirectory() as folder:
        browser = Browser(program, Path(folder))
        languages: tuple[Language, ...] = ("en", "zh")
        for language in languages:
            made = township(language)
            tab = browser.open(area_page(made.profile, language, made.beside), WIDE)
            picture = Image.open(io.BytesIO(tab.picture())).convert("RGB")
            picture.crop((0, 0, WIDE, HIGH)).save(FOLDER / f"area-{language}.png", optimize=True)
            tab.close()
        for _, html in site("en").index():
            tab = browser.open(html, PHONE, scale=1.5)
            Image.open(io.BytesIO(tab.picture())).convert("RGB").save(
                FOLDER / "index.png", optimize=True
            )
        browser.end()


if __name__ == "__main__":
    main()
