"""What estimates and flags read of a submission, as one line of text beside it.

A submission is 10 KB of JSON, of which estimates read some fifty short values. They are written
down in one line when the interview ends, so that a million can be read again in seconds:

    mark <tab> seconds <tab> path <tab> same <tab> answered <tab> a value for each name …

mark       what the line holds and in which order (`Layout.mark`), 8 hexadecimal digits
seconds    active seconds to the ms; -1 where there is no log
path       what was asked, as a number of 63 bits; -1 where there is no log
same       the answers as one number of 64 bits (`fingerprint`)
answered   how many questions were answered (`fingerprint`)

Values are as in the submission, "" where there is none and for what is in own words; a tab, a
line's end or NUL in one is a space. A line with another mark than its form version has in the wave
now (a newer version has other indicators) is made anew from the submission.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hashlib import blake2b
from io import BytesIO
from typing import TYPE_CHECKING

from surveys.form.indicators import Indicator
from surveys.form.model import Form
from surveys.form.own_words import ERASED, OwnWords, own_words

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1
"""Of the line: another number makes every line anew."""
MARK = 8
FIRST = ("mark", "seconds", "path", "same", "answered")
_PLAIN = str.maketrans("\t\n\r\0", "    ")


@dataclass(frozen=True)
class Layout:
    """What the lines of a form version hold."""

    names: tuple[str, ...]
    """Of nodes, ascending: those in its sheet indicators, and what others measure that it has."""
    questions: frozenset[str]
    """What `fingerprint` counts: asked, not private, not answered in own words."""
    words: OwnWords = field(default=OwnWords(frozenset(), frozenset()), compare=False)
    """What is in own words: it is erased before the rest, and in no line."""

    @cached_property
    def mark(self) -> str:
        """What lines of this layout begin with."""
        said = "\n".join((str(FORMAT), *self.names, "", *sorted(self.questions)))
        return blake2b(said.encode(), digest_size=MARK // 2).hexdigest()


def layouts(versions: Mapping[int, tuple[Form, Sequence[Indicator]]]) -> dict[int, Layout]:
    """Of each of the form versions of a wave what its lines hold.

    What one version measures is read from submissions of all of them, where their form has it.
    """
    every = [one for _, indicators in versions.values() for one in indicators]
    named = {one.name for one in every}
    private = {one.name for one in every if one.role == "private"}
    found = {}
    words = {number: own_words(form) for number, (form, _) in versions.items()}
    counted = {
        question.name
        for number, (form, _) in versions.items()
        for question in form.questions
        if question.asked and question.path not in words[number].said
    } - private
    for number, (form, indicators) in versions.items():
        own = {one.name for one in indicators}
        here = {path.rpartition("/")[2] for path in form.nodes}
        said = {path.rpartition("/")[2] for path in words[number].said}
        found[number] = Layout(
            tuple(sorted((own | named & here) - said)),
            frozenset((counted & here) - said),
            words[number],
        )
    return found


def by_name(submission: Mapping[str, str]) -> dict[str, str]:
    """A submission's answers by the names of their questions, those in repeats left out: of these a
    person has several.

    >>> by_name({"/data/home/age": "40", "/data/person[1]": "", "/data/person[1]/age": "7"})
    {'age': '40'}
    """
    return {path.rpartition("/")[2]: value for path, value in submission.items() if "[" not in path}


def fingerprint(answers: Mapping[str, str], questions: Collection[str]) -> tuple[int, int]:
    """Somebody's answers to these questions as one number of 64 bits, and how many they gave.

    Leave free text and computed nodes out. Questions without an answer make no difference.

    >>> one, other = {"A": "1", "B": "x y"}, {"B": "x y", "C": "", "A": "1"}
    >>> fingerprint(one, "ABC") == fingerprint(other, "AB"), fingerprint(one, "ABC")[1]
    (True, 2)
    """
    numbers = [_number(name, answers[name]) for name in questions if answers.get(name)]
    return sum(numbers) & 0xFFFFFFFFFFFFFFFF, len(numbers)


@lru_cache(maxsize=65536)
def _number(name: str, value: str) -> int:
    return int.from_bytes(blake2b(f"{name}={value}".encode(), digest_size=8).digest())


def line(
    layout: Layout, submission: Mapping[str, str], timed: tuple[float, int] | None = None
) -> str:
    """The line of a submission; timed: active seconds and path, None where there is no log.

    >>> layout = Layout(("A", "B"), frozenset("A"))
    >>> line(layout, {"/data/A": "1", "/data/C": "2"}, (60.5, 7)).split("\\t")[1:]
    ['60.500', '7', '9246997719173136499', '1', '1', '']
    """
    # What a number was made of in own words stays, as in the submission when they are erased.
    gone = layout.words.erased(submission)
    answers = by_name({**submission, **dict.fromkeys(gone, "")} if gone else submission)
    same, answered = fingerprint(answers, layout.questions)
    lasted, path = ("-1", "-1") if timed is None else (f"{timed[0]:.3f}", str(timed[1]))
    own = (layout.mark, lasted, path, str(same), str(answered))
    return "\t".join((*own, *(_plain(answers.get(name, "")) for name in layout.names)))


def _plain(value: str) -> str:
    return "" if value == ERASED else value.translate(_PLAIN)


def columns(
    lines: Sequence[str], layout: Layout, only: Collection[str] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lines of one layout: their numbers (seconds, path, same, answered), and of each name a
    Categorical; only: of these names alone.

    >>> layout = Layout(("A",), frozenset())
    >>> numbers, values = columns([line(layout, {"/data/A": "1"}), line(layout, {})], layout)
    >>> values["A"].tolist(), numbers["seconds"].tolist()
    (['1', ''], [-1.0, -1.0])
    """
    import pandas as pd

    numbers = {"seconds": "float64", "path": "int64", "same": "uint64", "answered": "int64"}
    # By place: nodes may have the names of the first columns.
    kinds = ["str", *numbers.values(), *("category" for _ in layout.names)]
    wanted = [at for at, name in enumerate(layout.names) if only is None or name in only]
    names = [layout.names[at] for at in wanted]
    if not lines:
        nothing = {name: pd.Categorical([], pd.Index([], dtype="str")) for name in names}
        none = {name: pd.Series(dtype=kind) for name, kind in numbers.items()}
        return pd.DataFrame(none), pd.DataFrame(nothing)
    # One more line without answers: of numbers alone pandas would make numbers ("3.0" is no "3").
    last = "\t".join(("", *("0" for _ in numbers), *("" for _ in layout.names)))
    found = pd.read_csv(
        BytesIO("\n".join((*lines, last)).encode()), sep="\t", header=None, names=range(len(kinds)),
        dtype=dict(enumerate(kinds)),
        usecols=[*range(1, 1 + len(numbers)), *(1 + len(numbers) + at for at in wanted)],
        quoting=3, na_filter=False, skip_blank_lines=False, lineterminator="\n", low_memory=False,
    )  # fmt: skip
    first, rest = found.iloc[:-1, : len(numbers)], found.iloc[:-1, len(numbers) :]
    return first.set_axis(list(numbers), axis=1), rest.set_axis(names, axis=1)
