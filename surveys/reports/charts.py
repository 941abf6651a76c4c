"""The card: one picture for the chat, with the dots, the gap, the skills ladder and the chain."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from surveys.estimation.profile import VillageProfile
from surveys.reports.content import content
from surveys.reports.shapes import Content, Ladder, Mark, Row, Slice
from surveys.reports.wording import Language, Words, columns, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.font_manager import FontProperties

WIDTH, DOTS_PER_INCH = 7.2, 150
"""Inches and pixels an inch: 1,080 pixels wide, what a phone shows without scaling up."""
LINE = 0.023
"""Inches of one line of text, for each point of its size."""
LONGEST = 34
"""Columns of a name on the card."""
HIGHEST = 2 * WIDTH
"""Inches. What does not fit is left out, step by step: it is on the page."""
MOST_LEFT_OUT = 3
VILLAGES = 5
"""And for so many villages of an area."""

INK, SOFT, GRID, BLUE = "#1a2230", "#556066", "#cdd3da", "#14508c"
STEPS = ("#0d2f57", "#1f5590", "#4a7db5", "#8fb2d6", "#bdd2e8", "#e3ecf5", "#ffffff")
CLOSING = frozenset("，。；：、！？）》”")
"""What may not begin a line."""
OPENING = frozenset("（《“")
"""What may not end one."""
SLICES = ("#0d2f57", "#bdd2e8")


def card(profile: VillageProfile, language: Language) -> bytes:
    """The profile as a PNG, 1,080 pixels wide and at most twice as high.

    Characters that the font does not have are drawn as an empty box.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    say = words(language, LONGEST)
    report = content(profile, say)
    for left_out in range(MOST_LEFT_OUT + 1):
        sheet = Sheet()
        draw(sheet, report, say, left_out)
        height = sheet.at + 0.25
        if height <= HIGHEST:
            break
    canvas = Canvas(figsize=(WIDTH, height), dpi=DOTS_PER_INCH, facecolor="white")
    FigureCanvasAgg(canvas)
    axes = canvas.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(height, 0)
    sheet.put_on(axes)
    picture = BytesIO()
    canvas.savefig(picture, format="png")
    return picture.getvalue()


class Sheet:
    """What to draw, from the top down, in inches; its height is known once all is there."""

    left, right = 0.35, WIDTH - 0.35

    def __init__(self) -> None:
        self.at = 0.3
        self.texts: list[tuple[float, float, str, float, str, str]] = []
        self.lines: list[tuple[float, float, float, float, str, float, str]] = []
        self.boxes: list[tuple[float, float, float, float, str, str]] = []
        self.dots: list[tuple[float, float, str, bool]] = []

    def text(
        self, x: float, text: str, size: float = 11, colour: str = INK, align: str = "left"
    ) -> None:
        """One line of text, its middle at the present height."""
        self.texts.append((x, self.at, text, size, colour, align))

    def paragraph(self, text: str, size: float = 11, colour: str = INK) -> None:
        """Text over the whole width, on as many lines as it needs."""
        # A column of this font is half as wide as its size.
        self.at += 0.06
        room = int((self.right - self.left) * 72 / (size * 0.505))
        for line in wrapped(text.replace(" (", "\u00a0("), room):
            self.at += LINE * size / 2
            self.text(self.left, line, size, colour)
            self.at += LINE * size / 2

    def heading(self, text: str) -> None:
        """A title with a line under it."""
        self.at += 0.36
        self.text(self.left, text, 13)
        self.at += 0.17
        self.lines.append((self.left, self.right, self.at, self.at, INK, 1.2, "-"))
        self.at += 0.08

    def place(self, value: float) -> float:
        """Where 0-100 lies across the sheet."""
        return self.left + (self.right - self.left) * value / 100

    def put_on(self, axes: Axes) -> None:
        """Draw everything on axes measured in inches, with y downwards."""
        from matplotlib.patches import Rectangle

        for x, y, width, height, colour, hatch in self.boxes:
            axes.add_patch(
                Rectangle(
                    (x, y), width, height, fc=colour, ec="#667788", lw=0.7, hatch=hatch or None
                )
            )
        for x1, x2, y1, y2, colour, weight, style in self.lines:
            axes.plot((x1, x2), (y1, y2), style, color=colour, lw=weight, solid_capstyle="round")
        for x, y, marker, hollow in self.dots:
            here = marker == "o"
            full = here and not hollow
            edge = "white" if full else BLUE if here else INK
            axes.plot(
                x, y, marker, ms=11 if full else 9, mfc=BLUE if full else "white", mec=edge,
                mew=1.2 if full else 2.4 if here else 1.6, zorder=3,
            )  # fmt: skip
        for x, y, text, size, colour, align in self.texts:
            axes.text(
                x, y, drawable(text), fontsize=size, color=colour, ha=align,
                va="center_baseline", fontproperties=font(size), parse_math=False,
            )  # fmt: skip


def draw(sheet: Sheet, report: Content, say: Words, left_out: int = 0) -> None:
    """Lay the report out on the sheet; `left_out`: of what matters less so many steps, 0-3."""
    sheet.at += 0.05
    sheet.text(sheet.left, report.village, 20)
    sheet.at += 0.36
    sheet.text(sheet.left, " · ".join(filter(None, (report.place, report.date))), 10, SOFT)
    sheet.at += 0.16
    for i, sentence in enumerate(report.headline):
        sheet.paragraph(sentence, 13 if i == 0 else 10.5, INK if i == 0 else SOFT)
    if report.withheld:
        return
    answered = report.respondents
    # The first says how many, the last the grade.
    sheet.paragraph(answered[0], 10.5, SOFT)
    if len(answered) > 1:
        sheet.paragraph(answered[-1], 10.5, SOFT)
    for sentence in filter(None, (report.band, report.change)):
        sheet.paragraph(sentence, 11)
    if report.modelled:
        sheet.paragraph(report.modelled, 10.5, SOFT)
    sheet.heading(say("Access, use and resource"))
    key(sheet, report, say)
    for row in rows_of(report, left_out):
        dots(sheet, row)
    if report.villages:
        villages(sheet, report, say)
    sheet.heading(say("The gap: access or use?"))
    sheet.paragraph(report.compared, 11)
    if report.split:
        split(sheet, report.slices, say)
    if report.ladder.steps and not report.villages:
        sheet.heading(say("Digital skills, of all adults"))
        ladder(sheet, report.ladder, say)
    if report.levers and report.reference and not report.villages and left_out < MOST_LEFT_OUT:
        chain(sheet, report, say, left_out)
    if report.needs.rows and not report.villages and not left_out:
        sheet.heading(say("What people ask for most"))
        needs(sheet, report, say)
    sheet.at += 0.2


def rows_of(report: Content, left_out: int = 0) -> list[Row]:
    """The rows of dots of a card: adults online, the use of all, and an index of each dimension."""
    first, last = report.online[0], report.online[-1]
    if report.villages:
        return list(report.online)
    rest = {row.dimension: row for row in reversed(report.dots) if row not in report.online}
    found = [first, rest.get("access"), last, rest.get("use"), rest.get("resource")]
    if left_out > 1:
        found.remove(rest.get("use"))
    return [row for row in found if row]


def chain(sheet: Sheet, report: Content, say: Words, left_out: int) -> None:
    """Each link with a bar as long as it is behind; of the weakest, what moves it."""
    sheet.heading(say("What holds it back"))
    sheet.paragraph(report.chain, 11)
    start, wide = sheet.left + 2.1, 2.6
    known = any(lever.behind.value is not None for lever in report.levers)
    for lever in report.levers if known and not left_out else ():
        sheet.at += 0.26
        if lever.weakest:
            frame = sheet.right - sheet.left + 0.16
            sheet.boxes.append((sheet.left - 0.08, sheet.at - 0.14, frame, 0.28, "#ffffff", ""))
        sheet.text(sheet.left, lever.link, 11)
        if lever.behind.value:
            width = wide * lever.behind.value / 100
            sheet.boxes.append((start, sheet.at - 0.07, width, 0.14, BLUE, ""))
        sheet.text(sheet.right, lever.distance, 9.5, SOFT, "right")
    for lever in report.levers:
        if lever.weakest:
            sheet.at += 0.12
            said = say("What moves it ({lever}): {action}.", lever=lever.lever, action=lever.action)
            sheet.paragraph(said, 10.5)
            if lever.asked:
                sheet.paragraph(say("Asked for: {needs}", needs=lever.asked), 10.5, SOFT)


def needs(sheet: Sheet, report: Content, say: Words) -> None:
    """The three needs that most have."""
    for row in report.needs.rows[:3]:
        sheet.at += 0.26
        sheet.text(sheet.left, row.label, 11)
        sheet.text(sheet.right, row.village.text, 11, INK, "right")


def villages(sheet: Sheet, report: Content, say: Words) -> None:
    """The villages of an area, as many as there is room for, each with its band."""
    sheet.heading(say("The villages"))
    for row in report.villages[:VILLAGES]:
        dots(sheet, row)
        sheet.at += 0.14
        sheet.text(sheet.left, row.note, 9, SOFT)
    for sentence in report.about_villages[1:]:
        sheet.at += 0.08
        sheet.paragraph(sentence, 10, SOFT)
    more = len(report.villages) - VILLAGES
    if more > 0:
        sheet.at += 0.3
        sheet.text(sheet.left, say("{n} more are on the page", n=more), 10, SOFT)


def key(sheet: Sheet, report: Content, say: Words) -> None:
    """What the signs of the dots mean."""
    sheet.at += 0.2
    x = sheet.left
    sheet.lines.append((x + 0.04, x + 0.32, sheet.at, sheet.at, "#9db9d5", 6, "-"))
    sheet.dots.append((x + 0.18, sheet.at, "o", bool(report.modelled)))
    sheet.text(x + 0.5, report.village, 10, SOFT)
    x += 0.85 + columns(report.village) * 0.083
    for name, marker in ((report.around, "^"), (report.reference, "D")):
        if not name:
            continue
        if x + 0.5 + columns(name) * 0.083 > sheet.right:
            x, sheet.at = sheet.left, sheet.at + 0.27
        sheet.lines.append((x, x + 0.36, sheet.at, sheet.at, INK, 1.6, "-"))
        sheet.dots.append((x + 0.18, sheet.at, marker, True))
        sheet.text(x + 0.5, name, 10, SOFT)
        x += 0.85 + columns(name) * 0.083
    if report.online[0].published is not None:
        sheet.at += 0.27
        x = sheet.left + 0.18
        sheet.lines.append((x, x, sheet.at - 0.1, sheet.at + 0.1, INK, 1.6, ":"))
        sheet.text(
            sheet.left + 0.5, f"{say('published figure')} · {report.published[0].brief}", 9, SOFT
        )
    sheet.at += 0.05


def dots(sheet: Sheet, row: Row) -> None:
    """One row: its name and numbers, and under them the village's dot over those it is beside."""
    sheet.at += 0.26
    sheet.text(sheet.left, row.label, 11)
    others = [(one, marker, name) for one, marker, name in (
        (row.around, "^", "△"), (row.reference, "D", "◇")) if one]  # fmt: skip
    number = "   ".join([row.village.text, *(f"{name} {one.brief}" for one, _, name in others)])
    shown = row.village.shown
    sheet.text(sheet.right, number, 11 if shown else 9.5, INK if shown else SOFT, "right")
    if not any(
        m.shown and m.low is not None for m in (row.village, *(one for one, _, _ in others))
    ):
        sheet.at += 0.04
        return
    top, bottom = sheet.at + 0.13, sheet.at + 0.33 + 0.16 * len(others)
    for at in (0, 25, 50, 75, 100):
        x = sheet.place(at)
        sheet.lines.append((x, x, top, bottom, GRID, 0.8, "-"))
    if row.published is not None:
        x = sheet.place(row.published)
        sheet.lines.append((x, x, top, bottom, INK, 1.6, ":"))
    sign(sheet, row.village, sheet.at + 0.22, "o")
    for i, (one, marker, _) in enumerate(others):
        sign(sheet, one, sheet.at + 0.4 + 0.16 * i, marker)
    sheet.at = bottom


def sign(sheet: Sheet, mark: Mark, y: float, marker: str) -> None:
    """The interval of a mark as a line, and its number as a dot."""
    if mark.low is not None and mark.high is not None:
        colour, weight = ("#9db9d5", 6.0) if marker == "o" else (INK, 1.6)
        ends = sheet.place(mark.low), sheet.place(mark.high)
        sheet.lines.append((*ends, y, y, colour, weight, "-"))
    if mark.value is not None:
        sheet.dots.append((sheet.place(mark.value), y, marker, mark.modelled))


def split(sheet: Sheet, slices: tuple[Slice, ...], say: Words) -> None:
    """The gap's two parts as one bar, with their names under it."""
    sheet.at += 0.12
    wide = sheet.right - sheet.left
    for one in slices:
        x, width = sheet.place(one.start), wide * one.width / 100
        sheet.boxes.append((x, sheet.at, width, 0.32, SLICES[one.place], ""))
    sheet.at += 0.32
    legend(
        sheet,
        [
            (say("{what}: {here}", what=one.label, here=one.text), SLICES[one.place], "")
            for one in slices
        ],
    )


def ladder(sheet: Sheet, found: Ladder, say: Words) -> None:
    """The skills ladder as one stacked bar, with its levels under it."""
    sheet.at += 0.1
    wide, x = sheet.right - sheet.left, sheet.left
    entries = []
    for step in found.steps:
        width = wide * step.width / 100
        hatch = "///" if step.place == len(STEPS) - 1 else ""
        if width > 0:
            sheet.boxes.append((x, sheet.at, width, 0.32, STEPS[step.place], hatch))
        said = say("{what}: {here}", what=step.label, here=step.brief)
        entries.append((said, STEPS[step.place], hatch))
        x += width
    if found.hidden > 0:
        sheet.boxes.append((x, sheet.at, wide * found.hidden / 100, 0.32, "#ffffff", "..."))
        entries.append((say("not shown as one number"), "#ffffff", "..."))
    sheet.at += 0.32
    legend(sheet, entries)


def legend(sheet: Sheet, entries: list[tuple[str, str, str]]) -> None:
    """Names of colours, as many on a line as fit."""
    sheet.at += 0.2
    x = sheet.left
    for text, colour, hatch in entries:
        width = 0.5 + columns(text) * 0.083
        if x > sheet.left and x + width > sheet.right:
            x = sheet.left
            sheet.at += 0.27
        sheet.boxes.append((x, sheet.at - 0.09, 0.2, 0.18, colour, hatch))
        sheet.text(x + 0.28, text, 10)
        x += width


def wrapped(text: str, room: int) -> list[str]:
    """Lines of at most `room` columns, broken at spaces and between Chinese characters."""
    pieces: list[str] = []
    for letter in text:
        before = pieces[-1][-1] if pieces else " "
        inside_a_word = " " not in (before, letter) and columns(before + letter) == 2
        bracket = letter in OPENING and before.isdigit()
        if pieces and (inside_a_word or letter in CLOSING or before in OPENING or bracket):
            pieces[-1] += letter
        else:
            pieces.append(letter)
    lines = [""]
    for piece in pieces:
        if lines[-1] and columns(lines[-1]) + columns(piece) > room:
            lines.append("")
        lines[-1] += piece if lines[-1] or piece != " " else ""
    return lines


@cache
def font_file() -> Path:
    """The font with Chinese characters that a dependency ships (Noto Sans SC, OFL).

    The package is found and not imported: importing it changes matplotlib for everyone.

    Raises:
        FileNotFoundError: the package is not installed.
    """
    spec = find_spec("zhplot")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("zhplot, which brings the Chinese font, is not installed")
    return Path(spec.submodule_search_locations[0]) / "fonts" / "NotoSansSC-Regular.ttf"


@cache
def font(size: float) -> FontProperties:
    """The font in a size (points)."""
    from matplotlib.font_manager import FontProperties

    return FontProperties(fname=str(font_file()), size=size)


@cache
def letters() -> frozenset[int]:
    """The code points that the font can draw."""
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(str(font_file())).get_charmap())


def drawable(text: str) -> str:
    """The text with an empty box for each character that the font does not have."""
    return "".join(letter if ord(letter) in letters() else "□" for letter in text)
