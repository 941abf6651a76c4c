"""Which columns would give away what was coarsened: what is computed from it, or asked by it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from surveys.form.expression import Expression
from surveys.form.items import Item
from surveys.form.model import Form

MOST_TRIED = 20_000
"""A condition that more than so many answers would have to be tried with counts as telling."""


def computed_from(forms: Iterable[Form], paths: Collection[str]) -> set[str]:
    """The nodes of any version that are filled from these nodes, directly or through others."""
    found: set[str] = set()
    reads: defaultdict[str, set[str]] = defaultdict(set)
    for form in forms:
        for question in form.questions:
            if question.calculation is not None:
                reads[question.path] |= question.calculation.reads
        for action in form.actions:
            reads[action.target] |= action.value.reads
    risky = set(paths)
    while more := {path for path, read in reads.items() if read & risky} - found:
        found |= more
        risky |= more
    return found


_Key = tuple[str, frozenset[str]]


def _key(one: Expression) -> _Key:
    """The same text may read other nodes in another group."""
    return one.text, one.reads


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a condition stands."""

    form: Form
    path: str


class Conditions:
    """The conditions under which questions are asked that read what was coarsened.

    Whether somebody was asked tells nothing if the condition comes out alike whatever that is.
    """

    def __init__(self, forms: Iterable[Form], risky: Collection[str]) -> None:
        """`risky`: the nodes that were coarsened, and what is computed from them."""
        self._risky = frozenset(risky)
        self._asking: defaultdict[str, list[Expression]] = defaultdict(list)
        """Path of a question -> its conditions, those of the groups around it included."""
        self._seen: dict[
            _Key, tuple[Expression, _Place, set[tuple[str, ...]], set[tuple[str, ...]]]
        ] = {}
        self._filtered: set[str] = set()
        """Questions whose choices depend on what was coarsened."""
        for form in forms:
            for question in form.questions:
                nodes = question.choices.nodes if question.choices is not None else None
                if nodes is not None and not self._risky.isdisjoint(nodes.reads):
                    self._filtered.add(question.path)
                around = [form.nodes[path].relevant for path in form.parents[question.path]]
                for one in (*around, question.relevant):
                    if one is not None and not self._risky.isdisjoint(one.reads):
                        self._asking[question.path].append(one)
                        place = _Place(form, question.path)
                        self._seen.setdefault(_key(one), (one, place, set(), set()))

    def see(self, submission: Mapping[str, str]) -> None:
        """Look at a submission's answers."""
        for one, _, risky, others in self._seen.values():
            if len(risky) * len(others) <= MOST_TRIED:
                risky.add(tuple(submission.get(path, "") for path in self._of(one, risky=True)))
                others.add(tuple(submission.get(path, "") for path in self._of(one, risky=False)))

    def telling(self) -> set[str]:
        """The paths of the questions of which having been asked would tell."""
        found = {
            key
            for key, (one, place, risky, others) in self._seen.items()
            if self._tells(one, place, risky, others)
        }
        return {
            path
            for path, asking in self._asking.items()
            if any(_key(one) in found for one in asking)
        } | self._filtered

    def _of(self, one: Expression, *, risky: bool) -> Sequence[str]:
        return sorted(path for path in one.reads if (path in self._risky) == risky)

    def _tells(
        self,
        one: Expression,
        place: _Place,
        risky: Collection[tuple[str, ...]],
        others: Collection[tuple[str, ...]],
    ) -> bool:
        if len(risky) * len(others) > MOST_TRIED:
            return True
        # Of a repeat it is not one answer that counts: not tried.
        if any(place.form.repeats.get(path) for path in (place.path, *one.reads)):
            return True
        names = (self._of(one, risky=True), self._of(one, risky=False))
        for other in others:
            outcomes = {
                one.as_truth(
                    _Answers(
                        place,
                        dict(zip((*names[0], *names[1]), (*combined, *other), strict=True)),
                    )
                )
                for combined in risky
            }
            if len(outcomes) > 1:
                return True
        return False


class _Answers:
    """What an expression may see: answers alone, at no time in particular, and no repeat."""

    now = datetime(2000, 1, 1, tzinfo=UTC)
    places: tuple[int, ...] = ()
    inner: tuple[int, ...] = ()
    item = Item("")
    position = size = 1

    def __init__(self, place: _Place, answers: Mapping[str, str]) -> None:
        self.here = place.path
        self._lists = place.form.lists
        self._answers = answers

    def value(self, path: str, places: tuple[int, ...] = ()) -> str:
        return self._answers.get(path, "")

    stored = value

    def relevant(self, path: str, places: tuple[int, ...] = ()) -> bool:
        return True

    def count(self, path: str, places: tuple[int, ...] = ()) -> int:
        return 0

    def list(self, name: str) -> Item | None:
        return self._lists.get(name)

    def random(self) -> float:
        return 0.5

    def uuid(self) -> str:
        return ""

    def choice_label(self, path: str, places: tuple[int, ...], value: str) -> str:
        return value

    def translation(self, text_id: str) -> str:
        return text_id

    def known(self, name: str) -> str:
        return name
