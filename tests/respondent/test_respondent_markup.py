"""ODK's styles as Telegram's HTML: whole whatever is written, plain where no styles can be."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.demo.strict import parse_html, units
from bot.respondent import direction
from bot.respondent.markup import has_link, html, plain
from bot.respondent.parting import length, parts
from surveys.interview.quoting import quoting

SIGNS = st.sampled_from([
    "*", "**", "***", "_", "__", "#", "# ", "- ", "\n", "\n\n", " ", "\\", "<", ">", "&", "&amp;",
    "&#60;", "<b>", "</b>", "<i>", "</i>", "<br>", "<p>", "</p>", "<li>", "<h1>", "</h1>",
    "<a href='https://a.b'>", "</a>", '<span style="font-weight:bold">', "</span>", "<script>",
    "[", "](", ")", "https://a.b/?x=1&y=2", "tel:+861", "mailto:a@b", "javascript:x", '"', "'",
    "村", "a", "\u05d0", "\U000f0000", "\U0001f600",
])  # fmt: skip
TEXTS = st.one_of(st.lists(SIGNS, max_size=30).map("".join), st.text(max_size=60))


@pytest.mark.parametrize(("written", "shown"), [
    ("**bold** and *it*, __b__ and _i_, ***both***",
     "<b>bold</b> and <i>it</i>, <b>b</b> and <i>i</i>, <b><i>both</i></b>"),
    ("snake_case_name, 2 * 3 * 4, *a\nb*", "snake_case_name, 2 * 3 * 4, *a\nb*"),
    ("# Your home ##\nNow:\n- one\n* two\n3. three",
     "<b>Your home</b>\nNow:\n• one\n• two\n3. three"),
    ("see [here](https://a.b/c_(d)?x=1&y=2)", 'see <a href="https://a.b/c_(d)?x=1&amp;y=2">here</a>'),
    ("[call](tel:+8612) or [write](mailto:a@b.c)", "call (+8612) or write (a@b.c)"),
    ("[x](javascript:alert) [y](file:///etc) <a href='data:1'>z</a>",
     "[x](javascript:alert) [y](file:///etc) z"),
    (r"\*no\* \# \_ \\ \<b>", r"*no* # _ \ &lt;b&gt;"),
    ("3 < 4 & 5 > 2 <foo> <script>x</script>",
     "3 &lt; 4 &amp; 5 &gt; 2 &lt;foo&gt; &lt;script&gt;x&lt;/script&gt;"),
    ('<span style="color:red; font-weight: bold">a</span> <b>x <i>y</b> z</i><br/>new &lt;b&gt;',
     "<b>a</b> <b>x </b><b><i>y</i></b><i> z</i>\nnew &lt;b&gt;"),
    ("<h2>Title</h2>text<ul><li>a</li><li>b</li></ul>", "<b>Title</b>\ntext\n• a\n• b"),
    ("请_注意_看**这里**", "请<i>注意</i>看<b>这里</b>"),
])  # fmt: skip
def test_what_odk_writes(written, shown):
    assert html(written) == shown
    assert plain(written) == parse_html(shown).text


@given(TEXTS)
@example("**" * 3000)
@example("**a " * 3000)
@example("<b>" * 2000 + "[" * 2000 + "_a" * 2000)
@settings(max_examples=300)
def test_any_text_is_whole_html_and_plain_without_tags(text):
    told = parse_html(html(text))
    # Telegram shows just what a button would show: no tag is left, nothing is lost.
    assert told.text.strip() == plain(text).strip()
    assert parse_html(html(text, 7)).text.removesuffix(" …").strip() in plain(text)
    assert all(
        kind != "text_link" or link.lower().startswith("http") for kind, *_, link in told.entities
    )
    assert has_link(text) == any(kind == "text_link" for kind, *_ in told.entities)


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=4))
@settings(max_examples=150)
def test_an_answer_is_never_read_as_markup(pieces):
    text = quoting(
        (piece, answer)
        for pair in pieces
        for piece, answer in zip(pair, (False, True), strict=True)
    )
    for _, answer in pieces:
        assert answer.strip() in plain(text)


def test_an_answer_in_bold_words_is_bold_as_it_is():
    text = quoting([("Is **", False), ("*x* <b> [a](https://b.c)", True), ("** right?", False)])
    assert html(text) == "Is <b>*x* &lt;b&gt; [a](https://b.c)</b> right?"


@given(TEXTS.map(html), st.integers(20, 90))
@settings(max_examples=300)
def test_a_long_text_loses_nothing_in_parts_and_leaves_no_tag_open(whole, room):
    split = parts(whole, room)
    shown = [parse_html(part).text for part in split]
    assert all(units(text) <= room for text in shown)
    assert "".join("".join(shown).split()) == "".join(parse_html(whole).text.split())
    assert length(whole) == units(parse_html("." + whole + ".").text) - 2


def test_it_is_cut_between_paragraphs_then_sentences():
    whole = "<b>One is short.\n\nTwo is longer. Three and more</b>"
    told = ["<b>One is short.</b>", "<b>Two is longer.</b>", "<b>Three and more</b>"]
    assert parts(whole, 22) == told
    assert parts("一二三四。五六七。八", 8) == ["一二三四。", "五六七。八"]


# From right to left ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", ["كم عمرك؟", "בן כמה אתה?", "آپ کی عمر کیا ہے؟", "يېشىڭىز قانچە؟"]
)
def test_a_number_stands_to_the_right_of_what_is_written_leftwards(words):
    line = direction.numbered("<b>3 / 9</b>", words)
    assert line.encode() == (
        b"\xe2\x80\x8f"  # the paragraph runs from right to left,
        b"\xe2\x81\xa6<b>3 / 9</b>\xe2\x81\xa9"  # the number in it from left to right
        b"  " + words.encode()
    )


def test_lines_run_as_most_of_their_letters_do():
    assert direction.line("WhatsApp واتساب للرسائل\nEnglish عربي words") == (
        "\u200fWhatsApp واتساب للرسائل\nEnglish عربي words"
    )
    assert direction.apart("كم") == "\u2068كم\u2069"
    for text in ("How old?", "你多大？", "<b>3</b>"):
        assert direction.line(text) == direction.apart(text) == text
        assert direction.numbered("3", text) == f"3  {text}"
