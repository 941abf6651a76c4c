"""Whatever stands in names, answers, labels: it is text in chat, on pages, paper and in files."""

import csv
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from bot.demo.strict import parse_html
from bot.jobs.deliveries import name_of
from bot.texts import escape
from surveys.export.cells import lines, text_of
from surveys.export.codebook import write_codebook_html
from surveys.export.table import Table, Value, Variable
from surveys.export.xlsx import write_xlsx
from surveys.reports.example import example_profile
from surveys.reports.poster import Poster, poster_page, poster_pdf
from surveys.reports.render import chat_text, page

SIGNS = (
    "<", ">", "&", '"', "'", "`", "*", "_", "[", "]", "(", ")", "{", "}", "%", "$", "\\", "/", ";",
    "=", "+", "-", "@", "\t", "\r", "\n", "|", "\u202e", "\u2066", "\u200b", "\u200d", "\ufeff",
    "\ufffe", "\x07", "\x1b", "＝", "柳", "ا", "a", "1", " ", ".", "..",
)  # fmt: skip
WORDS = (
    "<b>", "</b>", "<script>alert(1)</script>", "<img src=x onerror=y>", "javascript:x", "{{ 7 }}",
    "{% raw %}", '=HYPERLINK("x")', "../../etc", "&lt;", "]]>", "<!--", "{village}", "%s", "{0}",
)  # fmt: skip
NASTY = st.lists(st.sampled_from(SIGNS + WORDS), min_size=1, max_size=6).map("".join)
FEW = settings(max_examples=25, deadline=None, derandomize=True,
               suppress_health_check=list(HealthCheck))  # fmt: skip
PROFILE = example_profile("en")


class Tags(HTMLParser):
    """What of a page is no text."""

    def __init__(self, text):
        super().__init__()
        self.found = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found |= {tag, *((tag, name) for name, _ in attrs)}

    def handle_comment(self, data):
        self.found.add("a comment")


def sheet(text):
    return Poster(text, "LP01", "some_bot", text, text)


def table(text):
    """One person's answers, where every text is this one."""
    said = {"en": text, "zh": text}
    words = Variable("G2", "text", said, question="text", relevant=text, constraint=text)
    chosen = Variable("B1", "category", said, values=(Value("a", said), Value(text, said)))
    rows = [[text, "a"], [text, text]]
    return Table("submissions", (words, chosen), lambda: iter([rows]), 2, said)


def book(text):
    with TemporaryDirectory() as folder:
        write_codebook_html([table(text)], Path(folder), "en", text, text)
        return (Path(folder) / "codebook.html").read_text("utf-8")


PAGES = {
    "page": lambda text: page(replace(PROFILE, village=text, reference_area=text), "zh"),
    "poster": lambda text: poster_page(sheet(text), "both"),
    "codebook": book,
}
PLAIN = {name: Tags(make("Liuping")).found for name, make in PAGES.items()}


@FEW
@given(NASTY)
@example("</script><script>alert(1)</script>")
@example('" onmouseover="x')
def test_on_pages_and_paper_a_name_is_text(text):
    for name, make in PAGES.items():
        made = make(text)
        assert Tags(made).found <= PLAIN[name], name
        assert "<script>alert" not in made


@FEW
@given(NASTY)
def test_in_the_chat_a_name_is_text(text):
    assert parse_html(f"<b>.{escape(text)}.</b>").text == f".{text}."
    told = parse_html(chat_text(replace(PROFILE, village=f"V{text}"), "en"))
    first = parse_html(chat_text(PROFILE, "en"))
    assert "\u202e" not in told.text
    assert [one["type"] for one in told.listed()] == [one["type"] for one in first.listed()]


@settings(FEW, max_examples=3)
@given(NASTY)
def test_a_poster_with_any_name_is_one_sheet(text):
    from pypdfium2 import PdfDocument

    pdf = poster_pdf(sheet(text), "en")
    assert not re.search(rb"/(JavaScript|JS|Launch|OpenAction)\b", pdf)
    document = PdfDocument(pdf)
    assert len(document) == 1
    document.close()


@FEW
@given(NASTY)
@example("=1")
@example("＝1")
def test_in_files_no_cell_is_a_formula(text):
    one = table(text)
    (row,) = csv.reader(
        io.StringIO(lines([[text_of(text, one.variables[0])]]).decode(), newline="")
    )
    assert row in ([text], [f"'{text}"])
    assert not row[0].startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
    with TemporaryDirectory() as folder:
        (file,) = write_xlsx([one], Path(folder), "en")
        sheets = load_workbook(file)
    cells = [cell for each in sheets for line in each.iter_rows() for cell in line]
    assert {cell.data_type for cell in cells} <= {"s", "n", "inlineStr"}
    kept = re.sub("[\x07\x1b\ufffe]", "", text)
    assert not kept or any(cell.value == kept for cell in cells)


@FEW
@given(NASTY)
def test_no_name_is_a_path(text):
    for code in ("", "LP01"):
        name = name_of(replace(PROFILE, village=text, code=code), "html")
        assert Path(name).name == name
        assert name.endswith(".html")
        assert not name.startswith((".", "-"))
        assert name.isprintable()
