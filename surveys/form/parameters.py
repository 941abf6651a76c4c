"""The column `parameters`: key=value, by the type of the question."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation

from surveys.form.problems import Cell, Problem, wrong
from surveys.form.survey_rows import Survey, SurveyRow, meant

_GAPS = re.compile(r"[\s,;]+")
_AROUND = re.compile(r"[\s,;]*=[\s,;]*")
_REFERENCE = re.compile(r"\$\{(?:last-saved#)?[^\W\d][\w.\-]*\}")
_NAME = re.compile(r"[^\W\d][\w.\-]*(:[^\W\d][\w.\-]*)?")
_CASED = ("label", "value")
"""Their values stay as they are written; all others are read in small letters."""
_PHOTOS = ("image", "photo", "add image prompt", "add photo prompt")
_AUDIO = ("audio", "add audio prompt", "background-audio")
_PLACES = {"geopoint": ("capture-accuracy", "warning-accuracy"),
           "geotrace": ("incremental",), "geoshape": ("incremental",)}  # fmt: skip
RANGE: Mapping[str, str] = {"start": "1", "end": "10", "step": "1"}
"""Of a range, where nothing else is written."""


def parameter_problems(survey: Survey) -> list[Problem]:
    """What is wrong with parameters, row by row."""
    problems: list[Problem] = []
    for one in survey.rows:
        text, header = survey.columns.cell(one.row, "parameters")
        reading = _Reading(survey, one, Cell("survey", one.row.number, header))
        if text or one.written.word == "range":
            reading.read(text)
        problems += reading.problems
    return problems


def parsed(text: str) -> dict[str, str] | None:
    """The pairs of a cell, as other tools read them; None where it has none."""
    pairs: dict[str, str] = {}
    for part in _GAPS.split(_AROUND.sub("=", text)):
        if not part:
            continue
        key, sign, value = part.partition("=")
        if not key or not sign or not value or "=" in value:
            return None
        pairs[key.lower()] = value if key.lower() in _CASED else value.lower()
    return pairs


class _Reading:
    def __init__(self, survey: Survey, one: SurveyRow, cell: Cell) -> None:
        self.survey, self.one, self.cell = survey, one, cell
        self.problems: list[Problem] = []
        self.pairs: dict[str, str] = {}

    def wrong(self, told: str, remedy: str = "", /, **named: object) -> None:
        told = "{question}: " + told
        name = self.one.name or self.one.written.word
        self.problems.append(wrong(self.cell, told, remedy, question=name, **named))

    def read(self, text: str) -> None:
        pairs = parsed(text)
        if pairs is None:
            self.wrong("these are no parameters.", "Write them as in: start=1 end=10 step=1.")
            return
        self.pairs = pairs
        for part in dict.fromkeys(_REFERENCE.findall(text)):
            if part != part.lower():
                self.wrong(
                    "parameters are read in small letters, and {part} would be another name.",
                    "Rename that question in small letters.", part=part,
                )  # fmt: skip
        known = self.known()
        if known is None:
            return
        for key in pairs:
            if key not in known:
                told, near = meant(key, known) if known else ("", "")
                remedy = told or ("Write one of: {known}." if known else "Take it away.")
                self.wrong("there is no parameter {key}.", remedy, key=key[:40], near=near,
                           known=", ".join(known))  # fmt: skip
        self.values()

    def known(self) -> tuple[str, ...] | None:
        """The parameters that this type takes; None where nobody reads them."""
        written = self.one.written
        if written.kind == "select":
            chosen = ("randomize", "seed")
            return (*chosen, "value", "label") if written.from_file else chosen
        if written.word == "range":
            return (*RANGE, "tick_interval", "placeholder", "tick_labelset")
        if written.word == "text":
            return ("rows",)
        if written.word in _PHOTOS:
            return ("max-pixels", "app")
        if written.word in _AUDIO:
            return ("quality",)
        if written.word in _PLACES:
            return (*_PLACES[written.word], "allow-mock-accuracy", "reference-geometry")
        return None

    def values(self) -> None:
        word = self.one.written.word
        if self.one.written.kind == "select":
            self.select()
        elif word == "range":
            self.range()
        for key in ("rows", "max-pixels"):
            self.check(key, str.isdecimal, "Write a whole number.")
        for key in ("capture-accuracy", "warning-accuracy"):
            self.check(key, lambda value: _number(value) is not None, "Write a number of metres.")
        self.check(
            "incremental", ("true", "yes", "true()").__contains__, "Write true, or take it away."
        )
        self.check("allow-mock-accuracy", ("true", "false").__contains__, "Write true or false.")
        self.check("quality", ("normal", "low", "voice-only", "external").__contains__,
                   "Write normal, low, voice-only or external.")  # fmt: skip

    def check(self, key: str, fits: Callable[[str], bool], remedy: str) -> None:
        value = self.pairs.get(key)
        if value is not None and not fits(value):
            self.wrong("{key}={value} is not understood.", remedy, key=key, value=value[:40])

    def select(self) -> None:
        self.check("randomize", ("true", "false").__contains__, "Write true or false.")
        for key in _CASED:
            self.check(key, lambda value: _NAME.fullmatch(value) is not None,
                       "Write the name of a column of the file.")  # fmt: skip
        if "seed" in self.pairs:
            if "randomize" not in self.pairs:
                self.wrong("a seed alone shuffles nothing.", "Add randomize=true.")
            self.check(
                "seed",
                lambda value: bool(_REFERENCE.fullmatch(value)) or _number(value) is not None,
                "Write a number, or ${{name}} of a question.",
            )

    def range(self) -> None:
        numbers: dict[str, Decimal] = {}
        for key in (*RANGE, "tick_interval", "placeholder"):
            text = self.pairs.get(key, RANGE.get(key))
            number = None if text is None else _number(text)
            if number is not None:
                numbers[key] = number
            elif text is not None:
                self.wrong("{key}={value} is not understood.", "Write a number.", key=key,
                           value=text[:40])  # fmt: skip
        if not all(key in numbers for key in RANGE):
            return
        start, end, step = (numbers[key] for key in RANGE)
        if step == 0 or abs(step) > abs(end - start):
            self.wrong(
                "from {start} to {end} no step of {step} can be made.",
                "Write a step of more than 0 and at most what lies between start and end.",
                start=start, end=end, step=step,
            )  # fmt: skip
        place = numbers.get("placeholder")
        if place is not None and not min(start, end) <= place <= max(start, end):
            self.wrong("the placeholder is not between {start} and {end}.",
                       "Write a number between them.", start=start, end=end)  # fmt: skip
        labels = self.pairs.get("tick_labelset")
        if labels is not None and labels not in self.survey.lists:
            told, near = meant(labels, self.survey.lists)
            self.wrong("the sheet choices has no list {list}.",
                       told or "Write its choices on the sheet choices.", list=labels,
                       near=near)  # fmt: skip


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    # Greater ones are nobody's, and computing with them takes a lifetime.
    return found if found.is_finite() and abs(found.adjusted()) < 30 else None
