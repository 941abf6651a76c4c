"""Which columns a sheet of an XLSForm has: under their own names, older ones, and in languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from surveys.form.problems import Cell, Problem, odd, wrong
from surveys.form.sheets import Row

TEXTS = ("label", "hint", "guidance_hint", "required_message", "constraint_message")
MEDIA = ("image", "big-image", "audio", "video")
TRANSLATED = (*TEXTS, *MEDIA)
EXPRESSIONS = ("relevant", "constraint", "calculation", "required", "read_only", "choice_filter",
               "repeat_count")  # fmt: skip

_ALIASES: Mapping[str, Mapping[str, str]] = {
    "survey": {
        "command": "type", "tag": "name", "value": "name", "caption": "label",
        "relevance": "relevant", "calculate": "calculation", "readonly": "read_only",
        "constraining_message": "constraint_message", "jr:constraintmsg": "constraint_message",
        "requiredmsg": "required_message", "jr:requiredmsg": "required_message",
        "count": "repeat_count", "jr:count": "repeat_count",
    },
    "choices": {"list name": "list_name", "value": "name", "caption": "label"},
    "settings": {"set_form_id": "form_id", "id_string": "form_id", "set_form_title": "form_title",
                 "title": "form_title"},
}  # fmt: skip
"""Older names of columns, by sheet."""
_KNOWN: Mapping[str, frozenset[str]] = {
    "survey": frozenset({
        "type", "name", *TRANSLATED, *EXPRESSIONS, "default", "appearance", "parameters", "trigger",
        "autoplay", "rows", "save_to", "disabled", "intent", "query", "compact_tag", "flat",
        "accuracythreshold", "noapperrorstring", "no_app_error_string", "sms_field", "sms_option",
        "sms_separator", "sms_allow_media", "sms_date_format", "sms_datetime_format", "itemset",
        "sms_response", "note", "notes", "list_name", "bind", "body", "control", "media",
        "instance",
    }),
    "choices": frozenset({"list_name", "name", "label", *MEDIA}),
    "settings": frozenset({
        "form_title", "form_id", "version", "default_language", "style", "instance_name",
        "public_key", "submission_url", "allow_choice_duplicates", "auto_send", "auto_delete",
        "client_editable", "name", "omit_instanceid", "clean_text_values", "instance_id",
        "add_none_option", "flat", "prefix", "delimiter", "namespaces", "attribute", "sms_keyword",
        "sms_separator", "sms_allow_media", "sms_date_format", "sms_datetime_format",
        "sms_response", "entity_version", "instance_xmlns",
    }),
}  # fmt: skip
_NAMED_IN_PARTS = ("bind", "body", "control", "media", "instance", "attribute")


class Columns:
    """The columns of one sheet."""

    def __init__(self, sheet: str, headers: Iterable[str]) -> None:
        self.sheet = sheet
        headers = list(headers)
        self.doubled = any("::" in header for header in headers)
        self.found: dict[str, dict[str, str]] = {}
        """By a column's own name: the header of each of its languages, "" where it has none."""
        self.same: list[tuple[str, str]] = []
        """Headers that mean the same column."""
        for header in headers:
            column, language = self.meaning(header)
            before = self.found.setdefault(column, {}).setdefault(language, header)
            if before != header:
                self.same.append((before, header))

    def meaning(self, header: str) -> tuple[str, str]:
        """The own name of a column, and its language."""
        sign = "::" if self.doubled or "::" in header else ":"
        first, *rest = (part.strip() for part in header.split(sign))
        aliases = _ALIASES.get(self.sheet, {})
        if header.lower() in aliases:
            return aliases[header.lower()], ""
        if first.lower() in _NAMED_IN_PARTS and rest:
            # "bind::relevant", "media::image::English".
            part = f"jr:{rest.pop(1)}" if rest[0] == "jr" and len(rest) > 1 else rest[0]
            name = part.lower()
            if first.lower() == "instance" or name == "type":
                # "bind::type" says what a node holds, whatever the type of its row.
                return f"{first.lower()}::{name}", "::".join(rest[1:])
            return aliases.get(name, name), "::".join(rest[1:])
        name = first.lower().replace(" ", "_")
        return aliases.get(name, name), "::".join(rest)

    def cells(self, row: Row, *columns: str) -> list[tuple[str, str, str]]:
        """The cells of these columns that are not empty: the column, its header, and the text."""
        return [
            (column, header, row.cells[header])
            for column in columns
            for header in self.found.get(column, {}).values()
            if row.cells.get(header)
        ]

    def cell(self, row: Row, column: str) -> tuple[str, str]:
        """Text and header of a column without languages; where there is none, its own name."""
        for header in self.found.get(column, {}).values():
            return row.cells.get(header, ""), header
        return "", column

    def text(self, row: Row, column: str) -> str:
        """The text of a column without languages."""
        return self.cell(row, column)[0]

    def reads(self, header: str) -> bool:
        """Whether what stands under this header means something to a form."""
        return self.meaning(header)[0] in _KNOWN.get(self.sheet, ())

    def problems(self) -> list[Problem]:
        """Headers that mean the same, and those that nobody reads, though a known one is near."""
        # Of two names of a form the first is taken.
        tell = odd if self.sheet == "settings" else wrong
        found = [
            tell(
                Cell(self.sheet, None, two),
                "The columns {one} and {two} are the same one.",
                "Take one away.",
                one=one,
                two=two,
            )
            for one, two in self.same
        ]
        known = _KNOWN.get(self.sheet, frozenset())
        # A list of choices may have columns of its own, for filters.
        cutoff = 0.85 if self.sheet == "choices" else 0.78
        for column, headers in self.found.items():
            near = get_close_matches(column, sorted(known - set(self.found)), 1, cutoff)
            if column not in known and near:
                found.append(
                    odd(
                        Cell(self.sheet, None, next(iter(headers.values()))),
                        "No column {header} is known, and what it says has no effect.",
                        "Is {near} meant?",
                        header=next(iter(headers.values())),
                        near=near[0],
                    )
                )
        return found
