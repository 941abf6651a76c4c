"""The measurement model that travels in a workbook's sheet `indicators` (METHOD.md §6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Kind = Literal["score", "proportion", "share", "category", "item"]
"""score: 0-100 · proportion: 0/1 · share: of the choices of a select_multiple · category: of the
values of a node · item: 0-1, a part of a score (`part_of`) or, in the dimension deprivation, one
lack (1 lacks, 0 does not); no index of its own."""

Base = Literal["zero", "users", "all"]
"""zero: non-users count 0 · users: of users only · all: both, each by their share."""

Role = Literal[
    "mode", "sex", "age", "schooling", "activity", "adults", "no_phone", "online_adults",
    "user", "need", "reason", "exclude", "private", "agreement",
]  # fmt: skip
"""exclude: an interview in which this is 1 is not kept (someone too young) · private: a free text
that no export and no profile shows · agreement: an answer on a scale of agreement, of which there
may be several."""

Dimension = Literal[
    "access", "use", "resource", "knowledge", "chain-T", "chain-C", "chain-L", "chain-P",
    "chain-Q", "outcome", "demand", "deprivation", "",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Indicator:
    """One row of the sheet: an index of the profile, or the role of a question, or both."""

    name: str
    label: Mapping[str, str]
    """By language, as the form names it."""
    role: Role | None = None
    dimension: Dimension = ""
    kind: Kind | None = None
    base: Base = "zero"
    reference: float | None = None
    reference_source: str = ""
    higher_is_better: bool | None = None
    part_of: str = ""
    """Of an item: the name of its score."""
    reference_sources: Mapping[str, str] = field(default_factory=dict)
    """The source in other languages, by language as the form names it."""
    reference_choices: Mapping[str, float] = field(default_factory=dict)
    """Of a share: published figures of its choices, in per cent."""


def to_json(indicators: Iterable[Indicator]) -> list[dict[str, Any]]:
    """The rows as a JSON document, as a form version keeps them.

    What came later and is empty is left out: so a version that was kept before is still equal to
    its workbook.
    """
    later = ("part_of", "reference_sources", "reference_choices")
    return [
        {name: value for name, value in asdict(indicator).items() if name not in later or value}
        for indicator in indicators
    ]


def from_json(document: Iterable[Mapping[str, Any]]) -> tuple[Indicator, ...]:
    """The rows that `to_json` wrote."""
    return tuple(Indicator(**row) for row in document)
