"""`usegap site`: a folder of pages, as it lies on a disk and as a browser shows it."""

import os
import re
from urllib.parse import unquote

import pytest
from lxml import etree

from surveys.profiles.tree import tree
from surveys.store.database import Database
from surveys.store.reports import documents, newest
from surveys.store.schema import Area
from tests.browser import A4, PHONE
from tests.cli.test_cli import usegap  # noqa: F401
from tests.fieldwork import NOW, answered, open_field

VILLAGES = """code,name,area,households,adults,target,ring,latitude,longitude,reference
LP01,Liuping,Hé 河/Shang,200,480,12,0,26.10,108.00,no
LP02,"<b>Cmd & Village",Hé 河/Shang,150,300,30,1,26.15,108.04,no
LP03,Tiny,Hé 河/Xia,40,90,10,2,26.20,108.01,no
lp04,Quiet,Hé 河/Xia,40,90,10,2,26.22,108.03,no
TOWN,Town,Hé 河/Seat,9000,20000,50,0,26.00,107.90,yes
"""


@pytest.fixture
def county(database_url, monkeypatch):
    """Answers in four of five villages; in one of them too few."""
    monkeypatch.setenv("USEGAP_DATABASE_URL", database_url)
    database = Database(database_url)
    field = open_field(database, VILLAGES)
    with database.begin() as session:
        for village, homes in {"LP01": 8, "LP02": 9, "LP03": 2, "TOWN": 14}.items():
            answered(session, field, village, homes)
    yield database
    database.close()


def pages(folder):
    return {
        file.name: etree.HTML(file.read_text("utf-8"))
        for file in sorted(folder.iterdir())
        if file.suffix == ".html"
    }


def text(page):
    return " ".join(" ".join(page.find("body").itertext()).split())


def test_every_link_leads_to_a_page_and_every_page_to_the_list(usegap, county, tmp_path):  # noqa: F811
    code, out, err = usegap("site", "--out", "pages")
    assert (code, err.strip()) == (0, "")
    found = pages(tmp_path / "pages")
    assert out.decode().startswith(f"{len(found)} files are in pages")
    names = {name.split(".")[0].split("-", 1)[0] for name in found}
    assert names == {"index", "programme", "county", "township", "village"}
    # One of each in both languages; nobody has answered in one village.
    assert len(found) == 2 * (1 + 1 + 1 + 3 + 4)
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", name) for name in found)
    assert len({name.lower() for name in found}) == len(found)
    reached = set()
    for name, page in found.items():
        assert not page.xpath("//*[@src] | //link | //iframe")
        links = {unquote(href) for href in page.xpath("//a/@href")}
        assert links <= found.keys(), name
        language = "zh" if ".zh." in name else "en"
        others = {link for link in links if (".zh." in link) != (language == "zh")}
        # The same page in the other language, and no other page of it.
        assert len(others) == 1, name
        if name.startswith("index"):
            reached = reached | links
        else:
            assert ("index.html" if language == "en" else "index.zh.html") in links
            assert others == {name.replace(f".{language}.", ".en." if language == "zh" else ".zh.")}
    assert found.keys() <= reached | {"index.html", "index.zh.html"}
    village = found["village-LP01.en.html"]
    assert [a.text for a in village.xpath("//nav//a")][:4] == [
        "All pages", "County office", "Hé 河", "Shang",
    ]  # fmt: skip


def test_what_is_withheld_has_no_number_anywhere(usegap, county, tmp_path):  # noqa: F811
    assert usegap("site", "--out", "pages")[0] == 0
    found = pages(tmp_path / "pages")
    with county.read() as session:
        ids = {area.code or area.name: area.id for area in session.query(Area)}
        wave = tree(session, ids["LP03"], NOW).waves[ids["LP03"]]
        newest_of = newest(session, wave)
        kept = {
            area_id: documents(session, [one.report_id])[one.report_id]
            for area_id, one in newest_of.items()
        }
    tiny = text(found["village-LP03.en.html"])
    assert "Nothing can be shown yet" in tiny
    assert "%" not in tiny
    xia = text(found[f"township-{ids['Xia']}-xia.en.html"])
    assert "Nothing can be shown yet" in xia
    assert "Answers so far: 4. Wanted: 20." in xia
    assert "No answers yet: Quiet." in xia
    assert "%" not in xia
    assert ids["LP03"] not in kept or kept[ids["LP03"]]["level"] == "withheld"
    listed = {
        line.xpath("string(.//span[@class='where'])"): " ".join(line.itertext())
        for line in found["index.html"].xpath("//div[@class='entry']")
    }
    assert "not shown yet: too few answers" in listed["Tiny LP03"]
    assert "nobody has answered yet" in listed["Quiet lp04"]
    shown = kept[ids["LP01"]]["use"]
    numbers = f"({shown['low']:.0f}–{shown['high']:.0f})"
    assert numbers in listed["Liuping LP01"]
    assert numbers in text(found["village-LP01.en.html"])
    shang = found[f"township-{ids['Shang']}-shang.en.html"]
    assert numbers in " ".join(shang.xpath("//div[@class='panel'][contains(., 'Liuping')]//text()"))
    # The area's own profile says where its villages lie.
    places = kept[ids["Shang"]]["within"]["villages"]
    assert {place["code"]: (place["latitude"], place["longitude"]) for place in places} == {
        "LP01": (26.10, 108.00), "LP02": (26.15, 108.04),
    }  # fmt: skip
    county_page = found[f"county-{ids['Hé 河']}-he.en.html"]
    assert county_page.xpath("//g[@class='village'][title='Tiny']/circle/@r") == ["3"]
    assert "Tiny" not in "".join(county_page.xpath("//div[@class='panel']//text()"))


def test_a_part_in_one_language_and_again_over_the_old(usegap, county, tmp_path):  # noqa: F811
    out = tmp_path / "deep" / "pages"
    assert usegap("site", "--out", out, "--area", "Hé 河/Shang", "--language", "zh")[0] == 0
    first = {file.name: file.read_bytes() for file in out.iterdir()}
    assert [n for n in first if n.startswith("index")] == ["index.html"]
    assert sum(n.startswith("village") for n in first) == 2
    assert not any(n.startswith(("county", "programme")) or ".en." in n for n in first)
    assert usegap("site", "--out", out, "--area", "Hé 河/Shang")[0] == 0
    assert sum(file.suffix == ".html" for file in out.iterdir()) == 2 * (len(first) - 1)
    assert [file.name for file in out.parent.iterdir()] == ["pages"]
    # What is no page of ours is never lost.
    (out / "notes.txt").write_text("mine")
    code, _, err = usegap("site", "--out", out)
    assert (code, err.count("\n")) == (1, 1)
    assert "notes.txt" in err
    assert (out / "notes.txt").read_text() == "mine"
    assert usegap("site", "--out", out / "notes.txt")[0] == 1
    code, _, err = usegap("site", "--out", tmp_path / "none", "--area", "Nowhere")
    assert (code, os.path.exists(tmp_path / "none")) == (1, False)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_list_in_a_browser(usegap, sqlite_url, monkeypatch, tmp_path, chromium, language):  # noqa: F811
    monkeypatch.setenv("USEGAP_DATABASE_URL", sqlite_url)
    database = Database(sqlite_url)
    field = open_field(database, VILLAGES)
    with database.begin() as session:
        for village, homes in {"LP01": 8, "LP02": 9, "LP03": 2}.items():
            answered(session, field, village, homes)
    database.close()
    assert usegap("site", "--out", "pages", "--language", language)[0] == 0
    tab = chromium.open(tmp_path / "pages" / "index.html", PHONE)
    assert tab.said == []
    assert tab.sticking_out() == []
    assert tab.violations() == []
    shown = "[...document.querySelectorAll('.all li')].filter(x => !x.hidden).length"
    typed = (
        "(w => {{ const i = document.querySelector('input'); i.value = w;"
        " i.dispatchEvent(new Event('input')); return {shown}; }})({word!r})"
    )
    every = tab.run(shown)
    assert tab.run(typed.format(word="TINY", shown=shown)) == 4
    assert tab.run("document.querySelector('[role=status]').textContent") == ""
    assert tab.run(typed.format(word="shang", shown=shown)) == 5
    assert tab.run(typed.format(word="xyz", shown=shown)) == 0
    assert tab.run("document.querySelector('[role=status]').textContent") != ""
    assert tab.run(typed.format(word="", shown=shown)) == every == 10
    tab.resize(A4)
    tab.printed()
    assert tab.sticking_out() == []
    tab.close()
    tab = chromium.open(tmp_path / "pages" / f"village-LP01.{language}.html", PHONE)
    assert (tab.said, tab.sticking_out(), tab.violations()) == ([], [], [])
    tab.close()
