"""Names of variables that SPSS and Stata take: letters, digits and underscores, all different."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

SPSS_BYTES, STATA_CHARACTERS = 64, 28
"""Stata takes 32 characters, but names a variable's value labels by it with a number behind."""
_SPSS = {"all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with"}
_STATA = {"_all", "_b", "_coef", "_cons", "_n", "_pi", "_pred", "_rc", "_skip", "byte", "double",
          "float", "if", "in", "int", "long", "strl", "using", "with"}  # fmt: skip


def spss_names(names: Sequence[str]) -> list[str]:
    """Names for SPSS, in the same order: at most 64 bytes of UTF-8.

    >>> spss_names(["home-A6", "use-C1/news", "use_c1_news", "with", "9-a", "组-问题"])
    ['home_A6', 'use_C1_news', 'use_c1_news_2', 'with_', 'v9_a', '组_问题']
    """
    return _names(names, lambda name: len(name.encode()) <= SPSS_BYTES, _SPSS)


def stata_names(names: Sequence[str]) -> list[str]:
    """Names for Stata, in the same order: at most 28 characters. Too long ones lose their groups
    first.

    >>> stata_names(["a_long_group_of_questions-A6", "another_long_group_of_questions-A6", "str5"])
    ['a_long_group_of_questions_A6', 'A6', 'str5_']
    """
    return _names(names, lambda name: len(name) <= STATA_CHARACTERS, _STATA, r"str\d+")


def _names(
    names: Sequence[str], fits: Callable[[str], bool], reserved: set[str], also: str = "(?!)"
) -> list[str]:
    taken: set[str] = set()
    found = []
    for name in names:
        valid = _valid(name)
        while not fits(valid) and "-" in name:
            name = name.partition("-")[2]  # noqa: PLW2901 the same name without its outer group
            valid = _valid(name)
        if valid.lower() in reserved or re.fullmatch(also, valid.lower()):
            valid += "_"
        one, number = _cut(valid, "", fits), 1
        while one.lower() in taken:
            number += 1
            one = _cut(valid, f"_{number}", fits)
        taken.add(one.lower())
        found.append(one)
    return found


def _valid(name: str) -> str:
    valid = re.sub(r"\W", "_", name).strip("_")
    return valid if valid[:1].isalpha() else f"v{valid}"


def _cut(name: str, end: str, fits: Callable[[str], bool]) -> str:
    while not fits(name + end):
        name = name[:-1]
    return name + end
