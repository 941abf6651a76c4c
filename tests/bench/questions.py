"""The questions that both bots of `make bench` ask: 40 of the same shape, five choices each."""

from __future__ import annotations

QUESTIONS = 40
CHOICES = ("Every day", "Every week", "Less often", "Longer ago", "Never")


def text_of(number: int) -> str:
    """The text of question `number`, from 1."""
    return f"Question {number}: in the last 3 months, how often did you use the internet for this?"


def workbook() -> str:
    """The same questions as an XLSForm in Markdown."""
    rows = "\n".join(
        f"| | select_one often | q{number} | {text_of(number)} | yes |"
        for number in range(1, QUESTIONS + 1)
    )
    choices = "\n".join(f"| | often | c{place} | {label} |" for place, label in enumerate(CHOICES))
    return (
        "| survey |\n| | type | name | label | required |\n" + rows + "\n"
        "| choices |\n| | list_name | name | label |\n" + choices + "\n"
        "| settings |\n| | form_title | form_id | version |\n| | Bench | bench | 1 |\n"
    )
