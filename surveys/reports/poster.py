"""A village's poster: who asks what and why, and a code to scan, on an A4 sheet and as a picture.

Black on white, so that any copier does it justice; large letters, for old eyes; the link in letters
for whoever has no camera, and slips to tear off. The picture is drawn from the PDF: what hangs on
the wall and what goes through the chat are one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO
from typing import Literal

from surveys.reports.render import environment
from surveys.reports.wording import Language, Words, columns, words

Tongue = Literal["en", "zh", "both"]
"""What a poster is written in; both: one sheet for two languages."""

DOTS = 150
"""Of the picture, an inch: 1,240 × 1,754, what a chat shows without shrinking."""
SLIPS = 6
LONGEST, LONGEST_CONTACT = 40, 110
"""Columns of a village's name, and of who asks or whom to call."""
LONGEST_LINK, ONE_LINE = 60, 58
"""Characters of a link, and columns of a line, that fit where there are slips."""
SIZES = ((14, "huge"), (22, "large"), (32, "middle"))
"""Up to so many columns a name is set in this size; a longer one is small."""


@dataclass(frozen=True, slots=True)
class Poster:
    """What a poster says of its village and survey."""

    village: str
    code: str
    bot: str
    """The bot's name, without the @."""
    organisation: str
    contact: str

    @property
    def link(self) -> str:
        """What the code leads to."""
        return f"https://t.me/{self.bot}?start={self.code}"


def poster_pdf(poster: Poster, tongue: Tongue) -> bytes:
    """The poster on one A4 sheet.

    Raises:
        PangoMissingError: the system lacks the libraries that set text (surveys.reports.pdf).
    """
    from surveys.reports.pdf import on_paper

    return on_paper(poster_page(poster, tongue))


def poster_page(poster: Poster, tongue: Tongue) -> str:
    """The sheet as HTML for paper."""
    spoken: tuple[Language, ...] = ("zh", "en") if tongue == "both" else (tongue,)
    sides = [words(language, LONGEST) for language in spoken]
    name = sides[0].name(poster.village)
    size = next((name for most, name in SIZES if columns(name_of(poster)) <= most), "small")
    shown = [_texts(poster, say) for say in sides]
    return (
        environment()
        .get_template("poster.html")
        .render(
            language=spoken[0],
            village=name,
            size=size,
            sides=shown,
            code=_code(poster.link),
            link=poster.link.removeprefix("https://"),
            start=f"/start {poster.code}",
            bot=f"@{poster.bot}",
            slips=0 if len(spoken) > 1 or crowded(poster) else SLIPS,
            crowded=crowded(poster),
        )
    )


def crowded(poster: Poster) -> bool:
    """Whether so much is to be said that letters are smaller, and there is no room for slips.

    >>> crowded(Poster("A", "LP01", "some_bot", "County office", "Li Mei, 0931"))
    False
    """
    return len(poster.link) > LONGEST_LINK or any(
        columns(text) > ONE_LINE for text in (poster.organisation, poster.contact)
    )


def name_of(poster: Poster) -> str:
    """The village's name as it is set: on one line, cut where it is too long."""
    return words("en", LONGEST).name(poster.village)


def picture(pdf: bytes) -> bytes:
    """The first sheet of a PDF as a PNG."""
    # Imported here: nothing else needs it.
    from pypdfium2 import PdfDocument

    document = PdfDocument(pdf)
    try:
        drawn = document[0].render(scale=DOTS / 72, grayscale=True).to_pil()
    finally:
        document.close()
    found = BytesIO()
    drawn.save(found, format="png", optimize=True, dpi=(DOTS, DOTS))
    return found.getvalue()


@dataclass(frozen=True, slots=True)
class Side:
    """The sentences of a poster in one language."""

    language: Language
    title: str
    why: str
    scan: str
    typed: str
    search: str
    facts: tuple[str, ...]
    asks: str
    call: str
    slip: str


def _texts(poster: Poster, say: Words) -> Side:
    whole = replace(say, longest=LONGEST_CONTACT)
    return Side(
        language=say.language,
        title=say("Do you go online? Or not?"),
        why=say(
            "We want to hear from everyone in the village how the internet helps, and what stands "
            "in the way, so that help goes where it is needed."
        ),
        scan=say("Scan this code with your phone"),
        typed=say("Or type this address:"),
        search=say("Or look for this name in Telegram, and send:"),
        facts=(
            say("About ten minutes. You can stop, and go on another day."),
            say("You choose: nobody has to take part, and saying no costs nothing."),
            say("Your name is not asked. Reports speak of the whole village, never of one person."),
            say("For everyone of 16 or older, online or not."),
            say("No phone of your own? Someone you trust can tap for you."),
        ),
        asks=say("Who asks: {who}", who=whole.name(poster.organisation)),
        call=say("Questions? {who}", who=whole.name(poster.contact)),
        slip=say("Survey of our village"),
    )


def _code(link: str) -> str:
    import segno

    # Error correction Q: a quarter of it may be torn, wet or in a fold.
    made: str = segno.make(link, error="q", micro=False).svg_data_uri(
        scale=10, border=3, dark="#000", light="#fff"
    )
    return made
