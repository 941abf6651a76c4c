"""The frame: what the estimators need to know of a wave's submissions, one row a submission.

A pandas DataFrame with these columns:

    village     str, the code of the village
    home        str, the household
    entry       str, the sampling unit: one phone in one home, and who came by its family link
    submission  str, the interview's key
    mode        "self" | "helped" | "proxy" | "visited"
    finished    datetime64[ns, UTC], for "the first complete roster counts"
    flags       text, the names of its quality flags (`FLAGS`), separated by spaces; or how many
    <node>      one column a node of the form, by name (not path), as text: "" where unanswered or
                not relevant; select_multiple as the space-separated values

Any column of texts may be a pandas Categorical, which is smaller and read faster.

Villages that the estimates need are rows of a second frame, indexed by code: name, area (tuple of
names from the programme down to the township), households, adults, adults_offline (NaN where
unknown), target; and, where they are known, ring (0 county seat to 3 outlying hamlet), latitude and
longitude (degrees, for a map alone).

`measures` says which columns play which part; `answers` turns the text into sorted, typed arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from surveys.estimation.numbering import paired, present, renumbered
from surveys.form.indicators import Indicator, Role

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Label = Mapping[str, str]
Levels = tuple[tuple[str, dict[str, str]], ...]

CHAIN = ("T", "C", "L", "P", "Q")
NOT_ASSESSED = "notassessed"
"""The level of a skills ladder that stands for the adults who are not online."""

LADDER: Levels = (
    (NOT_ASSESSED, {"en": "Not online", "zh": "没有上网"}),
    ("none", {"en": "No skills", "zh": "没有技能"}),
    ("limited", {"en": "Limited", "zh": "技能有限"}),
    ("narrow", {"en": "Narrow", "zh": "技能较窄"}),
    ("low", {"en": "Low", "zh": "技能较低"}),
    ("basic", {"en": "Basic", "zh": "基本技能"}),
    ("above", {"en": "Above basic", "zh": "基本以上"}),
)
"""Eurostat's Digital Skills Indicator 2.0, for a category that is computed and so has no list."""

_WHOLE_TEXT = ("village", "home", "entry", "submission", "mode", "finished", "flags")


@dataclass(frozen=True, slots=True)
class Measures:
    """Which columns of the frame play which part."""

    roles: Mapping[Role, str]
    """Role -> column: of each role the first indicator that has it."""
    indices: tuple[Indicator, ...]
    """Of kind score or proportion, chain links and the user's own row left out."""
    shares: tuple[Indicator, ...]
    """Of kind share or category."""
    use: Indicator | None
    """The first score of dimension `use`: U."""
    chain: Mapping[str, Indicator]
    """T, C, L, P, Q -> score; T falls back on the first score of dimension `access`."""
    levels: Mapping[str, Levels]
    """Of each share: its choices in the order of the form."""
    benchmarks: tuple[Indicator, ...]
    """Those with a published reference, or one of their choices."""
    lacks: tuple[Indicator, ...]
    """The items of deprivation: 1 lacks, 0 does not."""
    items: Mapping[str, tuple[Indicator, ...]]
    """Of each score that is a scale: its items."""

    @property
    def scored(self) -> tuple[Indicator, ...]:
        """Every indicator that needs a column of numbers, once."""
        of_scales = (item for scale in self.items.values() for item in scale)
        every = (*self.indices, *self.chain.values(), *self.lacks, *of_scales)
        found = {one.name: one for one in every}
        if self.use is not None:
            found.setdefault(self.use.name, self.use)
        return tuple(found.values())

    def ladder(self, name: str) -> bool:
        """Whether these levels are the skills ladder.

        >>> m = measures([Indicator("c", {}, kind="category")], {})
        >>> m.ladder("c")
        True
        """
        return {"basic", "above"} <= {value for value, _ in self.levels[name]}


@dataclass(frozen=True, slots=True)
class Choosing:
    """What each row chose of a list."""

    codes: Ints
    """(rows,) index into `table`."""
    table: Floats
    """(distinct answers, levels) 1 or 0; NaN where unanswered."""

    def chose(self, level: int) -> Floats:
        """(rows,) 1, 0 or NaN for one level."""
        column: Floats = self.table[:, level][self.codes]
        return column


@dataclass(frozen=True, slots=True)
class Answers:
    """Finished submissions as arrays, sorted by village, home and time."""

    village: Ints
    """(homes,) index of the home's village."""
    home: Ints
    """(rows,) index of the home; homes of one village stand together."""
    entry: Ints
    """(rows,) index of the entry; entries are inside homes."""
    mode: Ints
    """(rows,) index into MODES, -1 for any other."""
    flags: Mapping[str, Bools]
    """(rows,) of each of `FLAGS` whether the row has it; "flagged": whether it has any."""
    user: Floats
    """(rows,) 1 user, 0 non-user, NaN not known."""
    sex: Ints
    """(rows,) index into SEXES, -1 for any other."""
    age: Floats
    schooling: Floats
    """(rows,) as the form counts it; NaN not known."""
    adults: Floats
    no_phone: Floats
    online_adults: Floats
    asks_phone: bool
    """Whether the form asks how many adults have no phone: part of a complete roster then."""
    scores: Mapping[str, Floats]
    """Name -> (rows,): 0-100, or 0/1 for a proportion; NaN missing."""
    choices: Mapping[str, Choosing]
    row: Ints
    """(rows,) its place in the frame."""
    names: NDArray[np.object_]
    """(homes,) what the frame calls each home."""

    @property
    def homes(self) -> int:
        """How many homes."""
        return len(self.village)

    def of(self, villages: Sequence[int]) -> Answers:
        """Those of some villages, which are numbered in the order given.

        >>> f = pd.DataFrame({"village": ["a", "b"], "home": ["1", "2"], "entry": ["1", "2"],
        ...     "submission": ["x", "y"], "mode": "self", "flags": 0,
        ...     "finished": pd.Timestamp("2026-01-01", tz="UTC")})
        >>> both = answers(f, ["a", "b"], measures([], {}))
        >>> both.of([1]).names, both.of([1]).village
        (array(['2'], dtype=object), array([0]))
        """
        number = np.full(int(self.village.max(initial=-1)) + 1, -1, np.int64)
        for new, old in enumerate(villages):
            if old < len(number):
                number[old] = new
        village = number[self.village]
        homes = np.flatnonzero(village >= 0)
        # Homes of one village stand together, whatever order their villages are in now.
        homes = homes[np.argsort(village[homes], kind="stable")]
        return self._of_homes(homes, village[homes], np.ones(len(self), np.bool_))

    def keep(self, rows: Bools) -> Answers:
        """Some of them; villages keep their numbers. rows: (rows,)."""
        homes = present(self.home[rows], self.homes)
        return self._of_homes(homes, self.village[homes], rows)

    def _of_homes(self, homes: Ints, village: Ints, kept: Bools) -> Answers:
        home = np.full(self.homes, -1, np.int64)
        home[homes] = np.arange(len(homes))
        rows = np.flatnonzero(kept & (home[self.home] >= 0))
        rows = rows[np.argsort(home[self.home[rows]], kind="stable")]
        return Answers(
            village=village,
            home=home[self.home[rows]],
            entry=renumbered(self.entry[rows]),
            mode=self.mode[rows],
            flags={name: has[rows] for name, has in self.flags.items()},
            user=self.user[rows],
            sex=self.sex[rows],
            age=self.age[rows],
            schooling=self.schooling[rows],
            adults=self.adults[rows],
            no_phone=self.no_phone[rows],
            online_adults=self.online_adults[rows],
            asks_phone=self.asks_phone,
            scores={name: values[rows] for name, values in self.scores.items()},
            choices={
                name: Choosing(one.codes[rows], one.table) for name, one in self.choices.items()
            },
            row=self.row[rows],
            names=self.names[homes],
        )

    def __len__(self) -> int:
        return len(self.home)


SEXES = ("f", "m")
MODES = ("self", "helped", "proxy", "visited")
FLAGS = ("straight_lining", "speeding", "contradiction", "duplicate")
"""Reasons to look twice at an interview; none is left out for them."""


def language_tag(name: str) -> str:
    """The tag of a language as a form names it.

    >>> language_tag("English (en)"), language_tag("zh"), language_tag("")
    ('en', 'zh', 'en')
    """
    code = name[name.rfind("(") + 1 : -1] if name.endswith(")") else name
    return code.lower() or "en"


def plain_label(label: Label) -> dict[str, str]:
    """A label by language tag.

    >>> plain_label({"English (en)": "Use", "中文 (zh)": "使用"})
    {'en': 'Use', 'zh': '使用'}
    """
    return {language_tag(name): text for name, text in label.items()}


def measures(
    indicators: Sequence[Indicator], choices: Mapping[str, Sequence[tuple[str, Label]]]
) -> Measures:
    """Which columns play which part, by the sheet `indicators`.

    `choices`: of each question its choices, (value, label by language). A category without a list
    is Eurostat's skills ladder (`LADDER`).

    >>> m = measures([Indicator("user", {}, role="user"),
    ...               Indicator("s_use", {}, dimension="use", kind="score")], {})
    >>> m.roles, m.use.name
    ({'user': 'user'}, 's_use')
    """
    roles: dict[Role, str] = {}
    chain: dict[str, Indicator] = {}
    items: dict[str, tuple[Indicator, ...]] = {}
    for one in indicators:
        if one.role is not None:
            roles.setdefault(one.role, one.name)
        if one.kind == "score" and one.dimension.startswith("chain-"):
            chain.setdefault(one.dimension.removeprefix("chain-"), one)
        if one.kind == "item" and one.part_of:
            items[one.part_of] = (*items.get(one.part_of, ()), one)
    scores = [one for one in indicators if one.kind == "score"]
    for one in scores:
        if one.dimension == "access":
            chain.setdefault("T", one)
    shares = tuple(one for one in indicators if one.kind in ("share", "category"))
    return Measures(
        roles=roles,
        indices=tuple(
            one
            for one in indicators
            if one.kind in ("score", "proportion")
            and not one.dimension.startswith("chain-")
            and one.role != "user"
        ),
        shares=shares,
        use=next((one for one in scores if one.dimension == "use"), None),
        chain={name: chain[name] for name in CHAIN if name in chain},
        levels={
            one.name: tuple((value, plain_label(label)) for value, label in choices[one.name])
            if one.name in choices
            else LADDER
            for one in shares
        },
        benchmarks=tuple(
            one for one in indicators if one.reference is not None or one.reference_choices
        ),
        lacks=tuple(
            one for one in indicators if one.kind == "item" and one.dimension == "deprivation"
        ),
        items=items,
    )


def answers(frame: pd.DataFrame, codes: Sequence[str], measures: Measures) -> Answers:
    """The frame's finished, not excluded rows of the villages `codes` as arrays.

    Rows of other villages are left out; the order of rows makes no difference.
    Raises ValueError if a column of the frame's own (see above) is missing.

    >>> f = pd.DataFrame({"village": ["b", "a"], "home": ["2", "1"], "entry": ["2", "1"],
    ...     "submission": ["y", "x"], "mode": "self", "flags": 0,
    ...     "finished": pd.Timestamp("2026-01-01", tz="UTC"), "user": ["1", ""]})
    >>> a = answers(f, ["a", "b"], measures([Indicator("user", {}, role="user")], {}))
    >>> a.village, a.user
    (array([0, 1]), array([nan,  1.]))
    """
    missing = [name for name in _WHOLE_TEXT if name not in frame.columns]
    if missing:
        raise ValueError(f"the frame has no column {', '.join(missing)}")
    where, called = _distinct(frame, "village")
    village = pd.Index(codes).get_indexer(pd.Index(called))[where].astype(np.int64)
    keep = (village >= 0) & frame["finished"].notna().to_numpy()
    if "exclude" in measures.roles:
        keep &= _numbers(frame, measures.roles["exclude"]) != 1
    row = np.flatnonzero(keep)
    village = village[row]
    homes_of_rows, called_homes = _factorized(frame["home"])
    home, of_home = paired(village, homes_of_rows[row])
    row, order = _in_order(frame, row, home)
    home = home[order]
    names = np.full(len(of_home), -1, np.int64)
    names[home] = homes_of_rows[row]

    def number(role: Role) -> Floats:
        name = measures.roles.get(role)
        return np.full(len(row), np.nan) if name is None else _numbers(frame, name)[row]

    return Answers(
        village=of_home,
        home=home,
        entry=paired(home, _factorized(frame["entry"])[0][row])[0],
        mode=_codes(frame, "mode", MODES)[row],
        flags=_flags(frame, row),
        # Without such a question everyone who answers the bot is taken for a user.
        user=number("user") if "user" in measures.roles else np.ones(len(row)),
        sex=_codes(frame, measures.roles.get("sex"), SEXES)[row],
        age=number("age"),
        schooling=number("schooling"),
        adults=number("adults"),
        no_phone=number("no_phone"),
        online_adults=number("online_adults"),
        asks_phone=measures.roles.get("no_phone") in frame.columns,
        scores={one.name: _numbers(frame, one.name)[row] for one in measures.scored},
        choices={
            one.name: _choosing(frame, one.name, measures.levels[one.name], row)
            for one in measures.shares
        },
        row=row,
        names=np.append(called_homes, "")[names],
    )


def _in_order(frame: pd.DataFrame, row: Ints, home: Ints) -> tuple[Ints, Ints]:
    """The rows by home and time, and where each stood before.

    So a home's first roster is the earliest; equal times fall the same way whatever the order of
    the rows.
    """
    times = pd.to_datetime(frame["finished"], utc=True).to_numpy(dtype="datetime64[ns]")[row]
    order = np.lexsort((times, home))
    same = (np.diff(home[order]) == 0) & (np.diff(times[order]) == np.timedelta64(0))
    if same.any():
        texts = frame["submission"].iloc[row].astype(object)
        tie = pd.util.hash_pandas_object(texts, index=False).to_numpy()
        order = np.lexsort((tie, times, home))
    return row[order].astype(np.int64), order.astype(np.int64)


def _distinct(frame: pd.DataFrame, name: str) -> tuple[Ints, list[str]]:
    """Codes of a column's rows and the texts they stand for; "" for nothing or no such column."""
    if name not in frame.columns:
        return np.zeros(len(frame), np.int64), [""]
    codes, found = _factorized(frame[name])
    return codes, [*map(str, found.tolist()), ""]


def _factorized(column: pd.Series[str]) -> tuple[Ints, NDArray[np.object_]]:
    """Codes of a column's rows and what they stand for; the last code and one more: nothing."""
    values = column.array
    if isinstance(values, pd.Categorical):
        codes, found = values.codes, values.categories
    else:
        codes, found = pd.factorize(column)
    texts = found.to_numpy(dtype=object)
    # pandas gives -1 to None and NaN.
    return np.where(codes < 0, len(texts), codes).astype(np.int64), texts


def _numbers(frame: pd.DataFrame, name: str) -> Floats:
    codes, texts = _distinct(frame, name)
    return np.array([_number(text) for text in texts])[codes]


def _codes(frame: pd.DataFrame, name: str | None, known: Sequence[str]) -> Ints:
    codes, texts = _distinct(frame, name or "")
    return np.array([known.index(text) if text in known else -1 for text in texts])[codes]


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return float("nan")
    return value if np.isfinite(value) else float("nan")


def _flags(frame: pd.DataFrame, row: Ints) -> dict[str, Bools]:
    codes, texts = _distinct(frame, "flags")
    names = [set(text.split()) for text in texts]
    has = {flag: np.array([flag in one for one in names])[codes[row]] for flag in FLAGS}
    some = np.array([bool(one - {"0"}) for one in names])
    return has | {"flagged": some[codes[row]]}


def _choosing(frame: pd.DataFrame, name: str, levels: Levels, row: Ints) -> Choosing:
    codes, texts = _distinct(frame, name)
    table = np.full((len(texts), len(levels)), np.nan)
    for number, text in enumerate(texts):
        chosen = set(text.split())
        if chosen:
            table[number] = [value in chosen for value, _ in levels]
    return Choosing(codes[row], table)
