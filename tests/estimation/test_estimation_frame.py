"""Some of the answers are what parsing some of the rows gives; texts may be categories."""

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd
import pytest
from estimation_samples import CHOICES, INDICATORS, indicator
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.estimation.frame import FLAGS, MODES, SEXES, Answers, answers, measures
from surveys.form.indicators import Indicator

ITEMS = (
    indicator("A2", role="sex"),
    indicator("A4", role="schooling"),
    indicator("k_1", kind="item", part_of="s_knowledge"),
    indicator("d_1", kind="item", dimension="deprivation"),
    indicator("d_2", kind="item", dimension="deprivation"),
)
PARTS = measures((*INDICATORS, *ITEMS), CHOICES)
CODES = ("a", "b", "c")
NUMBERS = ("", "0", "1", "2", "4", "55", "x", "nan", "inf")
TEXTS = {
    "village": (*CODES, "elsewhere"),
    # The same word may be a home in each village; of some the frame does not know the home.
    "home": ("h1", "h2", "h3", "", None),
    "entry": ("e1", "e2", "e3", None),
    "mode": (*MODES, "by post", ""),
    "flags": ("", "0", "speeding", "speeding duplicate", "unheard_of", None),
    "user": ("1", "0", "", "99"),
    "A2": (*SEXES, "99", ""),
    "G1": ("net", "cost net", "other", "", None),
    "c_dsi": ("none", "above", ""),
    "exclude": ("", "0", "1"),
    **dict.fromkeys(("A3", "A4", "A6", "A7", "A8", "s_use", "k_1", "d_1", "d_2"), NUMBERS),
}
row = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in TEXTS.items()})
minutes = st.one_of(st.none(), st.integers(0, 3))


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.lists(st.tuples(row, minutes), max_size=25))
    frame = pd.DataFrame([one for one, _ in rows], columns=list(TEXTS), dtype=object)
    start = pd.Timestamp("2026-01-01", tz="UTC")
    times = [pd.NaT if at is None else start + pd.Timedelta(minutes=at) for _, at in rows]
    return frame.assign(
        finished=pd.Series(times, dtype="datetime64[ns, UTC]"),
        submission=[f"uuid:{number}" for number in range(len(rows))],
    )


def told(data: Answers, frame: pd.DataFrame) -> list[tuple[Hashable, ...]]:
    """Everything that is known of each row, homes and entries by who is in them."""
    keys = frame["submission"].to_numpy()[data.row]
    columns: list[Sequence[object]] = [
        data.village[data.home], data.names[data.home], data.mode, data.user, data.sex, data.age,
        data.schooling, data.adults, data.no_phone, data.online_adults,
        *(data.flags[name] for name in (*FLAGS, "flagged")),
        *(data.scores[one.name] for one in PARTS.scored),
        *(data.choices[one.name].chose(at) for one in PARTS.shares
          for at in range(len(PARTS.levels[one.name]))),
    ]  # fmt: skip
    # Of one time, too, rows of a home stand in the same order.
    companions = [[tuple(keys[part == one]) for one in part] for part in (data.home, data.entry)]
    rows = zip(keys, *companions, *columns, strict=True)
    return [tuple("?" if one != one else one for one in row) for row in rows]


def in_order(data: Answers, frame: pd.DataFrame) -> None:
    """By village, home and time."""
    assert len(data.names) == data.homes
    assert sorted(set(data.home)) == list(range(data.homes))
    assert (np.diff(data.home) >= 0).all()
    assert (np.diff(data.village) >= 0).all()
    assert set(data.entry) == set(range(len(set(data.entry))))
    times = frame["finished"].iloc[data.row].reset_index(drop=True)
    assert all(one.is_monotonic_increasing for _, one in times.groupby(data.home))


@settings(deadline=None, max_examples=60)
@given(frames(), st.permutations(range(3)), st.integers(0, 3))
def test_those_of_some_villages_are_a_frame_of_these(
    frame: pd.DataFrame, order: list[int], count: int
) -> None:
    which = order[:count]
    found = answers(frame, CODES, PARTS).of(which)
    some = frame[frame["village"].isin([CODES[at] for at in which])]
    anew = answers(some, [CODES[at] for at in which], PARTS)
    in_order(found, frame)
    assert set(told(found, frame)) == set(told(anew, some))
    assert found.asks_phone == anew.asks_phone


@settings(deadline=None, max_examples=60)
@given(frames(), st.data())
def test_some_rows_are_a_frame_of_these(frame: pd.DataFrame, data: st.DataObject) -> None:
    every = answers(frame, CODES, PARTS)
    kept = data.draw(st.lists(st.booleans(), min_size=len(every), max_size=len(every)))
    found = every.keep(np.array(kept, bool))
    some = frame.iloc[np.sort(every.row[np.array(kept, bool)])]
    in_order(found, frame)
    assert set(told(found, frame)) == set(told(answers(some, CODES, PARTS), some))


@settings(deadline=None, max_examples=40)
@given(frames(), st.randoms(use_true_random=False))
def test_categories_are_texts_and_the_order_of_rows_is_none(
    frame: pd.DataFrame, rng: object
) -> None:
    every = answers(frame, CODES, PARTS)
    in_order(every, frame)
    coded = frame.copy()
    for name, values in TEXTS.items():
        known = [one for one in values if one is not None]
        rng.shuffle(known)  # type: ignore[attr-defined]
        coded[name] = pd.Categorical(frame[name], categories=[*known, "of nobody"])
    coded["submission"] = coded["submission"].astype("category")
    order = list(range(len(frame)))
    rng.shuffle(order)  # type: ignore[attr-defined]
    for other in (coded, frame.iloc[order], coded.iloc[order]):
        assert set(told(answers(other, CODES, PARTS), other)) == set(told(every, frame))


@settings(deadline=None, max_examples=60)
@given(frames())
def test_rows_are_what_their_texts_say(frame: pd.DataFrame) -> None:
    def number(text: object) -> object:
        return float(str(text)) if text in ("0", "1", "2", "4", "55", "99") else "?"

    found = {one[0]: one for one in told(answers(frame, CODES, PARTS), frame)}
    asked = [one.name for one in PARTS.scored]
    finished = 0
    for one in frame.to_dict("records"):
        if one["village"] == "elsewhere" or pd.isna(one["finished"]) or one["exclude"] == "1":
            assert one["submission"] not in found
            continue
        finished += 1
        village, home, mode, user, sex, age = found[one["submission"]][3:9]
        assert (CODES[village], home) == (one["village"], one["home"] or "")
        assert (user, age) == (number(one["user"]), number(one["A3"]))
        assert mode == (MODES.index(one["mode"]) if one["mode"] in MODES else -1)
        assert sex == (SEXES.index(one["A2"]) if one["A2"] in SEXES else -1)
        marks = found[one["submission"]][13:18]
        flags = set((one["flags"] or "").split()) - {"0"}
        assert marks == (*(flag in flags for flag in FLAGS), bool(flags))
        scores = dict(zip(asked, found[one["submission"]][18 : 18 + len(asked)], strict=True))
        assert scores["d_2"] == number(one["d_2"])
        assert scores["s_access"] == "?"
        chosen = found[one["submission"]][-len(CHOICES["B6"]) - len(CHOICES["G1"]) :]
        needs = (one["G1"] or "").split()
        expected = [float(value in needs) if needs else "?" for value, _ in CHOICES["G1"]]
        assert list(chosen[: len(expected)]) == expected
    assert finished == len(found)


def test_the_first_of_one_time_is_the_same_in_any_order() -> None:
    start = pd.Timestamp("2026-01-01", tz="UTC")
    texts = {"village": "a", "home": "h", "entry": "e", "mode": "self", "flags": "", "exclude": ""}
    frame = pd.DataFrame({"submission": [f"uuid:{at}" for at in range(9)], "finished": start})
    frame = frame.assign(**texts)
    some = {tuple(told(answers(one, CODES, PARTS), one)[0][1]) for one in (frame, frame[::-1])}
    assert len(some) == 1


def test_parts_of_scales_are_numbers_and_t_falls_back_on_access() -> None:
    assert PARTS.items == {"s_knowledge": (ITEMS[2],)}
    assert [one.name for one in PARTS.lacks] == ["d_1", "d_2"]
    assert {"k_1", "d_1", "d_2"} <= {one.name for one in PARTS.scored}
    assert PARTS.chain["T"].name == "s_access"
    own = measures([Indicator("own", {}, kind="score", dimension="chain-T"), *INDICATORS], CHOICES)
    assert own.chain["T"].name == "own"
    # A use score that is a link too, or stands nowhere else, is read once.
    link = measures([Indicator("u", {}, kind="score", dimension="use")], {})
    assert [one.name for one in link.scored] == ["u"]
    assert measures([], {}).scored == ()


def test_a_frame_without_its_columns_says_which() -> None:
    frame = pd.DataFrame({"village": ["a"], "home": ["1"]})
    with pytest.raises(ValueError, match="no column entry, submission, mode, finished, flags"):
        answers(frame, CODES, PARTS)
